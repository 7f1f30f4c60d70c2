"""The callbacks that look at the images of a run while it trains."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgan.errors import UsageError

if TYPE_CHECKING:
    from kgan.data import ImageDataset
    from kgan.models.adversarial import AdversarialModel
    from kgan.signature import Field


def watchers(
    dataset: ImageDataset, gan: AdversarialModel, folder: Path, metrics: list[str] | None
) -> list[Any]:
    """The callbacks that look at generated images: their health, grids, and scores if asked for.

    They show what the first batch gives where the model needs inputs without a default; there are
    none if the data lack these, which `fit` is about to refuse. Health and scores are of images
    that are made of latents.

    Raises:
        UsageError: scores of a model that makes images of images.
    """
    from kgan.callbacks import Evaluate, Health, SampleGrid
    from kgan.callbacks.health import FEWEST

    inputs = _first_inputs(dataset, gan)
    if inputs is None:
        return []
    translates = bool(gan.input_signature.images)
    if translates and metrics:
        raise UsageError(
            f"evaluate scores images that are made from latents; a {type(gan).__name__} makes them "
            "from images. Leave it out, and measure with kgan.metrics.translation.",
            "evaluate",
        )
    found: list[Any] = [SampleGrid(folder / "samples", gif=folder / "samples.gif", inputs=inputs)]
    if not translates and dataset.num_images >= max(FEWEST, 2 * gan.pack):
        found.append(Health(folder=folder))
    if metrics:
        scores = Evaluate(dataset, metrics, inputs=inputs)
        if scores.evaluator.directions[scores.monitor] is not None:
            scores.best = folder / "best.keras"
        found.append(scores)
    return found


def _first_inputs(dataset: ImageDataset, gan: AdversarialModel) -> dict[str, Any] | None:
    """The rows of the first batch that the model needs, by argument; None if the data lack them.

    A model that makes images of images gets the true ones, too, where it learns from pairs. The
    batch is read only where the model needs something of it.
    """
    from kgan.validate import fits

    spec = dataset.element_spec
    if len(spec if isinstance(spec, tuple) else (spec,)) != len(gan.batch_signature):
        return None
    required = gan.input_signature.required
    if not required:
        return {}
    first = next(iter(dataset.take(1)))
    parts = first if isinstance(first, tuple) else (first,)
    batch = dict(zip(gan.batch_signature, parts, strict=True))
    fields = gan.batch_signature.values()
    if not all(fits(batch[field.name].shape[1:], field.shape) for field in fields):
        return None
    truths: list[Field] = []
    if gan.input_signature.images and gan.paired:
        batch = gan.encode_real(batch, training=False)  # makes sources of images alone
        truths = list(gan.output_signature.values())
    return {field.argument: batch[field.name].numpy() for field in (*required, *truths)}
