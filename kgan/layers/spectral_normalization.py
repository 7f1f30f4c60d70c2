"""Spectral normalisation that leaves the kernel as it is."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kgan.checks import check_integer
from kgan.errors import UsageError


@keras.saving.register_keras_serializable(package="kgan")
class SpectralNormalization(keras.layers.Wrapper):
    """A linear layer whose kernel is divided by its spectral norm; the bias is added as it is.

    `layer` is a `Dense`, `Embedding` or convolution without activation; inputs and outputs are
    those of the layer. The norm is that of the kernel reshaped to a matrix, with its last axis as
    columns. Each training call updates the stored singular vectors by `power_iterations`
    iterations; gradients treat them as constants. `seed` sets their initial values.

    Keras's own layer overwrites the kernel in the forward pass: a generator's update would change
    the discriminator.

    Example:
        >>> features = keras.Input((256,))
        >>> layer = kgan.layers.SpectralNormalization(keras.layers.Dense(1), power_iterations=1)
        >>> layer(features).shape
        (None, 1)

    Raises:
        UsageError: a layer of another kind, or fewer than one iteration.

    Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018,
    arXiv:1802.05957, algorithm 1.
    """

    def __init__(
        self,
        layer: keras.layers.Layer,
        power_iterations: int = 1,
        seed: int = 0,
        name: str | None = None,
    ):
        kinds = (
            keras.layers.Dense,
            keras.layers.Embedding,
            keras.layers.Conv1D,
            keras.layers.Conv2D,
            keras.layers.Conv3D,
        )
        if not isinstance(layer, kinds) or _activates(layer):
            raise UsageError(
                "layer must be a Dense, Embedding or convolution layer without activation; "
                f"received {type(layer).__name__}. Use a separate activation layer.",
                "layer",
            )
        # The same precision on both sides of the division.
        super().__init__(layer, name=name, dtype=layer.dtype_policy)
        self.power_iterations = check_integer("power_iterations", power_iterations, 1)
        self.seed = check_integer("seed", seed, 0)

    def build(self, input_shape=None):
        super().build(input_shape)
        columns = self._kernel.shape[-1]
        # The other of the pair follows from this one. Random, since a constant vector may be
        # orthogonal to the singular vector.
        self.vector = self.add_weight(
            name="vector",
            shape=(columns,),
            initializer=keras.initializers.RandomNormal(seed=self.seed),
            trainable=False,
            dtype="float32",
            aggregation="only_first_replica",
        )

    def call(self, inputs, training=None):
        """The layer's outputs, normalised."""
        bias = getattr(self.layer, "bias", None)
        outputs = self.layer(inputs)
        if bias is not None:
            bias = ops.cast(bias, outputs.dtype)
            outputs -= bias
        outputs /= ops.cast(self._norm(training), outputs.dtype)
        return outputs if bias is None else outputs + bias

    def compute_output_shape(self, input_shape):
        return self.layer.compute_output_shape(input_shape)

    @property
    def _kernel(self):
        layer = self.layer
        return layer.embeddings if isinstance(layer, keras.layers.Embedding) else layer.kernel

    def _norm(self, training):
        """The spectral norm, as far as the power iteration has come."""
        matrix = ops.cast(self._kernel, "float32")
        matrix = ops.reshape(matrix, (-1, matrix.shape[-1]))
        fixed, right = ops.stop_gradient(matrix), ops.convert_to_tensor(self.vector)
        left = _unit(ops.matmul(fixed, right))
        if training:
            for _ in range(self.power_iterations):
                right = _unit(ops.matmul(left, fixed))
                left = _unit(ops.matmul(fixed, right))
            self.vector.assign(right)
        # The vector has length one, except at its random start.
        return ops.sum(left * ops.matmul(matrix, _unit(right)))

    def get_config(self) -> dict[str, Any]:
        return {
            "layer": keras.saving.serialize_keras_object(self.layer),
            "power_iterations": self.power_iterations,
            "seed": self.seed,
            "name": self.name,
        }


def _unit(vector):
    return vector / ops.maximum(ops.norm(vector), 1e-12)


def _activates(layer: keras.layers.Layer) -> bool:
    return getattr(layer, "activation", None) not in (None, keras.activations.linear)
