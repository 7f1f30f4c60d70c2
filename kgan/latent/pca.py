"""Directions in the latent space along which a generator's features vary most."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.latent import synthesis

if TYPE_CHECKING:
    from kgan.models import GAN

_PASSES = 4  # power iterations; a linear layer needs one
_CHUNK_VALUES = 1 << 22  # features in memory at a time: 32 MB as float64


def directions(
    gan: GAN,
    n: int = 5,
    layer: str | None = None,
    seed: int = 0,
    samples: int = 10_000,
    label: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The latent directions that move a layer's features along their principal components.

    The features of `samples` latents from the GAN's prior are decomposed into principal components,
    and the latents are regressed on the coordinates (GANSpace's way for latents that are no style
    codes). `latents + t * direction` with t from about -3 to 3, in standard deviations of a normal
    prior, then shows what the direction means. Components are found by subspace iteration, so that
    memory holds some of the features at a time.

    Args:
        gan: the GAN whose averaged generator is explored.
        n: how many directions, 1 to `gan.latent_dim`.
        layer: the name of a layer of `gan.averaged_generator`, by default the first one with
            weights: the paper takes the first linear layer of BigGAN.
        seed: pins the latents, and with them the result.
        samples: how many latents; more than `gan.latent_dim`.
        label: the class, for a GAN with classes; None is class 0.

    Returns:
        The directions, float32 `(n, latent_dim)`, each of length 1 and with its largest value
        positive, and their shares of the features' variance, float64 `(n,)`, falling.

    Raises:
        UsageError: a count out of range, an unknown layer, or one whose features vary along fewer
            than `n` components.

    Härkönen et al., "GANSpace: Discovering Interpretable GAN Controls", 2020, arXiv:2004.02546,
    section 2.2; Halko, Martinsson & Tropp, "Finding Structure with Randomness", 2011,
    arXiv:0909.4061, algorithm 4.4 (the subspace iteration).
    """
    n = check_integer("n", n, 1, gan.latent_dim)
    samples = check_integer("samples", samples, gan.latent_dim + 1)
    latents = synthesis.latents(gan, samples, check_integer("seed", seed, 0, 2**32 - 1))
    features = synthesis.features(gan, layer, label)
    width = features(latents[:1]).shape[1]
    size = max(_CHUNK_VALUES // width, 1)

    def chunks() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for start in range(0, samples, size):
            part = latents[start : start + size]
            yield part, features(part).astype(np.float64)

    mean = sum(part.sum(0) for _, part in chunks()) / samples

    def centred() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return ((part, found - mean) for part, found in chunks())

    # A linear layer has no more components than latents have values.
    basis = _subspace(centred, width, min(width, n + gan.latent_dim), seed)
    rank = basis.shape[1]
    total, covariance, products = 0.0, np.zeros((rank, rank)), np.zeros((gan.latent_dim, rank))
    for part, found in centred():
        coordinates = found @ basis
        total += np.square(found).sum()
        covariance += coordinates.T @ coordinates
        products += part.T @ coordinates
    variances, rotation = np.linalg.eigh(covariance)
    variances, rotation = variances[::-1], rotation[:, ::-1]
    # What float32 leaves of a component without variance is about 1e-14 of the first.
    there = int((variances > 1e-10 * variances[0]).sum()) if total > 0 else 0
    if there < n:
        raise UsageError(
            f"n={n} must not exceed the components along which the layer's features vary; found "
            f"{there}. Ask for fewer, or name another layer."
        )
    # The principal coordinates are uncorrelated, so that the regression on each is one of its own;
    # dividing by its variance would only scale the direction.
    regressed = (products @ rotation[:, :n]).T
    signs = np.sign(regressed[np.arange(n), np.abs(regressed).argmax(1)])
    scale = np.linalg.norm(regressed, axis=1) * signs
    return (regressed / scale[:, None]).astype(np.float32), variances[:n] / total


def _subspace(
    centred: Callable[[], Iterator[tuple[np.ndarray, np.ndarray]]], width: int, rank: int, seed: int
) -> np.ndarray:
    """An orthonormal basis `(width, rank)` of where features vary most, by subspace iteration."""
    basis = np.linalg.qr(np.random.RandomState(seed).standard_normal((width, rank)))[0]
    for _ in range(_PASSES):
        basis = np.linalg.qr(sum(found.T @ (found @ basis) for _, found in centred()))[0]
    return basis
