"""What latents are drawn from, in NumPy alone: whoever runs an exported file can draw the same."""

from __future__ import annotations

import numpy as np

from kgan.checks import check_integer, check_number
from kgan.errors import UsageError, unknown_name

PRIORS = {
    "normal": "numpy.random.RandomState(seed).standard_normal((n, latent_dim)).astype('float32')",
    "uniform": (
        "numpy.random.RandomState(seed).uniform(-1.0, 1.0, (n, latent_dim)).astype('float32')"
    ),
    "spherical": (
        "((z := numpy.random.RandomState(seed).standard_normal((n, latent_dim))) * latent_dim**0.5"
        " / numpy.linalg.norm(z, axis=1, keepdims=True)).astype('float32')"
    ),
}
"""By the name of a prior, the line of NumPy that gives what `sample(n, latent_dim, seed)` gives."""


def sample(
    n: int,
    latent_dim: int,
    seed: int | None = None,
    truncation: float | None = None,
    prior: str = "normal",
) -> np.ndarray:
    """Draw latents of shape `(n, latent_dim)`, float32, from a prior.

    - "normal": the standard normal distribution;
    - "uniform": each value evenly from [-1, 1], as in DCGAN (Radford, Metz & Chintala, 2016,
      arXiv:1511.06434, figure 1);
    - "spherical": evenly from the sphere of radius sqrt(latent_dim), near which normal latents
      lie; so in ProGAN (Karras et al., "Progressive Growing of GANs", 2018, arXiv:1710.10196,
      appendix A.1).

    With a `seed` they equal the prior's line in `PRIORS`, of a stream that NumPy has promised never
    to change; the first of many are the same as the few. `truncation` t draws normal values
    outside [-t, t] again, by which the few differ from the first of many (the truncation trick,
    fidelity for variety: Brock et al., "Large Scale GAN Training", 2019, arXiv:1809.11096,
    section 3.1).

    Example:
        >>> latents = kgan.latent.sample(16, latent_dim=64, seed=7, truncation=0.7)
        >>> latents.shape, bool((abs(latents) <= 0.7).all())
        ((16, 64), True)

    Raises:
        UsageError: `n`, `latent_dim`, `seed` or `truncation` out of range, an unknown prior, or a
            truncation of one that has no tails.
    """
    n = check_integer("n", n, 1)
    check_integer("n", n, 1, 2**31 - 1)  # with more, NumPy fails in words of its own
    latent_dim = check_integer("latent_dim", latent_dim, 1)
    if seed is not None:
        seed = check_integer("seed", seed, 0, 2**32 - 1)
    check_prior(prior)
    if truncation is not None:
        truncation = check_number("truncation", truncation, 0.01, " of standard deviations")
        if prior != "normal":
            raise UsageError(
                f"truncation={truncation:g} cuts the tails of the normal prior; prior={prior!r} "
                "has none. Leave truncation out.",
                "truncation",
            )
    random = np.random.RandomState(seed)
    if prior == "uniform":
        return random.uniform(-1.0, 1.0, (n, latent_dim)).astype(np.float32)
    latents = random.standard_normal((n, latent_dim))
    if prior == "spherical":
        latents = latents * latent_dim**0.5 / np.linalg.norm(latents, axis=1, keepdims=True)
    if truncation is not None:
        while (outside := np.abs(latents) > truncation).any():
            latents[outside] = random.standard_normal(int(outside.sum()))
    return latents.astype(np.float32)


def check_prior(prior: str) -> str:
    """The name of a prior, if there is one of that name.

    Raises:
        UsageError: there is none.
    """
    if not isinstance(prior, str) or prior not in PRIORS:
        raise unknown_name("prior", prior, PRIORS)
    return prior


def draw(prior: str, shape: tuple, seed_generator):
    """Draw latents for training: a Keras tensor of `shape` `(n, latent_dim)`, Keras's float type.

    Args:
        prior: a name in `PRIORS`; see `sample`, whose streams are others.
        shape: `(n, latent_dim)`; `n` may be a tensor.
        seed_generator: a `keras.random.SeedGenerator`, which decides the draw.

    Example:
        >>> seeds = keras.random.SeedGenerator(7)
        >>> latents = kgan.latent.draw("spherical", (16, 64), seeds)

    Raises:
        UsageError: an unknown prior.
    """
    import keras

    check_prior(prior)
    if prior == "uniform":
        return keras.random.uniform(shape, -1.0, 1.0, seed=seed_generator)
    latents = keras.random.normal(shape, seed=seed_generator)
    return within(prior, latents) if prior == "spherical" else latents


def within(prior: str, latents):
    """Latents brought to the nearest place where the prior draws any: a Keras tensor.

    Those of a uniform prior are clipped to [-1, 1], those of a spherical one scaled to its radius;
    normal ones stay as they are.
    """
    from keras import ops

    if prior == "uniform":
        return ops.clip(latents, -1.0, 1.0)
    if prior == "spherical":
        square = ops.mean(ops.square(latents), axis=-1, keepdims=True)
        # A latent of zeros has no direction, and stays.
        return latents * ops.rsqrt(ops.maximum(square, 1e-12))
    return latents
