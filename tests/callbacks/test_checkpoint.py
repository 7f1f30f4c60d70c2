"""A run that was stopped anywhere and resumed ends as if it had never been stopped."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest

from kgan import penalties
from kgan.callbacks import Checkpoint
from kgan.callbacks.checkpoint import files, newest
from kgan.errors import UsageError

EPOCHS, BATCH = 3, 16


class StopAt(keras.callbacks.Callback):
    """Ends `fit` by an exception after so many steps, as a kill would."""

    def __init__(self, steps):
        super().__init__()
        self.left = steps

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def everything(gan):
    return [variable.numpy() for part in gan.state().values() for variable in part]


def train(gan, images, folder, resume=False, stop_at=0, epochs=EPOCHS, **checkpoint):
    callbacks = [Checkpoint(folder, resume=resume, **({"every_seconds": 0} | checkpoint))]
    callbacks += [StopAt(stop_at)] if stop_at else []
    return gan.fit(images, batch_size=BATCH, epochs=epochs, verbose=0, callbacks=callbacks)


# When the run is stopped, after how many calls of the training step each time.
STOPS = {"plain": [[3, 6], [12]], "everything": [[7]], "two steps a call": [[3]]}
ARGUMENTS = {
    "plain": {},
    "everything": {
        "loss": "relativistic",
        "penalties": [penalties.DRAGAN(interval=2)],
        "augment": "diffaugment",
        "discriminator_steps": 2,
        "dtype": "mixed_float16",
    },
    "two steps a call": {"steps_per_execution": 2},
}


@pytest.fixture(scope="module")
def plain(images, make_gan, tmp_path_factory):
    """A plain run that was never stopped: model and history."""
    gan = make_gan()
    return gan, train(gan, images, tmp_path_factory.mktemp("whole")).history


@pytest.mark.slow
@pytest.mark.parametrize("kind", ARGUMENTS)
def test_stopped_and_resumed_equals_never_stopped(images, make_gan, plain, tmp_path, kind):
    whole, logs = plain
    if kind != "plain":
        whole = make_gan(**ARGUMENTS[kind])
        logs = train(whole, images, tmp_path / "whole").history
    for number, stops in enumerate(STOPS[kind]):
        folder = tmp_path / f"run{number}"
        for attempt, stop in enumerate(stops):
            with pytest.raises(KeyboardInterrupt):
                train(make_gan(**ARGUMENTS[kind]), images, folder, resume=attempt > 0, stop_at=stop)
        resumed = make_gan(**ARGUMENTS[kind])
        history = train(resumed, images, folder, resume=True).history
        for a, b in zip(everything(whole), everything(resumed), strict=True):
            np.testing.assert_array_equal(a, b)
        # The means over the last epoch, too, count the steps from before the stop.
        assert history["generator_loss"][-1] == logs["generator_loss"][-1]


@pytest.mark.slow
def test_a_finished_run_can_go_on(images, make_gan, plain, tmp_path):
    whole, parts = plain[0], make_gan()
    train(parts, images, tmp_path / "parts", epochs=1)
    more = make_gan()
    train(more, images, tmp_path / "parts", resume=True, epochs=3)
    for a, b in zip(everything(whole), everything(more), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_last_two_are_kept_and_carry_their_checksums(images, make_gan, tmp_path):
    train(make_gan(), images, tmp_path)
    kept = files(tmp_path)
    assert [path.name[:13] for path in kept] == ["step-00000012", "step-00000011"]
    assert sorted(os.listdir(tmp_path)) == sorted(path.name for path in kept)
    for path in kept:
        assert path.stem[-16:] == hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def test_saves_at_the_start_and_after_each_epoch_by_default(images, make_gan, tmp_path):
    train(make_gan(), images, tmp_path, every_seconds=60, keep=9)
    assert [path.name[5:13] for path in files(tmp_path)] == [
        "00000012",
        "00000008",
        "00000004",
        "00000000",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["truncate", "flip", "empty"])
def test_a_damaged_checkpoint_is_passed_over(images, make_gan, plain, tmp_path, damage):
    whole, _ = plain
    folder = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train(make_gan(), images, folder, stop_at=7)
    path = files(folder)[0]
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[random.Random(0).randrange(len(content))] ^= 1
    path.write_bytes({"truncate": content[:-100], "flip": content, "empty": b""}[damage])
    resumed = make_gan()
    with pytest.warns(UserWarning, match=f"{path.name} is damaged") as told:
        train(resumed, images, folder, resume=True)
    assert any("Resuming from" in str(warning.message) for warning in told)
    for a, b in zip(everything(whole), everything(resumed), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_folder_has_one_writer(images, make_gan, tmp_path, holder):
    process = holder(tmp_path)
    for resume in (False, True):
        with pytest.raises(UsageError, match=rf"folder=.* is in use by process {process.pid} on"):
            train(make_gan(), images, tmp_path, resume=resume)
    process.kill()
    process.wait()
    assert files(tmp_path) == []
    with pytest.raises(KeyboardInterrupt):
        train(make_gan(), images, tmp_path, stop_at=2)
    holder(tmp_path).kill()  # a fit that was interrupted holds nothing
    with pytest.raises(UsageError, match="holds checkpoints already"):
        train(make_gan(), images, tmp_path)
    holder(tmp_path)  # nor one that was refused


@pytest.mark.slow
def test_a_damaged_checkpoint_does_not_push_out_a_good_one(images, make_gan, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(make_gan(), images, tmp_path, stop_at=7, keep=3)
    for path in files(tmp_path)[:2]:
        path.write_bytes(b"")
    with pytest.warns(UserWarning), pytest.raises(KeyboardInterrupt):
        train(make_gan(), images, tmp_path, resume=True, stop_at=2)  # the first call passes over
    assert [path.name[:13] for path in files(tmp_path)] == ["step-00000006", "step-00000005"]
    assert newest(tmp_path)[0] == files(tmp_path)[0]


def test_every_checkpoint_damaged(images, make_gan, tmp_path):
    train(make_gan(), images, tmp_path, epochs=1)
    for path in files(tmp_path):
        path.write_bytes(b"")
    with (
        warnings.catch_warnings(),
        pytest.raises(ValueError, match=r"Every checkpoint in .* is damaged \(2 files\)"),
    ):
        warnings.simplefilter("ignore")
        train(make_gan(), images, tmp_path, resume=True)


def test_nothing_to_resume_starts_at_the_beginning(images, make_gan, tmp_path):
    gan = make_gan()
    train(gan, images, tmp_path / "none", resume=True)
    assert int(gan.training_seeds.step) == 12


def test_an_old_run_is_not_overwritten(images, make_gan, tmp_path):
    train(make_gan(), images, tmp_path, epochs=1)
    before = files(tmp_path)
    with pytest.raises(ValueError, match=r"holds checkpoints already; pass resume=True"):
        train(make_gan(), images, tmp_path)
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    ("other", "key"),
    [
        ({"loss": "hinge"}, "compile.loss"),
        ({"penalties": ["r1"]}, "compile.penalties"),
        ({"seed": 5}, "model.seed"),
        ({"dtype": "mixed_bfloat16"}, "model.dtype"),
        (
            {"generator_optimizer": keras.optimizers.Adam(1e-3)},
            "compile.generator_optimizer.config.learning_rate",
        ),
    ],
)
def test_another_configuration_is_refused_by_name(images, make_gan, tmp_path, other, key):
    train(make_gan(), images, tmp_path, epochs=1)
    gan = make_gan(**other)
    before = everything(gan)
    with pytest.raises(ValueError, match=f"belongs to another configuration: {key}"):
        train(gan, images, tmp_path, resume=True)
    for a, b in zip(before, everything(gan), strict=True):
        np.testing.assert_array_equal(a, b)


def test_other_data_is_refused_by_name(images, make_gan, tmp_path):
    train(make_gan(), images, tmp_path, epochs=1)
    with pytest.raises(ValueError, match=r"belongs to another configuration: data\."):
        train(make_gan(), -images, tmp_path, resume=True)


def test_a_broken_state_is_not_saved(images, make_gan, tmp_path):
    gan = make_gan()
    train(gan, images, tmp_path, epochs=1)
    before = files(tmp_path)
    gan.generator.trainable_variables[0].assign(
        np.full(gan.generator.trainable_variables[0].shape, np.nan)
    )
    gan.fit(images, batch_size=BATCH, epochs=2, initial_epoch=1, verbose=0)
    callback = Checkpoint(tmp_path, resume=True)
    callback.set_model(gan)
    callback._step, callback._fingerprint = 99, {}
    callback._save()
    assert files(tmp_path) == before


def test_bad_arguments(tmp_path):
    with pytest.raises(
        ValueError, match="every_seconds must be a number of at least 0; received -1"
    ):
        Checkpoint(tmp_path, every_seconds=-1)
    with pytest.raises(ValueError, match="keep must be an integer of at least 1"):
        Checkpoint(tmp_path, keep=0)


TRAINER = """
import sys
import numpy as np
import kgan

folder, epochs = sys.argv[1], int(sys.argv[2])
images = np.random.RandomState(0).uniform(-1, 1, (640, 16, 16, 1)).astype("float32")
gan = kgan.DCGAN((16, 16, 1), latent_dim=8, width=8, seed=3)
gan.compile(loss="hinge")
checkpoint = kgan.callbacks.Checkpoint(folder, every_seconds=0.05, resume=True)
gan.fit(images, batch_size=16, epochs=epochs, verbose=0, callbacks=[checkpoint])
state = {f"{part}/{i}": v.numpy() for part, vs in gan.state().items() for i, v in enumerate(vs)}
np.savez(folder + "/final", **state)
"""


@pytest.mark.slow
def test_sigkill_at_random_moments(tmp_path):
    """A real second process and real kills, some of them in the middle of a checkpoint's write."""

    def start(folder):
        command = [sys.executable, "-c", TRAINER, str(folder), "4"]
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
        return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)

    def final(folder):
        with np.load(folder / "final.npz") as arrays:
            return dict(arrays)

    process = start(tmp_path / "whole")
    assert process.wait(120) == 0, process.stderr.read()

    moments = random.Random(int(time.time()))
    folder, kills = tmp_path / "killed", 0
    for _ in range(2):
        process = start(folder)
        while process.poll() is None and not files(folder):
            time.sleep(0.01)
        seen = files(folder)
        while process.poll() is None and files(folder) == seen:  # it trains: steps are saved
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 1.0))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.wait()
    process = start(folder)
    assert process.wait(120) == 0, process.stderr.read()
    assert kills == 2, "the run ended before it could be killed twice"
    expected, received = final(tmp_path / "whole"), final(folder)
    assert expected.keys() == received.keys()
    for name in expected:
        np.testing.assert_array_equal(expected[name], received[name], err_msg=name)
    assert not list(folder.glob(".step-*"))
    assert newest(folder) is not None
