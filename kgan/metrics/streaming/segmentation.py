"""Metrics of label maps that come in batches; what is kept are counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.metrics.segmentation import confusion, mean_of
from kgan.metrics.streaming.base import StreamingMetric


class MeanIoU(StreamingMetric):
    """The mean intersection over union of the classes (`kgan.metrics.segmentation.mean_iou`).

    In `compile` of a `kgan.Segmentation` it is that of the averaged generator.

    Args:
        classes: their number.
        name: of the metric.

    Example:
        >>> metric = kgan.metrics.streaming.MeanIoU(classes=2)
        >>> metric.update_state(real=np.array([[[0, 1, 1]]]), fake=np.array([[[0, 0, 1]]]))
        >>> metric.result()
        0.5

    Raises:
        UsageError: fewer than one class.
    """

    def __init__(self, classes: int, name: str | None = None):
        super().__init__(name=name or "mean_iou")
        self.classes = check_integer("classes", classes, 1)
        self.reset_state()

    def update_state(self, real: Any, fake: Any) -> None:
        """Take label maps `(n, height, width)`, or probabilities `(n, height, width, classes)`.

        Where all of the real ones are 0, the class is not known.

        Raises:
            UsageError: as for `kgan.metrics.segmentation.confusion`.
        """
        real, fake = np.asarray(real), np.asarray(fake)
        if real.ndim == 4:
            real = np.where(real.any(-1), real.argmax(-1), -1)
        fake = fake.argmax(-1) if fake.ndim == 4 else fake
        self._counts += confusion(real, fake, self.classes)

    def result(self) -> float:
        """The mean of the pixels so far.

        Raises:
            UsageError: there were none.
        """
        if not self._counts.any():
            raise UsageError("label maps are missing: call update_state(real, fake) first.")
        return mean_of(self._counts)

    def reset_state(self) -> None:
        """Forget all pixels."""
        self._counts = np.zeros((self.classes, self.classes), np.int64)
