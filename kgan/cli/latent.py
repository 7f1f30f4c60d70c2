"""`kgan latent`: figures of the latent space of a trained GAN, and the latents of given images."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kgan.cli import models, options
from kgan.cli.inputs import read_folder
from kgan.cli.main import Group, OneOf
from kgan.cli.terminal import say
from kgan.errors import UsageError
from kgan.files import atomic_write
from kgan.plurals import counted

if TYPE_CHECKING:
    from kgan.models import GAN


@contextlib.contextmanager
def _gan_and_file(model: str, recipe: Path | None, out: Path) -> Iterator[tuple[GAN, Path]]:
    """The GAN, and where to write `out`: tried before the model is loaded, which takes seconds."""
    found = models.find(model)
    with atomic_write(out) as temporary:
        gan = models.load(found, recipe)
        models.check_entry(gan, "generate", model)
        yield gan, temporary


@click.group(
    cls=Group, epilog="\b\nExample:\n  kgan latent interpolate dcgan_fashion_mnist --seed 7"
)
def latent() -> None:
    """Explore the latent space of a trained GAN: interpolate, add, invert, find directions."""


@latent.command(
    epilog="\b\nExample:\n"
    "  kgan latent interpolate dcgan_fashion_mnist --seed 7 -n 4 --out garments.gif"
)
@models.model_argument
@options.label_option
@click.option("--from", "first", type=options.SEED, metavar="A", help="From the image of seed A …")
@click.option("--to", "last", type=options.SEED, metavar="B", help="… to the image of seed B.")
@options.seed_option("The seed of the pairs; drawn and printed if not given.", drawn=False)
@options.count_option("-n", None, "Pairs.  [default: 9]")
@options.count_option(
    "--steps",
    None,
    "Images per pair, both ends included.  [default: 9, and 25 in a .gif]",
    least=2,
    most=10_000,
)
@click.option(
    "--path",
    type=OneOf("--path", ["spherical", "linear"]),
    default="spherical",
    show_default=True,
    help="The great arc, or the straight line.",
)
@options.file_option(
    "--out",
    (".png", ".gif"),
    "interpolation.png",
    "A .png, a row for each pair, or a .gif, there and back.",
)
def interpolate(
    model: str,
    recipe: Path | None,
    label: int | str | None,
    first: int | None,
    last: int | None,
    seed: int | None,
    n: int | None,
    steps: int | None,
    path: str,
    out: Path,
) -> None:
    """Go from image to image through the latent space of MODEL.

    MODEL is a run folder, a .keras file, a preset folder or its name. Pair 0 joins the images 0
    and 1 of `kgan generate MODEL --seed S` (with classes: `--labels K`, K being --label), pair 1
    the images 2 and 3, and so on. The images of an InfoGAN share one code here.
    """
    if (first is None) != (last is None):
        raise UsageError("--from and --to must be given together, or neither; received one.")
    if first is not None and (seed is not None or n is not None):
        raise UsageError("--from and --to are one pair; give them or --seed and -n, not both.")
    steps = steps or (25 if out.suffix == ".gif" else 9)
    with _gan_and_file(model, recipe, out) as (gan, temporary):
        from kgan.latent import figures, synthesis

        if first is not None and last is not None:
            start, end = (synthesis.latents(gan, 1, each) for each in (first, last))
            said = f"{steps} steps from seed {first} to seed {last}"
        else:
            seed, n = options.random_seed() if seed is None else seed, n or 9
            start, end = figures.pairs(gan, n, seed)
            which = "the pair" if n == 1 else f"each of {n} pairs"
            said = f"{steps} steps in {which} of seed {seed}"
        figures.save(temporary, figures.interpolation(gan, start, end, steps, path, label))
    say(f"{said}: {out}")


@latent.command(
    epilog="\b\nExample:\n"
    "  kgan latent arithmetic dcgan_fashion_mnist --seed 7 --positive 0,26 \\\n"
    "      --minus 37,38 --plus 3,36"
)
@models.model_argument
@options.label_option
@options.indices_option("--positive", "Images that have the feature.")
@options.indices_option("--minus", "Similar images that lack it.")
@options.indices_option("--plus", "Images to add it to.")
@options.seed_option("The seed of the images.", required=True)
@options.count_option("-n", 64, "How many images there are to choose from.")
@options.file_option("--out", (".png",), "arithmetic.png", "Groups and result, row by row.")
def arithmetic(
    model: str,
    recipe: Path | None,
    label: int | str | None,
    positive: list[int],
    minus: list[int],
    plus: list[int],
    seed: int,
    n: int,
    out: Path,
) -> None:
    """Man with glasses, minus man, plus woman: a woman with glasses.

    MODEL is a run folder, a .keras file, a preset folder or its name. Choose the images from the
    grid of `kgan generate MODEL --seed S` (with classes: `--labels K`, K being --label), counted
    row by row from 0: in its rows of 8, the third of the second row is 10. Three or more in a group
    are steadier than one. The images of an InfoGAN share one code here, that of
    `kgan generate MODEL -n 1 --seed 0`.

    The picture shows each group and, at the end of its row, its mean; the last row ends in the
    result, and shows the result with some noise before it.
    """
    groups = {"--positive": positive, "--minus": minus, "--plus": plus}
    for option, indices in groups.items():
        outside = [index for index in indices if not 0 <= index < n]
        if outside:
            raise UsageError(
                f"{option} must hold indices from 0 to {n - 1}, since -n is {n}; "
                f"received {outside[0]}. Pass -n {max(outside[0] + 1, n)} here and to `kgan "
                "generate`, or count row by row from 0."
            )
    with _gan_and_file(model, recipe, out) as (gan, temporary):
        from kgan.latent import figures, synthesis

        latents = synthesis.latents(gan, n, seed)
        members = (latents[positive], latents[minus], latents[plus])
        figures.save(temporary, figures.arithmetic(gan, *members, seed=seed, label=label))
    spelled = [" ".join(map(str, indices)) for indices in groups.values()]
    say(f"({spelled[0]}) - ({spelled[1]}) + ({spelled[2]}) of seed {seed}: {out}")


@latent.command(
    epilog="\b\nExample:\n  kgan latent invert dcgan_fashion_mnist photos --latents photos.npz"
)
@models.model_argument
@options.label_option
@click.argument("source", metavar="IMAGES", type=click.Path(path_type=Path))
@options.count_option("-n", 16, "The first N images of a folder, sorted by path.")
@options.count_option("--steps", 300, "Steps of gradient descent.")
@options.count_option("--starts", 4, "Random latents per image to start from; the best is kept.")
@options.seed_option("The seed of the starts; drawn and printed if not given.")
@options.file_option("--out", (".png",), "inversion.png", "Originals above reconstructions.")
@options.file_option(
    "--latents", (".npz",), None, "An .npz file for `latents`, `errors`, `codes` and the `label`."
)
def invert(
    model: str,
    recipe: Path | None,
    label: int | str | None,
    source: Path,
    n: int,
    steps: int,
    starts: int,
    seed: int,
    out: Path,
    latents: Path | None,
) -> None:
    """Find the latents with which MODEL comes nearest to IMAGES, a file or a folder.

    MODEL is a run folder, a .keras file, a preset folder or its name. The centre square of each
    image is resized to the model's images. A model with classes needs --label, the class of all
    IMAGES; an InfoGAN reads its codes from the images.
    """
    if not source.exists():
        raise UsageError(f"IMAGES={str(source)!r} does not exist; pass an image file or a folder.")
    with contextlib.ExitStack() as files:
        arrays = latents and files.enter_context(atomic_write(latents))
        gan, picture = files.enter_context(_gan_and_file(model, recipe, out))
        from kgan.latent import figures, inversion

        images, total = read_folder("IMAGES", source, gan.image_shape, n)
        found, errors = inversion.invert(
            gan, images, steps=steps, seed=seed, starts=starts, label=label
        )
        figures.save(picture, figures.inversion(gan, images, found, label))
        if arrays:
            import numpy as np

            inputs = gan.input_signature
            further: dict[str, Any] = {
                inputs[name].argument: rows
                for name, rows in inversion.recovered(gan, images).items()
            }
            if label is not None and inputs.label is not None:
                further[inputs.label.name] = inputs.label.number(label)
            np.savez(arrays, latents=found, errors=errors, **further)
    which = counted(len(images), "image")
    if len(images) < total:
        which = f"the first {len(images):,} of {counted(total, 'image')}"
    written = f"{out}, {latents}" if latents else out
    mean = f"mean squared error {errors.mean():.4f}"
    say(f"{which}, {mean} from starts of seed {seed}: {written}")


@latent.command(epilog="\b\nExample:\n  kgan latent directions dcgan_fashion_mnist -n 5 --seed 7")
@models.model_argument
@options.label_option
@options.count_option("-n", 5, "How many directions.")
@click.option(
    "--layer", metavar="NAME", help="A layer of the generator.  [default: its first with weights]"
)
@options.seed_option("The seed of the image in the middle; drawn and printed if not given.")
@options.file_option("--out", (".png",), "directions.png", "A row per direction, from -3 to 3.")
def directions(
    model: str,
    recipe: Path | None,
    label: int | str | None,
    n: int,
    layer: str | None,
    seed: int,
    out: Path,
) -> None:
    """Show along which directions the images of MODEL vary most (GANSpace).

    MODEL is a run folder, a .keras file, a preset folder or its name. Each row leads through the
    same image, from 3 standard deviations on one side to 3 on the other. The directions do not
    depend on the seed.
    """
    with _gan_and_file(model, recipe, out) as (gan, temporary):
        from kgan.latent import figures, pca, synthesis

        vectors, shares = pca.directions(gan, n, layer, label=label)
        (around,) = synthesis.latents(gan, 1, seed)
        figures.save(temporary, figures.directions(gan, vectors, around, label))
    percent = ", ".join(f"{100 * share:.1f}" for share in shares)
    say(f"directions with {percent} % of the variance, around seed {seed}: {out}")
