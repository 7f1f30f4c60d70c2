"""PacGAN: a discriminator that judges several images at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import keras
import tensorflow as tf

from kgan.checks import check_integer
from kgan.models.variant import ImageShape, Shared, Variant

if TYPE_CHECKING:
    from typing_extensions import Unpack


@keras.saving.register_keras_serializable(package="kgan")
class PacGAN(Variant):
    """The discriminator sees `pack` real or `pack` fake images as the channels of one image.

    A pack shows whether a generator lacks modes: its images are too much alike. The batch must
    divide into packs; the other arguments, and the defaults of `compile`, are those of `DCGAN`.

    Example:
        >>> gan = kgan.PacGAN((28, 28, 1), pack=2, width=32)
        >>> gan.compile()
        >>> gan.fit(kgan.data.load("fashion_mnist", batch_size=32), epochs=12)

    Raises:
        UsageError: a `pack` below 1, or what `DCGAN` refuses; in `fit` a batch of other than whole
            packs.

    Lin et al., "PacGAN: The power of two samples in generative adversarial networks", 2018,
    arXiv:1712.04086, section 2.
    """

    def __init__(
        self,
        image_shape: ImageShape = (64, 64, 3),
        pack: int = 2,
        **shared: Unpack[Shared],
    ):
        pack = check_integer("pack", pack, 1)
        super().__init__(image_shape, shared, discriminator={"pack": pack})
        self.pack = pack

    def present(self, images):
        """Packs `(batch / pack, height, width, pack * channels)` of images."""
        height, width, channels = self.image_shape
        packs = tf.reshape(images, (-1, self.pack, height, width, channels))
        packs = tf.transpose(packs, (0, 2, 3, 1, 4))
        return tf.reshape(packs, (-1, height, width, self.pack * channels))

    def augmented(self, presented):
        """Packs after each image's own augmentation."""
        height, width, channels = self.image_shape
        images = tf.reshape(presented, (-1, height, width, self.pack, channels))
        images = tf.transpose(images, (0, 3, 1, 2, 4))
        images = tf.reshape(images, (-1, height, width, channels))
        return self.present(super().augmented(images))
