"""How well label maps agree: intersection over union."""

from __future__ import annotations

from typing import Any

import numpy as np

from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.signature import LabelMap


def confusion(real: Any, fake: Any, classes: int) -> np.ndarray:
    """The pixels of each class (rows) that are labelled as each class (columns).

    Args:
        real: the true label maps, integers `(n, height, width)`; pixels of -1 do not count.
        fake: label maps of the same shape, without -1.
        classes: their number.

    Returns:
        int64 `(classes, classes)`.

    Example:
        >>> real, fake = np.array([[[0, 1, 1]]]), np.array([[[0, 0, 1]]])
        >>> kgan.metrics.segmentation.confusion(real, fake, 2).tolist()
        [[1, 0], [1, 1]]

    Raises:
        UsageError: no label maps of one shape, or a class out of range.
    """
    classes = check_integer("classes", classes, 1)
    n = len(real) if np.ndim(real) else 0
    first = LabelMap(classes).check(real, n, "real")
    second = LabelMap(classes, unlabelled=False).check(fake, n, "fake")
    if first.shape != second.shape:
        raise UsageError(
            f"real and fake must have one shape, since their pixels are compared; received "
            f"{first.shape} and {second.shape}.",
            "real",
        )
    known = first >= 0
    cells = classes * first[known].astype(np.int64) + second[known]
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)


def iou(counts: np.ndarray) -> np.ndarray:
    """The intersection over union of each class, float64 `(classes,)`; NaN of one that is in none.

    Args:
        counts: of `confusion`, over all images.

    Example:
        >>> kgan.metrics.segmentation.iou(np.array([[1, 0], [1, 1]])).tolist()
        [0.5, 0.5]
    """
    both = np.diag(counts).astype(np.float64)
    either = counts.sum(0) + counts.sum(1) - both
    return np.divide(both, either, out=np.full(len(both), np.nan), where=either > 0)


def mean_iou(real: Any, fake: Any, classes: int) -> float:
    """The mean over the classes of the intersection over union of all pixels: 0 to 1.

    A class that neither the true nor the other label maps have does not count.

    Args:
        real, fake, classes: as for `confusion`.

    Example:
        >>> real, fake = np.array([[[0, 1, 1]]]), np.array([[[0, 0, 1]]])
        >>> kgan.metrics.segmentation.mean_iou(real, fake, classes=2)
        0.5

    Raises:
        UsageError: as for `confusion`, or no pixel has a class.

    Everingham et al., "The PASCAL Visual Object Classes Challenge: A Retrospective", 2015, section
    4.2.
    """
    return mean_of(confusion(real, fake, classes))


def mean_of(counts: np.ndarray) -> float:
    """The mean IoU of the counts of `confusion`.

    Raises:
        UsageError: there are none.
    """
    if not counts.any():
        raise UsageError("real must hold pixels that have a class; all are -1.", "real")
    return float(np.nanmean(iou(counts)))
