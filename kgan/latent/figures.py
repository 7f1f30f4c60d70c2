"""Figures of the latent space: the images of one picture, row by row.

Each function returns float32 images `(rows, columns, height, width, channels)` in [-1, 1], where an
empty cell is white. `save` writes them as a PNG or GIF file.

Example:
    >>> start, end = kgan.latent.figures.pairs(gan, n=4, seed=7)
    >>> images = kgan.latent.figures.interpolation(gan, start, end, steps=25)
    >>> kgan.latent.figures.save("interpolation.gif", images)
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kgan.batches import batches
from kgan.checks import check_integer
from kgan.errors import UsageError, unknown_name
from kgan.images import grid, save_gif, save_grid
from kgan.latent import paths, synthesis
from kgan.latent.inversion import recovered
from kgan.priors import within
from kgan.validate import check_images, check_vectors

if TYPE_CHECKING:
    from kgan.models import GAN

PATHS = {"spherical": paths.spherical, "linear": paths.linear}
SUFFIXES = (".png", ".gif")
_VARIATION = 0.25  # the noise of DCGAN's arithmetic is uniform in ±0.25
_DEVIATIONS = 3  # to either side along a direction
_COLUMNS = 8  # originals per row
_FRAME_MS = 80


def pairs(gan: GAN, n: int, seed: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """The latents of `n` pairs of images: two float32 arrays `(n, latent_dim)`.

    Pair 0 holds the images 0 and 1 of `gan.generate(2 * n, seed)`, pair 1 the images 2 and 3, and
    so on. Without a seed they differ from call to call.

    Raises:
        UsageError: `n` below 1, or a seed out of range.
    """
    latents = synthesis.latents(gan, 2 * check_integer("n", n, 1), seed)
    return latents[0::2], latents[1::2]


def interpolation(
    gan: GAN, start, end, steps: int = 9, path: str = "spherical", label: int | str | None = None
) -> np.ndarray:
    """A row for each pair of latents: the images on the path between the two.

    Args:
        gan: the GAN, whose averaged generator makes the images.
        start: latents `(n, latent_dim)`, the first column.
        end: latents of the same shape, the last column.
        steps: images per row, both ends included.
        path: "spherical", the great arc, or "linear", the straight line.
        label: the class, for a GAN with classes; None is class 0.

    Returns:
        Images `(n, steps, height, width, channels)`.

    Raises:
        UsageError: latents of another shape or that are not finite, fewer than 2 steps, an unknown
            path or label.
    """
    if path not in PATHS:
        raise unknown_name("path", path, PATHS)
    start, end = _latents(gan, "start", start), _latents(gan, "end", end)
    return _rows(gan, PATHS[path](start, end, steps).swapaxes(0, 1), label)


def arithmetic(
    gan: GAN, positive, minus, plus, seed: int = 0, label: int | str | None = None
) -> np.ndarray:
    """Man with glasses, minus man, plus woman: a woman with glasses.

    The first three rows show the groups, each with the image of its mean latent in the last column.
    The fourth row shows the result in the last column, and before it the result with uniform noise
    of ±0.25 added.

    Args:
        gan: the GAN, whose averaged generator makes the images.
        positive: latents `(n, latent_dim)` of images that have something.
        minus: latents of similar images without it.
        plus: latents of images that should get it. The groups may differ in size.
        seed: pins the noise.
        label: the class, for a GAN with classes; None is class 0.

    Returns:
        Images `(4, columns, height, width, channels)`, two columns more than the largest group.

    Raises:
        UsageError: latents of another shape or that are not finite, an unknown label.

    Radford, Metz & Chintala, "Unsupervised Representation Learning with Deep Convolutional
    Generative Adversarial Networks", 2016, arXiv:1511.06434, figure 7.
    """
    groups = {"positive": positive, "minus": minus, "plus": plus}
    members = [_latents(gan, name, group) for name, group in groups.items()]
    result = np.asarray(within(gan.prior, paths.arithmetic(*members)[None]))[0]
    width = max(map(len, members))
    noise = np.random.RandomState(seed).uniform(-_VARIATION, _VARIATION, (width, len(result)))
    rows = [np.concatenate([group, group.mean(0, keepdims=True)]) for group in members]
    rows.append(np.concatenate([result + noise, [result]]).astype(np.float32))
    made = np.split(
        synthesis.images(gan, np.concatenate(rows), label),
        np.cumsum([len(row) for row in rows])[:-1],
    )
    return np.stack([np.concatenate([_padded(row[:-1], width + 1), row[-1:]]) for row in made])


def directions(gan: GAN, directions, around, label: int | str | None = None) -> np.ndarray:
    """A row for each direction: images from 3 standard deviations on one side to 3 on the other.

    Args:
        gan: the GAN, whose averaged generator makes the images.
        directions: vectors `(n, latent_dim)` of length 1, as `kgan.latent.directions` finds them.
        around: the latent `(latent_dim,)` in the middle of every row.
        label: the class, for a GAN with classes; None is class 0.

    Returns:
        Images `(n, 7, height, width, channels)`.

    Raises:
        UsageError: directions or a latent of another shape or that are not finite, an unknown
            label.
    """
    vectors = _latents(gan, "directions", directions)
    around = paths.check_finite("around", around).astype(np.float32)
    if around.shape != (gan.latent_dim,):
        raise UsageError(
            f"around must be a latent of the shape ({gan.latent_dim},); received the shape "
            f"{around.shape}. Take one row of kgan.latent.sample.",
            "around",
        )
    distances = np.arange(-_DEVIATIONS, _DEVIATIONS + 1, dtype=np.float32)
    return _rows(gan, around + distances[:, None] * vectors[:, None], label)


def inversion(gan: GAN, images, latents, label: int | str | None = None) -> np.ndarray:
    """Images above their reconstructions, up to 8 per row.

    Args:
        gan: the GAN, whose averaged generator makes the reconstructions.
        images: float32 `(n, *gan.image_shape)` in [-1, 1].
        latents: what `kgan.latent.invert` found for them, `(n, latent_dim)`.
        label: the class of the images, for a GAN with classes; None is class 0. An InfoGAN's codes
            are read from the images.

    Returns:
        Images `(rows, columns, height, width, channels)`; every other row holds originals.

    Raises:
        UsageError: images or latents of another shape, values that are not finite, an unknown
            label.
    """
    images = check_images(images, gan.image_shape)
    latents = check_vectors("latents", latents, (len(images), gan.latent_dim))
    made = synthesis.images(gan, latents, label, recovered(gan, images))
    columns = min(len(images), _COLUMNS)
    rows = batches((images, made), columns)
    return np.stack([_padded(row, columns) for pair in rows for row in pair])


def save(path: str | Path, images: np.ndarray) -> None:
    """Write a figure as a PNG file, or as a GIF file that shows its columns there and back.

    A frame of the GIF holds the images of one column in a grid.

    Args:
        path: the file; its suffix chooses the format.
        images: `(rows, columns, height, width, channels)`, as the functions of this module return.

    Raises:
        UsageError: another suffix, or another shape.
        OSError: the file cannot be written.
    """
    suffix = Path(path).suffix
    if suffix not in SUFFIXES:
        raise UsageError(
            f"path={str(path)!r} must be a file whose name ends in {' or '.join(SUFFIXES)}.", "path"
        )
    images = np.asarray(images)
    if images.ndim != 5:
        raise UsageError(
            "images must have the shape (rows, columns, height, width, channels); received "
            f"{images.shape}. Use kgan.images.save_grid for images (n, height, width, channels).",
            "images",
        )
    if suffix == ".png":
        save_grid(path, images.reshape(-1, *images.shape[2:]), columns=images.shape[1])
        return
    there = [np.asarray(grid(column)) for column in images.swapaxes(0, 1)]
    # Pillow's grey images have no axis of channels.
    frames = [frame.reshape(*frame.shape[:2], -1) for frame in (*there, *reversed(there[1:-1]))]
    save_gif(path, frames, ms=_FRAME_MS, last_ms=_FRAME_MS)


def _latents(gan: GAN, argument: str, values) -> np.ndarray:
    """Latents of the GAN as float32 `(n, latent_dim)`.

    Raises:
        UsageError: another shape, no latent, or values that are not finite.
    """
    rows = paths.check_finite(argument, values)
    if rows.ndim != 2 or not len(rows) or rows.shape[1] != gan.latent_dim:
        raise UsageError(
            f"{argument} must be latents of the shape (n, {gan.latent_dim}); received the shape "
            f"{rows.shape}.",
            argument,
        )
    return rows.astype(np.float32)


def _rows(gan: GAN, latents: np.ndarray, label: int | str | None) -> np.ndarray:
    """The images of latents `(rows, columns, latent_dim)`, in the same rows and columns."""
    made = synthesis.images(gan, latents.reshape(-1, gan.latent_dim), label)
    return made.reshape(*latents.shape[:2], *made.shape[1:])


def _padded(images: np.ndarray, width: int) -> np.ndarray:
    """A row of images, filled up with white ones to `width`."""
    white = np.ones((width - len(images), *images.shape[1:]), np.float32)
    return np.concatenate([images, white])
