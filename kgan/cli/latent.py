"""`kgan latent`: ways through the latent space of a trained GAN, and the way back from images."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kgan.cli import models
from kgan.cli.main import COUNTS, Group, OneOf
from kgan.cli.terminal import say
from kgan.errors import UsageError
from kgan.files import replacing

if TYPE_CHECKING:
    import numpy as np

_SEEDS = click.IntRange(0, 2**32 - 1)
_COLUMNS = 8  # of a grid of originals and reconstructions
_VARIATION = 0.25  # the reach of the noise in DCGAN's arithmetic
_REACH = 3  # standard deviations to either side along a direction
_FRAME_MS = 80


class Places(click.ParamType):
    """Places of images, from 0, separated by commas."""

    name = "places"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "I,J,…"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> list[int]:
        try:
            return [int(place) for place in value.split(",")]
        except ValueError:
            option = param.opts[0] if param else "places"
            raise UsageError(
                f"{option}={value!r} must be whole numbers separated by commas, such as 1,4,7."
            ) from None


def _seed_option(what: str):
    return click.option("--seed", type=_SEEDS, metavar="S", help=what)


def _out_option(default: str, what: str):
    return click.option(
        "--out", type=click.Path(path_type=Path), default=default, show_default=True, help=what
    )


def _drawn(seed: int | None) -> int:
    return secrets.randbelow(2**32) if seed is None else seed


def _check_file(option: str, path: Path, *suffixes: str) -> None:
    """Refuse another suffix, and a folder, before there is work to lose."""
    if path.suffix not in suffixes or path.is_dir():
        raise UsageError(
            f"{option}={str(path)!r} must be a file whose name ends in {' or '.join(suffixes)}."
        )


_label_option = click.option(
    "--label",
    type=click.IntRange(0),
    metavar="K",
    help="The class, for a model with classes.  [default: 0]",
)


@click.group(
    cls=Group, epilog="\b\nExample:\n  kgan latent interpolate dcgan_fashion_mnist --seed 7"
)
def latent() -> None:
    """Explore what a trained GAN has learned: walk, reckon and search in its latent space."""


@latent.command(
    epilog="\b\nExample:\n"
    "  kgan latent interpolate dcgan_fashion_mnist --seed 7 -n 4 --out garments.gif"
)
@models.model_argument
@_label_option
@click.option("--from", "first", type=_SEEDS, metavar="A", help="Begin at the image of seed A …")
@click.option("--to", "last", type=_SEEDS, metavar="B", help="… and end at that of seed B.")
@_seed_option("Without --from and --to: the seed of the pairs; drawn and printed if not given.")
@click.option("-n", "count", type=COUNTS, metavar="N", help="Pairs.  [default: 9]")
@click.option(
    "--steps",
    type=click.IntRange(2, 10_000),
    metavar="N",
    help="Images from one to the other, both included.  [default: 9, and 25 in a .gif]",
)
@click.option(
    "--path",
    type=OneOf("--path", ["spherical", "linear"]),
    default="spherical",
    show_default=True,
    help="The great arc, or the straight line.",
)
@_out_option("interpolation.png", "A .png (a row for each pair) or a .gif (there and back).")
def interpolate(
    model: str,
    recipe: Path | None,
    label: int | None,
    first: int | None,
    last: int | None,
    seed: int | None,
    count: int | None,
    steps: int | None,
    path: str,
    out: Path,
) -> None:
    """Go from image to image through the latent space of MODEL.

    MODEL is a run folder, a .keras file, a preset folder or its name. Pair 0 joins the images 0
    and 1 of `kgan generate MODEL --seed S` (with classes: `--labels K`, K being --label), pair 1
    the images 2 and 3, and so on. The images of an InfoGAN share one code here.
    """
    _check_file("--out", out, ".png", ".gif")
    if (first is None) != (last is None):
        raise UsageError("--from and --to must be given together, or neither; received one.")
    if first is not None and (seed is not None or count is not None):
        raise UsageError("--from and --to are one pair; give them or --seed and -n, not both.")
    steps = steps or (25 if out.suffix == ".gif" else 9)
    found = models.find(model)
    with replacing(out) as temporary:
        gan = models.load(found, recipe)
        models.check_entry(gan, "generate", model)
        import numpy as np

        from kgan import images, latent
        from kgan.latent import synthesis

        if first is not None and last is not None:
            ends = np.concatenate([synthesis.latents(gan, 1, end) for end in (first, last)])
            said = f"{steps} steps from seed {first} to seed {last}"
        else:
            seed, count = _drawn(seed), count or 9
            ends = synthesis.latents(gan, 2 * count, seed)
            said = f"{steps} steps in each of {count} pairs of seed {seed}"
        way = {"spherical": latent.spherical, "linear": latent.linear}[path]
        latents = way(ends[0::2], ends[1::2], steps).swapaxes(0, 1)
        made = synthesis.images(gan, latents.reshape(-1, gan.latent_dim), label)
        if out.suffix == ".png":
            images.save_grid(temporary, made, columns=steps)
        else:
            rows = made.reshape(-1, steps, *made.shape[1:])
            there = [np.asarray(images.grid(rows[:, step])) for step in range(steps)]
            frames = [
                frame.reshape(*frame.shape[:2], -1) for frame in (*there, *reversed(there[1:-1]))
            ]
            images.save_gif(temporary, frames, ms=_FRAME_MS, last_ms=_FRAME_MS)
    say(f"{said}: {out}")


@latent.command(
    epilog="\b\nExample:\n"
    "  kgan latent arithmetic dcgan_fashion_mnist --seed 7 --positive 0,26 \\\n"
    "      --minus 37,38 --plus 3,36"
)
@models.model_argument
@_label_option
@click.option("--positive", type=Places(), required=True, help="Images that have it.")
@click.option("--minus", type=Places(), required=True, help="Images like these that lack it.")
@click.option("--plus", type=Places(), required=True, help="Images that are to get it.")
@click.option("--seed", type=_SEEDS, required=True, metavar="S", help="The seed of the images.")
@click.option(
    "-n",
    "count",
    type=COUNTS,
    default=64,
    show_default=True,
    metavar="N",
    help="How many images there are to choose from.",
)
@_out_option("arithmetic.png", "A .png file.")
def arithmetic(
    model: str,
    recipe: Path | None,
    label: int | None,
    positive: list[int],
    minus: list[int],
    plus: list[int],
    seed: int,
    count: int,
    out: Path,
) -> None:
    """Man with glasses, minus man, plus woman: a woman with glasses.

    MODEL is a run folder, a .keras file, a preset folder or its name. Choose the images from the
    grid of `kgan generate MODEL --seed S` (with classes: `--labels K`, K being --label), counted
    row by row from 0: in its rows of 8, the third of the second row is 10. Three or more in a group
    are steadier than one. The images of an InfoGAN share one code here, that of
    `kgan generate MODEL -n 1 --seed 0`.

    The picture shows each group and, at the end of its row, its mean; below stands, at the end, the
    result, and before it the result with some noise.
    """
    _check_file("--out", out, ".png")
    groups = {"--positive": positive, "--minus": minus, "--plus": plus}
    for option, places in groups.items():
        for place in places:
            if not 0 <= place < count:
                raise UsageError(
                    f"{option} must hold places from 0 to {count - 1}, for there are {count} "
                    f"images; received {place}. Pass -n {max(place + 1, count)} here and to "
                    "`kgan generate`, or count row by row from 0."
                )
    found = models.find(model)
    with replacing(out) as temporary:
        gan = models.load(found, recipe)
        models.check_entry(gan, "generate", model)
        import numpy as np

        from kgan import images, latent
        from kgan.latent import synthesis
        from kgan.priors import within

        drawn = synthesis.latents(gan, count, seed)
        members = [drawn[places] for places in groups.values()]
        result = np.asarray(within(gan.prior, latent.arithmetic(*members)[None]))[0]
        width = max(map(len, members))
        noise = np.random.RandomState(seed).uniform(-_VARIATION, _VARIATION, (width, len(result)))
        rows = [np.concatenate([group, group.mean(0, keepdims=True)]) for group in members]
        rows.append(np.concatenate([result + noise, [result]]).astype(np.float32))
        made = np.split(
            synthesis.images(gan, np.concatenate(rows), label),
            np.cumsum([len(row) for row in rows])[:-1],
        )
        cells = [_padded(row[:-1], width + 1, row[-1:]) for row in made]
        images.save_grid(temporary, np.concatenate(cells), columns=width + 2)
    spelled = [" ".join(map(str, places)) for places in groups.values()]
    say(f"({spelled[0]}) - ({spelled[1]}) + ({spelled[2]}) of seed {seed}: {out}")


@latent.command(
    epilog="\b\nExample:\n  kgan latent invert dcgan_fashion_mnist photos --latents photos.npz"
)
@models.model_argument
@_label_option
@click.argument("source", metavar="IMAGES", type=click.Path(path_type=Path))
@click.option(
    "-n",
    "count",
    type=COUNTS,
    default=16,
    show_default=True,
    metavar="N",
    help="The first N images of a folder, in the order of their paths.",
)
@click.option(
    "--steps",
    type=COUNTS,
    default=300,
    show_default=True,
    metavar="N",
    help="Steps of the descent.",
)
@click.option(
    "--starts",
    type=COUNTS,
    default=4,
    show_default=True,
    metavar="N",
    help="Random latents to begin at, for each image; the best end is kept.",
)
@_seed_option("The seed of the starts; drawn and printed if not given.")
@_out_option("inversion.png", "A .png file: originals above, reconstructions below.")
@click.option(
    "--latents",
    "latents_out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="An .npz file for `latents` (N, latent_dim), `errors` (N,), `codes` and the `label`.",
)
def invert(
    model: str,
    recipe: Path | None,
    label: int | None,
    source: Path,
    count: int,
    steps: int,
    starts: int,
    seed: int | None,
    out: Path,
    latents_out: Path | None,
) -> None:
    """Find the latents with which MODEL comes nearest to IMAGES, a file or a folder.

    MODEL is a run folder, a .keras file, a preset folder or its name. Of each image the centre
    square is cut out and brought to the size of the model's images. A model with classes needs
    --label, the class of all IMAGES; an InfoGAN's codes are those that it reads from the images.
    """
    _check_file("--out", out, ".png")
    if latents_out is not None:
        _check_file("--latents", latents_out, ".npz")
    if not source.exists():
        raise UsageError(f"IMAGES={str(source)!r} does not exist; pass an image file or a folder.")
    found, seed = models.find(model), _drawn(seed)
    with contextlib.ExitStack() as files:
        picture = files.enter_context(replacing(out))
        arrays = None if latents_out is None else files.enter_context(replacing(latents_out))
        gan = models.load(found, recipe)
        models.check_entry(gan, "generate", model)
        import numpy as np

        from kgan import images, latent
        from kgan.latent import synthesis
        from kgan.latent.inversion import codes_of

        originals, total = _read(source, gan.image_shape, count)
        latents, errors = latent.invert(
            gan, originals, steps=steps, seed=seed, starts=starts, label=label
        )
        codes = codes_of(gan, originals)
        made = synthesis.images(gan, latents, label, codes)
        columns = min(len(made), _COLUMNS)
        cells = [
            _padded(part[start : start + columns], columns)
            for start in range(0, len(made), columns)
            for part in (originals, made)
        ]
        images.save_grid(picture, np.concatenate(cells), columns=columns)
        if arrays is not None:
            from kgan.signature import Label

            further: dict[str, Any] = {} if codes is None else {"codes": codes}
            if label is not None:
                further[Label.name] = label
            np.savez(arrays, latents=latents, errors=errors, **further)
    which = f"{len(made)}" if len(made) == total else f"the first {len(made)} of {total}"
    places = out if latents_out is None else f"{out}, {latents_out}"
    say(
        f"{which} images, mean squared error {errors.mean():.4f} from starts of seed {seed}: "
        f"{places}"
    )


@latent.command(epilog="\b\nExample:\n  kgan latent directions dcgan_fashion_mnist -n 5 --seed 7")
@models.model_argument
@_label_option
@click.option(
    "-n",
    "count",
    type=COUNTS,
    default=5,
    show_default=True,
    metavar="N",
    help="How many directions.",
)
@click.option(
    "--layer", metavar="NAME", help="A layer of the generator.  [default: its first with weights]"
)
@_seed_option("The seed of the image in the middle; drawn and printed if not given.")
@_out_option("directions.png", "A .png file: a row for each direction, from -3 to 3.")
def directions(
    model: str,
    recipe: Path | None,
    label: int | None,
    count: int,
    layer: str | None,
    seed: int | None,
    out: Path,
) -> None:
    """Show along which directions the images of MODEL vary most (GANSpace).

    MODEL is a run folder, a .keras file, a preset folder or its name. Each row leads through the
    same image, from 3 standard deviations on one side to 3 on the other. The directions do not
    depend on the seed.
    """
    _check_file("--out", out, ".png")
    found, seed = models.find(model), _drawn(seed)
    with replacing(out) as temporary:
        gan = models.load(found, recipe)
        models.check_entry(gan, "generate", model)
        import numpy as np

        from kgan import images, latent
        from kgan.latent import synthesis

        ways, shares = latent.directions(gan, count, layer, label=label)
        places = np.arange(-_REACH, _REACH + 1, dtype=np.float32)
        latents = synthesis.latents(gan, 1, seed) + places[:, None] * ways[:, None]
        made = synthesis.images(gan, latents.reshape(-1, gan.latent_dim), label)
        images.save_grid(temporary, made, columns=len(places))
    percent = ", ".join(f"{100 * share:.1f}" for share in shares)
    say(f"directions with {percent} % of the variance, around seed {seed}: {out}")


def _padded(images: np.ndarray, width: int, last: np.ndarray | None = None) -> np.ndarray:
    """A row of images, filled with white to `width`, and `last` behind it."""
    import numpy as np

    white = np.ones((width - len(images), *images.shape[1:]), np.float32)
    return np.concatenate([images, white] if last is None else [images, white, last])


def _read(source: Path, image_shape: tuple[int, int, int], count: int) -> tuple[np.ndarray, int]:
    """The first images, float32 in [-1, 1], of a file or a folder, and how many it has."""
    import numpy as np

    from kgan.data.decode import read
    from kgan.data.folder import from_folder

    height, width, channels = image_shape
    resolution = height if height == width else None
    if source.is_dir():
        try:
            pixels = from_folder(source, resolution, channels, strict=False).images
        except UsageError as error:
            raise UsageError(str(error).replace("source=", "IMAGES=")) from error
    else:
        try:
            pixels = read(source, resolution, channels)[np.newaxis]
        # Pillow's decoders raise whatever a damaged file leads them to.
        except Exception as error:
            raise UsageError(
                f"IMAGES={str(source)!r} must be an image that Pillow reads (.png, .jpg, .webp, …) "
                f"or a folder of such: {error}"
            ) from error
    return pixels[:count] / np.float32(127.5) - np.float32(1), len(pixels)
