"""InfoGAN: codes that the images must tell again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from kgan import priors
from kgan.batches import in_batches
from kgan.checks import check_integer, check_number
from kgan.errors import UsageError
from kgan.models.entry_point import EntryPoint
from kgan.models.variant import ImageShape, Shared, Variant
from kgan.signature import Code, Latent, Signature

if TYPE_CHECKING:
    from typing_extensions import Unpack

_HIDDEN = 128  # units of the layer between the discriminator's features and the code
_FOUND = "found_code"  # the discriminator's reading, beside the code that the fake was made of


@keras.saving.register_keras_serializable(package="kgan")
class InfoGAN(Variant):
    """The generator takes a code beside the latent; the discriminator reads it from the image.

    A code is a vector `(code_dim,)`: for each number in `categorical` a one-hot vector of that
    length, drawn evenly, then `continuous` numbers, drawn from [-1, 1]; `generate(codes=…)` takes
    others, too, mixtures of kinds and numbers beyond. Both players maximise the
    variational bound of the mutual information between code and image, `info_weight` times for the
    categorical and `continuous_weight` times for the continuous codes. `fit` logs the bound in nats
    as `mutual_information`, at most log K for each K-fold code (`categorical_mutual_information`)
    and log 2 - log(2π)/2 = -0.226 for each continuous one (`continuous_mutual_information`). No
    labels are needed.

    Args:
        image_shape: `(height, width, channels)`.
        categorical: the number of kinds of each categorical code.
        continuous: how many continuous codes.
        info_weight: factor of the categorical codes' bound.
        continuous_weight: factor of the continuous codes' bound.
        shared: as in `DCGAN`.

    Example:
        >>> gan = kgan.InfoGAN((28, 28, 1), categorical=[10], continuous=2, width=32)
        >>> gan.compile()
        >>> gan.fit(kgan.data.load("fashion_mnist", batch_size=32), epochs=12)

    Raises:
        UsageError: no code, a categorical one of fewer than two kinds, a weight below 0, or what
            `DCGAN` refuses.

    Chen et al., "InfoGAN: Interpretable Representation Learning by Information Maximizing
    Generative Adversarial Nets", 2016, arXiv:1606.03657, equations 5 and 6 (the continuous codes'
    distribution Q is a normal one of variance 1).
    """

    shared_defaults: ClassVar[Mapping[str, Any]] = {"latent_dim": 62}

    def __init__(
        self,
        image_shape: ImageShape = (64, 64, 3),
        categorical: Sequence[int] = (10,),
        continuous: int = 2,
        info_weight: float = 1.0,
        continuous_weight: float = 0.1,
        **shared: Unpack[Shared],
    ):
        sizes = tuple(categorical) if isinstance(categorical, (list, tuple)) else (categorical,)
        sizes = tuple(check_integer("categorical", size, 2) for size in sizes)
        continuous = check_integer("continuous", continuous, 0)
        if not sizes and not continuous:
            raise UsageError(
                "categorical or continuous must hold a code; received neither.", "categorical"
            )
        self.code = Code(categorical=sizes, continuous=continuous)
        heads = {"logit": (1,), self.code.name: (_HIDDEN, self.code.size)}
        super().__init__(
            image_shape, shared, conditions=[self.code], batch=[], discriminator={"heads": heads}
        )
        self.categorical = sizes
        self.continuous = continuous
        self.code_dim = self.code.size
        self.info_weight = check_number("info_weight", info_weight, 0)
        self.continuous_weight = check_number("continuous_weight", continuous_weight, 0)

    def compile_defaults(self) -> dict[str, Any]:
        """Appendix C of the paper: the generator learns five times as fast."""
        return super().compile_defaults() | {
            "generator_optimizer": keras.optimizers.Adam(1e-3, beta_1=0.5),
        }

    def name_outputs(self, outputs) -> dict[str, Any]:
        # Not `code`: that is what the fake was made of.
        named = super().name_outputs(outputs)
        named[_FOUND] = named.pop(self.code.name)
        return named

    def losses(self, player, real, fake):
        categorical, continuous = self._mutual_information(fake)
        bound = self.info_weight * categorical + self.continuous_weight * continuous
        (adversarial,) = super().losses(player, real, fake).values()
        return {f"{player}_adversarial_loss": adversarial, f"{player}_information_loss": -bound}

    def diagnostics(self, real, fake):
        categorical, continuous = self._mutual_information(fake)
        return super().diagnostics(real, fake) | {
            "mutual_information": categorical + continuous,
            "categorical_mutual_information": categorical,
            "continuous_mutual_information": continuous,
        }

    def _mutual_information(self, fake):
        """The bounds for the categorical and for the continuous codes, in nats."""
        code, found = fake[self.code.name], fake[_FOUND]
        categorical = continuous = tf.zeros(())
        for part, size in zip(self.code.slices(), self.categorical, strict=True):
            likelihood = tf.reduce_sum(code[:, part] * tf.nn.log_softmax(found[:, part]), -1)
            categorical += tf.reduce_mean(likelihood) + math.log(size)
        if self.continuous:
            start = sum(self.categorical)
            distance = tf.square(code[:, start:] - found[:, start:])
            entropy = math.log(2.0) - 0.5 * math.log(2.0 * math.pi)
            continuous = tf.reduce_mean(tf.reduce_sum(entropy - 0.5 * distance, -1))
        return categorical, continuous

    def entry_points(self):
        def codes(network, batch):
            found = self.name_outputs(network(batch[self.output_name], training=False))[_FOUND]
            parts = [tf.nn.softmax(found[:, part]) for part in self.code.slices()]
            return {self.code.name: tf.concat([*parts, found[:, sum(self.categorical) :]], -1)}

        outputs = Signature(self.code)
        entry = EntryPoint("codes", self.discriminator, codes, self.output_signature, outputs)
        return super().entry_points() | {"codes": entry}

    def encode(self, images, batch_size: int = 64) -> np.ndarray:
        """The codes that the discriminator reads from images: float32 `(n, code_dim)`.

        Categorical codes are probabilities, continuous ones the means of Q.

        Raises:
            UsageError: images of another shape or range.
        """
        codes = self.entry_points()["codes"]
        found = self._batches(images, lambda image: codes({self.output_name: image}), batch_size)
        return found[self.code.name]

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
        latents = priors.sample(rows, self.latent_dim, seed, prior=self.prior)
        start = sum(self.categorical[: min(code, len(self.categorical))])
        if code < len(self.categorical):
            values = np.eye(self.categorical[code], dtype=np.float32)
        else:
            start += code - len(self.categorical)
            values = np.linspace(-2.0, 2.0, steps, dtype=np.float32)[:, None]
        fixed = self.code.default(rows, seed).repeat(len(values), 0)
        fixed[:, start : start + values.shape[1]] = np.tile(values, (rows, 1))
        latents = latents.repeat(len(values), 0)
        return in_batches(self, {Latent.name: latents, self.code.name: fixed}, batch_size=64)
