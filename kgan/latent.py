"""Latents that a seed pins, in NumPy alone: whoever runs an exported file can draw the same."""

from __future__ import annotations

import numpy as np

from kgan.checks import check_integer, check_number


def sample(
    n: int, latent_dim: int, seed: int | None = None, truncation: float | None = None
) -> np.ndarray:
    """Draw latents of shape `(n, latent_dim)`, float32, from the standard normal distribution.

    With a `seed` they equal `numpy.random.RandomState(seed).standard_normal((n, latent_dim))`,
    a stream that NumPy has promised never to change; the first of many are the same as the few.
    `truncation` t draws values outside [-t, t] again, by which the few differ from the first of
    many (the truncation trick, fidelity for variety: Brock et al., "Large Scale GAN Training",
    2019, arXiv:1809.11096, section 3.1).

    Raises:
        UsageError: `n`, `latent_dim`, `seed` or `truncation` out of range.
    """
    check_integer("n", n, 1)
    check_integer("latent_dim", latent_dim, 1)
    if seed is not None:
        seed = check_integer("seed", seed, 0, 2**32 - 1)
    if truncation is not None:
        truncation = check_number("truncation", truncation, 0.01, " of standard deviations")
    random = np.random.RandomState(seed)
    latents = random.standard_normal((n, latent_dim))
    if truncation is not None:
        while (outside := np.abs(latents) > truncation).any():
            latents[outside] = random.standard_normal(int(outside.sum()))
    return latents.astype(np.float32)
