"""DCGAN: the convolutional GAN."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras

from kgan.models.variant import ImageShape, Shared, Variant

if TYPE_CHECKING:
    from typing_extensions import Unpack


@keras.saving.register_keras_serializable(package="kgan")
class DCGAN(Variant):
    """A convolutional generator and discriminator in the two-player game.

    Makes images with sides of 8 to 256 pixels, in steps of 4, and 1 to 4 channels. The defaults of
    `compile` are the paper's: non-saturating loss, Adam(0.0002, β₁ = 0.5).

    Args:
        image_shape: `(height, width, channels)`; or a generator of your own.
        discriminator: of your own, beside a generator.
        shared: see `kgan.models.variant.Shared`: `latent_dim`, `networks`, `width`,
            `normalization`, `prior` (the paper's is "uniform"), `ema_halflife_images`, `seed`,
            `dtype`, `name`.

    Example:
        >>> gan = kgan.DCGAN((28, 28, 1), latent_dim=32, width=32)
        >>> gan.compile("hinge")
        >>> gan.fit(kgan.data.load("fashion_mnist", batch_size=32), epochs=12)

    Raises:
        UsageError: an image shape that the networks cannot make, a count below 1, an unknown name.

    Radford, Metz & Chintala, "Unsupervised Representation Learning with Deep Convolutional
    Generative Adversarial Networks", 2016, arXiv:1511.06434.
    """

    def __init__(
        self,
        image_shape: ImageShape = (64, 64, 3),
        discriminator: keras.Model | None = None,
        **shared: Unpack[Shared],
    ):
        super().__init__(image_shape, shared)
