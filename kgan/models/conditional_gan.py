"""Conditional GAN: images of a given class, or for a vector such as a text's embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from kgan.checks import check_integer
from kgan.errors import UsageError, unknown_name
from kgan.models.variant import ImageShape, Shared, Variant, architecture
from kgan.signature import Field, Label, Vector

if TYPE_CHECKING:
    from typing_extensions import Unpack

_CONDITIONINGS = ("concatenation", "projection")


@keras.saving.register_keras_serializable(package="kgan")
class ConditionalGAN(Variant):
    """Makes images of a class or of a condition vector, which both players see.

    `generate(labels=…)` or `generate(conditions=…)` asks for it.

    With "concatenation" the embedded condition is a part of the latent and a further channel of
    the discriminator's image. With "projection" it modulates the generator's batch normalization
    (networks without one concatenate it) and is projected onto the features of the discriminator,
    which has spectral normalization. By default `compile` then takes the hinge loss and
    Adam(0.0002, β₁ = 0, β₂ = 0.9), otherwise what DCGAN takes.

    Args:
        image_shape: `(height, width, channels)`.
        classes: how many classes the labels 0..classes-1 have; None with `condition_dim`.
        conditioning: "concatenation" or "projection".
        condition_dim: length of the vectors, where the condition is one; None with `classes`.
        shared: as in `DCGAN`.

    Example:
        >>> gan = kgan.ConditionalGAN((28, 28, 1), classes=10, width=32)
        >>> gan.compile("hinge")
        >>> gan.fit(kgan.data.load("fashion_mnist", batch_size=32, labels=True), epochs=12)

    Raises:
        UsageError: neither or both of `classes` and `condition_dim`, fewer than two classes, or
            what `DCGAN` refuses.

    Mirza & Osindero, "Conditional Generative Adversarial Nets", 2014, arXiv:1411.1784,
    equation 2; Miyato & Koyama, "cGANs with Projection Discriminator", 2018, arXiv:1802.05637,
    equation 4.
    """

    def __init__(
        self,
        image_shape: ImageShape = (64, 64, 3),
        classes: int | None = None,
        conditioning: str = "concatenation",
        condition_dim: int | None = None,
        **shared: Unpack[Shared],
    ):
        if (classes is None) == (condition_dim is None):
            raise UsageError(
                "classes or condition_dim must be given, one of them: the number of classes, or "
                f"the length of the vectors; received {classes!r} and {condition_dim!r}.",
                "classes",
            )
        if conditioning not in _CONDITIONINGS:
            raise unknown_name("conditioning", conditioning, _CONDITIONINGS)
        field: Field
        if classes is not None:
            field = Label(check_integer("classes", classes, 2))
        else:
            field = Vector(check_integer("condition_dim", condition_dim, 1))
        projects = conditioning == "projection"
        modulates = projects and architecture(shared, type(self)).modulated
        super().__init__(
            image_shape,
            shared,
            conditions=[field],
            judged=[field],
            generator={"conditioning": "modulation" if modulates else "concatenation"},
            discriminator={"conditioning": conditioning},
            normalizations=("spectral",) if projects else (),
        )
        self.conditioning = conditioning

    @property
    def condition_dim(self) -> int | None:
        """The length of the vectors; None for classes."""
        return None if self.classes else self.input_signature[Vector.name].shape[0]

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
