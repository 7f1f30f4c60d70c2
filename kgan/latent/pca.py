"""Directions in the latent space along which a generator's features vary most."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from kgan.batches import batches
from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.latent import synthesis

if TYPE_CHECKING:
    from kgan.models import GAN

_PRECISION = 1e-6  # of the components, as a residual relative to the whole variance
_MOST_PASSES = 50
_SOLVER_RATIO = 5  # LOBPCG needs more features than this many for each component
_CHUNK_VALUES = 1 << 22  # features in memory at a time: 32 MB as float64


def directions(
    gan: GAN,
    n: int = 5,
    layer: str | None = None,
    seed: int = 0,
    samples: int = 10_000,
    label: int | str | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The latent directions that move a layer's features along their principal components.

    The features of `samples` latents from the GAN's prior are decomposed into principal components,
    and the latents are regressed on the coordinates (as GANSpace does for latents that are not
    style codes). `latents + t * direction` with t from about -3 to 3, in standard deviations of a
    normal prior, then shows what the direction means. The features are computed again, in chunks,
    for each iteration of the eigenvalue solver: memory never holds all of them.

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
        positive, and their shares of the features' variance, float64 `(n,)`, in descending order.

    Example:
        >>> directions, shares = kgan.latent.directions(gan, n=3, samples=1000)
        >>> latents = kgan.latent.sample(8, gan.latent_dim, seed=7)
        >>> images = gan(latents + 2 * directions[0])

    Raises:
        UsageError: a count out of range, an unknown layer, or one whose features vary along fewer
            than `n` components.

    Härkönen et al., "GANSpace: Discovering Interpretable GAN Controls", 2020, arXiv:2004.02546,
    section 2.2.
    """
    from scipy.sparse.linalg import LinearOperator, lobpcg

    synthesis.check_movable(gan)
    n = check_integer("n", n, 1, gan.latent_dim)
    samples = check_integer("samples", samples, gan.latent_dim + 1)
    latents = synthesis.latents(gan, samples, check_integer("seed", seed, 0, 2**32 - 1))
    features = synthesis.features(gan, layer, label)
    width = features(latents[:1]).shape[1]
    size = max(_CHUNK_VALUES // width, 1)

    def chunks() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for part in batches(latents, size):
            yield part, features(part).astype(np.float64)

    mean = sum(part.sum(0) for _, part in chunks()) / samples

    def centred() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return ((part, found - mean) for part, found in chunks())

    total = sum(np.square(found).sum() for _, found in centred())

    def covariance(vectors: np.ndarray) -> np.ndarray:
        return sum(found.T @ (found @ vectors) for _, found in centred()) / total

    if total == 0:
        shares, components = np.zeros(1), np.zeros((width, 1))
    elif width < _SOLVER_RATIO * n:  # too narrow for LOBPCG
        shares, components = np.linalg.eigh(covariance(np.eye(width)))
        shares, components = shares[: -n - 1 : -1], components[:, : -n - 1 : -1]
    else:
        start = np.random.RandomState(seed).standard_normal((width, n))
        operator = LinearOperator((width, width), covariance, matmat=covariance, dtype=np.float64)
        shares, components = lobpcg(operator, start, tol=_PRECISION, maxiter=_MOST_PASSES)
    # What float32 leaves of a component without variance is about 1e-14 of the first.
    there = int((shares > 1e-10 * shares[0]).sum())
    if there < n:
        raise UsageError(
            f"n={n} must not exceed the components along which the layer's features vary; found "
            f"{there}. Ask for fewer, or name another layer.",
            "n",
        )
    # The principal coordinates are uncorrelated, so that the regression on each is one of its own;
    # dividing by its variance would only scale the direction.
    regressed = sum(part.T @ (found @ components) for part, found in centred()).T
    signs = np.sign(regressed[np.arange(n), np.abs(regressed).argmax(1)])
    scale = np.linalg.norm(regressed, axis=1) * signs
    return (regressed / scale[:, None]).astype(np.float32), shares
