"""Conditional GAN: images of an asked class, or of a vector such as a text's embedding."""

from __future__ import annotations

from typing import Any

import keras

from kgan.checks import check_integer
from kgan.errors import UsageError, unknown_name
from kgan.models.variant import Blueprint, Variant
from kgan.networks import Condition

_CONDITIONINGS = ("concatenation", "projection")
_EMBEDDING = 64


@keras.saving.register_keras_serializable(package="kgan")
class ConditionalGAN(Variant):
    """Both players know the condition; `generate(labels=…)` or `generate(conditions=…)` asks.

    With "concatenation" the embedded condition is a part of the latent and a further channel of
    the discriminator's image. With "projection" it steers the generator's batch normalisation
    (networks without one concatenate it) and is projected onto the discriminator's features, which
    is normalised spectrally; `compile` then has the hinge loss and Adam(0.0002, β₁ = 0, β₂ = 0.9)
    by default, otherwise DCGAN's.

    Args:
        image_shape: `(height, width, channels)`.
        classes: how many classes the labels 0..classes-1 have; None with `condition_dim`.
        latent_dim: length of a latent.
        width: channels of the networks; their module says at which place.
        conditioning: "concatenation" or "projection".
        condition_dim: length of the vectors, where the condition is one; None with `classes`.
        networks, normalization, prior, ema_halflife_images, seed, dtype, name: as in `DCGAN`.

    Raises:
        UsageError: neither or both of `classes` and `condition_dim`, fewer than two classes, or
            what `DCGAN` refuses.

    Mirza & Osindero, "Conditional Generative Adversarial Nets", 2014, arXiv:1411.1784,
    equation 2; Miyato & Koyama, "cGANs with Projection Discriminator", 2018, arXiv:1802.05637,
    equation 4.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        classes: int | None = None,
        latent_dim: int = 100,
        width: int = 128,
        conditioning: str = "concatenation",
        condition_dim: int | None = None,
        networks: str = "dcgan",
        normalization: str | None = None,
        prior: str = "normal",
        ema_halflife_images: float | None = 10_000.0,
        seed: int = 0,
        dtype: str | None = None,
        name: str | None = None,
    ):
        if (classes is None) == (condition_dim is None):
            raise UsageError(
                "classes or condition_dim must be given, one of them: the number of classes, or "
                f"the length of the vectors; received {classes!r} and {condition_dim!r}."
            )
        if conditioning not in _CONDITIONINGS:
            raise unknown_name("conditioning", conditioning, _CONDITIONINGS)
        if classes is not None:
            classes = check_integer("classes", classes, 2)
            condition = Condition("label", classes, _EMBEDDING)
        else:
            size = check_integer("condition_dim", condition_dim, 1)
            condition = Condition("condition", size, _EMBEDDING)
        projects = conditioning == "projection"
        blueprint = Blueprint(
            networks,
            image_shape,
            width,
            normalization,
            prior,
            seed,
            dtype,
            paper_normalizations=("spectral",) if projects else (),
        )
        steers = projects and blueprint.family.conditional
        super().__init__(
            blueprint,
            blueprint.generator(
                latent_dim, condition=condition, through="normalization" if steers else "input"
            ),
            blueprint.discriminator(
                condition=condition,
                through="projection" if projects else "input",
            ),
            ema_halflife_images,
            name,
        )
        self.classes = classes
        self.conditioning = conditioning

    def compile_defaults(self) -> dict[str, Any]:
        defaults = super().compile_defaults()
        if self.conditioning == "concatenation":
            return defaults
        return defaults | {
            "loss": "hinge",
            "generator_optimizer": keras.optimizers.Adam(2e-4, beta_1=0.0, beta_2=0.9),
            "discriminator_optimizer": keras.optimizers.Adam(2e-4, beta_1=0.0, beta_2=0.9),
            "discriminator_steps": 5,
        }
