"""The pool gives what CycleGAN's own code gives for the same draws, one image after the other."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.errors import UsageError
from kgan.models.image_pool import ImagePool
from kgan.networks import PatchGAN, UNet


@pytest.fixture
def gan():
    networks = {"generator_network": UNet(2, 1), "discriminator_network": PatchGAN(2, 1)}
    return kgan.Pix2Pix(channels=1, seed=3, **networks)


def fakes(first, count):
    """Image i has the value i everywhere."""
    values = np.arange(first, first + count, dtype="float32")
    return np.broadcast_to(values[:, None, None, None], (count, 2, 3, 1)).copy()


class Slow:
    """Shrivastava's history as the code of CycleGAN has it: util/image_pool.py."""

    def __init__(self, size):
        self.size, self.images = size, []

    def query(self, images, stays, places):
        given = []
        for image, stay, place in zip(images, stays, places, strict=True):
            if len(self.images) < self.size:
                self.images.append(image)
                given.append(image)
            elif stay:
                given.append(self.images[place])
                self.images[place] = image
            else:
                given.append(image)
        return np.array(given)


def draws(gan, count, size):
    """What the pool is about to draw."""
    seeds = gan.training_seeds
    seeds.begin_step()
    stays = keras.random.uniform((count,), seed=seeds) < 0.5
    places = keras.random.randint((count,), 0, size, seed=seeds)
    seeds.begin_step()
    return stays.numpy(), places.numpy()


@pytest.mark.parametrize(("size", "batch"), [(5, 1), (5, 3), (4, 4), (3, 8), (1, 2)])
@pytest.mark.parametrize("graph", [False, True])
def test_it_gives_what_a_loop_over_single_images_gives(gan, size, batch, graph):
    """Where a batch fills the pool in part, and where its images take one place in turn, too."""
    pool, slow = ImagePool(gan, "own", size, (2, 3, 1)), Slow(size)
    call = tf.function(lambda images: pool(images, gan.training_seeds)) if graph else None
    older = 0
    for step in range(12):
        images = fakes(step * batch, batch)
        expected = slow.query(images, *draws(gan, batch, size))
        gan.training_seeds.begin_step()
        given = call(images) if graph else pool(images, gan.training_seeds)
        np.testing.assert_array_equal(given, expected)
        filled = len(slow.images)
        assert int(pool.count) == filled
        np.testing.assert_array_equal(pool.images.numpy()[:filled], slow.images)
        older += int((expected < images).sum() > 0)
        gan.training_seeds.advance()
    assert older > 2


def test_half_of_the_later_fakes_are_exchanged(gan):
    pool = ImagePool(gan, "own", 50, (1, 1, 1))
    given = []
    for step in range(60):
        gan.training_seeds.begin_step()
        images = np.arange(step * 20, step * 20 + 20, dtype="float32").reshape(20, 1, 1, 1)
        given += (pool(images, gan.training_seeds).numpy() != images).ravel().tolist()
        gan.training_seeds.advance()
    assert sum(given[:50]) == 0
    # 1,150 throws of a coin: four standard deviations are 0.059.
    assert np.mean(given[50:]) == pytest.approx(0.5, abs=0.059)


def test_it_is_state_of_its_model(gan):
    pool = ImagePool(gan, "own", 5, (2, 3, 1))
    gan.compile()
    state = gan.state()
    assert state["buffers/own_pool"] == [pool.images]
    assert state["buffers/own_pool_count"] == [pool.count]


def test_a_pool_of_no_images_is_refused(gan):
    with pytest.raises(UsageError, match="pool_size must be an integer of at least 1"):
        ImagePool(gan, "own", 0, (2, 3, 1))
