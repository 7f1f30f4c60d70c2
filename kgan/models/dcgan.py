"""DCGAN: the convolutional GAN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import keras

from kgan.errors import UsageError
from kgan.models.variant import Blueprint, Variant


@keras.saving.register_keras_serializable(package="kgan")
class DCGAN(Variant):
    """The networks of DCGAN in the two-player game.

    Makes square images of 8 to 256 pixels, in steps of 4, with 1 to 4 channels. The defaults of
    `compile` are the paper's: non-saturating loss, Adam(0.0002, β₁ = 0.5).

    Args:
        image_shape: `(height, width, channels)`.
        latent_dim: length of a latent.
        width: channels of the networks; their module says at which place.
        networks: a short name of `kgan.networks`: "dcgan", "resnet", "r3gan" or "mlp".
        normalization: the discriminator's: "batch", "layer", "spectral" or "none", as far as the
            networks have it; None is what the paper of the class or else of the networks has.
        prior: of the latents, a name in `kgan.latent.PRIORS`: "normal", "uniform" (the paper's) or
            "spherical".
        ema_halflife_images: half-life of the averaged generator in real images; None for none.
        seed: pins the initial weights and every draw of the training, 0 to 2**31 - 1.
        dtype: a Keras precision policy ("float32", "mixed_float16", "mixed_bfloat16"), by default
            the global one.
        name: of the model.

    Raises:
        UsageError: an image shape that the networks cannot make, a count below 1, an unknown name.

    Radford, Metz & Chintala, "Unsupervised Representation Learning with Deep Convolutional
    Generative Adversarial Networks", 2016, arXiv:1511.06434.
    """

    # The discriminator's normalisation where the argument is None: the first that the networks
    # have, or else their own.
    paper_normalizations: ClassVar[tuple[str, ...]] = ()
    # Those that the discriminator must not have, and why.
    refused_normalizations: ClassVar[Mapping[str, str]] = {}

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        latent_dim: int = 100,
        width: int = 128,
        networks: str = "dcgan",
        normalization: str | None = None,
        prior: str = "normal",
        ema_halflife_images: float | None = 10_000.0,
        seed: int = 0,
        dtype: str | None = None,
        name: str | None = None,
    ):
        blueprint = Blueprint(
            networks,
            image_shape,
            width,
            normalization,
            prior,
            seed,
            dtype,
            self.paper_normalizations,
        )
        refused = self.refused_normalizations
        if blueprint.normalization in refused:
            others = [name for name in blueprint.family.normalizations if name not in refused]
            raise UsageError(
                f"normalization must be one of {', '.join(others)} for {type(self).__name__}, "
                f"since {refused[blueprint.normalization]}; received {blueprint.normalization!r}."
            )
        super().__init__(
            blueprint,
            blueprint.generator(latent_dim),
            blueprint.discriminator(),
            ema_halflife_images,
            name,
        )
