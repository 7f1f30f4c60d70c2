"""How close images are to their originals, pixel by pixel: PSNR and SSIM.

Both need an original, as in super-resolution or inpainting. Published figures differ in the
channels, the border and the rounding that they use; state all three with yours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kgan.batches import batches
from kgan.checks import check_flag, check_integer
from kgan.errors import UsageError, unknown_name
from kgan.validate import check_images

WINDOW = 11  # pixels, the width of the Gaussian window
RANGE = 255.0  # of the pixels that are compared
_SIGMA = 1.5
_LUMINANCE, _CONTRAST = (0.01 * RANGE) ** 2, (0.03 * RANGE) ** 2  # K₁ and K₂ of the paper
_VALUES = 1 << 22  # float64 in memory at once, an array: 32 MiB
_LUMA = np.array([65.481, 128.553, 24.966]) / 255.0


def psnr(
    real: Any, fake: Any, channels: str = "rgb", border: int = 0, eight_bit: bool = True
) -> np.ndarray:
    """The peak signal-to-noise ratio of each pair of images in dB: float64 `(n,)`.

    10 log₁₀(255² / the mean squared error), infinite where two images are identical; then the mean
    over a set is infinite, too. Papers give the mean of the images' values.

    Args:
        real: the originals, float32 `(n, height, width, channels)` in [-1, 1].
        fake: images of the same shape.
        channels: "rgb" weights each channel equally, "y" the luma of RGB images alone, as papers on
            super-resolution do.
        border: pixels at each edge that do not count; for SRGAN four, its factor.
        eight_bit: round to the 256 levels first. Comparing saved files does the same, and so do
            papers; originals that came from files do not change.

    Example:
        >>> decibels = kgan.metrics.fidelity.psnr(real, fake)
        >>> decibels.shape == (len(real),)
        True

    Raises:
        UsageError: no images of one shape, a luma of images that are not RGB, an unknown name, or
            a border that leaves nothing.
    """

    def ratio(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        error = np.square(first - second).mean((1, 2, 3))
        with np.errstate(divide="ignore"):
            return 10 * np.log10(RANGE**2 / error)

    prepare = _prepared(channels, border, eight_bit)
    real, fake = check_pair(real, fake)
    _check_size(real, border, 1, "one pixel")
    return in_blocks(lambda first, second: ratio(prepare(first), prepare(second)), real, fake)


def ssim(
    real: Any, fake: Any, channels: str = "rgb", border: int = 0, eight_bit: bool = True
) -> np.ndarray:
    """The structural similarity of each pair of images, at most 1: float64 `(n,)`.

    The means, variances and covariance are those of Gaussian windows of 11 pixels, σ = 1.5, that
    lie within the image; with several channels, their mean is taken. Identical images have 1.

    Args:
        real, fake, channels, border, eight_bit: as for `psnr`; without the border 11 pixels must
            be left on each side.

    Example:
        >>> similarities = kgan.metrics.fidelity.ssim(real, fake)
        >>> bool((similarities <= 1).all())
        True

    Raises:
        UsageError: as for `psnr`, or images smaller than the window.

    Wang, Bovik, Sheikh & Simoncelli, "Image Quality Assessment: From Error Visibility to
    Structural Similarity", 2004, equation 13, averaged as in equation 14.
    """
    prepare = _prepared(channels, border, eight_bit)
    real, fake = check_pair(real, fake)
    _check_size(real, border, WINDOW, "the window of SSIM")
    return in_blocks(
        lambda first, second: similarity(prepare(first), prepare(second))[0].mean(1), real, fake
    )


def luma(images: np.ndarray) -> np.ndarray:
    """The Y of RGB images of [0, 255], one channel in 16 to 235, not rounded.

    It is that of ITU-R BT.601, as in MATLAB's rgb2ycbcr, which rounds it for uint8 images.
    """
    return 16 + (images @ _LUMA)[..., np.newaxis]


def similarity(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean similarity and the mean of its contrast and structure alone, each `(n, channels)`.

    Of float64 images `(n, height, width, channels)` of [0, 255], both sides at least 11 pixels.
    """
    mean_1, mean_2 = _windows(first), _windows(second)
    both, squares = mean_1 * mean_2, mean_1**2 + mean_2**2
    covariance = _windows(first * second) - both
    variances = _windows(first**2 + second**2) - squares
    structure = (2 * covariance + _CONTRAST) / (variances + _CONTRAST)
    whole = structure * (2 * both + _LUMINANCE) / (squares + _LUMINANCE)
    return whole.mean((1, 2)), structure.mean((1, 2))


def check_pair(
    first: Any, second: Any, names: tuple[str, str] = ("real", "fake")
) -> tuple[np.ndarray, np.ndarray]:
    """Two batches of images of one shape, float32 in [-1, 1].

    Raises:
        UsageError: no images of this kind, or their shapes differ.
    """
    first, second = check_images(first, None, names[0]), check_images(second, None, names[1])
    if first.shape != second.shape:
        raise UsageError(
            f"{names[0]} and {names[1]} must have one shape, since they are compared in pairs; "
            f"received {first.shape} and {second.shape}. Pass equally many of both, of one size.",
            names[0],
        )
    return first, second


def pixels(images: np.ndarray) -> np.ndarray:
    """Images of [-1, 1] as float64 of [0, 255], not rounded."""
    return (images.astype(np.float64) + 1) * (RANGE / 2)


def in_blocks(
    function: Callable[[np.ndarray, np.ndarray], np.ndarray], first: np.ndarray, second: np.ndarray
) -> np.ndarray:
    """The values of `function` for pairs, in batches that bound the memory."""
    blocks = batches((first, second), max(_VALUES // first[0].size, 1))
    return np.concatenate([function(*block) for block in blocks])


def _windows(images: np.ndarray) -> np.ndarray:
    """The weighted mean of each window that lies within the image."""
    from scipy.ndimage import correlate1d

    radius = WINDOW // 2
    weights = np.exp(-0.5 * (np.arange(-radius, radius + 1) / _SIGMA) ** 2)
    weights /= weights.sum()
    inside = slice(radius, -radius)
    images = correlate1d(images, weights, axis=1)[:, inside]
    return correlate1d(images, weights, axis=2)[:, :, inside]


def _every(images: np.ndarray) -> np.ndarray:
    return images


def _luma_of_rgb(images: np.ndarray) -> np.ndarray:
    if images.shape[-1] != 3:
        raise UsageError(
            f'channels="y" is the luma of RGB images; these have {images.shape[-1]} in their last '
            'axis. Use channels="rgb", which counts every channel there is.',
            "channels",
        )
    return luma(images)


_CHANNELS = {"rgb": _every, "y": _luma_of_rgb}


def _prepared(channels: str, border: int, eight_bit: bool) -> Callable[[np.ndarray], np.ndarray]:
    """A function from images in [-1, 1] to the pixels that are compared."""
    if channels not in _CHANNELS:
        raise unknown_name("channels", channels, _CHANNELS)
    select = _CHANNELS[channels]
    border = check_integer("border", border, 0)
    eight_bit = check_flag("eight_bit", eight_bit)
    inside = slice(border, -border or None)

    def prepare(images: np.ndarray) -> np.ndarray:
        kept = pixels(images[:, inside, inside])
        return select(np.rint(kept) if eight_bit else kept)

    return prepare


def _check_size(images: np.ndarray, border: int, least: int, what: str) -> None:
    height, width = images.shape[1:3]
    if min(height, width) - 2 * border < least:
        raise UsageError(
            f"real and fake must have at least {least + 2 * border} pixels per side, for {what} "
            f"and a border of {border}; received {height}x{width}. Use a smaller border or larger "
            "images.",
            "real",
        )
