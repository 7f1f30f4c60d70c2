"""SRGAN: two stages of one model, the paper's objective, images of any size made larger."""

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
from kgan.networks import SRVGG, RRDBNet, SRGANDiscriminator, SRResNet
from kgan.terms import L1, MSE

TARGETS = np.random.RandomState(0).uniform(-1, 1, (32, 12, 12, 3)).astype("float32")
SOURCES = TARGETS[:, ::2, ::2]


def make(**arguments):
    networks = {
        "generator_network": SRVGG(4, 1, scale=2),
        "discriminator_network": SRGANDiscriminator(2, 1, "instance"),
    }
    return kgan.SRGAN(**networks | arguments)


@pytest.fixture(scope="module")
def gan():
    """A compiled model that tests must not train."""
    gan = make(pixel_term=L1(1.0), content_terms=[MSE(2.0), L1(0.5), L1(0.25)])
    gan.compile(run_eagerly=True)
    return gan


def weights(gan):
    return {name: network.get_weights() for name, network in gan.networks_by_name.items()}


def moved(before, gan):
    after = weights(gan)
    return [
        name
        for name in before
        if any(not np.array_equal(*pair) for pair in zip(before[name], after[name], strict=True))
    ]


def test_the_first_stage_trains_the_generator_alone():
    gan = make()
    gan.compile(players=["generator"])
    before = weights(gan)
    history = gan.fit((SOURCES, TARGETS), batch_size=16, epochs=2, verbose=0).history
    assert set(history) == {"generator_loss", "mse"} and history["mse"][1] < history["mse"][0]
    assert moved(before, gan) == ["generator"]
    assert set(gan.evaluate((SOURCES, TARGETS), verbose=0)) == {"generator_loss", "mse"}
    # In the second it plays on, and the discriminator with it.
    gan.compile(run_eagerly=True)
    before = weights(gan)
    history = gan.fit(
        (SOURCES, TARGETS), batch_size=16, epochs=3, initial_epoch=2, verbose=0
    ).history
    assert {"mse", "adversarial", "discriminator_loss", "real_logits"} <= set(history)
    assert moved(before, gan) == ["generator", "discriminator"]
    assert int(gan.training_seeds.step) == 6


def test_the_first_stage_is_what_keras_computes():
    """A step down the gradient of the mean squared error."""
    gan = make(pixel_term=MSE(3.0))
    twin = keras.models.clone_model(gan.generator)
    twin.set_weights(gan.generator.get_weights())
    gan.compile(
        players=["generator"], generator_optimizer=keras.optimizers.SGD(0.1), run_eagerly=True
    )
    twin.compile(optimizer=keras.optimizers.SGD(0.3), loss="mse", run_eagerly=True)
    gan.train_on_batch(SOURCES, TARGETS)
    twin.train_on_batch(SOURCES, TARGETS)
    for ours, theirs in zip(gan.generator.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_the_papers_objective(gan):
    """l^SR = content loss + 10⁻³ · -log D(G(x)); the discriminator's is its cross-entropy."""
    real = {"source": SOURCES, "target": TARGETS, "logit": np.full((32, 1), 2.0)}
    fake = {**real, "target": TARGETS + 0.5, "logit": np.full((32, 1), -1.0)}
    softplus = lambda x: np.log1p(np.exp(x))  # noqa: E731
    (discriminator,) = gan.losses("discriminator", real, fake).values()
    assert float(discriminator) == pytest.approx(softplus(-2) + softplus(-1), rel=1e-5)
    losses = {name: float(loss) for name, loss in gan.losses("generator", real, fake).items()}
    expected = {"mse": 0.5, "l1": 0.25, "l1_2": 0.125, "adversarial": 1e-3 * softplus(1)}
    assert losses == pytest.approx(expected, rel=1e-5)
    optimizer = gan.generator_optimizer
    assert float(optimizer.learning_rate) == pytest.approx(1e-4) and optimizer.beta_1 == 0.9


def test_the_terms_of_each_stage():
    gan = make(pixel_term=L1(1.0))
    gan.compile(players=["generator"])
    assert [repr(term) for term in gan.terms] == ["L1(weight=1.0)"] and not gan.judges
    gan.compile()
    assert [repr(term) for term in gan.terms] == ["L1(weight=1.0)"] and gan.judges
    gan = make(content_terms=[L1(0.01)])
    assert [repr(term) for term in gan.terms] == ["L1(weight=0.01)"]
    gan.compile(players=["generator"])
    assert [repr(term) for term in gan.terms] == ["MSE(weight=1.0)"]


def test_esrgans_loss_asks_for_the_real_images():
    gan = make(adversarial_weight=5e-3)
    gan.compile("relativistic_average", run_eagerly=True)
    assert np.isfinite(list(gan.train_on_batch(SOURCES, TARGETS).values())).all()


def test_the_discriminator_judges_large_images_alone(gan):
    assert gan.discriminator.input_shape == (None, None, None, 3)
    judged = gan.discriminate({"source": SOURCES, "target": TARGETS}, training=False)["logit"]
    other = gan.discriminate({"source": -SOURCES, "target": TARGETS}, training=False)["logit"]
    np.testing.assert_array_equal(judged, other)


@pytest.mark.slow
@pytest.mark.parametrize("players", [None, ["generator"]])
def test_no_more_than_two_gradients_are_added_at_once(sums, players):
    """The order of three would be another in every run; see `kgan.ops.branches`."""
    terms = [L1(1.0), MSE(1.0), kgan.terms.Perceptual()]
    gan = make(pixel_term=terms[2], content_terms=terms, ema_halflife_images=None)
    gan.compile("relativistic_average", players=players)
    gan.make_train_function()
    specs = [tf.TensorSpec((2, size, size, 3)) for size in (16, 32)]
    assert max(sums(lambda *data: gan.train_step(data), *specs)) == 2


@pytest.mark.parametrize("size", [(1, 1), (5, 11)])
def test_any_size_is_upscaled(gan, size):
    images = np.random.RandomState(1).uniform(-1, 1, (3, *size, 3)).astype("float32")
    made = gan.upscale(images, batch_size=2)
    assert made.shape == (3, 2 * size[0], 2 * size[1], 3) and np.abs(made).max() <= 1
    np.testing.assert_allclose(made, gan(images), atol=1e-6)
    point = gan.entry_points()["upscale"]
    np.testing.assert_allclose(point({"source": images})["target"], made, atol=1e-6)
    assert list(gan.entry_points()) == ["upscale"] and point.outputs["target"].scale == 2


def test_targets_of_another_size_are_refused(gan):
    photos = np.random.RandomState(0).randint(0, 256, (4, 32, 32, 3)).astype("uint8")
    message = "targets must have 2 times the height and width.*received 12x12 for {}"
    for data, size in (
        ((TARGETS, TARGETS), "12x12"),
        (kgan.data.pairs(TARGETS, TARGETS, batch_size=8), "12x12"),
        (kgan.data.patches(photos, size=12, scale=4, batch_size=8), "3x3"),
        (tf.data.Dataset.from_tensors((TARGETS[:, ::3, ::3], TARGETS)), "4x4"),
        ((SOURCES[:, :, :5], TARGETS), "5x6"),
    ):
        with pytest.raises(UsageError, match=message.format(size)):
            gan.fit(data, verbose=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"players": "generator"}, "players must be a list of some of generator, discriminator"),
        ({"players": []}, "players must be a list of some of"),
        ({"players": ["critic"]}, "players='critic' is unknown; expected one of discriminator"),
    ],
)
def test_players_that_there_are_not(gan, arguments, message):
    with pytest.raises(UsageError, match=message):
        gan.compile(**arguments)
    assert gan.plays("discriminator") and gan.plays("generator")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"content_terms": "l1"}, "content_terms must be a list of short names"),
        ({"content_terms": ["l2"]}, "term='l2' is unknown"),
        ({"adversarial_weight": -1}, "adversarial_weight must be a number of at least 0"),
        ({"generator_network": "srvg"}, "generator_network='srvg' is unknown.*srvgg"),
        ({"channels": 5}, "channels must be an integer, 1 to 4"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(UsageError, match=message):
        make(**arguments)


def test_it_is_saved_with_its_stage_and_its_terms_by_reference(tmp_path):
    gan = make(content_terms=[kgan.terms.Perceptual(2.0), "l1"], dtype="mixed_bfloat16")
    gan.compile(players=["generator"])
    gan.fit((SOURCES, TARGETS), batch_size=16, verbose=0)
    gan.save(tmp_path / "gan.keras")
    twin = kgan.load_model(tmp_path / "gan.keras")
    assert twin.get_config() == gan.get_config() and twin.content_terms[0].weight == 2.0
    assert not twin.plays("discriminator")
    np.testing.assert_array_equal(twin.upscale(SOURCES), gan.upscale(SOURCES))


@pytest.mark.slow
def test_the_frozen_network_neither_trains_nor_is_saved(tmp_path):
    term = kgan.terms.Perceptual(layers=("stage1",))
    gan = make(content_terms=[term])
    sizes = []
    for _ in range(2):
        gan.save(tmp_path / "gan.keras")
        sizes.append((tmp_path / "gan.keras").stat().st_size)
        gan.compile()
        gan.fit((SOURCES, TARGETS), batch_size=16, verbose=0)
    assert sizes[1] < sizes[0] + 150_000  # the optimizers; the network has 0.1 MB and more
    held = {id(variable) for part in gan.state().values() for variable in part}
    assert not held & {id(variable) for variable in term._features.variables}
    assert not set(map(id, gan.variables)) & set(map(id, term._features.variables))
    fresh = kgan.terms.Perceptual(layers=("stage1",))
    fresh.prepare()
    pairs = zip(fresh._features.get_weights(), term._features.get_weights(), strict=True)
    assert all(np.array_equal(*pair) for pair in pairs)


class _Stop(keras.callbacks.Callback):
    """Ends the training after so many steps."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.training_seeds.step) == self.step:
            raise KeyboardInterrupt


@pytest.mark.slow
@pytest.mark.parametrize("step", [3, 7])
def test_a_run_that_was_stopped_in_either_stage_ends_with_the_same_weights(tmp_path, step):
    photos = np.random.RandomState(0).randint(0, 256, (4, 32, 32, 3)).astype("uint8")
    data = kgan.data.patches(photos, size=8, scale=2, batch_size=16)

    def run(folder, *callbacks):
        gan = make(content_terms=[MSE(0.5)], dtype="mixed_float16")
        for stage, players, epochs in (("pixels", ["generator"], 1), ("game", None, 2)):
            gan.compile(players=players)
            checkpoint = Checkpoint(tmp_path / folder / stage, every_seconds=0, resume=True)
            gan.fit(
                data,
                epochs=epochs,
                initial_epoch=epochs - 1,
                verbose=0,
                callbacks=[checkpoint, *callbacks],
            )
        return [variable.numpy() for part in gan.state().values() for variable in part]

    assert data.steps_per_epoch == 4
    whole = run("whole")
    with pytest.raises(KeyboardInterrupt):
        run("stopped", _Stop(step))
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

photos = np.random.RandomState(0).randint(0, 256, (4, 32, 32, 3)).astype("uint8")
data = kgan.data.patches(photos, size=16, scale=2, batch_size=8)
weights = []
for scope in (strategy, tf.distribute.get_strategy()):
    with scope.scope():
        gan = kgan.SRGAN(
            generator_network=kgan.networks.SRVGG(4, 1, scale=2),
            discriminator_network=kgan.networks.SRGANDiscriminator(2, 1, "instance"),
            content_terms=[kgan.terms.L1(1.0), kgan.terms.Perceptual(layers=("stage1",))])
    sgd = keras.optimizers.SGD(0.01)
    before = gan.get_weights()
    for epoch, players in enumerate((["generator"], None)):
        gan.compile(players=players, generator_optimizer=sgd, discriminator_optimizer=sgd)
        gan.fit(data, epochs=epoch + 1, initial_epoch=epoch, verbose=0)
    weights.append(gan.get_weights())
gap = lambda xs, ys: max(float(np.abs(x - y).max()) for x, y in zip(xs, ys))
print(json.dumps({"apart": gap(*weights), "moved": gap(before[:-4], weights[0][:-4])}))
"""


@pytest.mark.slow
def test_two_devices_compute_what_one_does():
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    child = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES], env=environment, capture_output=True, text=True
    )
    assert child.returncode == 0, child.stderr[-3000:]
    found = json.loads(child.stdout.splitlines()[-1])
    assert found["apart"] < 1e-4 < 1e-3 < found["moved"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "networks",
    [SRVGG(4, 1), SRVGG(4, 1, 3, False), SRResNet(4, 1), RRDBNet(4, 1, 2, scale=2)],
    ids=lambda networks: type(networks).__name__,
)
def test_exports_run_at_any_batch_height_and_width(networks, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    gan = make(generator_network=networks, dtype="mixed_float16")
    export = kgan.export.to_onnx(gan, tmp_path / "gan.onnx")
    assert export.max_difference < 1e-5
    kgan.export.to_saved_model(gan, tmp_path / "gan")
    serve = tf.saved_model.load(tmp_path / "gan").signatures["serving_default"]
    session = onnxruntime.InferenceSession(tmp_path / "gan.onnx")
    facts = session.get_modelmeta().custom_metadata_map
    assert facts["entry"] == "upscale" and facts["target_scale"] == str(networks.scale)
    field = kgan.networks.receptive_field(gan.generator)
    assert facts["receptive_field"] == field.to_json() and field.scale == networks.scale
    twin = make(generator_network=networks)
    twin.averaged_generator.set_weights(gan.averaged_generator.get_weights())
    for shape in [(1, 3, 3, 3), (3, 6, 13, 3)]:
        images = np.random.RandomState(1).uniform(-1, 1, shape).astype("float32")
        expected = twin.upscale(images)
        assert expected.shape[1:3] == (networks.scale * shape[1], networks.scale * shape[2])
        (made,) = session.run(["target"], {"source": images})
        np.testing.assert_allclose(made, expected, atol=1e-5)
        np.testing.assert_allclose(serve(source=tf.constant(images))["target"], expected, atol=1e-5)
