import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.metrics import fidelity
from kgan.metrics.fidelity import ssim
from kgan.metrics.ms_ssim import (
    WEIGHTS,
    fitting_scales,
    ms_ssim,
    ms_ssim_by_class,
    ms_ssim_diversity,
)


def make_pair(channels=3, shape=(176, 192), seed=0):
    """Photograph-like images and copies with little, more and much noise."""
    from scipy.ndimage import gaussian_filter

    random = np.random.default_rng(seed)
    first = gaussian_filter(random.normal(size=(3, *shape, channels)), (0, 2, 2, 0)) * 3
    second = first + random.normal(size=first.shape) * np.array([0.02, 0.2, 0.6]).reshape(
        3, 1, 1, 1
    )
    return [side.clip(-1, 1).astype(np.float32) for side in (first, second)]


def as_pixels(images):
    return (images.astype(np.float64) + 1) * 127.5


@pytest.mark.parametrize(
    ("shape", "channels"), [((176, 192), 3), ((192, 176), 1), ((161, 183), 3), ((175, 170), 2)]
)
def test_tensorflow_on_even_and_odd_sides(shape, channels):
    import tensorflow as tf

    first, second = make_pair(channels, shape)
    theirs = tf.image.ssim_multiscale(
        *(as_pixels(side).astype(np.float32) for side in (first, second)), 255.0
    )
    np.testing.assert_allclose(ms_ssim(first, second), theirs, rtol=5e-6)


def test_tensorflow_on_fewer_scales():
    import tensorflow as tf

    first, second = make_pair(1, (44, 61))
    weights = np.array(WEIGHTS[:3]) / sum(WEIGHTS[:3])
    theirs = tf.image.ssim_multiscale(
        *(as_pixels(side).astype(np.float32) for side in (first, second)), 255.0, weights
    )
    assert fitting_scales(44, 61) == 3
    np.testing.assert_allclose(ms_ssim(first, second), theirs, rtol=5e-6)


def test_torchmetrics_and_scikit_image(oracle):
    """Torchmetrics for four scales, whose windows lie within the image; for the coarsest, where its
    windows reach beyond the edge, scikit-image."""
    torch = oracle("torch")
    measure = oracle("torchmetrics.functional.image").multiscale_structural_similarity_index_measure
    similarity = oracle("skimage.metrics").structural_similarity
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    first, second = (as_pixels(side) for side in make_pair(1))
    fine = measure(
        *(torch.from_numpy(side.transpose(0, 3, 1, 2)) for side in (first, second)),
        data_range=255.0,
        betas=(*WEIGHTS[:4], 0.0),
        reduction="none",
    ).numpy()
    coarse = [
        similarity(*pair, data_range=255, **settings)
        for pair in zip(
            *(side.reshape(3, 11, 16, 12, 16).mean((2, 4)) for side in (first, second)), strict=True
        )
    ]
    expected = fine * np.array(coarse) ** WEIGHTS[4]
    # Torchmetrics rounds its weights to float32.
    np.testing.assert_allclose(ms_ssim(*make_pair(1)), expected, rtol=1e-7)


def test_one_scale_is_ssim():
    first, second = make_pair(3, (20, 15))
    plain = ssim(first, second, eight_bit=False)
    np.testing.assert_allclose(ms_ssim(first, second), plain, rtol=1e-14)
    np.testing.assert_allclose(ms_ssim(*make_pair(3), 1), ssim(*make_pair(3), eight_bit=False))


def test_flat_images_differ_by_their_luminance_alone():
    """To the power of the last weight: (2 m₁m₂ + C)/(m₁² + m₂² + C) of the grey levels 100, 50."""
    first, second = (np.full((1, 28, 28, 1), m / 127.5 - 1, np.float32) for m in (100, 50))
    constant = 2.55**2
    expected = (2 * 5000 + constant) / (12500 + constant)
    weight = 0.2856 / (0.0448 + 0.2856)
    assert ms_ssim(first, second) == pytest.approx(expected**weight, rel=1e-6)
    assert ms_ssim(first, second, 1) == pytest.approx(expected, rel=1e-6)


def test_identical_and_opposite_images():
    first, _ = make_pair(3, (64, 64))
    np.testing.assert_allclose(ms_ssim(first, first), 1, rtol=1e-14)
    assert ms_ssim(first, -first).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("sides", "scales"),
    [
        ((11, 500), 1),
        ((20, 20), 1),
        ((21, 28), 2),
        ((40, 64), 2),
        ((41, 41), 3),
        ((80, 80), 3),
        ((81, 128), 4),
        ((160, 200), 4),
        ((161, 161), 5),
        ((1024, 1024), 5),
    ],
)
def test_as_many_scales_as_fit(sides, scales):
    assert fitting_scales(*sides) == scales


def copies(levels=(-0.5, 0.0, 0.5)):
    """Flat images of [-1, 1] at these levels."""
    return np.float32(levels).reshape(-1, 1, 1, 1) * np.ones((1, 12, 12, 1), np.float32)


def test_one_image_again_and_again():
    assert ms_ssim_diversity(copies([-0.3] * 20), pairs=50) == pytest.approx(1, rel=1e-14)


def test_the_mean_over_every_pair(monkeypatch):
    """Of four images each of the six pairs comes as often; the mean tends to theirs."""
    random = np.random.default_rng(0)
    images = random.uniform(-1, 1, (4, 16, 16, 1)).astype(np.float32)
    images[1] = images[0]
    left, right = np.triu_indices(4, 1)
    every = ms_ssim(images[left], images[right])
    assert np.ptp(every) > 0.5
    found = ms_ssim_diversity(images, pairs=8000)
    # Five standard errors of a mean of 8,000.
    assert found == pytest.approx(every.mean(), abs=5 * every.std() / 8000**0.5)
    assert ms_ssim_diversity(images, pairs=300) == ms_ssim_diversity(images, pairs=300, seed=0)
    assert ms_ssim_diversity(images, pairs=300) != ms_ssim_diversity(images, pairs=300, seed=1)
    whole = ms_ssim_diversity(images, pairs=300)
    monkeypatch.setattr(fidelity, "_VALUES", 1)
    assert ms_ssim_diversity(images, pairs=300) == whole


def test_pairs_are_of_one_class_and_never_one_image():
    """Flat within the class: 1. Two images that are alike in another class never meet these."""
    images = copies([-0.9, -0.2, -0.9, -0.2, -0.2])
    assert ms_ssim_diversity(images, [3, 7, 3, 7, 7], pairs=200) == pytest.approx(1, rel=1e-14)
    expected = ms_ssim(images[:1], images[1:2])[0]
    assert expected < 0.5
    assert ms_ssim_diversity(images[:2], pairs=20) == pytest.approx(expected, rel=1e-14)
    found = ms_ssim_by_class(images[[0, 1, 2, 2]], [0, 0, 5, 5], pairs=10)
    assert found == {0: pytest.approx(expected, rel=1e-14), 5: pytest.approx(1, rel=1e-14)}


@pytest.mark.parametrize(
    ("shape", "scales", "message"),
    [
        ((1, 10, 28, 1), None, "images must have at least 11 pixels per side.*received 10x28"),
        ((1, 28, 28, 1), 3, "scales=3 must be at most 2 for images of 28x28.* hold a window of 11"),
        ((1, 28, 28, 1), 0, "scales must be an integer, 1 to 5; received 0"),
        ((1, 28, 28), None, r"first must have rank 4"),
    ],
)
def test_images_that_have_no_scales(shape, scales, message):
    images = np.zeros(shape, np.float32)
    with pytest.raises(UsageError, match=message):
        ms_ssim(images, images, scales)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"images": copies([0.0])}, "at least two images, to make a pair; received one"),
        ({"labels": [0, 0, 4]}, "at least two images of class 4"),
        ({"labels": [0, 0]}, r"labels must have the shape \(3,\)"),
        ({"pairs": 0}, "pairs must be an integer of at least 1"),
        ({"seed": -1}, "seed must be an integer, 0 to"),
        ({"images": copies([-0.5, np.nan])}, "images must be finite"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(UsageError, match=message):
        ms_ssim_diversity(**{"images": copies()} | arguments)
