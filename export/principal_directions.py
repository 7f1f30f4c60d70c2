"""Directions in the latent space along which a model's images change most."""

from __future__ import annotations

import math

import numpy as np

from kgan.batches import batches
from kgan.runtime import OnnxModel

SEED = 0
_SAMPLES = 1024  # at least, and four per latent dimension
_SIDE = 64  # pixels of an image that are looked at, along each side


def principal_directions(model: OnnxModel, n: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """The latent directions that move images along their principal components.

    Images of latents from the prior are decomposed into principal components, those of a class
    around the mean of their class, and the latents are regressed on the coordinates, as
    `kgan.latent.directions` does with the features of a layer. Codes are held fixed. This needs
    the ONNX file alone.

    Returns:
        Directions of length 1, float32 `(m, latent_dim)`, and their shares of the variance, `(m,)`,
        in descending order; m is n, or less where the images vary along fewer.

    Example:
        >>> model = kgan.runtime.load("dcgan_fashion_mnist")
        >>> directions, shares = principal_directions(model)

    Härkönen et al., "GANSpace: Discovering Interpretable GAN Controls", 2020, arXiv:2004.02546,
    section 2.2.
    """
    from scipy.sparse.linalg import eigsh

    latent, label = model.input_signature.latent, model.input_signature.label
    assert latent is not None
    count = max(_SAMPLES, 4 * latent.size)
    latents = latent.default(count, SEED)
    labels = np.zeros(count, int) if label is None else label.default(count, SEED)
    inputs = {
        field.argument: np.repeat(field.default(1, SEED), count, 0)
        for field in model.input_signature.conditions
    }
    inputs[latent.argument] = latents
    if label is not None:
        inputs[label.argument] = labels
    pixels = _pixels(model, inputs)
    for each in np.unique(labels):
        pixels[labels == each] -= pixels[labels == each].mean(0)
    total = np.square(pixels).sum()
    if total == 0:
        return np.zeros((0, latent.size), np.float32), np.zeros(0)
    # The eigenvectors of the Gram matrix are the coordinates, scaled to length 1.
    start = np.random.RandomState(SEED).standard_normal(count)
    values, coordinates = eigsh(pixels @ pixels.T, min(n, latent.size), v0=start)
    values, coordinates = values[::-1], coordinates[:, ::-1]
    there = values > 1e-6 * values[0]
    regressed = coordinates[:, there].T @ (latents - latents.mean(0))
    signs = np.sign(regressed[np.arange(len(regressed)), np.abs(regressed).argmax(1)])
    scale = np.linalg.norm(regressed, axis=1) * signs
    return (regressed / scale[:, None]).astype(np.float32), values[there] / total


def _pixels(model: OnnxModel, inputs: dict[str, np.ndarray]) -> np.ndarray:
    """The images as rows of pixels, of which large ones keep a few."""
    parts = []
    for batch in batches(inputs, 64):
        images = model.generate(**batch)
        step = math.ceil(max(images.shape[1:3]) / _SIDE)
        parts.append(images[:, ::step, ::step].reshape(len(images), -1))
    return np.concatenate(parts)
