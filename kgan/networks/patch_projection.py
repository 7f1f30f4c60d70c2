"""The heads of CUT: features of patches as vectors that are compared.

Park, Efros, Zhang & Zhu, "Contrastive Learning for Unpaired Image-to-Image Translation", 2020,
arXiv:2007.15651, section 3: H_l, a network of two layers of 256 units for each layer l of the
encoder; all weights start from N(0, 0.02²).
"""

from __future__ import annotations

from collections.abc import Mapping

import keras
from keras import layers, ops

from kgan.checks import check_integer
from kgan.networks.translator import initializer
from kgan.registry import Configured
from kgan.seeds import spawn

_KEY = 3  # of the network's seeds
# Black features, whose vector is 0, would have an endless gradient without it.
_LEAST_SQUARE = 1e-6


@keras.saving.register_keras_serializable(package="kgan")
class PatchProjection(Configured):
    """For each layer of features a dense layer with ReLU, one without, and division by the norm.

    Both have `units`.

    Example:
        >>> heads = kgan.networks.PatchProjection(units=32).network({"pixels": 3, "halving_1": 64})
        >>> {name: vectors.shape for name, vectors in heads.output.items()}
        {'pixels': (None, None, 32), 'halving_1': (None, None, 32)}

    Raises:
        UsageError: fewer than 1 unit.
    """

    def __init__(self, units: int = 256):
        self.units = check_integer("units", units, 1)

    def network(
        self, channels: Mapping[str, int], seed: int = 0, dtype: str | None = None
    ) -> keras.Model:
        """From features by name, `(batch, patches, channels)`, to unit vectors by name, float32.

        The vectors are `(batch, patches, units)`.
        """
        seeds = spawn(seed, _KEY)
        inputs = {name: keras.Input((None, size), name=name) for name, size in channels.items()}
        vectors = {}
        for name, x in inputs.items():
            for activation in ("relu", None):
                kernel = initializer(seeds)
                x = layers.Dense(self.units, activation, kernel_initializer=kernel, dtype=dtype)(x)
            x = ops.cast(x, "float32")
            squares = ops.sum(ops.square(x), axis=-1, keepdims=True)
            vectors[name] = x * ops.rsqrt(squares + _LEAST_SQUARE)
        return keras.Model(inputs, vectors, name="heads")
