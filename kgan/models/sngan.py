"""SNGAN: a discriminator whose every kernel has the spectral norm one."""

from __future__ import annotations

from typing import Any

import keras

from kgan.models.dcgan import DCGAN


@keras.saving.register_keras_serializable(package="kgan")
class SNGAN(DCGAN):
    """Spectral normalisation and the hinge loss; the arguments are those of `DCGAN`.

    `networks="resnet"` are the paper's residual ones. The normalisation
    (`kgan.layers.SpectralNormalization`) changes no weight in the forward pass.

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
