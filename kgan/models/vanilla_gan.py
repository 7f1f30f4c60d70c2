"""The first GAN: two multilayer perceptrons and the minimax game."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import keras

from kgan.models.dcgan import DCGAN
from kgan.models.variant import ImageShape, Shared

if TYPE_CHECKING:
    from typing_extensions import Unpack


@keras.saving.register_keras_serializable(package="kgan")
class VanillaGAN(DCGAN):
    """The minimax game between multilayer perceptrons; images of any shape.

    The arguments are those of `DCGAN`. `compile(loss="non_saturating")` is the paper's way out
    of the vanishing gradient; `kgan.losses.ZeroSum` has the generator's other objectives. The paper
    trains with momentum, here Adam does.

    Example:
        >>> gan = kgan.VanillaGAN((28, 28, 1), latent_dim=32)
        >>> gan.compile("non_saturating")
        >>> gan.fit(kgan.data.load("fashion_mnist", batch_size=32), epochs=12)

    Goodfellow et al., "Generative Adversarial Networks", 2014, arXiv:1406.2661, algorithm 1.
    """

    shared_defaults: ClassVar[Mapping[str, Any]] = {"networks": "mlp"}

    def __init__(
        self,
        image_shape: ImageShape = (28, 28, 1),
        discriminator: keras.Model | None = None,
        **shared: Unpack[Shared],
    ):
        super().__init__(image_shape, **shared)

    def compile_defaults(self) -> dict[str, Any]:
        return super().compile_defaults() | {"loss": "minimax"}
