import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.metrics import sliced_wasserstein as module
from kgan.metrics.sliced_wasserstein import (
    PatchPyramid,
    cut,
    directions,
    enlarged,
    laplacian_pyramid,
    level_distances,
    normalised,
    pyramid_distances,
    sliced_wasserstein,
)


def make_images(n, shape=(32, 32), channels=3, blur=1.0, seed=0):
    from scipy.ndimage import gaussian_filter

    images = np.random.default_rng(seed).normal(size=(n, *shape, channels))
    return gaussian_filter(images, (0, blur, blur, 0)).clip(-1, 1).astype(np.float32)


def test_points_on_a_line():
    """Sorted, 0 goes to 1, 2 to 2 and 7 to 9: 3/3; the other way of a direction is the same."""
    first, second = [[7.0], [0.0], [2.0]], [[2.0], [9.0], [1.0]]
    assert sliced_wasserstein(first, second, projections=5) == pytest.approx(1, rel=1e-15)


def test_a_shift_on_a_line():
    points = np.random.default_rng(0).normal(size=(1000, 1))
    assert sliced_wasserstein(points, points + 2.5) == pytest.approx(2.5, rel=1e-12)
    assert sliced_wasserstein(points, points[::-1]) == 0


@pytest.mark.parametrize(("dimensions", "share"), [(2, 2 / np.pi), (3, 1 / 2), (5, 3 / 8)])
def test_a_shift_in_space(dimensions, share):
    """Along a direction at the angle a: |cos a| of the shift's length, whose mean is known."""
    points = np.random.default_rng(0).normal(size=(50, dimensions))
    shift = np.arange(dimensions)
    found = sliced_wasserstein(points, points + shift, projections=20_000)
    assert found == pytest.approx(share * np.linalg.norm(shift), rel=0.02)


def test_two_widths_of_a_normal_distribution():
    """N(0, 1) and N(0, 3²) in 8 dimensions: E|3z − z| = 2 √(2/π) along each direction."""
    points = np.random.default_rng(0).normal(size=(2, 20_000, 8)) * np.array([1, 3]).reshape(
        2, 1, 1
    )
    assert sliced_wasserstein(*points, 64) == pytest.approx(2 * np.sqrt(2 / np.pi), rel=0.02)


def test_scipy_along_each_direction(monkeypatch):
    from scipy.stats import wasserstein_distance

    random = np.random.default_rng(0)
    first, second = random.normal(size=(70, 6)), random.exponential(size=(70, 6))
    ways = directions(6, 40, seed=3)
    np.testing.assert_allclose(np.linalg.norm(ways, axis=0), 1, rtol=1e-14)
    expected = np.mean([wasserstein_distance(first @ way, second @ way) for way in ways.T])
    assert sliced_wasserstein(first, second, 40, seed=3) == pytest.approx(expected, rel=1e-12)
    monkeypatch.setattr(module, "_BLOCK", 70 * 7)
    assert sliced_wasserstein(first, second, 40, seed=3) == pytest.approx(expected, rel=1e-12)
    assert sliced_wasserstein(first, second, 40, seed=4) != pytest.approx(expected, rel=1e-3)


def test_directions_are_even():
    """Their mean is 0 and their second moment 1/d, to five standard errors of 20,000."""
    ways = directions(4, 20_000)
    assert np.abs(ways.mean(1)).max() < 5 * 0.5 / 20_000**0.5
    np.testing.assert_allclose(ways @ ways.T / 20_000, np.eye(4) / 4, atol=5 * 0.25 / 20_000**0.5)
    assert np.array_equal(directions(4, 3), ways[:, :3])


@pytest.mark.parametrize("shape", [(32, 32), (28, 45), (61, 16), (64, 39)])
def test_levels_add_up_to_the_image(shape):
    images = make_images(2, shape)
    levels = laplacian_pyramid(images, smallest=7)
    assert len(levels) == 1 + int(np.log2(min(shape) / 6.5))
    whole = levels[-1]
    for level in levels[-2::-1]:
        whole = level + enlarged(whole, level.shape)
    np.testing.assert_allclose(whole, images, atol=1e-6)


@pytest.mark.parametrize("shape", [(32, 32), (33, 31)])
def test_a_colour_has_no_detail(shape):
    fine, coarse = laplacian_pyramid(np.full((1, *shape, 3), 0.3, np.float32))
    assert np.abs(fine).max() < 1e-6
    np.testing.assert_allclose(coarse, 0.3, rtol=1e-6)


def test_the_sizes_of_levels():
    def heights(side, smallest=16):
        images = np.zeros((1, side, side, 1), np.float32)
        return [level.shape[1] for level in laplacian_pyramid(images, smallest)]

    assert heights(128) == [128, 64, 32, 16]
    assert heights(28) == [28]
    assert heights(28, 14) == [28, 14]
    assert heights(31) == [31, 16]


def slow_pyramid_distances(real, fake, patches, projections, seed):
    """The paper's description again: two-dimensional kernels, one patch after the other, SciPy."""
    from scipy.ndimage import convolve
    from scipy.stats import wasserstein_distance

    kernel = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256

    def filtered(images, factor):
        return convolve(images, factor * kernel[np.newaxis, :, :, np.newaxis], mode="mirror")

    def levels(images):
        images = images.astype(np.float64)
        while images.shape[1] >= 32:
            half = filtered(images, 1)[:, ::2, ::2]
            zeros = np.zeros_like(images)
            zeros[:, ::2, ::2] = half
            yield images - filtered(zeros, 4)
            images = half
        yield images

    ways = np.random.RandomState(seed).standard_normal((projections, 49 * real.shape[-1]))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)

    def patches_of(level, number):
        shares = np.array(
            [
                np.random.default_rng((seed, image)).random((3, 2, patches))[number]
                for image in range(len(level))
            ]
        )
        top, left = (
            (shares[:, axis].ravel() * (level.shape[1] - 6)).astype(int) for axis in (0, 1)
        )
        found = [
            level[at // patches, y : y + 7, x : x + 7].transpose(2, 0, 1)
            for at, (y, x) in enumerate(zip(top, left, strict=True))
        ]
        found = np.array(found)
        for channel in range(level.shape[-1]):
            found[:, channel] -= found[:, channel].mean()
            found[:, channel] /= found[:, channel].std()
        return found.reshape(len(found), -1)

    distances = {}
    for number, sides in enumerate(zip(levels(real), levels(fake), strict=True)):
        first, second = (patches_of(side, number) for side in sides)
        along = [wasserstein_distance(first @ way, second @ way) for way in ways]
        distances[sides[0].shape[1]] = 1000 * np.mean(along)
    return distances


def test_a_slow_computation_of_the_pyramid():
    real, fake = make_images(6, (64, 64)), make_images(6, (64, 64), blur=2.0, seed=1)
    found = pyramid_distances(real, fake, patches=5, projections=30, seed=2)
    expected = slow_pyramid_distances(real, fake, 5, 30, 2)
    assert list(found) == [64, 32, 16]
    assert found == pytest.approx(expected, rel=1e-5)


def test_blur_is_seen_where_it_is():
    """Half of the images without the finest detail: far at that level alone."""
    real, other = make_images(200), make_images(200, seed=1)
    fine, coarse = laplacian_pyramid(other)
    fine[::2] *= 0.05
    fake = (fine + enlarged(coarse, fine.shape)).clip(-1, 1)
    floor = pyramid_distances(real, other, 32, 64)
    found = pyramid_distances(real, fake, 32, 64)
    assert found[32] > 5 * floor[32]
    assert found[16] < 1.5 * floor[16]


def test_colour_and_contrast_do_not_count():
    real, fake = make_images(20), make_images(20, seed=1)
    changed = fake * np.float32([0.5, 0.25, 0.8]) + np.float32([0.1, 0.0, -0.1])
    expected = pyramid_distances(real, fake, 8, 16)
    assert pyramid_distances(real, changed, 8, 16) == pytest.approx(expected, rel=1e-4)


def test_patches_are_neighbouring_pixels():
    """Of a ramp each pixel tells where it stands: neighbours differ by one column or one row."""
    ramp = np.arange(20.0 * 24).reshape(1, 20, 24, 1).repeat(2, 0)
    found = normalised(cut(ramp, np.random.default_rng(0).random((2, 2, 500)))).reshape(1000, 7, 7)
    assert found.dtype == np.float32
    assert abs(found.mean()) < 1e-6 and abs(found.std() - 1) < 1e-6
    step = (found[:, :, 1:] - found[:, :, :-1]).mean()
    np.testing.assert_allclose(np.diff(found, axis=2), step, rtol=1e-3)
    np.testing.assert_allclose(np.diff(found, axis=1), 24 * step, rtol=1e-4)
    # Every place that a patch can have is drawn, and no other.
    places = np.unique(np.rint((found[:, 0, 0] - found[:, 0, 0].min()) / step).astype(int))
    assert set(places % 24) == set(range(18)) and set(places // 24) == set(range(14))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fake": make_images(3)}, r"real and fake must have one shape.*Pass equally many of both"),
        (
            {"fake": np.full((4, 32, 32, 3), -0.5, np.float32)},
            "fake, at the height of 32, must have contrast",
        ),
        ({"smallest": 33}, "at least smallest=33 pixels per side; received 32x32"),
        ({"smallest": 6}, "smallest must be an integer of at least 7"),
        ({"patches": 0}, "patches must be an integer of at least 1"),
        ({"projections": 0}, "projections must be an integer of at least 1"),
        ({"seed": -1}, "seed must be an integer, 0 to"),
    ],
)
def test_images_that_cannot_be_compared(changes, message):
    images = make_images(4)
    with pytest.raises(UsageError, match=message):
        pyramid_distances(**{"real": images, "fake": images} | changes)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (np.zeros((3, 2)), r"one shape.*received \(4, 2\) and \(3, 2\)\. Pass equally many"),
        (np.zeros((4, 3)), r"received \(4, 2\) and \(4, 3\).*features of one extractor"),
        (np.full((4, 2), np.inf), "second must be finite"),
    ],
)
def test_features_that_cannot_be_compared(second, message):
    with pytest.raises(UsageError, match=message):
        sliced_wasserstein(np.zeros((4, 2)), second)


def test_batches_of_any_size_give_the_same():
    real, fake = make_images(6, (16, 16)), make_images(6, (16, 16), seed=1)
    whole = pyramid_distances(real, fake, patches=20, projections=30)
    sides = []
    for images in (real, fake):
        sides.append(PatchPyramid(20))
        for start in range(0, 6, 4):
            sides[-1].add(images[start : start + 4])
    assert level_distances(*sides, projections=30) == whole


def test_pyramids_that_do_not_fit():
    few, many, none = PatchPyramid(4), PatchPyramid(4), PatchPyramid(4)
    few.add(make_images(2, (16, 16)))
    many.add(make_images(3, (16, 16)))
    with pytest.raises(UsageError, match="equally many images of one shape"):
        level_distances(few, many)
    with pytest.raises(UsageError, match="fake images are missing"):
        level_distances(few, none)
    with pytest.raises(UsageError, match=r"images must be of one shape, \(16, 16, 3\)"):
        few.add(make_images(2, (16, 32)))
