import os
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image as Picture

import kgan
from kgan.callbacks import SampleGrid
from kgan.errors import UsageError
from kgan.images import grid
from kgan.signature import Image, Label, Latent, Signature


class Model:
    """Generates images that all have the value `level`, and notes with what it was asked."""

    input_signature = Signature(Latent(2))
    output_signature = Signature(Image((8, 8, 1)))

    def __init__(self, strategy=None):
        self.distribute_strategy = strategy
        self.level = 0.0
        self.asked = []

    def generator_inputs(self, n, seed):
        """What `generate` would take; nothing to refuse."""

    def generate(self, n, seed):
        self.asked.append((n, seed))
        return np.full((n, 8, 8, 1), self.level, np.float32)


def train(callback, epochs, initial_epoch=0, model=None):
    model = model or Model()
    callback.set_model(model)
    callback.set_params({"epochs": epochs})
    callback.on_train_begin()
    for epoch in range(initial_epoch, epochs):
        callback.on_epoch_begin(epoch)
        model.level = (epoch + 1) / 127.5 - 1  # the pixel value is the epoch
        callback.on_epoch_end(epoch)
    callback.on_train_end()
    return model


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_grid_an_epoch_on_the_same_latents(tmp_path):
    model = train(SampleGrid(tmp_path, n=4, seed=5), 3)
    assert names(tmp_path) == ["epoch-0001.png", "epoch-0002.png", "epoch-0003.png"]
    assert model.asked == [(4, 5)] * 3
    with Picture.open(tmp_path / "epoch-0002.png") as picture:
        assert picture.size == (2 * 66 + 2, 2 * 66 + 2)
        assert picture.getpixel((10, 10)) == 2


def test_every_epochs_and_the_last(tmp_path):
    train(SampleGrid(tmp_path, n=1, every_epochs=2), 5)
    assert names(tmp_path) == ["epoch-0002.png", "epoch-0004.png", "epoch-0005.png"]


def test_a_resumed_run_rewrites_what_it_repeats(tmp_path):
    train(SampleGrid(tmp_path, n=1), 5)
    (tmp_path / "epoch-notes.png").write_bytes(b"a user's own")
    model = train(SampleGrid(tmp_path, n=1), 4, initial_epoch=2)
    assert len(model.asked) == 2
    assert names(tmp_path) == [*(f"epoch-000{n}.png" for n in (1, 2, 3, 4)), "epoch-notes.png"]


def test_the_animation_shows_all_grids(tmp_path):
    train(SampleGrid(tmp_path / "samples", n=1, gif=tmp_path / "samples.gif"), 2)
    train(SampleGrid(tmp_path / "samples", n=1, gif=tmp_path / "samples.gif"), 3, initial_epoch=2)
    with Picture.open(tmp_path / "samples.gif") as animation:
        assert animation.n_frames == 3


def test_tensorboard_reads_the_grid(tmp_path):
    train(SampleGrid(tmp_path / "samples", n=4, tensorboard=tmp_path / "logs"), 2)
    events = [
        tf.compat.v1.Event.FromString(record.numpy())
        for file in sorted((tmp_path / "logs").iterdir(), key=lambda path: path.suffix)
        for record in tf.data.TFRecordDataset(str(file))
    ]
    images = [(event.step, value) for event in events for value in event.summary.value]
    assert [(step, value.tag) for step, value in images] == [(1, "samples"), (2, "samples")]
    image = images[1][1].image
    assert (image.height, image.width, image.colorspace) == (134, 134, 1)
    assert image.encoded_image_string == (tmp_path / "samples" / "epoch-0002.png").read_bytes()


def test_a_broken_generator_leaves_no_grid(tmp_path):
    model = Model()
    model.generate = lambda n, seed: np.full((n, 8, 8, 1), np.nan, np.float32)
    train(SampleGrid(tmp_path, n=1), 1, model=model)
    assert names(tmp_path) == []


def test_other_workers_generate_and_write_nothing(tmp_path):
    resolver = SimpleNamespace(
        task_type="worker", task_id=1, cluster_spec=lambda: SimpleNamespace(jobs=["worker"])
    )
    model = Model(SimpleNamespace(cluster_resolver=resolver))
    train(SampleGrid(tmp_path, n=1, gif=tmp_path / "a.gif"), 1, model=model)
    assert model.asked == []
    assert names(tmp_path) == []


@pytest.mark.parametrize("argument", ["n", "every_epochs"])
def test_counts_below_one_are_refused(tmp_path, argument):
    with pytest.raises(
        UsageError, match=f"{argument} must be an integer of at least 1; received 0"
    ):
        SampleGrid(tmp_path, **{argument: 0})


def test_a_spoilt_grid_is_left_out_of_the_animation(tmp_path):
    folder, gif = tmp_path / "samples", tmp_path / "samples.gif"
    train(SampleGrid(folder, n=1), 3)
    (folder / "epoch-0001.png").write_text("no picture")
    whole = (folder / "epoch-0002.png").read_bytes()
    (folder / "epoch-0002.png").write_bytes(whole[: len(whole) // 2])
    with pytest.warns(UserWarning, match=r"epoch-0001\.png cannot be read"):
        train(SampleGrid(folder, n=1, gif=gif), 4, initial_epoch=3)
    with Picture.open(gif) as animation:
        assert animation.n_frames == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
@pytest.mark.timeout(60)
def test_a_pipe_among_the_grids_does_not_hold_up_the_animation(tmp_path):
    folder, gif = tmp_path / "samples", tmp_path / "samples.gif"
    train(SampleGrid(folder, n=1), 2)
    (folder / "epoch-0001.png").unlink()
    os.mkfifo(folder / "epoch-0001.png")
    with pytest.warns(UserWarning, match=r"epoch-0001\.png cannot be read"):
        train(SampleGrid(folder, n=1, gif=gif), 3, initial_epoch=2)
    with Picture.open(gif) as animation:
        assert animation.n_frames == 2


@pytest.mark.parametrize(
    ("fields", "n", "columns"),
    [
        ([Latent(2), Label(10)], 30, 10),
        ([Latent(2), Label(10)], 9, 3),  # not every class is shown
        ([Latent(2), Label(17)], 36, 6),  # too many to be columns
        ([Latent(2), Label(None)], 9, 3),
        ([Latent(2)], 30, 6),
    ],
)
def test_each_class_has_a_column(tmp_path, fields, n, columns):
    model = Model()
    model.input_signature = Signature(*fields)
    train(SampleGrid(tmp_path, n=n), 1, model=model)
    with Picture.open(tmp_path / "epoch-0001.png") as picture:
        assert picture.size[0] == columns * 66 + 2


@pytest.fixture(scope="module")
def vectors_gan():
    return kgan.ConditionalGAN((8, 8, 1), condition_dim=3, latent_dim=2, width=2)


def test_conditions_are_shown_in_turn(tmp_path, vectors_gan):
    vectors = np.random.RandomState(0).normal(size=(2, 3))
    callback = SampleGrid(tmp_path, n=3, inputs={"conditions": vectors})
    callback.set_model(vectors_gan)
    callback.set_params({"epochs": 1})
    callback.on_train_begin()
    callback.on_epoch_begin(0)
    callback.on_epoch_end(0)
    expected = vectors_gan.generate(3, seed=0, conditions=vectors[[0, 1, 0]])
    with Picture.open(tmp_path / "epoch-0001.png") as picture:
        assert np.array_equal(np.asarray(picture), np.asarray(grid(expected)))


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        (None, r"conditions must be given: ConditionalGAN .* an array \(m, 3\)"),
        (np.zeros((2, 4)), r"conditions must be finite numbers of the shape \(5, 3\)"),
        (np.zeros((0, 3)), r"conditions must be finite numbers of the shape \(5, 3\)"),
        (7, r"conditions must be finite numbers of the shape \(5, 3\)"),
    ],
)
def test_wrong_conditions_are_told_before_the_first_step(
    tmp_path, vectors_gan, conditions, message
):
    callback = SampleGrid(
        tmp_path, n=5, inputs=None if conditions is None else {"conditions": conditions}
    )
    callback.set_model(vectors_gan)
    with pytest.raises(UsageError, match=message):
        callback.on_train_begin()


def test_conditions_for_a_model_without_are_refused(tmp_path, tiny_gan):
    callback = SampleGrid(tmp_path, n=2, inputs={"conditions": np.zeros((2, 3))})
    callback.set_model(tiny_gan)
    with pytest.raises(UsageError, match="conditions must be None, since DCGAN"):
        callback.on_train_begin()
