"""CUT: one way, by contrasting patches of the same places; kept as all models are."""

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
from kgan.networks import PatchGAN, PatchProjection, ResNetTranslator, UNet

RANDOM = np.random.RandomState(0)
SOURCES = RANDOM.uniform(-1, 1, (24, 8, 8, 1)).astype("float32")
TARGETS = RANDOM.uniform(-1, 1, (32, 8, 8, 1)).astype("float32")


def make(**arguments):
    networks = {
        "generator_network": ResNetTranslator(2, 1),
        "discriminator_network": PatchGAN(2, 1),
        "head_network": PatchProjection(8),
    }
    return kgan.CUT(**{"channels": 1, "patches": 6} | networks | arguments)


@pytest.fixture(scope="module")
def gan():
    """A compiled model that tests must not train."""
    gan = make()
    gan.compile(run_eagerly=True)
    return gan


def batch():
    return {"source": tf.constant(SOURCES[:4]), "target": tf.constant(TARGETS[:4])}


def cross_entropy(keys, queries, temperature=0.07):
    """Equation 2, one patch after the other."""
    total = 0.0
    for image_keys, image_queries in zip(keys, queries, strict=True):
        for place, query in enumerate(image_queries):
            exponentials = np.exp(image_keys @ query / temperature)
            total -= np.log(exponentials[place] / exponentials.sum())
    return total / (len(keys) * len(keys[0]))


def test_the_papers_losses(gan):
    """The mean over the layers of the cross-entropies, half weighted as are the least squares."""
    layers = [
        tuple(RANDOM.normal(size=(2, 3, 4, 5)) / 4),
        tuple(RANDOM.normal(size=(2, 3, 2, 5)) / 4),
    ]
    fake = {"logit": np.full((3, 2, 2, 1), 0.75), "patches": layers, "same_patches": layers[:1]}
    found = {name: float(loss) for name, loss in gan.losses("generator", {}, fake).items()}
    entropies = [cross_entropy(*layer) for layer in layers]
    expected = {
        "generator_loss": 0.25**2 / 2,
        "nce": np.mean(entropies) / 2,
        "identity_nce": entropies[0] / 2,
    }
    assert found == pytest.approx(expected, rel=1e-5)
    real = {"logit": np.full((3, 2, 2, 1), 0.5)}
    (loss,) = gan.losses("discriminator", real, fake).values()
    assert float(loss) == pytest.approx((0.5**2 + 0.75**2) / 2)


def test_the_defaults_are_the_papers(gan):
    plain = kgan.CUT(1, generator_network=ResNetTranslator(2, 1))
    assert repr(plain.nce) == repr(plain.identity) == repr(kgan.terms.PatchNCE(0.5, 0.07))
    assert plain.patches == 256 and repr(plain.head_network) == repr(PatchProjection(256))
    assert kgan.CUT.__init__.__defaults__[4:6] == ("resnet", "patchgan")
    for optimizer in (gan.generator_optimizer, gan.discriminator_optimizer):
        assert float(optimizer.learning_rate) == pytest.approx(2e-4) and optimizer.beta_1 == 0.5


@pytest.mark.parametrize("training", [True, False])
def test_patches_of_the_same_places_are_contrasted(gan, training):
    """Of each layer the features of six places, or of all four, of both images, by the heads."""
    gan.training_seeds.begin_step()
    gan.evaluation_seeds.begin_step()
    found = gan.contrasted(batch()["source"], batch()["source"], training)
    assert [keys.shape for keys, _ in found] == [(4, 6, 8), (4, 6, 8), (4, 4, 8), (4, 4, 8)]
    for keys, queries in found:
        np.testing.assert_array_equal(keys, queries)
        assert np.linalg.norm(keys, axis=-1).max() <= 1
    generator = gan.generator if training else gan.averaged_generator
    encoder = keras.Model(generator.input, gan.generator_network.features(generator))
    everywhere = {
        name: tf.reshape(features, (4, -1, features.shape[-1]))
        for name, features in encoder(batch()["source"]).items()
    }
    for whole, (keys, _) in zip(gan.heads(everywhere).values(), found, strict=True):
        gaps = np.abs(np.asarray(whole)[:, :, None] - np.asarray(keys)[:, None]).max(-1)
        places = gaps[0].argmin(0)
        assert len(set(places)) == len(places)  # no place twice
        assert gaps[:, places, np.arange(len(places))].max() < 1e-5  # the same in each image


def test_other_steps_see_other_places(gan):
    def keys():
        gan.training_seeds.begin_step()
        return gan.contrasted(batch()["source"], batch()["source"], True)[0][0].numpy()

    first, again = keys(), keys()
    gan.training_seeds.advance()
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, keys())


def test_what_is_made_of_what(gan):
    made = gan.synthesize(batch(), True)
    np.testing.assert_allclose(made["target"], gan.generator(batch()["source"]), atol=1e-6)
    np.testing.assert_array_equal(made["source"], batch()["source"])
    assert len(made["patches"]) == len(made["same_patches"]) == 4
    without = make(identity=None).synthesize(batch(), True)
    assert "same_patches" not in without
    losses = make_compiled(identity=None).losses("generator", {}, {**without, "logit": 0.0})
    assert list(losses) == ["generator_loss", "nce"]


def make_compiled(**arguments):
    gan = make(**arguments)
    gan.compile(run_eagerly=True)
    return gan


def test_the_heads_learn_and_the_encoder_learns_through_them():
    """With a discriminator that does not count, too."""
    gan = make_compiled(identity=None)
    gan.losses = lambda player, real, fake: {
        f"{player}_loss": 0.0 * tf.reduce_sum(fake["logit"])
        + (gan.nce(*fake["patches"][-1]) if player == "generator" else 0.0)
    }
    before = {name: network.get_weights() for name, network in gan.networks_by_name.items()}
    gan.fit((SOURCES[:8], TARGETS[:8]), batch_size=8, verbose=0)
    moved = {
        name: [np.abs(a - b).max() for a, b in zip(old, now.get_weights(), strict=True)]
        for (name, old), now in zip(before.items(), gan.networks_by_name.values(), strict=True)
    }
    assert max(moved["discriminator"]) == 0
    assert moved["generator"][0] > 0 and moved["generator"][-2] > 0  # the first and the last kernel
    heads = [variable.shape for variable in gan.heads.variables]
    assert sum(gap > 0 for gap in moved["heads"]) == len(heads) // 4  # those of the last layer


@pytest.mark.slow
def test_translations_keep_the_places_of_what_they_show():
    """Red squares become blue ones, where they were."""
    random = np.random.RandomState(0)

    def squares(count, colour):
        images = np.full((count, 16, 16, 3), 0.8, "float32")
        for image, (row, column) in zip(images, random.randint(0, 11, (count, 2)), strict=True):
            image[row : row + 6, column : column + 6] = colour
        return images

    red, blue = squares(64, [0.8, -0.8, -0.8]), squares(96, [-0.8, -0.8, 0.8])
    gan = make(
        channels=3,
        generator_network=ResNetTranslator(4, 1),
        discriminator_network=PatchGAN(4, 2),
        head_network=PatchProjection(32),
        patches=64,
        identity=None,
        ema_halflife_images=64,
    )
    fast = keras.optimizers.Adam(3e-3, beta_1=0.5)
    gan.compile(generator_optimizer=fast, discriminator_optimizer=fast)
    history = gan.fit((red, blue), batch_size=16, epochs=30, verbose=0).history
    assert history["nce"][-1] < 0.7 * history["nce"][0]
    made = gan.translate(red)
    assert abs(made.mean() - blue.mean()) < 0.2
    # Untranslated squares have a correlation of 0.45 with the true translations; five seeds of the
    # model reached 0.86 to 0.95.
    assert np.corrcoef(made.ravel(), red[..., ::-1].ravel())[0, 1] > 0.7


@pytest.mark.parametrize("size", [(8, 8), (9, 13)])
def test_any_size(gan, size):
    images = RANDOM.uniform(-1, 1, (3, *size, 1)).astype("float32")
    made = gan.translate(images, batch_size=2)
    assert made.shape == (3, *size, 1) and made.dtype == np.float32
    np.testing.assert_allclose(gan(images), made, atol=1e-6)
    assert list(gan.entry_points()) == ["translate"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"generator_network": UNet(2, 1)}, r'must have features\(\).*UNet.*Use "resnet"'),
        ({"patches": 0}, "patches must be an integer of at least 1"),
        ({"nce": None}, "term must be a short name"),
        ({"channels": 5}, "channels must be an integer, 1 to 4"),
        ({"seed": -1}, "seed must be an integer"),
        ({"dtype": "float16"}, "dtype"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(UsageError, match=message):
        make(**arguments)


# -- kept ----------------------------------------------------------------------------------------


LOAD = """
import sys, numpy as np, kgan
gan = kgan.load_model(sys.argv[1])
np.savez(sys.argv[3], made=gan.translate(np.load(sys.argv[2])),
         heads=np.concatenate([weight.ravel() for weight in gan.heads.get_weights()]))
"""


@pytest.mark.slow
def test_it_is_loaded_in_a_fresh_process_with_its_arguments_and_its_heads(tmp_path):
    nce = kgan.terms.PatchNCE(1.0, temperature=0.1)
    gan = make(nce=nce, identity=None, dtype="mixed_bfloat16")
    gan.compile("non_saturating")
    gan.fit((SOURCES, TARGETS), batch_size=8, verbose=0)
    gan.save(tmp_path / "gan.keras")
    np.save(tmp_path / "images.npy", SOURCES)
    files = [str(tmp_path / name) for name in ("gan.keras", "images.npy", "made.npz")]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, "-c", LOAD, *files], env=environment, check=True)
    with np.load(files[2]) as made:
        np.testing.assert_array_equal(made["made"], gan.translate(SOURCES))
        heads = np.concatenate([weight.ravel() for weight in gan.heads.get_weights()])
        np.testing.assert_array_equal(made["heads"], heads)
    twin = kgan.load_model(files[0])
    assert twin.get_config() == gan.get_config()
    assert repr(twin.nce) == repr(nce) and twin.identity is None
    assert twin.get_compile_config() == gan.get_compile_config()


class _Stop(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.training_seeds.step) == 4:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_a_stopped_run_ends_with_the_same_weights(tmp_path):
    data = kgan.data.unpaired(SOURCES, TARGETS, batch_size=8, mirror=True, jitter=1)

    def run(folder, *callbacks):
        gan = make(dtype="mixed_float16")
        gan.compile(augment="diffaugment", penalties=[kgan.penalties.R1(1.0, interval=2)])
        checkpoint = Checkpoint(tmp_path / folder, every_seconds=0, resume=True)
        gan.fit(data, epochs=3, verbose=0, callbacks=[checkpoint, *callbacks])
        return {name: [part.numpy() for part in held] for name, held in gan.state().items()}

    whole = run("whole")
    with pytest.raises(KeyboardInterrupt):
        run("stopped", _Stop())
    resumed = run("stopped")
    for name, expected in whole.items():
        for one, other in zip(expected, resumed[name], strict=True):
            np.testing.assert_array_equal(one, other, err_msg=name)


TWO_DEVICES = """
import json
import keras
import numpy as np
import tensorflow as tf

(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
import kgan
from kgan.networks import PatchGAN, PatchProjection, ResNetTranslator

random = np.random.RandomState(0)
images = random.uniform(-1, 1, (2, 32, 16, 16, 3)).astype("float32")
data = kgan.data.unpaired(*images, batch_size=8)
weights = []
for scope in (strategy, tf.distribute.get_strategy()):
    with scope.scope():
        gan = kgan.CUT(3, generator_network=ResNetTranslator(2, 1), patches=256,
                       discriminator_network=PatchGAN(2, 1), head_network=PatchProjection(32))
    sgd = keras.optimizers.SGD(0.001)
    gan.compile(generator_optimizer=sgd, discriminator_optimizer=sgd)
    before = {name: net.get_weights() for name, net in gan.networks_by_name.items()}
    gan.fit(data, epochs=2, verbose=0)
    weights.append({name: net.get_weights() for name, net in gan.networks_by_name.items()})
gap = lambda xs, ys: max(float(np.abs(x - y).max()) for x, y in zip(xs, ys))
print(json.dumps({"apart": {name: gap(weights[0][name], weights[1][name]) for name in before},
                  "moved": {name: gap(before[name], weights[1][name]) for name in before}}))
"""


@pytest.mark.slow
def test_two_devices_compute_what_one_does():
    """The negatives are within the image; at all places it does not matter which are drawn."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    child = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES], env=environment, capture_output=True, text=True
    )
    assert child.returncode == 0, child.stderr[-3000:]
    found = json.loads(child.stdout.splitlines()[-1])
    assert max(found["apart"].values()) < 1e-5 < 1e-3 < min(found["moved"].values())


@pytest.mark.slow
def test_onnx_runs_at_any_batch_height_and_width(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    gan = make(dtype="mixed_float16")
    export = kgan.export.to_onnx(gan, tmp_path / "gan.onnx")
    assert export.max_difference < 1e-5
    session = onnxruntime.InferenceSession(tmp_path / "gan.onnx")
    assert session.get_modelmeta().custom_metadata_map["source_smallest"] == "8"
    twin = make()
    twin.averaged_generator.set_weights(gan.averaged_generator.get_weights())
    for shape in [(1, 8, 8, 1), (3, 9, 13, 1)]:
        images = np.random.RandomState(1).uniform(-1, 1, shape).astype("float32")
        (made,) = session.run(["target"], {"source": images})
        np.testing.assert_allclose(made, twin.translate(images), atol=1e-5)


@pytest.mark.slow
def test_a_saved_model_runs_at_any_batch_height_and_width(tmp_path):
    gan = make()
    kgan.export.to_saved_model(gan, tmp_path / "gan")
    serve = tf.saved_model.load(tmp_path / "gan").signatures["serving_default"]
    for shape in [(1, 8, 8, 1), (3, 9, 13, 1)]:
        images = np.random.RandomState(1).uniform(-1, 1, shape).astype("float32")
        made = serve(source=tf.constant(images))["target"]
        np.testing.assert_allclose(made, gan.translate(images), atol=1e-5)
