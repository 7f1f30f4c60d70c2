"""PacGAN: several images as the channels of one."""

import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan import augment

RANDOM = np.random.RandomState(0)
IMAGES = RANDOM.uniform(-1, 1, (12, 8, 8, 2)).astype("float32")


def pacgan(pack, **compile_arguments):
    gan = kgan.PacGAN((8, 8, 2), latent_dim=4, width=2, pack=pack, networks="mlp")
    gan.compile(**compile_arguments)
    return gan


@pytest.mark.parametrize("pack", [1, 2, 3])
def test_packs_are_neighbours_as_channels(pack):
    packed = np.asarray(pacgan(pack).present(IMAGES))
    assert packed.shape == (12 // pack, 8, 8, 2 * pack)
    for i in range(12 // pack):
        expected = np.concatenate(list(IMAGES[i * pack : (i + 1) * pack]), -1)
        np.testing.assert_array_equal(packed[i], expected)


def test_each_image_of_a_pack_is_augmented_by_itself():
    gan = pacgan(3, augment="diffaugment")
    seen = []

    def halved(images):
        seen.append(images)
        return images / 2

    gan.augment = halved
    packed = gan.present(IMAGES)
    np.testing.assert_allclose(gan.augmented(packed), packed / 2)
    np.testing.assert_array_equal(seen[0], IMAGES)  # unpacked again, in their order
    gan.augment = gan._bind(augment.DiffAugment())
    changed = np.asarray(gan.augmented(packed)).reshape(4, 8, 8, 3, 2)
    gains = changed.mean((1, 2, 4)) - np.asarray(packed).reshape(4, 8, 8, 3, 2).mean((1, 2, 4))
    assert len(np.unique(gains.round(6))) == 12  # each its own brightness


def test_one_logit_a_pack_and_the_discriminators_input():
    gan = pacgan(3)
    assert gan.discriminator.input_shape == (None, 8, 8, 6)
    judged = gan.discriminate({"image": tf.constant(IMAGES)}, training=True)
    assert judged["logit"].shape == (4, 1)


def test_a_pack_of_one_trains_as_dcgan():
    gans = [
        kind((8, 8, 2), latent_dim=4, width=2, networks="mlp", **more)
        for kind, more in ((kgan.PacGAN, {"pack": 1}), (kgan.DCGAN, {}))
    ]
    for gan in gans:
        gan.compile(run_eagerly=True)
        gan.fit(IMAGES, batch_size=6, verbose=0)
    for a, b in zip(gans[0].generator.weights, gans[1].generator.weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_batches_that_do_not_divide():
    gan = pacgan(3)
    message = r"batch of 8 images must divide into 3 parts .*times pack=3\); use batch_size=6"
    with pytest.raises(ValueError, match=message):
        gan.fit(IMAGES, batch_size=8)
    with pytest.raises(ValueError, match=message):
        gan.evaluate(IMAGES, batch_size=8)
    partial = tf.data.Dataset.from_tensor_slices(IMAGES).batch(9)
    with pytest.raises(ValueError, match=r"their size is not fixed; use .*drop_remainder=True"):
        gan.evaluate(partial)
    with pytest.raises(ValueError, match="drop_remainder=True"):
        gan.fit(IMAGES, batch_size=6, validation_data=partial)
    gan.compile(discriminator_steps=2)
    with pytest.raises(ValueError, match=r"9 images must divide into 6 parts .*use batch_size=6"):
        gan.fit(IMAGES, batch_size=9)


def test_bad_arguments():
    for pack in (0, -1, 1.5, "2", True):
        with pytest.raises(ValueError, match="pack must be an integer of at least 1; received"):
            pacgan(pack)
    with pytest.raises(
        ValueError, match=r"discriminator_outputs\(\) takes images alone.* PacGAN's"
    ):
        pacgan(2).discriminator_outputs(IMAGES)
