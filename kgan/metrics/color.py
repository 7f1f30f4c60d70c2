"""How colours compare with the true ones, and how colourful images are.

Both need RGB images. A mean colour is near all others: report the error with the colourfulness, and
that of the real images beside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kgan.batches import batches
from kgan.errors import UsageError
from kgan.metrics.fidelity import check_pair, in_blocks, pixels
from kgan.validate import check_images

# Linear sRGB to XYZ: IEC 61966-2-1, divided by the white D65 of the 2 degree observer.
_XYZ = np.array(
    [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ]
) / np.array([[0.95047], [1.0], [1.08883]])
_BLOCK = 64  # images in memory at once, as float64


def lab(images: Any) -> np.ndarray:
    """RGB images in the colour space CIE L*a*b*: float64 `(n, height, width, 3)`.

    L* is 0 to 100; a* (green to red) and b* (blue to yellow) are 0 where there is no colour. The
    images are sRGB, the white is D65.

    Args:
        images: float32 `(n, height, width, 3)` in [-1, 1].

    Example:
        >>> red = np.float32([1, -1, -1]).reshape(1, 1, 1, 3)
        >>> kgan.metrics.color.lab(red).round(1).ravel().tolist()
        [53.2, 80.1, 67.2]

    Raises:
        UsageError: no RGB images.

    CIE 15:2004, "Colorimetry", section 8.2.1.
    """
    unit = pixels(_check_rgb(images)) / 255
    linear = np.where(unit > 0.04045, ((unit + 0.055) / 1.055) ** 2.4, unit / 12.92)
    xyz = linear @ _XYZ.T
    cube = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = np.moveaxis(cube, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def ab_error(real: Any, fake: Any) -> np.ndarray:
    """The mean distance in a* and b* of each pair of images: float64 `(n,)`.

    The mean over the pixels of √(Δa*² + Δb*²); L* does not count.

    Args:
        real: the originals, float32 `(n, height, width, 3)` in [-1, 1].
        fake: images of the same shape.

    Example:
        >>> errors = kgan.metrics.color.ab_error(photos, photos[::-1])
        >>> errors.shape
        (4,)

    Raises:
        UsageError: no RGB images of one shape.
    """

    def distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        difference = (lab(first) - lab(second))[..., 1:]
        return np.sqrt(np.square(difference).sum(-1)).mean((1, 2))

    real, fake = check_pair(real, fake)
    return in_blocks(distance, _check_rgb(real), fake)


def colorfulness(images: Any) -> np.ndarray:
    """The colourfulness of each image: float64 `(n,)`, 0 where it is grey.

    √(σ²_rg + σ²_yb) + 0.3 √(μ²_rg + μ²_yb), of R - G and (R + G) / 2 - B in 0 to 255. Observers
    called images of 15 slightly, of 59 quite and of 109 extremely colourful.

    Args:
        images: float32 `(n, height, width, 3)` in [-1, 1].

    Example:
        >>> kgan.metrics.color.colorfulness(np.zeros((2, 8, 8, 3), "float32")).tolist()
        [0.0, 0.0]

    Raises:
        UsageError: no RGB images.

    Hasler & Süsstrunk, "Measuring Colourfulness in Natural Images", 2003, their M̂⁽³⁾.
    """
    found = []
    for block in batches(_check_rgb(images), _BLOCK):
        red, green, blue = np.moveaxis(pixels(block), -1, 0)
        opponents = np.stack([red - green, (red + green) / 2 - blue])
        spread, mean = opponents.var((2, 3)).sum(0), np.square(opponents.mean((2, 3))).sum(0)
        found.append(np.sqrt(spread) + 0.3 * np.sqrt(mean))
    return np.concatenate(found)


def _check_rgb(images: Any) -> np.ndarray:
    """The images, if they are RGB.

    Raises:
        UsageError: they are not.
    """
    images = check_images(images)
    if images.shape[-1] != 3:
        raise UsageError(
            f"images must be RGB, since their colours are measured; received the shape "
            f"{images.shape}. Use np.repeat(images, 3, axis=-1) for grey images.",
            "images",
        )
    return images
