"""WGAN: a critic that estimates the Wasserstein distance, its weights clipped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import keras
from keras import ops

from kgan.checks import check_number
from kgan.models.dcgan import DCGAN
from kgan.models.variant import ImageShape, Shared

if TYPE_CHECKING:
    from typing_extensions import Unpack


@keras.saving.register_keras_serializable(package="kgan")
class ClipWeights(keras.constraints.Constraint):
    """Weights cut to [-limit, limit] after each update."""

    def __init__(self, limit: float):
        self.limit = limit

    def __call__(self, weights):
        return ops.clip(weights, -self.limit, self.limit)

    def get_config(self) -> dict[str, Any]:
        return {"limit": self.limit}


@keras.saving.register_keras_serializable(package="kgan")
class WGAN(DCGAN):
    """A critic with clipped weights that learns five times per update of the generator.

    Minus the logged `discriminator_loss` estimates the Wasserstein-1 distance up to a factor.
    `clip` bounds every trainable weight of the critic. Spectral normalisation would undo the bound
    and is refused. The other arguments are those of `DCGAN`.

    Example:
        >>> gan = kgan.WGAN((28, 28, 1), width=32, clip=0.01)
        >>> gan.compile()
        >>> gan.fit(kgan.data.load("fashion_mnist", batch_size=5 * 32), epochs=60)

    Raises:
        UsageError: spectral normalisation, a `clip` of 0, or what `DCGAN` refuses.

    Arjovsky, Chintala & Bottou, "Wasserstein GAN", 2017, arXiv:1701.07875, algorithm 1.
    """

    paper_normalizations = ("batch", "none")
    refused_normalizations: ClassVar[Mapping[str, str]] = {
        "spectral": "it would undo the clipping of the weights"
    }

    def __init__(
        self,
        image_shape: ImageShape = (64, 64, 3),
        clip: float = 0.01,
        **shared: Unpack[Shared],
    ):
        super().__init__(image_shape, **shared)
        self.clip = check_number("clip", clip, 1e-6)
        for variable in self.discriminator.trainable_variables:
            variable.constraint = ClipWeights(self.clip)

    def compile_defaults(self) -> dict[str, Any]:
        return super().compile_defaults() | {
            "loss": "wasserstein",
            "generator_optimizer": keras.optimizers.RMSprop(5e-5, rho=0.99),
            "discriminator_optimizer": keras.optimizers.RMSprop(5e-5, rho=0.99),
            "discriminator_steps": 5,
        }
