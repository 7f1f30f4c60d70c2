"""The one signature that every format exports: the generator's inputs by name in, `image` out."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

import kgan
from kgan import latent
from kgan.errors import UsageError
from kgan.networks.check import answer, input_shapes
from kgan.precision import float32_clone


class Serving(tf.Module):
    """The averaged generator of a GAN in float32 and inference mode, as a traced function.

    `serve` takes what the generator takes, by name, for any batch: `latent`, float32
    (batch, latent_dim), and where there are such `label`, int32 (batch,), `code` or `condition`,
    float32 (batch, n). It returns `{"image": …}`: float32 (batch, height, width, channels) in
    [-1, 1].

    Raises:
        UsageError: `gan` is not a `kgan.GAN`.
    """

    def __init__(self, gan: kgan.GAN):
        super().__init__(name="kgan")
        if not isinstance(gan, kgan.GAN):
            raise UsageError(f"gan must be a kgan.GAN, received {type(gan).__name__}.")
        generator = float32_clone(gan.averaged_generator)
        self.latent_dim = gan.latent_dim
        self.prior = gan.prior
        self.image_shape = tuple(gan.image_shape)
        self.classes = gan.classes
        self.code: str | None = None  # of an InfoGAN: its layout as JSON
        if isinstance(gan, kgan.InfoGAN):
            layout = {"categorical": gan.categorical, "continuous": gan.continuous}
            self.code = json.dumps(layout)
        # Only the bare variables are tracked: tracking the model, too, stores each of them twice.
        self.weights = [variable.value for variable in generator.variables]
        specs = [
            tf.TensorSpec((None,), tf.int32, name)
            if name == "label"
            else tf.TensorSpec((None, shape[-1]), tf.float32, name)
            for name, shape in input_shapes(generator, "latent").items()
        ]
        names = [spec.name for spec in specs]

        def serve(*values):
            return {"image": answer(generator, dict(zip(names, values, strict=True)), False)}

        # The names of the arguments are those of the tensors, in each format.
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        serve.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [inspect.Parameter(name, kind) for name in names]
        )
        self.serve = tf.function(serve, input_signature=specs)
        # Hidden in a closure: an attribute would be tracked.
        self._reference = lambda inputs: answer(generator, inputs, False)

    @property
    def specs(self) -> dict[str, tf.TensorSpec]:
        """The inputs by name, `latent` first."""
        return {spec.name: spec for spec in self.serve.input_signature}

    def examples(self, n: int) -> dict[str, np.ndarray]:
        """Inputs for n images, always the same, the labels spread over all classes."""
        inputs: dict[str, Any] = {}
        for seed, (name, spec) in enumerate(self.specs.items()):
            if name == "label":
                inputs[name] = np.linspace((self.classes or 1) - 1, 0, n).astype(np.int32)
            else:
                inputs[name] = latent.sample(n, spec.shape[-1], seed)
        return inputs

    def reference(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """The images that Keras itself makes of these inputs, computed on the CPU.

        A GPU would round convolutions to TF32 and differ from every other runtime by more than
        the tolerance.
        """
        with tf.device("/CPU:0"):
            return np.asarray(self._reference(inputs))
