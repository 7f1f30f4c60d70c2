"""What users pass as `extractor=`, and the short names. `--help` lists these, so no NumPy here."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kgan.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from kgan.metrics.extractors.extractor import Extractor


def _loader(module: str, *arguments: str) -> Callable[[], Extractor]:
    """A function that imports a module and calls its `load`."""
    return lambda: importlib.import_module(module).load(*arguments)


LOADERS: dict[str, Callable[[], Extractor]] = {
    "inception": _loader("kgan.metrics.extractors.inception"),
    "efficientnet_lite0": _loader("kgan.metrics.extractors.efficientnet"),
    # One line for each judge that kgan comes with.
    "judge_fashion_mnist": _loader("kgan.metrics.judge", "judge_fashion_mnist"),
}
NAMES = tuple(LOADERS)


def get(extractor: Any) -> Extractor:
    """The extractor that a short name, a Keras model or a function stands for, or itself.

    Args:
        extractor: one of `NAMES`; a `kgan.metrics.extractors.Extractor`, such as a judge; a Keras
            model from images in [-1, 1] to features `(batch, d)`; or any function that does so.

    Example:
        >>> judge = kgan.metrics.extractors.get("judge_fashion_mnist")
        >>> pixels = kgan.metrics.extractors.get(lambda images: images.reshape(len(images), -1))

    Raises:
        UsageError: an unknown name, with the nearest; a model that gives no features; or another
            object. Also whatever a loader raises.
    """
    from kgan.metrics.extractors import own
    from kgan.metrics.extractors.extractor import Extractor

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
    """The packaged judge for images of its shape (assumed to be garments), else EfficientNet.

    Raises:
        UsageError: EfficientNet is not installed.
    """
    name = "judge_fashion_mnist" if image_shape == (28, 28, 1) else "efficientnet_lite0"
    return get(name)
