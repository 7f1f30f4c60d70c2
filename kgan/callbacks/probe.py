"""The state of both players at one moment, measured without changing anything."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from kgan.batches import batches, in_batches, num_rows
from kgan.networks.check import select_inputs

if TYPE_CHECKING:
    from kgan.models.gan import GAN

CHUNK = 64  # images per batch


def inputs_for(gan: GAN, rows: dict[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
    """The generator's inputs for one fake per row, under the row's condition."""
    shared = [field for field in gan.input_signature.values() if field.name in rows]
    given: dict[str, Any] = {field.argument: rows[field.name] for field in shared}
    return gan.generator_inputs(len(rows[gan.output_name]), seed, **given)


def values(network: Any) -> list[tf.Tensor]:
    """The weights that a network trains, as tensors."""
    # Not the variables, which a strategy lets be read in part only.
    return [tf.identity(variable.value) for variable in network.trainable_variables]


def synthesize(gan: GAN, weights: list[tf.Tensor], inputs: dict[str, Any]) -> dict[str, Any]:
    """The fake batch in training mode for given generator weights; nothing is updated."""
    network = gan.generator
    state = [tf.identity(variable.value) for variable in network.non_trainable_variables]
    selected = select_inputs(network, inputs, next(iter(gan.input_signature)))
    image, _ = network.stateless_call(weights, state, selected, training=True)
    return {**inputs, gan.output_name: tf.cast(image, tf.float32)}


def judge(gan: GAN, weights: list[tf.Tensor], batch: dict[str, Any]) -> dict[str, Any]:
    """A batch with the logits in training mode for given weights, not augmented."""
    return gan.discriminate(batch, training=True, weights=weights, augment=False)


def encode_real(gan: GAN, rows: dict[str, np.ndarray]) -> dict[str, Any]:
    """The real batch of some rows, with what the generator's player adds to it."""
    batch = {name: tf.convert_to_tensor(part) for name, part in rows.items()}
    return gan.encode_real(batch, training=False)


def chunks(rows: dict[str, np.ndarray], pack: int = 1) -> Iterator[dict[str, np.ndarray]]:
    """The rows in batches of whole packs."""
    return batches(rows, max(CHUNK // pack, 1) * pack)


class Probe:
    """The outputs of a compiled GAN's players, computed in a graph unless the GAN runs eagerly.

    Args:
        gan: the model; another `compile` needs another probe.
    """

    def __init__(self, gan: GAN):
        self.gan = gan
        self.compiled = gan._compile_arguments
        graph = (lambda made: made) if gan.run_eagerly else tf.function
        self._images, self._reals, self._fakes, self._learnt = map(
            graph, (gan.call, self._of_reals, self._of_fakes, self._gradients)
        )

    def images(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        """The averaged generator's images of these inputs, float32."""
        return in_batches(self._images, inputs, batch_size=CHUNK)

    def logits(
        self,
        rows: dict[str, np.ndarray],
        inputs: dict[str, np.ndarray],
        held_out: dict[str, np.ndarray] | None = None,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The logits `(n,)` of training reals, of fakes, and of held-out reals (none without).

        Training and held-out reals share a batch, so that a normalisation over the batch
        cannot tell them apart.
        """
        gan = self.gan
        generator, discriminator = values(gan.generator), values(gan.discriminator)
        real, fake, other = [], [], []
        others = chunks(held_out, gan.pack) if held_out is not None else iter(())
        for part, drawn in zip(chunks(rows, gan.pack), chunks(inputs, gan.pack), strict=True):
            beside = next(others, None)
            joint = part
            if beside is not None:
                joint = {name: np.concatenate([part[name], beside[name]]) for name in part}
            logits = _flat(self._reals(discriminator, joint))
            count = num_rows(part) * len(logits) // num_rows(joint)
            real.append(logits[:count])
            other.append(logits[count:])
            fake.append(_flat(self._fakes(generator, discriminator, drawn)))
        return np.concatenate(real), np.concatenate(fake), np.concatenate(other)

    def gradients(
        self, rows: dict[str, np.ndarray], inputs: dict[str, np.ndarray]
    ) -> tuple[float, float]:
        """What the generator learns from: its gradient's root mean square, and the loss's slope.

        The slope is the mean absolute derivative of the generator's loss with respect to a fake's
        logit, times the number of logits: the share of the discriminator's own gradient that comes
        through the loss. It is 1 for hinge and Wasserstein, sigmoid(-logit) for the non-saturating
        loss, NaN where the loss does not depend on the logits.
        """
        players = values(self.gan.generator), values(self.gan.discriminator)
        norm, slope = self._learnt(*players, rows, inputs)
        return float(norm), float(slope)

    def _of_reals(self, discriminator, rows):
        return judge(self.gan, discriminator, encode_real(self.gan, rows))["logit"]

    def _of_fakes(self, generator, discriminator, inputs):
        fake = synthesize(self.gan, generator, inputs)
        return judge(self.gan, discriminator, fake)["logit"]

    def _gradients(self, generator, discriminator, rows, inputs):
        gan = self.gan
        real = judge(gan, discriminator, encode_real(gan, rows))
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(generator)
            fake = judge(gan, discriminator, synthesize(gan, generator, inputs))
            loss = sum(gan.losses("generator", real, fake).values())
        by_logit, *by_weight = tape.gradient(loss, [fake["logit"], *generator])
        squares = [tf.reduce_sum(tf.square(part)) for part in by_weight if part is not None]
        size = sum(weight.shape.num_elements() for weight in generator)
        norm = tf.sqrt(tf.add_n(squares) / max(size, 1)) if squares else 0.0
        return norm, math.nan if by_logit is None else tf.reduce_sum(tf.abs(by_logit))


def _flat(logits: Any) -> np.ndarray:
    return np.asarray(logits, np.float64).reshape(-1)
