import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.callbacks.reals import held_out_rows, training_rows
from kgan.errors import UsageError
from kgan.models.given_data import given
from kgan.models.training_data import TrainingData


def fed(gan, x, batch_size=16):
    gan._data = TrainingData(gan, given(x, None, batch_size))
    return gan


@pytest.fixture(scope="module")
def gan():
    gan = kgan.DCGAN((16, 16, 1), latent_dim=4, width=4)
    gan.compile(run_eagerly=True)
    return gan


def test_training_rows_are_the_first_of_the_training(gan, images):
    data = kgan.data.load(images, batch_size=16, seed=3)
    rows = training_rows(fed(gan, data, None), 40)
    assert list(rows) == ["image"]
    expected = np.concatenate(list(data.from_step(0).take(3).as_numpy_iterator()))[:40]
    np.testing.assert_array_equal(rows["image"], expected)


def test_fewer_images_give_fewer_rows(gan, images):
    assert len(training_rows(fed(gan, images[:20]), 40)["image"]) == 16
    batches = tf.data.Dataset.from_tensor_slices(images[:20]).batch(16)
    assert len(training_rows(fed(gan, batches, None), 40)["image"]) == 20
    endless = batches.repeat()
    gan._data = TrainingData(gan, given(endless), 1)
    assert len(training_rows(gan, 40)["image"]) == 40


@pytest.mark.parametrize("n", [8, 21, 64])
def test_every_held_out_image_counts(gan, images, n):
    rows = held_out_rows(gan, images[:21], n, "held_out")
    assert len(np.unique(rows["image"], axis=0)) == min(n, 21)


def test_packs_are_whole(images):
    pacgan = kgan.PacGAN((16, 16, 1), latent_dim=4, width=4, pack=4)
    pacgan.compile(run_eagerly=True)
    assert len(held_out_rows(pacgan, images[:23], 64, "held_out")["image"]) == 20
    with pytest.raises(UsageError, match=r"held_out must hold at least 8 images; received 4\."):
        held_out_rows(pacgan, images[:7], 64, "held_out")


def test_labels_stay_with_their_images(images):
    conditional = kgan.ConditionalGAN((16, 16, 1), 64, latent_dim=4, width=4)
    conditional.compile(run_eagerly=True)
    labels = np.arange(64, dtype=np.int32)
    rows = held_out_rows(conditional, (images, labels), 30, "held_out")
    np.testing.assert_array_equal(rows["image"], images[rows["label"]])
