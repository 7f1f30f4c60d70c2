"""Custom networks in place of a model's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from kgan.errors import UsageError
from kgan.layers import SpectralNormalization
from kgan.networks.architecture import LOGIT, Architecture
from kgan.networks.check import checked, input_shapes
from kgan.signature import Image, Latent, Signature, Vector


@keras.saving.register_keras_serializable(package="kgan.networks")
class OwnNetworks(Architecture):
    """Your own generator and discriminator, trained as the paper of a model does.

    `kgan.WGANGP(generator, discriminator)` is short for
    `kgan.WGANGP(networks=kgan.networks.OwnNetworks(generator, discriminator))`: shapes and
    precision are those of the networks. Inputs and outputs have the names that the model's own
    networks have; `encoder` is for a BiGAN.

    Example:
        >>> gan = kgan.WGANGP(networks=kgan.networks.OwnNetworks(generator, discriminator))
        >>> gan.compile()
        >>> gan.fit(images, batch_size=5 * 8, epochs=1)

    Raises:
        UsageError: the networks do not fit each other, or the model.
    """

    modulated = False

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        encoder: keras.Model | None = None,
    ):
        # Packed and named: the model says so itself, and checks once more.
        self._generator, self._discriminator = checked(generator, discriminator, True, True)
        self._encoder = encoder
        self.normalization = _normalization(self._discriminator)
        self.normalizations = (self.normalization,)  # type: ignore[misc]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """`(height, width, channels)` of what the generator makes."""
        return tuple(self._generator.output_shape[1:])

    @property
    def latent_dim(self) -> int:
        """The length of a latent."""
        return input_shapes(self._generator, Latent.name)[Latent.name][-1]

    def check_shape(self, shape: Any) -> tuple[int, int, int]:
        return self.image_shape

    def generator(self, inputs: Signature, *arguments: Any, **others: Any) -> keras.Model:
        """The generator, which must have these inputs."""
        _check_inputs("generator", self._generator, Latent.name, inputs)
        return self._generator

    def discriminator(
        self,
        inputs: Signature,
        heads: Mapping[str, tuple[int, ...]] = LOGIT,
        seed: int = 0,
        dtype: str | None = None,
        conditioning: str = "concatenation",
        features: bool = False,
        pack: int = 1,
    ) -> keras.Model:
        """The discriminator, which must have these inputs and heads."""
        _check_inputs("discriminator", self._discriminator, Image.name, inputs)
        expected = {*heads, *(("features",) if features else ())}
        outputs = self._discriminator.output if len(self._discriminator.outputs) > 1 else None
        received = set(outputs) if isinstance(outputs, dict) else {next(iter(heads))}
        if not expected <= received:
            raise UsageError(
                f"discriminator must have the outputs {', '.join(sorted(expected))}, a dict; "
                f"received {', '.join(sorted(received))}.",
                "discriminator",
            )
        return self._discriminator

    def encoder(
        self, inputs: Signature, output: Vector, seed: int = 0, dtype: str | None = None
    ) -> keras.Model:
        """The encoder."""
        if self._encoder is None:
            raise UsageError(
                "encoder must be given, a network from images to latents: "
                "networks=kgan.networks.OwnNetworks(generator, discriminator, encoder).",
                "encoder",
            )
        return self._encoder

    def get_config(self) -> dict[str, Any]:
        networks = {"generator": self._generator, "discriminator": self._discriminator}
        if self._encoder is not None:
            networks["encoder"] = self._encoder
        return {
            name: keras.saving.serialize_keras_object(network) for name, network in networks.items()
        }


def _normalization(discriminator: keras.Model) -> str:
    """How a discriminator normalizes, as the arguments of the models call it."""
    kinds: dict[str, type | tuple[type, ...]] = {
        "batch": keras.layers.BatchNormalization,
        "spectral": (SpectralNormalization, keras.layers.SpectralNormalization),
        "layer": keras.layers.LayerNormalization,
    }
    layers = list(discriminator._flatten_layers())
    found = [name for name, kind in kinds.items() if any(isinstance(each, kind) for each in layers)]
    return found[0] if found else "none"


def _check_inputs(argument: str, network: keras.Model, single: str, inputs: Signature) -> None:
    received = set(input_shapes(network, single))
    if received != set(inputs):
        raise UsageError(
            f"{argument} must have the inputs {', '.join(inputs)} for this model; received "
            f"{', '.join(sorted(received))}.",
            argument,
        )
