"""Colourisation: grey images in colour, learned from colour images alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kgan.luminance import luminance
from kgan.models.pix2pix import Pix2Pix
from kgan.models.translation import SOURCE, TARGET
from kgan.networks import Coloring, ImageDiscriminator, Translator, translators
from kgan.signature import Signature
from kgan.terms import Term
from kgan.validate import check_images


@keras.saving.register_keras_serializable(package="kgan")
class Colorization(Pix2Pix):
    """Colours grey images; learns from colour images alone.

    A batch holds RGB images, whose luminance is the source. The generator's networks make the
    chroma; the image is the colour of its luminance and this chroma, so that the result is as
    bright as its source at each pixel (`kgan.layers.ChromaToRGB`). With a `subsampling` of 2, the
    networks work at half the height and width, as JPEG files hold chroma, and see twice as much of
    the image. With a `latent_dim` the generator also takes a latent, since many colours may fit.
    All else is as in `kgan.Pix2Pix`.

    Example:
        >>> gan = kgan.Colorization(generator_network=kgan.networks.UNet(width=16, depth=5))
        >>> gan.compile()
        >>> gan.fit(kgan.data.patches("photos", size=64), epochs=1)
        >>> colored = gan.colorize(photos[..., :1])

    Raises:
        UsageError: an argument out of range, or an unknown name.

    Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", 2017,
    arXiv:1611.07004, equation 4 and section 4.2. The paper has the colour space Lab; here luminance
    and chroma are those of JPEG files, whose arithmetic every runtime has.
    """

    entry = "colorize"

    def __init__(
        self,
        latent_dim: int = 0,
        generator_network: str | Translator = "unet",
        discriminator_network: str | ImageDiscriminator = "patchgan",
        content_terms: Sequence[str | Term] = ("l1",),
        subsampling: int = 1,
        ema_halflife_images: float | None = 10_000.0,
        seed: int = 0,
        dtype: str | None = None,
        name: str | None = None,
    ):
        networks = translators.get(generator_network)
        judge, coloring = discriminator_network, Coloring(networks, subsampling)
        learning = (ema_halflife_images, seed, dtype, name)
        super().__init__(3, 1, latent_dim, coloring, judge, content_terms, *learning)
        self.generator_network, self.subsampling = networks, coloring.subsampling
        self.batch_signature = Signature(*self.output_signature.values())

    def encode_real(self, real, training: bool) -> dict[str, Any]:
        """The images, with their luminance as sources."""
        return {**real, SOURCE: luminance(real[TARGET])}

    def colorize(self, images: Any, seed: int | None = None, batch_size: int = 64) -> np.ndarray:
        """The images in the colours that the averaged generator gives them: float32, RGB.

        Args:
            images: float32 `(n, height, width, 1)` in [-1, 1]; of RGB images the luminance counts.
            seed: of the latents, as for `translate`.
            batch_size: images at a time.

        Raises:
            UsageError: images of another shape or range, or too small for the networks.
        """
        images = check_images(images)
        if images.shape[-1] == 3:
            images = np.clip(luminance(images), -1, 1)
        return self.translate(images, seed, batch_size)
