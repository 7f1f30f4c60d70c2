import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.metrics import fidelity
from kgan.metrics.fidelity import hole_psnr, hole_ssim, luma, psnr, ssim


def make_pair(channels=3, shape=(40, 33), seed=0):
    """Photograph-like images and noisy copies; a border is broken worse than the rest."""
    from scipy.ndimage import gaussian_filter

    random = np.random.default_rng(seed)
    real = gaussian_filter(random.normal(size=(3, *shape, channels)), (0, 2, 2, 0)) * 3
    fake = real + random.normal(size=real.shape) * np.array([0.02, 0.1, 0.4]).reshape(3, 1, 1, 1)
    fake[:, :4] += 0.3
    return (side.clip(-1, 1).astype(np.float32) for side in (real, fake))


def references(oracle, real, fake, data_range):
    metrics = oracle("skimage.metrics")
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    ratios = [
        metrics.peak_signal_noise_ratio(*pair, data_range=data_range)
        for pair in zip(real, fake, strict=True)
    ]
    similarities = [
        metrics.structural_similarity(*pair, data_range=data_range, channel_axis=-1, **settings)
        for pair in zip(real, fake, strict=True)
    ]
    return ratios, similarities


def as_bytes(images):
    return np.rint((images.astype(np.float64) + 1) * 127.5).astype(np.uint8)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_scikit_image_on_eight_bit_images(oracle, channels):
    real, fake = make_pair(channels)
    ratios, similarities = references(oracle, as_bytes(real), as_bytes(fake), 255)
    np.testing.assert_allclose(psnr(real, fake), ratios, rtol=1e-12)
    np.testing.assert_allclose(ssim(real, fake), similarities, rtol=1e-11)


@pytest.mark.parametrize("border", [0, 4, 11])
def test_scikit_image_on_cropped_floats(oracle, border):
    real, fake = make_pair()
    crop = np.s_[:, border : 40 - border, border : 33 - border]
    unit = ((side[crop].astype(np.float64) + 1) / 2 for side in (real, fake))
    ratios, similarities = references(oracle, *unit, 1)
    np.testing.assert_allclose(psnr(real, fake, "rgb", border, False), ratios, rtol=1e-12)
    np.testing.assert_allclose(ssim(real, fake, "rgb", border, False), similarities, rtol=1e-11)


def test_scikit_image_on_luma_as_papers_on_super_resolution_count(oracle):
    real, fake = make_pair()
    convert = oracle("skimage.color").rgb2ycbcr
    lumas = (convert(as_bytes(side))[:, 4:-4, 4:-4, :1] for side in (real, fake))
    ratios, similarities = references(oracle, *lumas, 255)
    np.testing.assert_allclose(psnr(real, fake, "y", 4), ratios, rtol=1e-12)
    np.testing.assert_allclose(ssim(real, fake, "y", 4), similarities, rtol=1e-11)
    assert np.abs(psnr(real, fake, "y", 4) - psnr(real, fake, "rgb", 4)).min() > 0.5


def test_the_luma_of_black_white_and_the_primaries():
    """The table of ITU-R BT.601: 16 and 235, and 81, 145 and 41 for red, green and blue."""
    colours = 255.0 * np.array([[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    expected = [16, 235, 81.481, 144.553, 40.966]
    np.testing.assert_allclose(luma(colours)[:, 0], expected, rtol=1e-15)


def test_one_level_of_difference_everywhere():
    """20 log₁₀ 255 = 48.13 dB; with windows without variance SSIM is the luminance alone."""
    real = np.full((2, 12, 12, 1), -1, np.float32)
    fake = real + np.float32(2 / 255)
    np.testing.assert_allclose(psnr(real, fake), 20 * np.log10(255), rtol=1e-14)
    constant = (0.01 * 255) ** 2
    np.testing.assert_allclose(ssim(real, fake), constant / (1 + constant), rtol=1e-12)


def test_what_rounding_to_eight_bit_removes():
    real = np.full((1, 12, 12, 1), -0.5 / 127.5, np.float32)
    fake = real + np.float32(0.4 / 127.5)
    assert psnr(real, fake, eight_bit=False) == pytest.approx(20 * np.log10(255 / 0.4), abs=1e-4)
    fake = np.float32(np.array([[100.4, 99.6]]) / 127.5 - 1).repeat(12, 0).repeat(6, 1)
    level = np.full((1, 12, 12, 1), np.float32(100 / 127.5 - 1))
    assert psnr(level, fake[np.newaxis, ..., np.newaxis])[0] == np.inf


def test_identical_images():
    real, _ = make_pair()
    with np.errstate(all="raise"):
        assert psnr(real, real).tolist() == [np.inf] * 3
    np.testing.assert_allclose(ssim(real, real), 1, rtol=1e-14)


def test_each_image_on_its_own_whatever_the_block(monkeypatch):
    real, fake = make_pair()
    whole = ssim(real, fake)
    assert np.ptp(whole) > 0.1
    monkeypatch.setattr(fidelity, "_VALUES", 1)
    assert np.array_equal(ssim(real, fake), whole)
    alone = [ssim(real[at : at + 1], fake[at : at + 1])[0] for at in range(3)]
    assert alone == whole.tolist()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fake": np.zeros((1, 20, 21, 3), np.float32)}, r"one shape.*\(1, 20, 20, 3\) and \(1, 2"),
        ({"fake": np.zeros((1, 20, 20, 3), np.uint8)}, "fake must be float32 in .*uint8"),
        ({"real": np.full((1, 20, 20, 3), np.nan, np.float32)}, "real must be finite"),
        ({"channels": "ycbcr"}, "channels='ycbcr' is unknown; expected one of rgb, y"),
        ({"border": -1}, "border must be an integer of at least 0"),
        ({"border": 5}, "at least 21 pixels per side, for the window .* of 5; received 20x20"),
        ({"eight_bit": 1}, "eight_bit must be True or False"),
    ],
)
def test_wrong_arguments(changes, message):
    arguments = {name: np.zeros((1, 20, 20, 3), np.float32) for name in ("real", "fake")}
    with pytest.raises(UsageError, match=message):
        ssim(**arguments | changes)


def test_a_border_that_leaves_nothing():
    images = np.zeros((1, 20, 20, 1), np.float32)
    assert psnr(images, images, border=9) == np.inf
    with pytest.raises(
        UsageError, match="at least 21 pixels per side, for one pixel and a border of 10"
    ):
        psnr(images, images, border=10)


def test_the_luma_of_grey_images():
    images = np.zeros((1, 20, 20, 1), np.float32)
    with pytest.raises(UsageError, match='luma of RGB images; these have 1 .* Use channels="rgb"'):
        psnr(images, images, channels="y")


# -- in holes alone ------------------------------------------------------------------------------


def make_masks(shape=(40, 33)):
    masks = np.random.default_rng(1).uniform(size=(3, *shape, 1)) > 0.3
    masks[:, 5:15, :9] = False
    return masks


@pytest.mark.parametrize("channels", [1, 3])
def test_scikit_image_in_holes(oracle, channels):
    """PSNR of the pixels of a hole as if they were an image; the mean of SSIM's map over it."""
    metrics = oracle("skimage.metrics")
    (real, fake), masks = make_pair(channels), make_masks()
    whole = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "full": True}
    ratios, similarities = [], []
    for first, second, mask in zip(as_bytes(real), as_bytes(fake), ~masks[..., 0], strict=True):
        pair = first[mask], second[mask]
        ratios.append(metrics.peak_signal_noise_ratio(*pair, data_range=255))
        _, found = metrics.structural_similarity(
            first, second, data_range=255, channel_axis=-1, **whole
        )
        similarities.append(found[mask].mean())
    np.testing.assert_allclose(hole_psnr(real, fake, masks), ratios, rtol=1e-12)
    np.testing.assert_allclose(hole_ssim(real, fake, masks), similarities, rtol=1e-10)


def test_known_pixels_do_not_count_in_psnr():
    real = np.full((2, 12, 12, 1), -1, np.float32)
    fake, mask = real.copy(), np.ones((12, 12), bool)
    mask[3:5, 3:5] = False
    fake[:, 3:5, 3:5] += np.float32(2 / 255)
    fake[1, 6] = 1
    np.testing.assert_allclose(hole_psnr(real, fake, mask), 20 * np.log10(255), rtol=1e-14)
    assert hole_psnr(real, real, mask).tolist() == [np.inf, np.inf]


def test_a_hole_everywhere_is_psnr_itself():
    real, fake = make_pair()
    everywhere = np.zeros((40, 33))
    for channels in ("rgb", "y"):
        np.testing.assert_allclose(
            hole_psnr(real, fake, everywhere, channels), psnr(real, fake, channels), rtol=1e-12
        )


@pytest.mark.parametrize("function", [hole_psnr, hole_ssim])
def test_an_image_without_hole_has_nothing_to_compare(function):
    (real, fake), masks = make_pair(), make_masks()
    masks[1] = True
    with pytest.raises(UsageError, match="^masks must have a hole.*that of image 1 has none"):
        function(real, fake, masks)
    with pytest.raises(UsageError, match=r"^masks must be 0 or 1, of the shape \(3, 40, 33, 1\)"):
        function(real, fake, masks[:, :5])
