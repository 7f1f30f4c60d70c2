"""InfoGAN: codes that the images must tell again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kgan import latent
from kgan.batches import in_batches
from kgan.checks import check_integer, check_number
from kgan.errors import UsageError
from kgan.models.variant import Blueprint, Variant
from kgan.networks import Condition

_HIDDEN = 128  # units of the layer between the discriminator's features and the code


@keras.saving.register_keras_serializable(package="kgan")
class InfoGAN(Variant):
    """The generator gets a code beside the noise, and a head of the discriminator reads it again.

    A code is a vector `(code_dim,)`: for each number in `categorical` a one-hot vector of that
    length, drawn evenly, then `continuous` numbers, drawn from [-1, 1]; `generate(codes=…)` takes
    others, too, mixtures of kinds and numbers beyond. Both players maximise the
    variational bound of the mutual information between code and image, `info_weight` times for the
    categorical and `continuous_weight` times for the continuous codes; `fit` logs it in nats as
    `information`, at most log K for each K-fold code (`categorical_information`) and log 2 -
    log(2π)/2 = -0.226 for each continuous one (`continuous_information`). No labels are needed. The
    other arguments are those of `DCGAN`.

    Raises:
        UsageError: no code, a categorical one of fewer than two kinds, a weight below 0, or what
            `DCGAN` refuses.

    Chen et al., "InfoGAN: Interpretable Representation Learning by Information Maximizing
    Generative Adversarial Nets", 2016, arXiv:1606.03657, equations 5 and 6 (the continuous codes'
    distribution Q is a normal one of variance 1).
    """

    logged = ("information", "categorical_information", "continuous_information")

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (64, 64, 3),
        categorical: Sequence[int] = (10,),
        continuous: int = 2,
        latent_dim: int = 62,
        width: int = 128,
        info_weight: float = 1.0,
        continuous_weight: float = 0.1,
        networks: str = "dcgan",
        normalization: str | None = None,
        prior: str = "normal",
        ema_halflife_images: float | None = 10_000.0,
        seed: int = 0,
        dtype: str | None = None,
        name: str | None = None,
    ):
        sizes = tuple(categorical) if isinstance(categorical, (list, tuple)) else (categorical,)
        sizes = tuple(check_integer("categorical", size, 2) for size in sizes)
        continuous = check_integer("continuous", continuous, 0)
        if not sizes and not continuous:
            raise UsageError("categorical or continuous must hold a code; received neither.")
        code_dim = sum(sizes) + continuous
        blueprint = Blueprint(networks, image_shape, width, normalization, prior, seed, dtype)
        super().__init__(
            blueprint,
            blueprint.generator(latent_dim, condition=Condition("code", code_dim)),
            blueprint.discriminator(heads={"logit": (1,), "code": (_HIDDEN, code_dim)}),
            ema_halflife_images,
            name,
        )
        self.categorical = sizes
        self.continuous = continuous
        self.code_dim = code_dim
        self.info_weight = check_number("info_weight", info_weight, 0)
        self.continuous_weight = check_number("continuous_weight", continuous_weight, 0)

    def compile_defaults(self) -> dict[str, Any]:
        """Appendix C of the paper: the generator learns five times as fast."""
        return super().compile_defaults() | {
            "generator_optimizer": keras.optimizers.Adam(1e-3, beta_1=0.5),
        }

    def draw(self, real, seeds) -> dict[str, Any]:
        drawn = super().draw(real, seeds)
        n = tf.shape(real["image"])[0]
        parts = [
            tf.one_hot(keras.random.randint((n,), 0, size, seed=seeds), size, dtype=tf.float32)
            for size in self.categorical
        ]
        if self.continuous:
            parts.append(keras.random.uniform((n, self.continuous), -1.0, 1.0, seed=seeds))
        return {**drawn, "code": tf.concat(parts, -1)}

    def judgement(self, outputs) -> dict[str, Any]:
        # Not `code`: that is what the side was made of.
        judged = super().judgement(outputs)
        judged["found"] = judged.pop("code")
        return judged

    def discriminator_loss(self, real, fake):
        return super().discriminator_loss(real, fake) - self._information(fake)

    def generator_loss(self, real, fake):
        return super().generator_loss(real, fake) - self._information(fake)

    def _information(self, fake):
        """The weighted bound; tracks the plain one."""
        categorical = continuous = tf.zeros(())
        start = 0
        for size in self.categorical:
            code, found = (fake[name][:, start : start + size] for name in ("code", "found"))
            likelihood = tf.reduce_sum(code * tf.nn.log_softmax(found), -1)
            categorical += tf.reduce_mean(likelihood) + math.log(size)
            start += size
        if self.continuous:
            distance = tf.square(fake["code"][:, start:] - fake["found"][:, start:])
            entropy = math.log(2.0) - 0.5 * math.log(2.0 * math.pi)
            likelihood = tf.reduce_sum(entropy - 0.5 * distance, -1)
            continuous = tf.reduce_mean(likelihood)
        self.track(
            information=categorical + continuous,
            categorical_information=categorical,
            continuous_information=continuous,
        )
        return self.info_weight * categorical + self.continuous_weight * continuous

    def _input(self, name: str, values, n: int, seed: int | None) -> np.ndarray:
        if name != "code" or values is not None:
            return super()._input(name, values, n, seed)
        # A stream beside that of the latents.
        random = np.random.RandomState(None if seed is None else [seed, 1])
        parts = [np.eye(size)[random.randint(size, size=n)] for size in self.categorical]
        parts.append(random.uniform(-1.0, 1.0, (n, self.continuous)))
        return np.concatenate(parts, 1).astype(np.float32)

    def encode(self, images, batch_size: int = 64) -> np.ndarray:
        """The codes that the discriminator reads from images: float32 `(n, code_dim)`.

        Categorical codes are probabilities, continuous ones the means of Q.

        Raises:
            UsageError: images of another shape or range.
        """
        found = self.judged(images, batch_size)["found"]
        start, parts = 0, []
        for size in self.categorical:
            parts.append(tf.nn.softmax(found[:, start : start + size]).numpy())
            start += size
        return np.concatenate([*parts, found[:, start:]], 1)

    def traversal(self, code: int, steps: int = 10, rows: int = 10, seed: int = 0) -> np.ndarray:
        """Images `(rows * steps, …)` in which only one code changes along each row.

        `code` counts the codes, the categorical first. Of a categorical code each value has its
        column, whatever `steps`; a continuous one goes from -2 to 2, as in the paper's figure 2.

        Raises:
            UsageError: no such code, no rows, or fewer than two steps.
        """
        codes = len(self.categorical) + self.continuous
        code = check_integer("code", code, 0, codes - 1)
        rows = check_integer("rows", rows, 1)
        steps = check_integer("steps", steps, 2)
        latents = latent.sample(rows, self.latent_dim, seed, prior=self.prior)
        start = sum(self.categorical[: min(code, len(self.categorical))])
        if code < len(self.categorical):
            values = np.eye(self.categorical[code], dtype=np.float32)
        else:
            start += code - len(self.categorical)
            values = np.linspace(-2.0, 2.0, steps, dtype=np.float32)[:, None]
        fixed = self._input("code", None, rows, seed).repeat(len(values), 0)
        fixed[:, start : start + values.shape[1]] = np.tile(values, (rows, 1))
        latents = latents.repeat(len(values), 0)
        return in_batches(self, {"latent": latents, "code": fixed}, batch_size=64)
