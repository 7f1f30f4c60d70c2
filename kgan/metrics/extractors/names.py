"""What users pass as `extractor=`, and the short names, known without importing Keras."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from kgan.errors import UsageError, unknown_name
from kgan.metrics import judge
from kgan.metrics.extractors import efficientnet, inception, own
from kgan.metrics.extractors.extractor import Extractor

LOADERS: dict[str, Callable[[], Extractor]] = {
    "inception": inception.load,
    "efficientnet_lite0": efficientnet.load,
    # One line for each judge that kgan comes with.
    "judge_fashion_mnist": functools.partial(judge.load, "judge_fashion_mnist"),
}
NAMES = tuple(LOADERS)


def get(extractor: Any) -> Extractor:
    """The extractor that a short name, a Keras model or a function stands for, or itself.

    Args:
        extractor: one of `NAMES`; a `kgan.metrics.extractors.Extractor`, such as a judge; a Keras
            model from images in [-1, 1] to features `(batch, d)`; or any function that does so.

    Raises:
        UsageError: an unknown name, with the nearest; a model that gives no features; or another
            object. What a loader raises, too.
    """
    if isinstance(extractor, Extractor):
        return extractor
    if isinstance(extractor, str):
        if extractor not in LOADERS:
            raise unknown_name("extractor", extractor, NAMES)
        return LOADERS[extractor]()
    if not callable(extractor) or isinstance(extractor, type):
        raise UsageError(
            f"extractor must be a short name ({', '.join(NAMES)}), an Extractor, a Keras model or "
            f"a function from images to features; received {extractor!r}.",
            "extractor",
        )
    import keras

    if isinstance(extractor, keras.Model):
        return own.from_model(extractor)
    return own.from_function(extractor)


def default(image_shape: tuple[int, int, int]) -> Extractor:
    """The packaged judge for images of its shape, which are taken for garments, else EfficientNet.

    Raises:
        UsageError: EfficientNet is not installed.
    """
    name = "judge_fashion_mnist" if image_shape == (28, 28, 1) else "efficientnet_lite0"
    return get(name)
