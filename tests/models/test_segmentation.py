"""Segmentation: images and label maps in, the class of each pixel out, an adversary between."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.callbacks import Checkpoint, SampleGrid
from kgan.errors import UsageError
from kgan.models.classes import scaled
from kgan.networks import PatchGAN, UNet
from kgan.runs.watchers import watchers

RANDOM = np.random.RandomState(0)
IMAGES = RANDOM.uniform(-1, 1, (16, 8, 8, 3)).astype("float32")
MAPS = (IMAGES[..., 0] > 0).astype("int32") + (IMAGES[..., 1] > 0.5)
NAMES = ["none", "one", "both"]


def make(**arguments):
    networks = {"generator_network": UNet(4, 2), "discriminator_network": PatchGAN(4, 1)}
    return kgan.Segmentation(**{"classes": 3} | networks | arguments)


@pytest.fixture(scope="module")
def gan():
    """A compiled model that tests must not train."""
    gan = make(class_names=NAMES)
    gan.compile(run_eagerly=True)
    return gan


def judged(gan, maps=MAPS):
    (batch,) = gan.split((tf.constant(IMAGES), tf.constant(maps)), 1)
    sides = gan.examples(batch, training=False)
    return [gan.discriminate(side, training=False) for side in sides]


def test_the_signatures(gan):
    assert list(gan.batch_signature) == ["source", "label_map"]
    assert list(gan.input_signature) == ["source"]
    assert gan.output_signature["target"] == kgan.signature.Probabilities(3, "target", tuple(NAMES))
    point = gan.entry_points()["segment"]
    assert list(point.inputs) == ["source"] and list(point.outputs) == ["target"]


def test_the_class_of_each_pixel(gan):
    classes = gan.segment(IMAGES, batch_size=5)
    assert classes.shape == (16, 8, 8) and classes.dtype == np.int32
    probabilities = gan.translate(IMAGES)
    np.testing.assert_array_equal(classes, probabilities.argmax(-1))
    np.testing.assert_allclose(probabilities.sum(-1), 1, atol=1e-5)
    assert gan.segment(IMAGES[:1, :5, :7]).shape == (1, 5, 7)


def test_the_losses_are_cross_entropy_and_the_weighted_adversary():
    gan = make(adversarial_weight=0.3)
    gan.compile(run_eagerly=True)
    real, fake = judged(gan)
    found = gan.losses("generator", real, fake)
    own = np.take_along_axis(gan.translate(IMAGES), MAPS[..., None], -1)
    assert float(found["cross_entropy"]) == pytest.approx(-np.log(own).mean(), rel=1e-5)
    adversarial = np.log1p(np.exp(-np.asarray(fake["logit"]))).mean()
    assert float(found["adversarial"]) == pytest.approx(0.3 * adversarial, rel=1e-5)
    assert set(found) == {"cross_entropy", "adversarial"}
    assert set(gan.losses("discriminator", real, fake)) == {"discriminator_loss"}
    right = (gan.segment(IMAGES) == MAPS).mean()
    assert float(gan.diagnostics(real, fake)["pixel_accuracy"]) == pytest.approx(right, abs=1e-6)


def test_without_the_adversary_the_cross_entropy_is_all():
    """The generator's steps are those of a game whose discriminator has other weights."""
    made = []
    for seed in (1, 2):
        gan = make(adversarial_weight=0)
        gan.discriminator.set_weights(make(seed=seed).discriminator.get_weights())
        gan.compile(run_eagerly=True)
        history = gan.fit((IMAGES, MAPS), batch_size=8, verbose=0).history
        assert history["generator_loss"] == history["cross_entropy"]
        assert "adversarial" not in history
        made.append(gan.segment(IMAGES))
        weights = gan.generator.get_weights()
        made.append(weights[0])
    np.testing.assert_array_equal(made[1], made[3])


def test_scaled_labels_are_the_papers():
    """τ = 0.9: the true class gets it, or its own probability; the rest is shared out."""
    made = np.float32([[0.2, 0.5, 0.3], [0.95, 0.04, 0.01], [0.2, 0.5, 0.3], [0.2, 0.5, 0.3]])
    one_hot = np.float32([[0, 1, 0], [1, 0, 0], [0, 0, 0], [0, 0, 1]])
    expected = [
        [0.2 * 0.1 / 0.5, 0.9, 0.3 * 0.1 / 0.5],
        [0.95, 0.04, 0.01],
        [0, 0, 0],
        [0.2 * 0.1 / 0.7, 0.5 * 0.1 / 0.7, 0.9],
    ]
    np.testing.assert_allclose(scaled(one_hot, made, 0.9), expected, rtol=1e-5)
    np.testing.assert_array_equal(scaled(one_hot, made, 1.0), one_hot)
    np.testing.assert_array_equal(scaled(one_hot, one_hot, 0.9), one_hot)


@pytest.mark.parametrize("tau", [0.9, 1.0])
def test_the_adversary_sees_images_and_scaled_labels(tau):
    gan = make(tau=tau)
    gan.compile(run_eagerly=True)
    real, fake = judged(gan)
    one_hot = np.eye(3, dtype="float32")[MAPS]
    np.testing.assert_array_equal(real["target"], scaled(one_hot, fake["target"], tau))
    np.testing.assert_allclose(np.sum(real["target"], -1), 1, atol=1e-5)
    other = gan.discriminate({**real, "source": tf.constant(IMAGES[::-1])}, training=False)
    assert np.abs(other["logit"] - real["logit"]).max() > 1e-4


def test_unknown_pixels_teach_nothing(gan):
    """They have no loss, and the adversary sees zeros on both sides."""
    maps = MAPS.copy()
    maps[:, :4] = -1
    real, fake = judged(gan, maps)
    for side in (real, fake):
        assert np.abs(side["target"][:, :4]).max() == 0 < np.abs(side["target"][:, 4:]).min()
    own = np.take_along_axis(gan.translate(IMAGES), MAPS[..., None], -1)[:, 4:]
    found = gan.losses("generator", real, fake)["cross_entropy"]
    assert float(found) == pytest.approx(-np.log(own).mean(), rel=1e-5)


def test_the_metrics_of_compile():
    gan = make()
    gan.compile(metrics=[kgan.metrics.streaming.MeanIoU(3), keras.metrics.OneHotMeanIoU(3)])
    gan.run_eagerly = True
    found = gan.evaluate((IMAGES, MAPS), batch_size=8, verbose=0)
    expected = kgan.metrics.segmentation.mean_iou(MAPS, gan.segment(IMAGES), 3)
    assert found["mean_iou"] == pytest.approx(expected, rel=1e-6)
    (name,) = (name for name in found if name.startswith("one_hot"))
    assert found[name] == pytest.approx(expected, rel=1e-5)


def test_an_augmentation_moves_label_maps_and_leaves_their_values():
    gan = make()
    gan.compile(augment="diffaugment", run_eagerly=True)
    one_hot = np.eye(3, dtype="float32")[MAPS]
    changed = gan.augmented_batch({"source": IMAGES, "target": one_hot})
    target = np.asarray(changed["target"])
    assert set(np.unique(target)) == {0, 1} and (target != one_hot).any()
    assert np.abs(changed["source"] - IMAGES).max() > 0.1


def test_classes_have_names(gan, tmp_path):
    assert gan.class_names == NAMES
    assert gan.entry_points()["segment"].outputs.metadata()["classes"] == "3"
    found = make()
    assert found.class_names is None
    data = kgan.data.composites([np.zeros((20, 20, 3), "uint8")], size=8, batch_size=4)
    two = make(classes=2)
    two.compile(run_eagerly=True)
    two.fit(data, verbose=0)
    assert two.class_names == ["background", "emoji"]
    assert two.output_signature["target"].names == ("background", "emoji")
    found.compile(run_eagerly=True)
    with pytest.raises(
        UsageError, match="x has 2 classes, but Segmentation was built with classes=3"
    ):
        found.fit(data)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (IMAGES, r"x must hold batches \(sources, label_maps\) for Segmentation; received images"),
        ((IMAGES, MAPS[..., None]), r"label_maps must have the shape.*Use label_maps\[\.\.\., 0\]"),
        ((IMAGES, MAPS + 1), "label_maps must be 0 to 2, -1 where.*from 1 to 3"),
        ((IMAGES, MAPS[:5]), r"label_maps must have the shape \(16"),
        (
            kgan.data.load((IMAGES, np.arange(16) % 3), batch_size=8, labels=True),
            r"x must hold batches \(sources, label_maps\).*received label_maps of the shape \(8,\)",
        ),
    ],
)
def test_other_data_are_refused(gan, x, message):
    with pytest.raises(UsageError, match=message):
        gan.fit(x)


def test_later_batches_are_checked_too(gan):
    maps = MAPS.copy()
    maps[12] = 7
    data = tf.data.Dataset.from_tensor_slices((IMAGES, maps.astype("uint8"))).batch(4)
    with pytest.raises(
        UsageError, match=r"label_maps must be -1 to 2 in every batch.* from . to 7"
    ):
        gan.evaluate(data, verbose=0)


def test_samples_show_images_classes_and_truth(gan, tmp_path):
    photo = [RANDOM.randint(0, 256, (40, 40, 3)).astype("uint8")]
    data = kgan.data.composites(photo, size=16, batch_size=4)
    two = make(classes=2)
    (grids,) = watchers(data, two, tmp_path, None)
    images, maps = next(iter(data))
    np.testing.assert_array_equal(grids.inputs["sources"], images)
    np.testing.assert_array_equal(grids.inputs["targets"].argmax(-1), maps)
    assert isinstance(grids, SampleGrid)
    grids.set_model(two)
    grids.set_params({"epochs": 1})
    grids.on_train_begin()
    np.testing.assert_array_equal(grids._after[0], kgan.signature.LabelMap(2).picture(maps.numpy()))
    assert grids._make().shape == (4, 16, 16, 3)


@pytest.mark.slow
def test_it_learns_which_pixels_are_bright():
    gan = make(classes=2, ema_halflife_images=64)
    maps = (IMAGES[..., 0] > 0).astype("int32")
    fast = keras.optimizers.Adam(5e-3, beta_1=0.5)
    gan.compile(generator_optimizer=fast)
    before = kgan.metrics.segmentation.mean_iou(maps, gan.segment(IMAGES), 2)
    gan.fit((IMAGES, maps), batch_size=8, epochs=60, verbose=0)
    after = kgan.metrics.segmentation.mean_iou(maps, gan.segment(IMAGES), 2)
    assert before < 0.6 and after > 0.85


def test_it_is_saved_with_its_arguments(tmp_path):
    gan = make(class_names=NAMES, tau=0.8, adversarial_weight=0.5, dtype="mixed_bfloat16")
    gan.compile("least_squares")
    gan.save(tmp_path / "gan.keras")
    twin = kgan.load_model(tmp_path / "gan.keras")
    assert twin.get_config() == gan.get_config() and twin.class_names == NAMES
    assert (twin.tau, twin.adversarial_weight) == (0.8, 0.5)
    np.testing.assert_array_equal(twin.translate(IMAGES), gan.translate(IMAGES))


class _Stop(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.training_seeds.step) == 3:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_a_stopped_run_ends_with_the_same_weights(tmp_path):
    photos = [RANDOM.randint(0, 256, (24, 16, 3)).astype("uint8") for _ in range(2)]
    data = kgan.data.composites(photos, size=8, batch_size=4, sides=(4, 8))

    def run(folder, *callbacks):
        gan = make(classes=2, dtype="mixed_float16")
        gan.compile(augment="diffaugment")
        checkpoint = Checkpoint(tmp_path / folder, every_seconds=0, resume=True)
        gan.fit(data, epochs=2, verbose=0, callbacks=[checkpoint, *callbacks])
        return [variable.numpy() for part in gan.state().values() for variable in part]

    whole = run("whole")
    with pytest.raises(KeyboardInterrupt):
        run("stopped", _Stop())
    for expected, found in zip(whole, run("stopped"), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.slow
def test_onnx_runs_at_any_batch_height_and_width(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    gan = make(class_names=NAMES, dtype="mixed_float16")
    assert kgan.export.to_onnx(gan, tmp_path / "gan.onnx").max_difference < 1e-5
    session = onnxruntime.InferenceSession(tmp_path / "gan.onnx")
    facts = session.get_modelmeta().custom_metadata_map
    assert facts["entry"] == "segment" and facts["classes"] == "3"
    assert facts["class_names"] == '["none", "one", "both"]'
    twin = make()
    twin.averaged_generator.set_weights(gan.averaged_generator.get_weights())
    for shape in [(1, 8, 8, 3), (3, 6, 13, 3)]:
        images = RANDOM.uniform(-1, 1, shape).astype("float32")
        (made,) = session.run(["target"], {"source": images})
        np.testing.assert_allclose(made, twin.translate(images), atol=1e-5)


@pytest.mark.slow
def test_a_saved_model_runs_at_any_batch_height_and_width(tmp_path):
    gan = make()
    kgan.export.to_saved_model(gan, tmp_path / "gan")
    serve = tf.saved_model.load(tmp_path / "gan").signatures["serving_default"]
    for shape in [(1, 8, 8, 3), (3, 6, 13, 3)]:
        images = RANDOM.uniform(-1, 1, shape).astype("float32")
        made = serve(source=tf.constant(images))["target"]
        np.testing.assert_allclose(made, gan.translate(images), atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"classes": 1}, "classes must be an integer of at least 2"),
        ({"tau": 1.2}, "tau must be a number, 0.5 to 1; received 1.2"),
        ({"tau": 0.2}, "tau must be a number, 0.5 to 1"),
        ({"adversarial_weight": -1}, "adversarial_weight must be a number of at least 0"),
        ({"class_names": ["a", "b"]}, "class_names must hold 3 names"),
        ({"generator_network": "unett"}, "generator_network.*unet"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(UsageError, match=message):
        make(**arguments)
