"""Colourisation: colour images in, grey images asked for, the luminance kept."""

import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.errors import UsageError
from kgan.luminance import luminance
from kgan.networks import PatchGAN, UNet
from kgan.runs.watchers import watchers

RANDOM = np.random.RandomState(0)
COLORS = RANDOM.uniform(-1, 1, (32, 8, 8, 3)).astype("float32")


def make(**arguments):
    networks = {"generator_network": UNet(4, 2), "discriminator_network": PatchGAN(4, 1)}
    return kgan.Colorization(**networks | arguments)


def vivid(gan):
    """A model whose colours leave the range of RGB, as those that it starts from do not."""
    for weight in gan.averaged_generator.weights:
        weight.assign(30 * weight)
    return gan


@pytest.fixture(scope="module")
def gan():
    """A compiled model that tests must not train."""
    gan = vivid(make(latent_dim=2))
    gan.compile(augment="diffaugment", run_eagerly=True)
    return gan


def test_the_signatures(gan):
    assert list(gan.batch_signature) == ["target"]
    assert list(gan.input_signature) == ["source", "latent"]
    assert gan.input_signature["source"].shape == (None, None, 1)
    point = gan.entry_points()["colorize"]
    assert list(point.inputs) == ["source", "latent"] and list(point.outputs) == ["target"]


def test_the_source_is_the_luminance_of_the_batch(gan):
    (batch,) = gan.split(tf.constant(COLORS), 1)
    real, fake = gan.examples(batch)
    for side in (real, fake):
        np.testing.assert_allclose(side["source"], luminance(COLORS), atol=1e-6)
    assert fake["latent"].shape == (32, 2) and fake["target"].shape == COLORS.shape
    np.testing.assert_array_equal(real["target"], COLORS)


def test_results_are_as_bright_as_their_sources(gan):
    made = gan.colorize(COLORS, seed=1)
    assert made.dtype == "float32" and np.abs(made).max() <= 1
    np.testing.assert_allclose(luminance(made), luminance(COLORS), atol=3e-7)
    assert np.abs(made - luminance(COLORS)).mean() > 0.1
    grey = np.clip(luminance(COLORS), -1, 1)
    np.testing.assert_array_equal(gan.colorize(grey, seed=1), made)
    assert np.abs(gan.colorize(grey, seed=2) - made).max() > 1e-3
    pixels = np.rint((grey + 1) * 127.5)
    rounded = np.rint((gan.colorize((pixels / 127.5 - 1).astype("float32")) + 1) * 127.5)
    assert np.abs(luminance(rounded) - pixels).max() <= 0.51


@pytest.mark.parametrize("size", [(5, 11), (4, 4)])
def test_any_size(gan, size):
    assert gan.colorize(np.zeros((2, *size, 1), "float32") - 0.5).shape == (2, *size, 3)


def test_what_has_no_luminance_is_refused(gan):
    with pytest.raises(UsageError, match=r"images must have the shape \(batch, height, width, 1\)"):
        gan.colorize(COLORS[..., :2])
    with pytest.raises(UsageError, match="at least 4 pixels"):
        gan.colorize(COLORS[:, :3])
    with pytest.raises(UsageError, match="must have the shape .*3"):
        gan.fit(COLORS[..., :1], batch_size=8)
    with pytest.raises(UsageError, match="x must hold targets alone for Colorization"):
        gan.fit((luminance(COLORS), COLORS), batch_size=8)


def test_samples_show_the_sources_and_the_true_colours(gan, tmp_path):
    data = kgan.data.load(COLORS, batch_size=8)
    (grids,) = watchers(data, gan, tmp_path, None)
    first = next(iter(data))
    np.testing.assert_array_equal(grids.inputs["targets"], first)
    np.testing.assert_allclose(grids.inputs["sources"], luminance(first), atol=1e-6)


@pytest.mark.slow
def test_it_learns_that_dark_is_blue_and_bright_is_red():
    """Then the colour of a grey pixel follows from it, and the mean colour is far."""
    import keras

    grey = RANDOM.uniform(-0.3, 0.3, (64, 8, 8, 1)).astype("float32")
    grey = 0.1 * grey + np.sign(RANDOM.normal(size=(64, 1, 1, 1))).astype("float32") * 0.2
    chroma = np.concatenate([-grey, grey], -1)
    colors = np.asarray(kgan.layers.ChromaToRGB()([grey, chroma]))
    gan = make(ema_halflife_images=32)
    fast = keras.optimizers.Adam(5e-3, beta_1=0.5)
    gan.compile(generator_optimizer=fast, discriminator_optimizer=fast)
    error = kgan.metrics.color.ab_error
    before = error(colors, gan.colorize(grey)).mean()
    gan.fit(colors, batch_size=16, epochs=30, verbose=0)
    mean = np.broadcast_to(colors.mean((0, 1, 2)), colors.shape).astype("float32")
    after = error(colors, gan.colorize(grey)).mean()
    assert after < 0.5 * before and after < 0.5 * error(colors, mean).mean()


def test_it_is_saved_with_its_arguments(gan, tmp_path):
    whole = make(latent_dim=3, content_terms=[kgan.terms.L1(7.0)], dtype="mixed_bfloat16")
    whole.compile("least_squares")
    whole.save(tmp_path / "gan.keras")
    twin = kgan.load_model(tmp_path / "gan.keras")
    assert twin.get_config() == whole.get_config() and twin.content_terms[0].weight == 7.0
    assert isinstance(twin.generator_network, UNet)
    np.testing.assert_array_equal(twin.colorize(COLORS, 1), whole.colorize(COLORS, 1))


@pytest.mark.slow
def test_onnx_runs_at_any_batch_height_and_width(tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    gan = vivid(make(subsampling=2, dtype="mixed_float16"))
    export = kgan.export.to_onnx(gan, tmp_path / "gan.onnx")
    assert export.max_difference < 1e-4
    session = onnxruntime.InferenceSession(tmp_path / "gan.onnx")
    assert session.get_modelmeta().custom_metadata_map["entry"] == "colorize"
    for shape in [(1, 8, 8, 1), (3, 6, 13, 1)]:
        images = RANDOM.uniform(-1, 1, shape).astype("float32")
        (made,) = session.run(["target"], {"source": images})
        np.testing.assert_allclose(luminance(made), images, atol=3e-7)
        assert made.shape == (*shape[:3], 3) and np.abs(made - images).max() > 0.1


@pytest.mark.slow
def test_a_saved_model_runs_at_any_batch_height_and_width(tmp_path):
    gan = vivid(make())
    kgan.export.to_saved_model(gan, tmp_path / "gan")
    serve = tf.saved_model.load(tmp_path / "gan").signatures["serving_default"]
    for shape in [(1, 8, 8, 1), (3, 6, 13, 1)]:
        images = RANDOM.uniform(-1, 1, shape).astype("float32")
        made = serve(source=tf.constant(images))["target"]
        np.testing.assert_allclose(made, gan.colorize(images), atol=1e-4)


def chroma_of(images):
    """Blue and red minus the luminance, as fractions of their ranges."""
    differences = images[..., [2, 0]] - luminance(images)
    return differences / (2 * (1 - np.array([0.114, 0.299])))


def test_subsampled_chroma_is_that_of_the_smaller_image_interpolated():
    whole, half = make(subsampling=2), make()
    assert whole.get_config()["subsampling"] == 2
    weights = [2 * weight for weight in half.averaged_generator.get_weights()]
    for gan in (whole, half):
        gan.averaged_generator.set_weights(weights)
    grey = RANDOM.uniform(-0.2, 0.2, (2, 16, 24, 1)).astype("float32")
    small = chroma_of(half.colorize(grey.reshape(2, 8, 2, 12, 2, 1).mean((2, 4))))
    assert 0.01 < np.abs(small).max() < 0.2  # RGB has these colours
    for axis in (1, 2):
        size = small.shape[axis]
        places = (np.arange(2 * size) + 0.5) / 2 - 0.5
        small = np.apply_along_axis(
            lambda line, places=places, size=size: np.interp(places, np.arange(size), line),
            axis,
            small,
        )
    np.testing.assert_allclose(chroma_of(whole.colorize(grey)), small, atol=1e-5)


def test_subsampling_takes_odd_sizes_and_refuses_small_images():
    gan = make(subsampling=3)
    grey = RANDOM.uniform(-1, 1, (1, 14, 17, 1)).astype("float32")
    made = gan.colorize(grey)
    assert made.shape == (1, 14, 17, 3)
    np.testing.assert_allclose(luminance(made), grey, atol=3e-7)
    with pytest.raises(UsageError, match="must be at least 12"):
        gan.colorize(grey[:, :11])
    with pytest.raises(UsageError, match="subsampling"):
        make(subsampling=0)
