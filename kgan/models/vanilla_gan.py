"""The first GAN: two multilayer perceptrons and the minimax game."""

from __future__ import annotations

from typing import Any

import keras

from kgan.models.dcgan import DCGAN


@keras.saving.register_keras_serializable(package="kgan")
class VanillaGAN(DCGAN):
    """The minimax game between multilayer perceptrons; images of any shape.

    The arguments are those of `DCGAN`. `compile(loss="non_saturating")` is the paper's way out
    of the vanishing gradient; `kgan.losses.ZeroSum` has the generator's other objectives. The paper
    trains with momentum, here Adam does.

    Goodfellow et al., "Generative Adversarial Networks", 2014, arXiv:1406.2661, algorithm 1.
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (28, 28, 1),
        latent_dim: int = 100,
        width: int = 256,
        networks: str = "mlp",
        normalization: str | None = None,
        prior: str = "normal",
        ema_halflife_images: float | None = 10_000.0,
        seed: int = 0,
        dtype: str | None = None,
        name: str | None = None,
    ):
        super().__init__(
            image_shape,
            latent_dim,
            width,
            networks,
            normalization,
            prior,
            ema_halflife_images,
            seed,
            dtype,
            name,
        )

    def compile_defaults(self) -> dict[str, Any]:
        return super().compile_defaults() | {"loss": "minimax"}
