"""Whether a model, data and an extractor have what metrics need, checked before any work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from kgan.errors import UsageError
from kgan.metrics import references
from kgan.metrics.measure import Measure
from kgan.metrics.references import Reference

if TYPE_CHECKING:
    from kgan.data import ImageDataset
    from kgan.metrics.extractors.extractor import Extractor
    from kgan.models import GAN

Measures = Mapping[str, Measure]


def check_rows(argument: str, values: Any) -> np.ndarray:
    """What the generator needs of each image, as float32 `(m, n)`, to be taken in turn.

    Raises:
        UsageError: another rank, none, no numbers, NaN or infinity.
    """
    try:
        rows = np.asarray(values, np.float32)
    except (TypeError, ValueError):
        rows = np.full((), np.nan, np.float32)
    if rows.ndim != 2 or not rows.size or not np.isfinite(rows).all():
        raise UsageError(
            f"{argument} must be finite numbers of the shape (m, n), m at least 1; "
            f"received {f'the shape {rows.shape}' if rows.ndim else repr(values)}.",
            argument,
        )
    return rows


def check_model(gan: GAN, measures: Measures) -> None:
    """Check that a model generates from latents, and classes where a metric compares with them.

    Raises:
        UsageError: it does not.
    """
    if not hasattr(gan, "generator_inputs"):
        raise UsageError(
            f"gan must generate images from latents; a {type(gan).__name__} starts from other "
            "images. gan.evaluate computes its losses on held-out pairs.",
            "gan",
        )
    for name, measure in measures.items():
        if "labels" in measure.needs and gan.input_signature.label is None:
            raise UsageError(
                f"metrics={name!r} needs a model that is asked for classes; "
                f"{type(gan).__name__} takes none. Leave it out, or train a ConditionalGAN.",
                "metrics",
            )


def check_data(
    gan: GAN, data: ImageDataset | None, reference: Reference | None, measures: Measures
) -> None:
    """Check that metrics have the real images and labels they need, in the model's image shape.

    Raises:
        UsageError: they are not.
    """
    from kgan.networks.shape import check_image_shape

    for name, measure in measures.items():
        if "data" in measure.needs and data is None:
            raise UsageError(
                f"data must be given: {name!r} looks at the real images themselves. Pass the "
                "data set that the model learned from.",
                "data",
            )
        if "data_labels" in measure.needs:
            assert data is not None  # every metric that needs the labels needs the images
            if data.labels is None or data.labels.max() < 0:
                raise _unlabelled(name, data.config["source"])
            check_image_shape(gan.image_shape)  # of the classifier that is trained
        if "real" in measure.needs and data is None and reference is None:
            raise UsageError(
                f"data must be given: {name!r} compares with real images. Pass the data set, "
                "or a reference that was made from one.",
                "data",
            )
    if data is not None and data.image_shape != gan.image_shape:
        height, _, channels = gan.image_shape
        raise UsageError(
            f"data must have the model's image shape {gan.image_shape}; received "
            f"{data.image_shape}. Use kgan.data.load(…, resolution={height}, "
            f"channels={channels}).",
            "data",
        )


def check_extractor(gan: GAN, extractor: Extractor, measures: Measures) -> None:
    """Check that an extractor predicts classes, those of the model, where a metric needs them.

    Raises:
        UsageError: it does not.
    """
    classes = extractor.classes
    for name, measure in measures.items():
        if "logits" in measure.needs and classes is None:
            raise UsageError(
                f"extractor={extractor.name!r} must predict classes for {name!r}; it "
                "returns features only. Pass a classifier, such as a judge.",
                "extractor",
            )
        if {"logits", "labels"} <= measure.needs and classes != gan.classes:
            raise UsageError(
                f"extractor={extractor.name!r} must predict the model's {gan.classes} "
                f"classes for {name!r}; it predicts {classes}. Pass another classifier.",
                "extractor",
            )


def check_reference(
    gan: GAN,
    reference: Reference,
    data: ImageDataset | None,
    extractor: Extractor,
    measures: Measures,
) -> None:
    """Check that real features are those of the data and the extractor, with labels if needed.

    Raises:
        UsageError: they are not.
    """
    expected = {"shape": list(gan.image_shape)} if data is None else references.describe(data)
    described = extractor.describe(gan.image_shape[2])
    references.check_protocol("reference", reference, expected, described)
    for name, measure in measures.items():
        if "real_labels" in measure.needs and reference.labels is None:
            raise _unlabelled(name, reference.data["source"])


def check_counts(
    samples: int, num_real: int, dimensions: int, classes: int, measures: Measures
) -> None:
    """Check that there are enough fakes and reals for each metric.

    Args:
        samples: generated images.
        num_real: real images.
        dimensions: of the features.
        classes: of the model, 1 if it has none.
        measures: the metrics by name.

    Raises:
        UsageError: there are too few.
    """
    for name, measure in measures.items():
        least = measure.samples(dimensions, classes)
        if samples < least:
            raise UsageError(
                f"samples must be at least {least} for {name!r}; received {samples}.",
                "samples",
            )
        if "real" in measure.needs and num_real < measure.reals:
            raise UsageError(
                f"data must hold at least {measure.reals} images for {name!r}; received "
                f"{num_real}. Load more, or leave the metric out.",
                "data",
            )


def _unlabelled(metric: str, source: str) -> UsageError:
    return UsageError(
        f"data must have labels for {metric!r}; {source!r} has none. Leave the metric out.", "data"
    )
