"""Paths between latents, and sums of latents. NumPy only."""

from __future__ import annotations

import numpy as np

from kgan.checks import check_integer
from kgan.errors import UsageError


def linear(start, end, steps: int) -> np.ndarray:
    """The straight line between latents: float32 `(steps, …)`, both ends included.

    `start` and `end` have one shape, such as `(latent_dim,)` or `(n, latent_dim)`. Between two
    normal latents the line runs through shorter latents than the prior draws; see `spherical`.

    Example:
        >>> start, end = kgan.latent.sample(2, gan.latent_dim, seed=7, prior="uniform")
        >>> images = gan(kgan.latent.linear(start, end, steps=9))

    Raises:
        UsageError: different shapes, fewer than 2 steps, or values that are not finite.
    """
    return linear_at(*_ends(start, end, steps)).astype(np.float32)


def spherical(start, end, steps: int) -> np.ndarray:
    """The great arc between latents: float32 `(steps, …)`, both ends included.

    The direction turns at a constant rate and the length changes evenly from one to the other, so
    that every step is as likely under the normal prior as the ends. Opposite or zero latents, which
    no single arc joins, are joined by the straight line.

    Example:
        >>> start, end = kgan.latent.sample(2, gan.latent_dim, seed=7)
        >>> images = gan(kgan.latent.spherical(start, end, steps=9))

    Raises:
        UsageError: different shapes, fewer than 2 steps, or values that are not finite.

    Shoemake, "Animating Rotation with Quaternion Curves", 1985, section 3.3; White, "Sampling
    Generative Networks", 2016, arXiv:1609.04468, section 2.1.
    """
    return spherical_at(*_ends(start, end, steps)).astype(np.float32)


def linear_at(start: np.ndarray, end: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The latents of `linear` at a share of the path, 0 to 1, which broadcasts against them."""
    return (1.0 - share) * start + share * end


def spherical_at(start: np.ndarray, end: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The latents of `spherical` at a share of the path, 0 to 1, which broadcasts against them."""
    lengths = [np.linalg.norm(latents, axis=-1, keepdims=True) for latents in (start, end)]
    safe = [np.where(length > 0, length, 1.0) for length in lengths]
    directions = [latents / length for latents, length in zip((start, end), safe, strict=True)]
    cosine = np.clip((directions[0] * directions[1]).sum(-1, keepdims=True), -1.0, 1.0)
    angle = np.arccos(cosine)
    sine = np.sin(angle)
    arc = (sine > 1e-6) & (lengths[0] > 0) & (lengths[1] > 0)
    sine = np.where(arc, sine, 1.0)
    turned = (
        np.sin((1.0 - share) * angle) * directions[0] + np.sin(share * angle) * directions[1]
    ) / sine
    length = (1.0 - share) * lengths[0] + share * lengths[1]
    return np.where(arc, turned * length, linear_at(start, end, share))


def arithmetic(positive, minus, plus) -> np.ndarray:
    """The mean latent of `positive` minus that of `minus` plus that of `plus`: `(latent_dim,)`.

    Each is `(n, latent_dim)`, the latents of images that share something: men with glasses, minus
    men, plus women give a woman with glasses. Means of three or more are steadier than one.

    Example:
        >>> latents = kgan.latent.sample(9, gan.latent_dim, seed=7)
        >>> latent = kgan.latent.arithmetic(latents[:3], minus=latents[3:6], plus=latents[6:])
        >>> (image,) = gan(latent[None])

    Raises:
        UsageError: another rank, different lengths of latents, or values that are not finite.

    Radford, Metz & Chintala, "Unsupervised Representation Learning with Deep Convolutional
    Generative Adversarial Networks", 2016, arXiv:1511.06434, section 6.3.2.
    """
    groups = {"positive": positive, "minus": minus, "plus": plus}
    groups = {name: check_finite(name, group) for name, group in groups.items()}
    dims = {name: group.shape[-1:] for name, group in groups.items()}
    if any(group.ndim != 2 or not len(group) for group in groups.values()) or (
        len(set(dims.values())) > 1
    ):
        raise UsageError(
            "positive, minus and plus must be latents (n, latent_dim) of one latent_dim; received "
            f"the shapes {', '.join(str(group.shape) for group in groups.values())}.",
            "positive",
        )
    means = {name: group.mean(0) for name, group in groups.items()}
    return (means["positive"] - means["minus"] + means["plus"]).astype(np.float32)


def check_finite(argument: str, latents) -> np.ndarray:
    """The latents as a float64 array.

    Raises:
        UsageError: they are not finite numbers.
    """
    try:
        array = np.asarray(latents, np.float64)
    except (TypeError, ValueError):
        array = np.asarray(np.nan)
    if not np.isfinite(array).all():
        raise UsageError(
            f"{argument} must be an array of finite numbers; received {latents!r}.", argument
        )
    return array


def _ends(start, end, steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both ends as arrays, and the share of the path at each step."""
    start, end = check_finite("start", start), check_finite("end", end)
    if start.shape != end.shape or start.ndim < 1:
        raise UsageError(
            "start and end must be latents of one shape, (latent_dim,) or (n, latent_dim); "
            f"received {start.shape} and {end.shape}.",
            "start",
        )
    share = np.linspace(0.0, 1.0, check_integer("steps", steps, 2))
    return start, end, share.reshape(-1, *[1] * start.ndim)
