"""What the outputs of networks tell about their range, where their layers do not."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kgan.networks.check import structure
from kgan.networks.last_activation import IMAGES, last_activation, last_operation

_ROWS = 8
_LARGE = 1e3


def measured_problems(generator: keras.Model, discriminator: keras.Model) -> list[str]:
    """What is wrong with the ranges of both networks that only their outputs show; usually empty.

    The networks run on a few random inputs, in inference mode, where their layers do not tell: a
    generator unless it ends in tanh or in what `range_problems` knows, a discriminator only where
    it ends in code of the user's own. A few outputs prove little, so a message needs evidence that
    a good network does not give:

    - a generator leaves [-1, 1] by more than 0.05;
    - a generator stays at or above 0, and latents a thousand times as large bring a tenth of its
      values within 0.01 of 0 and a tenth above 0.5, as a sigmoid or a ReLU does;
    - a discriminator stays within [0, 1] or [-1, 1] for inputs a thousand times as large, a quarter
      of its outputs lie within 0.001 of a bound, and they differ by more than 0.4. Logits would
      grow with the inputs, or, behind a normalization, stay as they are.

    A network that fails on these inputs, or gives no finite numbers, gets no message, nor does a
    generator of images of one pixel, the points of toy problems.
    """
    found = []
    points = tuple(generator.output_shape[1:3]) == (1, 1)
    if not points and last_activation(generator) not in ("tanh", *IMAGES):
        found += _of_images(generator)
    operation = last_operation(discriminator)
    if type(operation).__module__.split(".")[0] not in ("keras", "kgan"):
        found += _of_logits(discriminator)
    return found


def _of_images(generator: keras.Model) -> list[str]:
    values = _outputs(generator, [1.0])
    if not values.size:
        return []
    low, high = values.min(), values.max()
    fix = 'Use activation="tanh".'
    if low < -1.05 or high > 1.05:
        return [
            f"generator makes values from {low:.2g} to {high:.2g} of random latents, but images "
            f"lie in [-1, 1]. {fix}"
        ]
    large = _outputs(generator, [_LARGE]) if low >= 0 else np.zeros(0)
    if large.size and large.min() >= 0 and min(np.mean(large < 0.01), np.mean(large > 0.5)) >= 0.1:
        return [
            "generator never goes below 0, as if it ended in a sigmoid or a ReLU, but images lie "
            f"in [-1, 1]. {fix}"
        ]
    return []


def _of_logits(discriminator: keras.Model) -> list[str]:
    values = _outputs(discriminator, [1.0, _LARGE, -_LARGE])
    if not values.size or values.max() > 1 or values.min() < -1:
        return []
    lowest = 0 if values.min() >= 0 else -1
    bound = np.minimum(np.abs(values - lowest), np.abs(values - 1)) < 1e-3
    if bound.mean() < 0.25 or np.ptp(values) < 0.4:
        return []
    return [
        f"discriminator gives nothing outside of [{lowest}, 1], however large its inputs, but the "
        "losses take logits, which no activation bounds. Take the last activation out."
    ]


def _outputs(network: keras.Model, scales: list[float]) -> np.ndarray:
    """The outputs for random inputs of each scale, flat; empty where they say nothing."""
    random = np.random.default_rng(0)
    inputs = structure(network)
    try:
        given: Any = keras.tree.map_structure(lambda each: _input(each, scales, random), inputs)
        made = network(given, training=False)
        made = made.get("logit", next(iter(made.values()))) if isinstance(made, dict) else made
        values = keras.ops.convert_to_numpy(keras.ops.cast(made, "float32")).reshape(-1)
    # Whatever the user's code raises for inputs that it was not made for; `fit` has better ones.
    except Exception:
        return np.zeros(0)
    return values if np.isfinite(values).all() else np.zeros(0)


def _input(tensor: Any, scales: list[float], random: np.random.Generator) -> np.ndarray:
    """Noise and flat rows for an input of floats, in each scale; zeros for labels."""
    shape = tuple(tensor.shape[1:])
    if not keras.backend.is_float_dtype(tensor.dtype):
        return np.zeros((_ROWS * len(scales), *shape), tensor.dtype)
    rows = random.normal(size=(_ROWS, *shape))
    if len(shape) == 3:
        rows[_ROWS // 2 :] = random.normal(size=(_ROWS // 2, 1, 1, 1))
    return np.concatenate([scale * rows for scale in scales]).astype("float32")
