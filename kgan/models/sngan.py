"""SNGAN: a discriminator whose every kernel has the spectral norm one."""

from __future__ import annotations

from typing import Any

import keras

from kgan.models.dcgan import DCGAN


@keras.saving.register_keras_serializable(package="kgan")
class SNGAN(DCGAN):
    """A spectrally normalised discriminator and the hinge loss; arguments as those of `DCGAN`.

    `networks="resnet"` are the paper's residual ones. The normalisation
    (`kgan.layers.SpectralNormalization`) changes no weight in the forward pass.

    Example:
        >>> gan = kgan.SNGAN((28, 28, 1), width=32)
        >>> gan.compile()
        >>> gan.fit(kgan.data.load("fashion_mnist", batch_size=5 * 32), epochs=60)

    Miyato et al., "Spectral Normalization for Generative Adversarial Networks", 2018,
    arXiv:1802.05957, equations 8, 16 and 17. Optimizers and five critic updates are those of the
    authors' code for their residual networks.
    """

    paper_normalizations = ("spectral",)

    def compile_defaults(self) -> dict[str, Any]:
        return super().compile_defaults() | {
            "loss": "hinge",
            "generator_optimizer": keras.optimizers.Adam(2e-4, beta_1=0.0, beta_2=0.9),
            "discriminator_optimizer": keras.optimizers.Adam(2e-4, beta_1=0.0, beta_2=0.9),
            "discriminator_steps": 5,
        }
