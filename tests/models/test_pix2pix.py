"""Pix2Pix: pairs in, images of any size out, and everything that the other models keep."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.callbacks import Checkpoint
from kgan.errors import UsageError
from kgan.networks import PatchGAN, UNet

SOURCES = np.random.RandomState(0).uniform(-1, 1, (32, 8, 8, 2)).astype("float32")
TARGETS = np.tanh(2 * SOURCES[..., :1])


def make(**arguments):
    networks = {"generator_network": UNet(4, 2), "discriminator_network": PatchGAN(4, 1)}
    return kgan.Pix2Pix(**{"channels": 1, "source_channels": 2} | networks | arguments)


@pytest.fixture(scope="module")
def gan():
    """A compiled model that tests must not train."""
    gan = make()
    gan.compile(penalties=["r1"], augment="diffaugment", run_eagerly=True)
    return gan


@pytest.mark.slow
def test_it_learns_the_pairs():
    gan = make(ema_halflife_images=32)
    fast = keras.optimizers.Adam(5e-3, beta_1=0.5)
    gan.compile(generator_optimizer=fast, discriminator_optimizer=fast)
    pair = (SOURCES, TARGETS)
    before = gan.evaluate(pair, batch_size=16, verbose=0)["l1"]
    history = gan.fit(pair, batch_size=16, epochs=30, verbose=0, validation_data=pair).history
    assert history["val_l1"][-1] < 0.75 * before
    distance = np.abs(gan.translate(SOURCES) - TARGETS).mean()
    assert 100 * distance == pytest.approx(history["val_l1"][-1], rel=1e-4)


def test_the_papers_losses(gan):
    """Binary cross-entropy of both players, and λ = 100 times the mean distance."""
    real = {"source": SOURCES, "target": TARGETS, "logit": np.full((32, 4, 4, 1), 2.0)}
    fake = {**real, "target": TARGETS + 0.25, "logit": np.full((32, 4, 4, 1), -1.0)}
    softplus = lambda x: np.log1p(np.exp(x))  # noqa: E731
    (discriminator,) = gan.losses("discriminator", real, fake).values()
    assert float(discriminator) == pytest.approx(softplus(-2) + softplus(-1), rel=1e-5)
    losses = {name: float(loss) for name, loss in gan.losses("generator", real, fake).items()}
    assert losses == pytest.approx({"generator_loss": softplus(1), "l1": 25.0}, rel=1e-5)
    optimizer = gan.generator_optimizer
    assert float(optimizer.learning_rate) == pytest.approx(2e-4) and optimizer.beta_1 == 0.5


def test_the_discriminator_judges_pairs(gan):
    """The same target beside another source gets other logits."""
    batch = {"source": SOURCES, "target": TARGETS}
    judged = gan.discriminate(batch, training=False)["logit"]
    other = gan.discriminate({**batch, "source": SOURCES[::-1]}, training=False)["logit"]
    assert judged.shape == (32, 4, 4, 1)
    assert np.abs(judged - other).max() > 1e-4


def test_a_pair_is_augmented_as_one():
    """Equal images of a pair are equal after it, and not what they were."""
    gan = kgan.Pix2Pix(3, generator_network=UNet(2, 1), discriminator_network=PatchGAN(2, 1))
    gan.compile(augment="diffaugment", run_eagerly=True)
    images = np.random.RandomState(0).uniform(-1, 1, (16, 8, 8, 3)).astype("float32")
    changed = gan.augmented_batch({"source": images, "target": images, "latent": None})
    np.testing.assert_array_equal(changed["source"], changed["target"])
    assert np.abs(changed["source"] - images).max(axis=(1, 2, 3)).min() > 0.1
    assert changed["latent"] is None


def test_a_penalty_moves_the_target_under_its_source(gan):
    """Its gradient is that of the mean of each pair's logits."""
    batch = {"source": tf.constant(SOURCES), "target": tf.constant(TARGETS)}
    examples = gan.penalized(batch, augment=False)
    np.testing.assert_array_equal(examples.images, TARGETS)
    logits = examples.logits(tf.constant(TARGETS))
    expected = gan.discriminate(batch, training=True, augment=False)["logit"]
    np.testing.assert_allclose(logits, expected, atol=1e-5)
    step = 1e-2 * np.random.RandomState(0).normal(size=TARGETS.shape).astype("float32")
    slope = (
        np.mean(
            examples.logits(tf.constant(TARGETS + step))
            - examples.logits(tf.constant(TARGETS - step)),
            (1, 2, 3),
        )
        / 2
    )
    with tf.GradientTape() as tape:
        images = tf.constant(TARGETS)
        tape.watch(images)
        total = tf.reduce_sum(tf.reduce_mean(examples.logits(images), (1, 2, 3)))
    gradient = np.asarray(tape.gradient(total, images))
    np.testing.assert_allclose(slope, (gradient * step).sum((1, 2, 3)), rtol=0.1, atol=1e-4)
    squares = float(np.mean((gradient**2).sum((1, 2, 3))))
    found = kgan.penalties.R1(2.0)(examples, examples)
    assert float(found) == pytest.approx(squares, rel=1e-4)


@pytest.mark.parametrize("size", [(8, 8), (5, 11), (4, 4)])
def test_any_size_from_the_networks_smallest_on(gan, size):
    images = np.zeros((3, *size, 2), "float32")
    assert gan.translate(images, batch_size=2).shape == (3, *size, 1)
    assert gan(images).shape == (3, *size, 1)


@pytest.mark.parametrize("how", ["translate", "call", "fit", "pairs"])
def test_images_smaller_than_the_networks_step_are_refused(gan, how):
    small = np.zeros((8, 8, 3, 2), "float32") - 0.5
    pair = (small, small[..., :1])
    calls = {
        "translate": lambda: gan.translate(small),
        "call": lambda: gan(small),
        "fit": lambda: gan.fit(pair, batch_size=4),
        "pairs": lambda: gan.fit(kgan.data.pairs(*pair, batch_size=4)),
    }
    with pytest.raises(UsageError, match="at least 4 pixels high and wide.*received 3x8"):
        calls[how]()


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (SOURCES, "x must be a tuple|must hold batches"),
        ((SOURCES, TARGETS[:9]), "targets must be 32 images; received 9"),
        ((SOURCES, SOURCES), "targets must have the shape .*channels=1"),
    ],
)
def test_what_is_no_pair_is_refused(gan, x, message):
    with pytest.raises(UsageError, match=message):
        gan.fit(x, batch_size=8)


def test_labels_are_no_targets(gan):
    labelled = kgan.data.load((SOURCES, np.arange(32)), batch_size=8, labels=True)
    with pytest.raises(UsageError, match="Use kgan.data.pairs"):
        gan.fit(labelled)


def test_a_seed_makes_the_latents():
    gan = make(latent_dim=3)
    first, second, other = (gan.translate(SOURCES, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - other).max() > 1e-5
    latents = kgan.latent.sample(32, 3, 1)
    np.testing.assert_allclose(gan({"source": SOURCES, "latent": latents}), first, atol=1e-6)


def test_it_is_saved_with_its_arguments(tmp_path):
    gan = make(latent_dim=3, content_terms=[kgan.terms.L1(7.0)], dtype="mixed_bfloat16")
    gan.compile("least_squares")
    gan.save(tmp_path / "gan.keras")
    twin = kgan.load_model(tmp_path / "gan.keras")
    assert twin.get_config() == gan.get_config() and twin.content_terms[0].weight == 7.0
    np.testing.assert_array_equal(twin.translate(SOURCES, 1), gan.translate(SOURCES, 1))
    assert twin.get_compile_config() == gan.get_compile_config()


class _Stop(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.training_seeds.step) == 3:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_a_stopped_run_ends_with_the_same_weights(tmp_path):
    data = kgan.data.pairs(SOURCES, TARGETS, batch_size=16, mirror=True, jitter=1)

    def run(folder, *callbacks):
        gan = make(latent_dim=2, dtype="mixed_float16")
        penalties = [kgan.penalties.R1(1.0, interval=2)]
        gan.compile(penalties=penalties, augment="diffaugment")
        checkpoint = Checkpoint(tmp_path / folder, every_seconds=0, resume=True)
        gan.fit(data, epochs=3, verbose=0, callbacks=[checkpoint, *callbacks])
        return [variable.numpy() for part in gan.state().values() for variable in part]

    whole = run("whole")
    with pytest.raises(KeyboardInterrupt):
        run("stopped", _Stop())
    for expected, found in zip(whole, run("stopped"), strict=True):
        np.testing.assert_array_equal(found, expected)


TWO_DEVICES = """
import json
import keras
import numpy as np
import tensorflow as tf

(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
import kgan

images = np.random.RandomState(0).uniform(-1, 1, (32, 8, 8, 3)).astype("float32")
data = kgan.data.pairs(images, images[..., :1], batch_size=16, mirror=True, jitter=1)
weights = []
for scope in (strategy, tf.distribute.get_strategy()):
    with scope.scope():
        gan = kgan.Pix2Pix(1, 3, generator_network=kgan.networks.UNet(4, 2),
                           discriminator_network=kgan.networks.PatchGAN(4, 1))
    sgd = keras.optimizers.SGD(0.01)
    gan.compile(generator_optimizer=sgd, discriminator_optimizer=sgd)
    before = gan.get_weights()
    gan.fit(data, epochs=2, verbose=0)
    weights.append(gan.get_weights())
gap = lambda xs, ys: max(float(np.abs(x - y).max()) for x, y in zip(xs, ys))
print(json.dumps({"apart": gap(*weights), "moved": gap(before[:-4], weights[0][:-4])}))
"""


@pytest.mark.slow
def test_two_devices_compute_what_one_does():
    """Instance normalization knows no batch, so that halves of one give its gradients."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    child = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES], env=environment, capture_output=True, text=True
    )
    assert child.returncode == 0, child.stderr[-3000:]
    found = json.loads(child.stdout.splitlines()[-1])
    assert found["apart"] < 1e-4 < 1e-3 < found["moved"]


@pytest.mark.slow
def test_onnx_runs_at_any_batch_height_and_width(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    gan = make(latent_dim=3, dtype="mixed_float16")
    export = kgan.export.to_onnx(gan, tmp_path / "gan.onnx")
    assert export.max_difference < 1e-5
    session = onnxruntime.InferenceSession(tmp_path / "gan.onnx")
    facts = session.get_modelmeta().custom_metadata_map
    assert facts["entry"] == "translate" and facts["source_smallest"] == "4"
    for shape in [(1, 8, 8, 2), (3, 6, 13, 2)]:
        images = np.random.RandomState(1).uniform(-1, 1, shape).astype("float32")
        inputs = {"source": images, "latent": kgan.latent.sample(len(images), 3, 7)}
        (made,) = session.run(["target"], inputs)
        twin = make(latent_dim=3)
        twin.averaged_generator.set_weights(gan.averaged_generator.get_weights())
        np.testing.assert_allclose(made, twin.translate(images, seed=7), atol=1e-5)


@pytest.mark.slow
def test_a_saved_model_runs_at_any_batch_height_and_width(tmp_path):
    gan = make()
    kgan.export.to_saved_model(gan, tmp_path / "gan")
    serve = tf.saved_model.load(tmp_path / "gan").signatures["serving_default"]
    for shape in [(1, 8, 8, 2), (3, 6, 13, 2)]:
        images = np.random.RandomState(1).uniform(-1, 1, shape).astype("float32")
        made = serve(source=tf.constant(images))["target"]
        np.testing.assert_allclose(made, gan.translate(images), atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"generator_network": "unett"}, "generator_network.*unet"),
        ({"discriminator_network": "patch"}, "discriminator_network.*patchgan"),
        ({"content_terms": ["l2"]}, "term.*l1"),
        ({"content_terms": "l1"}, "content_terms must be a list.*received 'l1'"),
        ({"latent_dim": -1}, "latent_dim must be an integer of at least 0"),
        ({"source_channels": 5}, "source_channels must be an integer, 1 to 4"),
        ({"ema_halflife_images": 0}, "ema_halflife_images must be a number"),
        ({"dtype": "float16"}, "dtype"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(UsageError, match=message):
        make(**arguments)


@pytest.mark.parametrize(
    "use",
    [
        lambda gan: kgan.metrics.Evaluator(None, ["ms_ssim"], samples=8)(gan),
        lambda gan: kgan.latent.directions(gan, 2),
        lambda gan: kgan.latent.invert(gan, TARGETS[:2]),
    ],
    ids=["evaluate", "directions", "invert"],
)
def test_what_needs_latents_says_so(gan, use):
    with pytest.raises(UsageError, match="gan must .* latents.*Pix2Pix.*other images") as error:
        use(gan)
    assert error.value.argument == "gan"
