"""The history of fakes that CycleGAN's discriminators learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf

from kgan.checks import check_integer

if TYPE_CHECKING:
    from kgan.models.players_model import PlayersModel
    from kgan.seeds import StepSeedGenerator


class ImagePool:
    """Keeps `size` fakes of earlier steps and gives some of them in place of new ones.

    The first `size` fakes are kept and given. Of the later ones each is given as it is, or with
    probability 1/2 stays in the place of a kept one, which is given. So the discriminator does not
    forget what earlier fakes looked like.

    The images, of `shape` `(height, width, channels)`, are a buffer of the model `owner`, and so in
    its checkpoints and files. Under a strategy all replicas share one pool: a model trains with
    as many kept fakes on several devices as on one.

    Raises:
        UsageError: a size below 1.

    Shrivastava et al., "Learning from Simulated and Unsupervised Images through Adversarial
    Training", 2017, arXiv:1612.07828, section 2.3; with single images as in CycleGAN (Zhu et al.,
    2017, arXiv:1703.10593, section 4).
    """

    def __init__(self, owner: PlayersModel, name: str, size: int, shape: tuple[int, int, int]):
        self.size = check_integer("pool_size", size, 1)
        self.images = owner.add_buffer(f"{name}_pool", (size, *shape))
        self.count = owner.add_buffer(f"{name}_pool_count", (), "int32")

    def __call__(self, fakes: Any, seeds: StepSeedGenerator) -> Any:
        """As many images as `fakes`, new ones and kept ones; the pool changes."""
        local = tf.shape(fakes)[0]
        stays = keras.random.uniform((local,), seed=seeds) < 0.5
        place = keras.random.randint((local,), 0, self.size, seed=seeds)
        context: Any = tf.distribute.get_replica_context()
        first = local * context.replica_id_in_sync_group
        if context.num_replicas_in_sync > 1:
            fakes, stays, place = (
                context.all_gather(part, 0) for part in (fakes, tf.cast(stays, tf.int32), place)
            )
            stays = stays > 0
        number = tf.range(tf.shape(fakes)[0])
        fills = self.count + number < self.size
        place = tf.where(fills, self.count + number, place)
        stays = stays | fills
        # A place holds the last image that came to stay there. In `known`, the kept images come
        # first and the new ones next, in their order, so that the last has the highest index.
        known = tf.concat([self.images, fakes], 0)
        here = stays & (place[:, None] == place)  # [i, j]: j comes to the place of i
        before = tf.where(here & (number < number[:, None]), self.size + number, 0)
        before = tf.maximum(place, tf.reduce_max(before, 1))
        given = tf.gather(known, tf.where(stays & ~fills, before, self.size + number))
        places = tf.range(self.size)
        after = tf.where(stays & (place == places[:, None]), self.size + number, 0)
        after = tf.maximum(places, tf.reduce_max(after, 1))
        self.images.assign(tf.gather(known, after))
        self.count.assign(tf.minimum(self.count + tf.size(number), self.size))
        return given[first : first + local]
