"""The one signature that every format exports: `latent` in, `image` out."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

import kgan
from kgan.errors import UsageError
from kgan.precision import float32_clone


class Serving(tf.Module):
    """The averaged generator of a GAN in float32 and inference mode, as a traced function.

    `serve(latent)` takes float32 (batch, latent_dim), any batch, and returns `{"image": …}`:
    float32 (batch, height, width, channels) in [-1, 1].

    Raises:
        UsageError: `gan` is not a `kgan.GAN`.
    """

    def __init__(self, gan: kgan.GAN):
        super().__init__(name="kgan")
        if not isinstance(gan, kgan.GAN):
            raise UsageError(f"gan must be a kgan.GAN, received {type(gan).__name__}.")
        generator = float32_clone(gan.averaged_generator)
        self.latent_dim = gan.latent_dim
        self.image_shape = tuple(gan.image_shape)
        # Only the bare variables are tracked: tracking the model, too, stores each of them twice.
        self.weights = [variable.value for variable in generator.variables]
        signature = tf.TensorSpec((None, gan.latent_dim), tf.float32, name="latent")
        self.serve = tf.function(
            lambda latent: {"image": generator(latent, training=False)}, input_signature=[signature]
        )
        # Hidden in a closure: an attribute would be tracked.
        self._reference = lambda latent: generator(latent, training=False)

    def reference(self, latent: np.ndarray) -> np.ndarray:
        """The images that Keras itself makes of `latent`, computed on the CPU.

        A GPU would round convolutions to TF32 and differ from every other runtime by more than
        the tolerance.
        """
        with tf.device("/CPU:0"):
            return np.asarray(self._reference(latent))
