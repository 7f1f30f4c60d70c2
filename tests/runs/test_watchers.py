import numpy as np
import pytest

import kgan
from kgan.callbacks import Evaluate, Health, SampleGrid
from kgan.runs.watchers import watchers


class Counted(kgan.data.ImageDataset):
    """Counts how often its images are read."""

    reads = 0

    def _stream(self, *arguments):
        import tensorflow as tf

        def read(*parts):
            Counted.reads += 1
            return parts

        def counted(*parts):
            made = tf.py_function(read, parts, [part.dtype for part in parts])
            for part, source in zip(made, parts, strict=True):
                part.set_shape(source.shape)
            return tuple(made) if len(made) > 1 else made[0]

        return super()._stream(*arguments).map(counted)


@pytest.fixture
def dataset():
    def make(n=8, labels=False):
        from kgan.data.source import from_arrays

        images = np.random.default_rng(0).uniform(-1, 1, (n, 16, 16, 1)).astype("float32")
        given = (images, np.arange(n) % 2) if labels else images
        Counted.reads = 0
        return Counted(from_arrays(given, None, None), "train", min(4, n), 0, labels)

    return make


def kinds(found):
    return [type(callback) for callback in found]


def test_no_image_is_read_for_a_model_that_needs_none(dataset, tiny_gan, tmp_path):
    data = dataset(n=256)
    assert kinds(watchers(data, tiny_gan, tmp_path, None)) == [SampleGrid, Health]
    assert Counted.reads == 0
    next(iter(data))
    assert Counted.reads > 0


def test_few_images_have_no_health_and_scores_come_if_asked_for(dataset, tiny_gan, tmp_path):
    assert kinds(watchers(dataset(n=2), tiny_gan, tmp_path, None)) == [SampleGrid]
    *_, scores = watchers(dataset(n=2), tiny_gan, tmp_path, ["swd"])
    assert type(scores) is Evaluate and scores.best == tmp_path / "best.keras"


def test_data_that_lack_a_part_are_for_fit_to_refuse(dataset, tiny_gan, tmp_path):
    assert watchers(dataset(labels=True), tiny_gan, tmp_path, None) == []
    assert Counted.reads == 0


def test_a_model_of_vectors_gets_those_of_the_first_batch(dataset, tmp_path):
    gan = kgan.ConditionalGAN((16, 16, 1), condition_dim=2, latent_dim=2, width=2)
    assert watchers(dataset(), gan, tmp_path, None) == []
    # Labels are no vectors of two numbers.
    assert watchers(dataset(labels=True), gan, tmp_path, None) == []
    assert Counted.reads > 0
