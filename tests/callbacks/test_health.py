import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.callbacks import Checkpoint, Evaluate, History, StopOnNaN
from kgan.callbacks.duality_gap import DualityGap
from kgan.callbacks.failure_modes import SERIES
from kgan.callbacks.health import Health
from kgan.callbacks.history import read
from kgan.callbacks.stop_on_nan import NonFiniteLossError
from kgan.errors import UsageError
from kgan.signature import Image, Latent, Signature

LABELS = np.arange(64, dtype=np.int32) % 3
SIZES = {"image_shape": (16, 16, 1), "latent_dim": 4, "width": 4}


def fit(gan, x, *callbacks, epochs=2, **arguments):
    gan.fit(x, batch_size=16, epochs=epochs, verbose=0, callbacks=[*callbacks], **arguments)


def weights(gan):
    return [variable.numpy() for part in gan.state().values() for variable in part]


class Steps(keras.callbacks.Callback):
    """What each step adds to the model's means, as the variables have it."""

    def __init__(self):
        super().__init__()
        self.values = []

    def on_epoch_begin(self, epoch, logs=None):
        self.before = dict.fromkeys(SERIES, (0.0, 0.0))

    def on_train_batch_end(self, batch, logs=None):
        log = self.model._train_log
        pairs = zip(log.names, log.totals.numpy(), log.weights.numpy(), strict=False)
        found = {name: (float(total), float(weight)) for name, total, weight in pairs}
        self.values.append(
            [np.divide(*np.subtract(found[name], self.before[name])) for name in SERIES]
        )
        self.before = found


@pytest.mark.slow
def test_training_is_the_same_with_it(images, make_gan):
    plain, watched = (make_gan(penalties=["gradient_penalty"], run_eagerly=True) for _ in range(2))
    fit(plain, images, steps_per_epoch=1)
    gap = DualityGap(every_epochs=1, steps=1, samples=32)
    fit(watched, images, Health(held_out=images[:20], samples=32), gap, steps_per_epoch=1)
    for expected, found in zip(weights(plain), weights(watched), strict=True):
        np.testing.assert_array_equal(expected, found)


@pytest.mark.slow
def test_vectors_stay_in_their_order_with_it(images):
    x = images, np.eye(3, dtype=np.float32)[LABELS]
    gans = [kgan.ConditionalGAN(**SIZES, condition_dim=3) for _ in range(2)]
    for gan, callbacks in zip(gans, ([], [Health(samples=16), DualityGap(steps=1)]), strict=True):
        gan.compile(run_eagerly=True)
        fit(gan, x, *callbacks, epochs=1)
    for expected, found in zip(*map(weights, gans), strict=True):
        np.testing.assert_array_equal(expected, found)


@pytest.mark.slow
def test_a_repeated_order_is_no_oscillation(images, make_gan):
    """Batches of four brightnesses in turn, without a shuffle, swing with the epoch."""
    batches = tf.data.Dataset.from_tensor_slices(images).batch(16)
    for x, swings in ((batches, False), (kgan.data.load(images, batch_size=16), True)):
        health, gan = Health(samples=16), make_gan(run_eagerly=True)
        gan.fit(x, steps_per_epoch=4, verbose=0, callbacks=[health])
        health.series.values["real_logits"] = np.tile([0.0, 1.0, 2.0, 1.0], 64)
        assert (health.measure()["oscillation"] > 0.65) == swings


def test_the_series_are_the_values_of_the_steps(images, make_gan):
    health, steps = Health(samples=16), Steps()
    fit(make_gan(discriminator_steps=2, run_eagerly=True), images, health, steps, steps_per_epoch=3)
    for name, expected in zip(SERIES, np.transpose(steps.values), strict=True):
        np.testing.assert_allclose(health.series.values[name], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_several_steps_a_call_give_their_means(images, make_gan):
    health = Health(samples=16)
    fit(make_gan(steps_per_execution=2), images, health)
    assert all(len(health.series.values[name]) == 4 for name in SERIES)


@pytest.mark.parametrize("names", [("g_loss", "d_loss"), ("generator_loss", "d_loss")])
def test_a_step_that_logs_its_own_names(images, make_gan, names):
    gan = make_gan(run_eagerly=True)
    calls = []

    def step(data):
        calls.append(data)
        return {name: tf.constant(float(len(calls))) for name in names}

    gan.train_step = step
    health = Health(samples=16)
    fit(gan, images, health, epochs=1, steps_per_epoch=2)
    logged = {name: values for name, values in health.series.values.items() if len(values)}
    # The step returns running means, 1 and 2: of the values 1 and 3.
    assert {name: list(values) for name, values in logged.items()} == (
        {"generator_loss": [1.0, 3.0]} if names[0] in SERIES else {}
    )
    (snapshot,) = health.watch.snapshots
    assert {"diversity", "separation", "gradient"} <= snapshot.keys()
    assert "discriminator_loss" not in snapshot and not health.findings


def test_indicators_go_into_the_logs_and_the_history(images, make_gan, tmp_path):
    health = Health(samples=32, every_epochs=2)
    gan = make_gan(run_eagerly=True)
    fit(gan, images, health, History(tmp_path), epochs=5, steps_per_epoch=1)
    assert [snapshot["epoch"] for snapshot in health.watch.snapshots] == [2, 4, 5]
    rows = read(tmp_path / "history.csv")
    assert "health_oscillation" not in rows[-1]  # of five steps
    epochs = [row["epoch"] for row in rows if "health_diversity" in row]
    assert epochs == [2, 4, 5]
    named = {name for name in rows[-1] if name.startswith("health_")}
    assert named == {
        f"health_{name}"
        for name in ("diversity", "recall", "modes", "separation", "gradient", "slope")
    }
    assert rows[-1]["health_diversity"] == pytest.approx(
        health.watch.snapshots[-1]["diversity"], rel=1e-4
    )


def test_a_snapshot_measures_the_players(images, make_gan):
    health = Health(held_out=images[32:], samples=32)
    gan = make_gan(loss="hinge", run_eagerly=True)
    fit(gan, images[:32], health, epochs=1, steps_per_epoch=1)
    snapshot = health.measure()
    fakes = gan.generate(32, seed=0)
    spread = [
        kgan.metrics.diversity.mean_pairwise_distance(
            side.reshape(32, 8, 2, 8, 2).mean((2, 4)).reshape(32, -1)
        )
        for side in (fakes, health.reals["image"])
    ]
    assert snapshot["diversity"] == pytest.approx(spread[0] / spread[1], rel=1e-3)
    assert snapshot["slope"] == pytest.approx(1.0)
    assert snapshot["chance"] == 2.0
    assert {"overfitting", "train_separation"} <= snapshot.keys()


def test_the_slope_is_that_of_the_loss(images, make_gan):
    gan = make_gan(loss="non_saturating", run_eagerly=True)
    health = Health(samples=16)
    fit(gan, images, health, epochs=1, steps_per_epoch=1)
    # Few steps leave the logits near 0, where the slope of softplus(-x) is a half.
    assert health.watch.snapshots[-1]["slope"] == pytest.approx(0.5, abs=0.2)


def test_collapse_is_reported_once(images, capsys):
    # The generator has no latent to tell images apart by.
    generator = kgan.networks.DCGAN(4).generator(Signature(Latent(4)), Image((16, 16, 1)))
    generator.layers[1].kernel.assign(0 * generator.layers[1].kernel)
    generator.layers[1].trainable = False
    gan = kgan.GAN(generator, kgan.networks.DCGAN(4).discriminator(Signature(Image((16, 16, 1)))))
    gan.compile(run_eagerly=True)
    health = Health(samples=32)
    fit(gan, images, health, epochs=8, steps_per_epoch=1)
    found = [finding for finding in health.findings if finding.failure_mode == "collapse"]
    assert len(found) == 1
    assert found[0].evidence["diversity"] < 1e-3
    assert capsys.readouterr().out.count(f"epoch {found[0].epoch}: collapse: the fakes'") == 1
    assert str(found[0]) in health.report().split("\n")


@pytest.mark.parametrize("stop", [False, True])
def test_nan_is_reported_and_can_end_the_training(images, make_gan, stop, capsys):
    broken = keras.optimizers.SGD(
        keras.optimizers.schedules.PiecewiseConstantDecay([2], [1e-4, 1e38])
    )
    health = Health(samples=16, stop=stop)
    gan = make_gan(loss="wasserstein", discriminator_optimizer=broken, run_eagerly=True)
    fit(gan, images, health, epochs=3, steps_per_epoch=2)
    (finding,) = [finding for finding in health.findings if finding.failure_mode == "nan"]
    assert finding.epoch == 2
    assert "learning rate" in finding.words
    assert "epoch 2: nan: " in capsys.readouterr().out
    assert int(gan.training_seeds.step) == (4 if stop else 6)


def test_it_reports_before_stop_on_nan_ends_the_run(images, make_gan):
    gan = make_gan(run_eagerly=True)
    gan.discriminator.trainable_variables[0].assign(
        np.full(gan.discriminator.trainable_variables[0].shape, np.nan)
    )
    health = Health(samples=16)
    with pytest.raises(NonFiniteLossError):
        fit(gan, images, health, StopOnNaN())
    assert health.findings[0].failure_mode == "nan"


@pytest.mark.slow
def test_a_resumed_run_continues_its_snapshots(images, make_gan, tmp_path):
    def gan():
        return make_gan(run_eagerly=True)

    whole = Health(samples=16, folder=tmp_path / "whole")
    fit(gan(), images, whole, epochs=4, steps_per_epoch=1)
    first = Health(samples=16, folder=tmp_path / "parts")
    checkpoint = Checkpoint(tmp_path / "checkpoints", every_seconds=0)
    fit(gan(), images, first, checkpoint, epochs=2, steps_per_epoch=1)
    second = Health(samples=16, folder=tmp_path / "parts")
    checkpoint = Checkpoint(tmp_path / "checkpoints", resume=True)
    fit(gan(), images, second, checkpoint, epochs=4, steps_per_epoch=1)
    assert second.watch.snapshots == whole.watch.snapshots
    assert json.loads((tmp_path / "parts" / "health.json").read_text()) == whole.watch.snapshots
    # The series is that of the steps taken since.
    np.testing.assert_allclose(
        second.series.values["real_logits"], whole.series.values["real_logits"][2:]
    )


def test_a_further_fit_goes_on_or_begins_anew(images, make_gan):
    gan, health = make_gan(run_eagerly=True), Health(samples=16)
    fit(gan, images, health, epochs=2, steps_per_epoch=1)
    health.watch.broken(2, "became nan")
    fit(gan, images, health, epochs=3, initial_epoch=2, steps_per_epoch=1)
    assert [snapshot["epoch"] for snapshot in health.watch.snapshots] == [1, 2, 3]
    assert [(one.epoch, one.words) for one in health.findings] == [(2, "became nan")]
    fit(gan, images, health, epochs=1, steps_per_epoch=1)
    assert (len(health.watch.snapshots), health.findings) == (1, [])


NULL = json.dumps([{"epoch": 1, "diversity": None, "modes": 0.1, "recall": 0.1}])


@pytest.mark.parametrize("text", ["", "[1]", '[{"step": 1}]', NULL])
def test_a_damaged_file_warns_and_is_ignored(tmp_path, text):
    (tmp_path / "health.json").write_text(text)
    with pytest.warns(UserWarning, match="health.json is damaged .*ignored"):
        assert Health(folder=tmp_path)._before(3).snapshots == []


def test_features_of_ones_own(images, make_gan):
    def means(images):
        return images.mean((1, 2))

    health = Health(samples=16, features=means)
    gan = make_gan(run_eagerly=True)
    fit(gan, images, health, epochs=1, steps_per_epoch=1)
    fakes = means(gan.generate(16, seed=0))[:, 0]
    reals = means(health.reals["image"])[:, 0]
    spread = [np.abs(side[:, None] - side).mean() for side in (fakes, reals)]
    assert health.watch.snapshots[0]["diversity"] == pytest.approx(spread[0] / spread[1], rel=1e-3)


VARIANTS = {
    "ACGAN": (kgan.ACGAN, {"classes": 3}, LABELS),
    "BiGAN": (kgan.BiGAN, {}, None),
    "ConditionalGAN": (kgan.ConditionalGAN, {"classes": 3}, LABELS),
    "vectors": (
        kgan.ConditionalGAN,
        {"condition_dim": 3, "conditioning": "projection"},
        np.eye(3, dtype=np.float32)[LABELS],
    ),
    "InfoGAN": (kgan.InfoGAN, {"categorical": (3,), "continuous": 1}, None),
    "PacGAN": (kgan.PacGAN, {"pack": 2}, None),
    "SemiSupervisedGAN": (
        kgan.SemiSupervisedGAN,
        {"classes": 3},
        np.where(LABELS == 0, -1, LABELS).astype(np.int32),
    ),
    "UnrolledGAN": (kgan.UnrolledGAN, {"unrolling_steps": 1}, None),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_every_kind_of_model_has_its_indicators(name, images):
    kind, arguments, beside = VARIANTS[name]
    gan = kind(**SIZES, **arguments)
    gan.compile(run_eagerly=True, discriminator_steps=1)
    x = images if beside is None else (images, beside)
    held_out = images[:21] if beside is None else (images[:21], beside[:21])
    health = Health(held_out=held_out, samples=30)
    fit(gan, x, health, epochs=1, steps_per_epoch=1)
    (snapshot,) = health.watch.snapshots
    expected = {"diversity", "recall", "modes", "separation", "train_separation", "gradient"}
    # Their generators do not learn from the logits of the fakes as they are.
    if name not in ("SemiSupervisedGAN", "UnrolledGAN"):
        expected.add("slope")
    assert expected <= snapshot.keys()
    assert snapshot["gradient"] > 0
    # The hooks' means are those of the training alone.
    alone = kind(**SIZES, **arguments)
    alone.compile(run_eagerly=True, discriminator_steps=1)
    fit(alone, x, epochs=1, steps_per_epoch=1)
    counts = [each._train_log.weights.numpy() for each in (gan, alone)]
    np.testing.assert_array_equal(*counts)


def test_bad_arguments_raise(images, make_gan):
    with pytest.raises(UsageError, match="samples must be an integer of at least 16"):
        Health(samples=4)
    with pytest.raises(UsageError, match="stop must be True or False"):
        Health(stop="no")
    with pytest.raises(UsageError, match="held_out must hold at least 2 images; received 1"):
        fit(make_gan(run_eagerly=True), images, Health(held_out=images[:1]), steps_per_epoch=1)
    with pytest.raises(UsageError, match=r"held_out must have the shape \(batch, 16, 16, 1\)"):
        fit(make_gan(run_eagerly=True), images, Health(held_out=images[:, :8]), steps_per_epoch=1)
    with pytest.raises(UsageError, match=r"features must have the shape \(n, dimensions\)"):
        fit(make_gan(run_eagerly=True), images, Health(features=lambda x: x), steps_per_epoch=1)
    few = Health(features=lambda x: x[:7].mean((1, 2)), samples=16)
    with pytest.raises(UsageError, match="one row per image; received 7 rows for 16 images"):
        fit(make_gan(run_eagerly=True), images, few, steps_per_epoch=1)
    with pytest.raises(UsageError, match="features must be a function .* received 'inception'"):
        Health(features="inception")
    with pytest.raises(UsageError, match="folder must be the path of a folder .* received ''"):
        Health(folder="")
    for broken in (np.array(3.0), (None, None), ()):
        with pytest.raises(UsageError, match="held_out must "):
            fit(make_gan(run_eagerly=True), images, Health(held_out=broken))
    with pytest.raises(UsageError, match="x must hold at least 4 images for Health; received 3"):
        make_gan(run_eagerly=True).fit(images[:3], batch_size=3, verbose=0, callbacks=[Health()])
    with pytest.raises(UsageError, match=r"measure\(\) needs a training"):
        Health().measure()


@pytest.mark.parametrize("kind", [Health, DualityGap, Evaluate])
def test_it_is_for_gans(kind):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(loss="mse", run_eagerly=True)
    callbacks = [Evaluate("fashion_mnist") if kind is Evaluate else kind()]
    with pytest.raises(UsageError, match=f"{kind.__name__} must be in the fit of a GAN of kgan"):
        model.fit(np.ones((4, 1)), np.ones((4, 1)), verbose=0, callbacks=callbacks)


@pytest.mark.parametrize("kind", [Health, DualityGap, Evaluate])
def test_it_is_for_images_from_latents(images, kind):
    gan = kgan.Pix2Pix(
        channels=1,
        generator_network=kgan.networks.UNet(width=2, depth=2),
        discriminator_network=kgan.networks.PatchGAN(width=2, layers=1),
    )
    gan.compile(run_eagerly=True)
    callbacks = [Evaluate("fashion_mnist") if kind is Evaluate else kind()]
    with pytest.raises(UsageError, match=f"{kind.__name__} compares images .* a Pix2Pix starts"):
        gan.fit(images[:16], -images[:16], batch_size=16, verbose=0, callbacks=callbacks)


def test_packs_larger_than_the_sample(images):
    gan = kgan.PacGAN(**SIZES, pack=10)
    gan.compile(run_eagerly=True)
    health = Health(samples=16)
    gan.fit(images, batch_size=20, epochs=1, steps_per_epoch=1, verbose=0, callbacks=[health])
    assert len(health.reals["image"]) == 20


def test_a_report_of_nothing():
    assert Health().report() == "nothing found (no snapshot yet)"


STRATEGIES = """
import numpy as np
import tensorflow as tf

(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
import kgan
from kgan.callbacks.duality_gap import DualityGap
from kgan.callbacks.health import Health

images = np.random.RandomState(0).uniform(-1, 1, (32, 16, 16, 1)).astype("float32")
with strategy.scope():
    gan = kgan.DCGAN((16, 16, 1), latent_dim=4, width=4)
gan.compile(penalties=["gradient_penalty"])
health, gap = Health(held_out=images[:8], samples=16), DualityGap(steps=2)
gan.fit(kgan.data.load(images, batch_size=16), verbose=0, callbacks=[health, gap])
print(sorted(health.watch.snapshots[0]), len(gap.gaps))

strategy = tf.distribute.MultiWorkerMirroredStrategy()
with strategy.scope():
    gan = kgan.DCGAN((16, 16, 1), latent_dim=4, width=4)
gan.compile(run_eagerly=True)
try:
    gan.fit(kgan.data.load(images, batch_size=16), verbose=0, callbacks=[Health(stop=True)])
except kgan.errors.UsageError as error:
    print(error)
try:
    means = lambda images: images.mean((1, 2))
    scores = kgan.callbacks.Evaluate(images, extractor=means, patience=3)
    gan.fit(kgan.data.load(images, batch_size=16), verbose=0, callbacks=[scores])
except kgan.errors.UsageError as error:
    print(error)
"""


@pytest.mark.slow
def test_under_strategies(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", STRATEGIES], capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr[-3000:]
    keys, refused, impatient = done.stdout.strip().split("\n")[-3:]
    assert "'overfitting'" in keys and keys.endswith(" 1")
    assert refused.startswith("stop must be False under MultiWorkerMirroredStrategy")
    assert impatient.startswith("patience must be None under MultiWorkerMirroredStrategy")


def test_networks_of_the_wrong_range_are_reported(capsys):
    layers = keras.layers
    generator = keras.Sequential(
        [keras.Input((4,)), layers.Dense(16, "sigmoid"), layers.Reshape((4, 4, 1))]
    )
    discriminator = keras.Sequential(
        [keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(1, "sigmoid")]
    )
    with pytest.warns(UserWarning, match="ends in a sigmoid"):
        gan = kgan.GAN(generator, discriminator)
    gan.compile()
    health = Health()
    images = np.random.default_rng(0).uniform(-1, 1, (32, 4, 4, 1)).astype("float32")
    gan.fit(images, batch_size=16, verbose=0, callbacks=[health])
    findings = [finding for finding in health.findings if finding.failure_mode == "range"]
    assert [finding.epoch for finding in findings] == [1, 1]
    assert "epoch 1: range: discriminator ends in a sigmoid" in capsys.readouterr().out
    assert 'Use activation="tanh"' in health.report()


@pytest.mark.parametrize(
    ("scale", "offset", "words"),
    [(50.0, 0.0, "images lie in [-1, 1]"), (0.4, 0.5, "the reals begin at -1")],
)
def test_fakes_outside_of_the_range_are_reported_once(images, scale, offset, words):
    layers = keras.layers
    generator = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(256, "tanh"),
            layers.Reshape((16, 16, 1)),
            layers.Rescaling(scale, offset),
        ]
    )
    discriminator = keras.Sequential([keras.Input((16, 16, 1)), layers.Flatten(), layers.Dense(1)])
    gan = kgan.GAN(generator, discriminator)
    gan.compile(run_eagerly=True)
    health = Health()
    fit(gan, images, health, epochs=2)
    found = [finding.words for finding in health.findings if finding.failure_mode == "range"]
    assert len(found) == 1 and words in found[0]
