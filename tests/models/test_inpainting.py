"""Inpainting: images and masks in, known pixels back bit for bit, holes from their surroundings."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.callbacks import Checkpoint
from kgan.errors import UsageError
from kgan.networks import Gated, SNPatchGAN
from kgan.runs.watchers import watchers

RANDOM = np.random.RandomState(0)
IMAGES = RANDOM.uniform(-1, 1, (16, 8, 8, 3)).astype("float32")
MASKS = kgan.data.free_form_masks(16, (8, 8), seed=1)
KNOWN = np.repeat(MASKS > 0, 3, -1)


def make(**arguments):
    networks = {
        "generator_network": Gated(4, 1, (2,)),
        "discriminator_network": SNPatchGAN(4, 2),
    }
    return kgan.Inpainting(**networks | arguments)


@pytest.fixture(scope="module")
def gan():
    """A compiled model that tests must not train."""
    gan = make()
    gan.compile(run_eagerly=True)
    return gan


def batch(gan):
    (found,) = gan.split((tf.constant(IMAGES), tf.constant(MASKS)), 1)
    return found


def test_the_signatures(gan):
    assert list(gan.batch_signature) == ["target", "mask"]
    assert list(gan.input_signature) == ["source", "mask"]
    assert type(gan.input_signature["mask"]) is kgan.signature.Mask
    point = gan.entry_points()["inpaint"]
    assert list(point.inputs) == ["source", "mask"] and list(point.outputs) == ["target"]
    assert set(gan.discriminator.input) == {"target", "mask"}


@pytest.mark.parametrize("dtype", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_known_pixels_come_back_bit_for_bit(dtype):
    made = make(dtype=dtype).inpaint(IMAGES, MASKS)
    assert made.dtype == np.float32 and np.abs(made).max() <= 1
    np.testing.assert_array_equal(made[KNOWN], IMAGES[KNOWN])
    assert np.abs(made - IMAGES)[~KNOWN].min() > 1e-6


def test_under_a_global_policy_of_half_precision_too():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        gan = make()
    finally:
        keras.config.set_dtype_policy("float32")
    assert gan.precision == "mixed_float16"
    np.testing.assert_array_equal(gan.inpaint(IMAGES, MASKS)[KNOWN], IMAGES[KNOWN])


def test_what_lies_in_a_hole_does_not_matter(gan):
    other = np.where(KNOWN, IMAGES, RANDOM.uniform(-1, 1, IMAGES.shape)).astype("float32")
    np.testing.assert_array_equal(gan.inpaint(other, MASKS), gan.inpaint(IMAGES, MASKS))


def test_masks_may_be_given_in_many_ways(gan):
    expected = gan.inpaint(IMAGES, MASKS)
    for masks in (MASKS > 0, MASKS[..., 0], MASKS[..., 0].astype(int).tolist()):
        np.testing.assert_array_equal(gan.inpaint(IMAGES, masks), expected)
    # Some processors round batches of other sizes otherwise.
    np.testing.assert_allclose(gan.inpaint(IMAGES, MASKS, batch_size=5), expected, atol=1e-5)
    one = np.broadcast_to(MASKS[:1], MASKS.shape)
    for masks in (MASKS[0], MASKS[0, ..., 0]):
        np.testing.assert_array_equal(gan.inpaint(IMAGES, masks), gan.inpaint(IMAGES, one))
    np.testing.assert_array_equal(gan.inpaint(IMAGES, np.ones((8, 8))), IMAGES)
    assert np.isfinite(gan.inpaint(IMAGES, np.zeros((8, 8)))).all()


@pytest.mark.parametrize("size", [(5, 11), (2, 2)])
def test_any_size(gan, size):
    images = np.zeros((2, *size, 3), "float32") - 0.5
    assert gan.inpaint(images, np.ones(size)).shape == images.shape


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        (MASKS[:, :7], r"^masks must be 0 or 1, of the shape \(16, 8, 8, 1\); received the shape"),
        (np.ones((7, 8)), r"^masks must be .*received the shape \(16, 7, 8, 1\)"),
        (MASKS[:3], r"^masks must be .*received the shape \(3, 8, 8, 1\)"),
        (255 * MASKS, "^masks must be 0 or 1.*with other numbers"),
        (IMAGES, r"^masks must be 0 or 1.*received the shape \(16, 8, 8, 3\)"),
        ([[1, 0], [1]], "^masks must be 0 or 1"),
        ("mask.png", "^masks must be 0 or 1.*received no numbers"),
    ],
)
def test_masks_of_another_size_or_kind_are_refused(gan, masks, message):
    with pytest.raises(UsageError, match=message):
        gan.inpaint(IMAGES, masks)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (IMAGES, r"x must hold batches \(targets, masks\).*kgan.data.masked\(images\) draws masks"),
        (kgan.data.load(IMAGES, batch_size=8), r"kgan.data.masked\(images\) draws masks"),
        ((IMAGES, IMAGES), "masks must be 0 or 1"),
        ((IMAGES, MASKS[:5]), r"masks must be 0 or 1, of the shape \(16"),
        ((IMAGES[..., :1], MASKS), "must have the shape"),
    ],
)
def test_other_data_are_refused(gan, x, message):
    with pytest.raises(UsageError, match=message):
        gan.fit(x)


def test_the_losses_are_hinge_the_holes_and_a_term():
    gan = make(hole_weight=3.0, content_terms=[kgan.terms.L1(7.0)])
    gan.compile(run_eagerly=True)
    real, fake = gan.examples(batch(gan), training=False)
    np.testing.assert_array_equal(real["source"], IMAGES)
    np.testing.assert_array_equal(fake["mask"], MASKS)
    real, fake = (gan.discriminate(side, training=False) for side in (real, fake))
    found = gan.losses("generator", real, fake)
    difference = np.abs(IMAGES - fake["target"])
    assert float(found["hole_l1"]) == pytest.approx(3 * difference[~KNOWN].mean(), rel=1e-5)
    assert float(found["l1"]) == pytest.approx(7 * difference.mean(), rel=1e-5)
    assert float(found["generator_loss"]) == pytest.approx(-np.mean(fake["logit"]), rel=1e-4)
    assert list(gan.losses("discriminator", real, fake)) == ["discriminator_loss"]
    whole = {**real, "mask": np.ones_like(MASKS)}
    assert float(gan.losses("generator", whole, whole)["hole_l1"]) == 0


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_an_augmentation_moves_masks_and_leaves_their_values(channels):
    gan = make(channels=channels)
    gan.compile(augment="diffaugment", run_eagerly=True)
    changed = gan.augmented_batch({"target": IMAGES[..., :1].repeat(channels, -1), "mask": MASKS})
    masks = np.asarray(changed["mask"])
    assert set(np.unique(masks)) == {0, 1} and (masks != MASKS).any()
    assert changed["target"].shape == (16, 8, 8, channels)
    gan.compile(augment=kgan.augment.DiffAugment(("translation",)), run_eagerly=True)
    same = gan.augmented_batch({"target": MASKS.repeat(channels, -1), "mask": MASKS})
    np.testing.assert_array_equal(same["target"][..., :1], same["mask"])


def test_samples_show_holes_results_and_truth(gan, tmp_path):
    data = kgan.data.masked(kgan.data.load(IMAGES, batch_size=8))
    (grids,) = watchers(data, gan, tmp_path, None)
    images, masks = next(iter(data))
    np.testing.assert_array_equal(grids.inputs["sources"], images)
    np.testing.assert_array_equal(grids.inputs["masks"], masks)
    np.testing.assert_array_equal(grids.inputs["targets"], images)


@pytest.mark.slow
def test_it_learns_to_go_on_with_stripes():
    """What a hole hides follows from the rows beside it."""
    random = np.random.RandomState(1)
    rows = random.uniform(-0.8, 0.8, (64, 8, 1, 3)).astype("float32")
    images = np.broadcast_to(rows, (64, 8, 8, 3)).astype("float32")
    masks = np.ones((64, 8, 8, 1), "float32")
    masks[:, 2:6, 3:6] = 0
    gan = make(hole_weight=10.0, ema_halflife_images=64)
    fast = keras.optimizers.Adam(5e-3, beta_1=0.5)
    gan.compile(generator_optimizer=fast, discriminator_optimizer=keras.optimizers.Adam(1e-3))
    ratio = kgan.metrics.fidelity.hole_psnr
    before = ratio(images, gan.inpaint(images, masks), masks).mean()
    gan.fit((images, masks), batch_size=16, epochs=60, verbose=0)
    assert ratio(images, gan.inpaint(images, masks), masks).mean() > before + 6


def test_it_is_saved_with_its_arguments(tmp_path):
    gan = make(content_terms=["l1"], hole_weight=2.5, dtype="mixed_bfloat16")
    gan.compile("least_squares")
    gan.save(tmp_path / "gan.keras")
    twin = kgan.load_model(tmp_path / "gan.keras")
    assert twin.get_config() == gan.get_config()
    assert (twin.content_terms[0].weight, twin.hole_weight) == (100.0, 2.5)
    assert isinstance(twin.generator_network, Gated)
    np.testing.assert_array_equal(twin.inpaint(IMAGES, MASKS), gan.inpaint(IMAGES, MASKS))


class _Stop(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.training_seeds.step) == 3:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_a_stopped_run_ends_with_the_same_weights(tmp_path):
    """The masks of the steps behind are not drawn again, those ahead are the same."""
    data = kgan.data.masked(kgan.data.load(IMAGES, batch_size=8))

    def run(folder, *callbacks):
        gan = make(dtype="mixed_float16")
        gan.compile(augment="diffaugment")
        checkpoint = Checkpoint(tmp_path / folder, every_seconds=0, resume=True)
        gan.fit(data, epochs=3, verbose=0, callbacks=[checkpoint, *callbacks])
        return [variable.numpy() for part in gan.state().values() for variable in part]

    whole = run("whole")
    with pytest.raises(KeyboardInterrupt):
        run("stopped", _Stop())
    for expected, found in zip(whole, run("stopped"), strict=True):
        np.testing.assert_array_equal(found, expected)


def cases():
    for shape in [(1, 8, 8), (3, 6, 13)]:
        images = RANDOM.uniform(-1, 1, (*shape, 3)).astype("float32")
        yield images, kgan.data.free_form_masks(shape[0], shape[1:])


@pytest.mark.slow
def test_onnx_keeps_known_pixels_at_any_batch_height_and_width(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    gan = make(dtype="mixed_float16")
    assert kgan.export.to_onnx(gan, tmp_path / "gan.onnx").max_difference < 1e-5
    session = onnxruntime.InferenceSession(tmp_path / "gan.onnx")
    assert session.get_modelmeta().custom_metadata_map["entry"] == "inpaint"
    twin = make()
    twin.averaged_generator.set_weights(gan.averaged_generator.get_weights())
    for images, masks in cases():
        (made,) = session.run(["target"], {"source": images, "mask": masks})
        known = np.repeat(masks > 0, 3, -1)
        np.testing.assert_array_equal(made[known], images[known])
        np.testing.assert_allclose(made, twin.inpaint(images, masks), atol=1e-5)


@pytest.mark.slow
def test_a_saved_model_keeps_known_pixels_at_any_batch_height_and_width(tmp_path):
    gan = make()
    kgan.export.to_saved_model(gan, tmp_path / "gan")
    serve = tf.saved_model.load(tmp_path / "gan").signatures["serving_default"]
    for images, masks in cases():
        made = np.asarray(serve(source=tf.constant(images), mask=tf.constant(masks))["target"])
        known = np.repeat(masks > 0, 3, -1)
        np.testing.assert_array_equal(made[known], images[known])
        np.testing.assert_allclose(made, gan.inpaint(images, masks), atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"generator_network": "gate"}, "generator_network.*Did you mean 'gated'"),
        ({"channels": 5}, "channels must be an integer, 1 to 4"),
        ({"hole_weight": -1}, "hole_weight must be a number of at least 0"),
        ({"content_terms": ["l2"]}, "term.*l1"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(UsageError, match=message):
        make(**arguments)
