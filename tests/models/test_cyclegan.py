"""CycleGAN: both ways at once, without pairs; its pools are kept, and everything else is, too."""

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
from kgan.networks import PatchGAN, ResNetTranslator

SHAPE = (8, 8, 1)
RANDOM = np.random.RandomState(0)
SOURCES = RANDOM.uniform(-1, 1, (24, *SHAPE)).astype("float32")
TARGETS = RANDOM.uniform(-1, 1, (32, *SHAPE)).astype("float32")
LABELLED = kgan.data.load((SOURCES, np.arange(24)), batch_size=4, labels=True)


def make(**arguments):
    networks = {
        "generator_network": ResNetTranslator(2, 1),
        "discriminator_network": PatchGAN(2, 1),
    }
    return kgan.CycleGAN(**{"image_shape": SHAPE, "pool_size": 5} | networks | arguments)


@pytest.fixture(scope="module")
def gan():
    """A compiled model that tests must not train."""
    gan = make()
    gan.compile(run_eagerly=True)
    return gan


def batch():
    return {"source": tf.constant(SOURCES[:4]), "target": tf.constant(TARGETS[:4])}


def shades(count, low, high, seed):
    """Smooth images whose mean lies within a range: dark sources, bright targets."""
    random = np.random.RandomState(seed)
    tilt = np.linspace(-0.2, 0.2, 8)[:, None, None]
    images = (
        random.uniform(low, high, (count, 1, 1, 1))
        + random.choice([-1, 1], (count, 1, 1, 1)) * tilt
    )
    return np.broadcast_to(images, (count, *SHAPE)).astype("float32")


@pytest.mark.slow
def test_it_learns_both_ways_without_pairs():
    """Dark images become bright ones, and bright ones dark."""
    dark, bright = shades(48, -0.7, -0.3, 0), shades(64, 0.1, 0.5, 1)
    gan = make(
        generator_network=ResNetTranslator(4, 1, normalization="none"),
        discriminator_network=PatchGAN(4, 1, normalization="none"),
        identity=None,
        ema_halflife_images=64,
    )
    fast = keras.optimizers.Adam(4e-3, beta_1=0.5)
    gan.compile(generator_optimizer=fast, discriminator_optimizer=fast)
    first = gan.evaluate((dark, bright), verbose=0)["cycle"]
    history = gan.fit((dark, bright), batch_size=16, epochs=60, verbose=0).history
    assert history["cycle"][-1] < first / 2
    assert gan.translate(dark).mean() > 0.1 and gan.translate_back(bright).mean() < -0.3


def test_the_papers_losses(gan):
    """Least squares of both ways, half of the paper's, as are the weights: λ = 10, and 5."""
    real = {"source": SOURCES, "target": TARGETS[:24]}
    real |= {"logit": np.full((24, 4, 4, 1), 0.5), "back_logit": np.full((24, 4, 4, 1), 0.25)}
    fake = {**real, "logit": np.full((24, 4, 4, 1), 0.75), "back_logit": np.full((24, 4, 4, 1), -1)}
    fake |= {"cycled_source": SOURCES + 0.5, "cycled_target": TARGETS[:24] - 0.25}
    fake |= {"same_source": SOURCES + 0.1, "same_target": TARGETS[:24] + 0.3}
    found = {name: float(loss) for name, loss in gan.losses("discriminator", real, fake).items()}
    expected = {
        "discriminator_loss": (0.5**2 + 0.75**2) / 2,
        "back_discriminator_loss": (0.75**2 + 1) / 2,
    }
    assert found == pytest.approx(expected, rel=1e-5)
    found = {name: float(loss) for name, loss in gan.losses("generator", {**real}, fake).items()}
    expected = {
        "generator_loss": 0.25**2 / 2,
        "back_generator_loss": 2**2 / 2,
        "cycle": 5 * 0.75,
        "identity": 2.5 * 0.4,
    }
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.slow
def test_the_defaults_are_the_papers(gan):
    plain = kgan.CycleGAN((16, 16, 3), pool_size=1)
    assert repr(plain.generator_network) == repr(ResNetTranslator(64, 9))
    assert repr(plain.discriminator_network) == repr(PatchGAN(64, 3))
    assert kgan.CycleGAN.__init__.__defaults__[:4] == ((256, 256, 3), "cycle", "identity", 50)
    for optimizer in (gan.generator_optimizer, gan.discriminator_optimizer):
        assert float(optimizer.learning_rate) == pytest.approx(2e-4) and optimizer.beta_1 == 0.5


def test_what_is_made_of_what(gan):
    """G(x) and F(y), F(G(x)) and G(F(y)), F(x) and G(y), by the averages in an evaluation."""
    x, y = batch().values()
    for training, prefix in ((True, ""), (False, "averaged_")):
        forth, back = (getattr(gan, f"{prefix}{name}") for name in ("generator", "back_generator"))
        made = gan.synthesize(batch(), training)
        expected = {
            "target": forth(x),
            "source": back(y),
            "cycled_source": back(forth(x)),
            "cycled_target": forth(back(y)),
            "same_source": back(x),
            "same_target": forth(y),
        }
        assert made.keys() == expected.keys()
        for name, images in expected.items():
            np.testing.assert_allclose(made[name], images, atol=1e-6, err_msg=name)
    assert "same_source" not in make(identity=None).synthesize(batch(), True)


def test_both_ways_start_from_other_weights(gan):
    assert np.abs(gan.generator.get_weights()[0] - gan.back_generator.get_weights()[0]).max() > 1e-2
    with_seed = [make(seed=seed).back_generator.get_weights()[0] for seed in (0, 0, 1)]
    np.testing.assert_array_equal(*with_seed[:2])
    assert not np.array_equal(*with_seed[1:])


def test_each_discriminator_judges_its_side(gan):
    judged = gan.discriminate(batch(), training=False)
    for side, name, logit in (
        ("target", "discriminator", "logit"),
        ("source", "back_discriminator", "back_logit"),
    ):
        assert judged[logit].shape == (4, 4, 4, 1)
        np.testing.assert_allclose(judged[logit], getattr(gan, name)(batch()[side]), atol=1e-6)


def test_both_sides_are_augmented_in_training_alone():
    class Invert(kgan.augment.Augment):
        def __call__(self, images):
            return -images

    gan = make()
    gan.compile(augment=Invert(), run_eagerly=True)
    mirrored = {side: -images for side, images in batch().items()}
    for training, expected in ((True, mirrored), (False, batch())):
        judged = gan.discriminate(batch(), training)
        np.testing.assert_allclose(
            judged["logit"], gan.discriminator(expected["target"]), atol=1e-6
        )
        np.testing.assert_allclose(
            judged["back_logit"], gan.back_discriminator(expected["source"]), atol=1e-6
        )


@pytest.mark.slow
def test_the_discriminators_learn_from_the_pools_and_the_generators_from_new_fakes():
    gan = make(pool_size=4, identity=None)
    gan.compile(run_eagerly=True)
    seen = {"discriminator": [], "generator": []}
    plain = gan.losses

    def losses(player, real, fake):
        seen[player].append({side: fake[side].numpy() for side in ("source", "target")})
        return plain(player, real, fake)

    gan.losses = losses
    gan.fit((SOURCES[:4], TARGETS[:20]), batch_size=4, verbose=0)
    for side in ("source", "target"):
        learned, made = (np.stack([one[side] for one in seen[player]]) for player in seen)
        np.testing.assert_array_equal(learned[0], made[0])  # while the pool is filled
        earlier = [image.tobytes() for step in made for image in step]
        places = [earlier.index(image.tobytes()) // 4 for step in learned for image in step]
        steps = np.arange(5).repeat(4)
        assert (np.array(places) <= steps).all() and (np.array(places) < steps).sum() > 3


def test_without_a_pool_there_is_nothing_to_keep():
    gan = make(pool_size=0)
    gan.compile()
    assert not [name for name in gan.state() if "pool" in name]
    assert [name for name in make_compiled().state() if "pool" in name] == [
        "buffers/source_pool",
        "buffers/source_pool_count",
        "buffers/target_pool",
        "buffers/target_pool_count",
    ]


def make_compiled():
    gan = make()
    gan.compile()
    return gan


@pytest.mark.parametrize("size", [(8, 8), (9, 13)])
def test_any_size_there_and_back(gan, size):
    images = RANDOM.uniform(-1, 1, (3, *size, 1)).astype("float32")
    made = gan.translate(images, batch_size=2)
    assert made.shape == (3, *size, 1) and made.dtype == np.float32
    np.testing.assert_allclose(gan(images), made, atol=1e-6)
    back = gan.translate_back(made, batch_size=2)
    assert back.shape == (3, *size, 1)
    points = gan.entry_points()
    assert list(points) == ["translate", "translate_back"]
    found = points["translate_back"]({"target": tf.constant(made)})["source"]
    np.testing.assert_allclose(found, back, atol=1e-6)


@pytest.mark.slow
def test_keras_metrics_see_logits_since_no_target_is_true():
    gan = make()
    gan.compile(metrics=["accuracy"], run_eagerly=True)
    found = gan.evaluate((SOURCES, TARGETS), batch_size=8, verbose=0)
    assert 0 <= found["accuracy"] <= 1


def test_arrays_may_differ_in_number(gan):
    """An evaluation sees each image of the larger side once, those of the smaller in turn."""
    whole = gan.evaluate((SOURCES, TARGETS), batch_size=16, verbose=0)
    turned = np.concatenate([SOURCES, SOURCES[:8]])
    assert whole == pytest.approx(gan.evaluate((turned, TARGETS), batch_size=16, verbose=0))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda gan: gan.fit(SOURCES), "x must be a tuple|must hold batches"),
        (lambda gan: gan.fit((SOURCES, TARGETS[:, :7])), "targets must have the shape"),
        (lambda gan: gan.fit((SOURCES, TARGETS), batch_size=25), "24"),
        (lambda gan: gan.fit(LABELLED), "Use kgan.data.unpaired"),
        (lambda gan: gan.translate(SOURCES[:, :7]), "at least 8 pixels high and wide"),
        (lambda gan: gan.translate_back(SOURCES[:, :7]), "images must be at least 8 pixels high"),
        (lambda gan: gan.translate_back(SOURCES + 2), "images must lie in"),
        (lambda gan: make().compile(penalties=["r1"]), r"penalties must be \(\)"),
    ],
)
def test_what_is_refused(gan, call, message):
    with pytest.raises(UsageError, match=message):
        call(gan)


@pytest.mark.slow
def test_what_is_unpaired_is_nothing_for_pix2pix_and_pairs_are_welcome_here(gan):
    unpaired = kgan.data.unpaired(SOURCES, TARGETS, batch_size=4)
    paired = kgan.Pix2Pix(1, generator_network="resnet", discriminator_network=PatchGAN(2, 1))
    paired.compile()
    with pytest.raises(UsageError, match="images that do not. Use kgan.data.pairs"):
        paired.fit(unpaired)
    gan.evaluate(kgan.data.pairs(SOURCES, TARGETS[:24], batch_size=4), verbose=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"generator_network": "unett"}, "generator_network.*unet"),
        ({"image_shape": (8, 4, 1)}, r"image_shape must be .*at least 8"),
        ({"image_shape": (8, 8)}, r"image_shape must be \(height, width, channels\)"),
        ({"image_shape": (8, 8, 5)}, "1 to 4 channels"),
        ({"pool_size": -1}, "pool_size must be an integer of at least 0"),
        ({"cycle": None}, "term must be a short name"),
        ({"identity": "l2"}, "term.*l1"),
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
images = np.load(sys.argv[2])
np.savez(sys.argv[3], there=gan.translate(images), back=gan.translate_back(images),
         pool=gan.state()["buffers/target_pool"][0])
"""


@pytest.mark.slow
def test_it_is_loaded_in_a_fresh_process_with_its_arguments_and_its_pools(tmp_path):
    gan = make(cycle=kgan.terms.Cycle(7.0), identity=None, dtype="mixed_bfloat16")
    gan.compile("non_saturating")
    gan.fit((SOURCES, TARGETS), batch_size=8, verbose=0)
    gan.save(tmp_path / "gan.keras")
    np.save(tmp_path / "images.npy", SOURCES)
    files = [str(tmp_path / name) for name in ("gan.keras", "images.npy", "made.npz")]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, "-c", LOAD, *files], env=environment, check=True)
    with np.load(files[2]) as made:
        np.testing.assert_array_equal(made["there"], gan.translate(SOURCES))
        np.testing.assert_array_equal(made["back"], gan.translate_back(SOURCES))
        pool = gan.state()["buffers/target_pool"][0].numpy()
        np.testing.assert_array_equal(made["pool"], pool)
        assert np.abs(pool).max(axis=(1, 2, 3)).min() > 0
    twin = kgan.load_model(files[0])
    assert twin.get_config() == gan.get_config()
    assert twin.cycle.weight == 7.0 and twin.identity is None
    assert twin.get_compile_config() == gan.get_compile_config()


class _Stop(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.training_seeds.step) == 4:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_a_stopped_run_ends_with_the_same_weights_and_pools(tmp_path):
    data = kgan.data.unpaired(SOURCES, TARGETS, batch_size=8, mirror=True, jitter=1)

    def run(folder, *callbacks):
        gan = make(dtype="mixed_float16")
        gan.compile(augment="diffaugment")
        checkpoint = Checkpoint(tmp_path / folder, every_seconds=0, resume=True)
        gan.fit(data, epochs=3, verbose=0, callbacks=[checkpoint, *callbacks])
        return {name: [part.numpy() for part in held] for name, held in gan.state().items()}

    whole = run("whole")
    with pytest.raises(KeyboardInterrupt):
        run("stopped", _Stop())
    resumed = run("stopped")
    assert whole["buffers/target_pool_count"] == [5]
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
from kgan.networks import PatchGAN, ResNetTranslator

random = np.random.RandomState(0)
images = random.uniform(-1, 1, (2, 32, 16, 16, 1)).astype("float32")
data = kgan.data.unpaired(*images, batch_size=8)
gap = lambda xs, ys: max(float(np.abs(x - y).max()) for x, y in zip(xs, ys))

def trained(scope, pool_size):
    with scope.scope():
        networks = {"generator_network": ResNetTranslator(2, 1),
                    "discriminator_network": PatchGAN(2, 1)}
        gan = kgan.CycleGAN((16, 16, 1), pool_size=pool_size, **networks)
    sgd = keras.optimizers.SGD(0.001)
    gan.compile(generator_optimizer=sgd, discriminator_optimizer=sgd)
    before = gan.generator.get_weights()
    gan.fit(data, epochs=2, verbose=0)
    return gan, gap(before, gan.generator.get_weights())

(one, _), (two, moved) = (trained(each, 0) for each in (tf.distribute.get_strategy(), strategy))
found = {"apart": gap(one.get_weights(), two.get_weights()), "moved": moved}
gan, _ = trained(strategy, 12)
pools = [gan.state()[f"buffers/{side}_pool"][0].value.values for side in ("source", "target")]
found["copies apart"] = max(gap(*([np.asarray(v)] for v in copies)) for copies in pools)
found["empty places"] = int((np.abs(np.asarray(pools[1][0])).max((1, 2, 3)) == 0).sum())
found["count"] = int(gan.state()["buffers/source_pool_count"][0].numpy())
print(json.dumps(found))
"""


@pytest.mark.slow
def test_two_devices_compute_what_one_does_and_share_their_pools():
    """Instance normalization knows no batch, so that halves of one give its gradients."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    child = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES], env=environment, capture_output=True, text=True
    )
    assert child.returncode == 0, child.stderr[-3000:]
    found = json.loads(child.stdout.splitlines()[-1])
    assert found["apart"] < 1e-5 < 1e-3 < found["moved"]
    assert found["copies apart"] == 0 and found["empty places"] == 0 and found["count"] == 12


@pytest.mark.slow
@pytest.mark.parametrize("entry", ["translate", "translate_back"])
def test_onnx_runs_at_any_batch_height_and_width(tmp_path, entry):
    onnxruntime = pytest.importorskip("onnxruntime")
    gan = make(dtype="mixed_float16")
    export = kgan.export.to_onnx(gan, tmp_path / "gan.onnx", entry=entry)
    assert export.max_difference < 1e-5
    session = onnxruntime.InferenceSession(tmp_path / "gan.onnx")
    given, made = ("source", "target") if entry == "translate" else ("target", "source")
    facts = session.get_modelmeta().custom_metadata_map
    assert facts["entry"] == entry and facts[f"{given}_smallest"] == "8"
    twin = make()
    for name in ("averaged_generator", "averaged_back_generator"):
        getattr(twin, name).set_weights(getattr(gan, name).get_weights())
    for shape in [(1, 8, 8, 1), (3, 9, 13, 1)]:
        images = np.random.RandomState(1).uniform(-1, 1, shape).astype("float32")
        (found,) = session.run([made], {given: images})
        np.testing.assert_allclose(found, getattr(twin, entry)(images), atol=1e-5)


@pytest.mark.slow
def test_a_saved_model_runs_at_any_batch_height_and_width(tmp_path):
    gan = make()
    kgan.export.to_saved_model(gan, tmp_path / "gan", entry="translate_back")
    serve = tf.saved_model.load(tmp_path / "gan").signatures["serving_default"]
    for shape in [(1, 8, 8, 1), (3, 9, 13, 1)]:
        images = np.random.RandomState(1).uniform(-1, 1, shape).astype("float32")
        made = serve(target=tf.constant(images))["source"]
        np.testing.assert_allclose(made, gan.translate_back(images), atol=1e-5)
