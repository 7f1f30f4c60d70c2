"""The mean of values that come in batches."""

from __future__ import annotations

from typing import Any

import numpy as np

from kgan.errors import UsageError
from kgan.metrics.streaming.base import StreamingMetric


class Mean(StreamingMetric):
    """The mean of all values so far, in float64, which `keras.metrics.Mean` is not."""

    absence = "images are missing: call update_state first."  # what `result` raises

    def __init__(self, name: str | None = None):
        super().__init__(name=name)
        self.reset_state()

    def _count(self, values: Any) -> None:
        self._total += float(np.sum(values, dtype=np.float64))
        self._values += np.size(values)

    def result(self) -> float:
        """The mean of the values so far.

        Raises:
            UsageError: there were none.
        """
        if not self._values:
            raise UsageError(self.absence)
        return self._total / self._values

    def reset_state(self) -> None:
        """Forget all values."""
        self._total: float = 0.0
        self._values: int = 0
