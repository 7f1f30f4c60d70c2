"""Latents that a seed pins, in NumPy alone: whoever runs an exported file can draw the same."""

from __future__ import annotations

import numpy as np

from kgan.checks import check_count
from kgan.errors import UsageError


def sample(
    n: int, latent_dim: int, seed: int | None = None, truncation: float | None = None
) -> np.ndarray:
    """Draw latents of shape `(n, latent_dim)`, float32, from the standard normal distribution.

    With a `seed` they equal `numpy.random.RandomState(seed).standard_normal((n, latent_dim))`,
    a stream that NumPy has promised never to change; the first of many are the same as the few.
    `truncation` t draws values outside [-t, t] again (the truncation trick, fidelity for
    variety: Brock et al., "Large Scale GAN Training", 2019, arXiv:1809.11096, section 3.1).

    Raises:
        UsageError: `n`, `latent_dim`, `seed` or `truncation` out of range.
    """
    check_count("n", n)
    check_count("latent_dim", latent_dim)
    if seed is not None and not (
        isinstance(seed, (int, np.integer))
        and not isinstance(seed, bool)
        and 0 <= int(seed) < 2**32
    ):
        raise UsageError(f"seed must be a whole number in [0, 2**32), or None; received {seed!r}.")
    if truncation is not None and not truncation >= 0.01:
        raise UsageError(
            "truncation must be at least 0.01 standard deviations, or None for no truncation; "
            f"received {truncation!r}."
        )
    random = np.random.RandomState(None if seed is None else int(seed))
    latents = random.standard_normal((n, latent_dim))
    if truncation is not None:
        while (outside := np.abs(latents) > truncation).any():
            latents[outside] = random.standard_normal(int(outside.sum()))
    return latents.astype(np.float32)
