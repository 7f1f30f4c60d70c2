"""The inception score: is each image of one clear class, and do all classes occur?

Salimans, Goodfellow, Zaremba, Cheung, Radford & Chen, "Improved Techniques for Training GANs",
2016, arXiv:1606.03498, section 4: exp(E KL(p(y|x) ‖ p(y))), 1 to the number of classes. It ignores
real images: one perfect copy per class gets the best score.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.metrics.check import check_features


def inception_score(logits: Any, splits: int = 10, seed: int = 0) -> tuple[float, float]:
    """The mean of the score over parts of the images, and the standard deviation over the parts.

    The score grows with the number of images in a part. The deviation has the divisor `splits`,
    as in torch-fidelity; the same seed gives its order of the images.

    Args:
        logits: a classifier's, of generated images, `(n, classes)`; no probabilities.
        splits: parts, equal in size up to one image.
        seed: of the order in which the images are split.

    Example:
        >>> logits = np.tile(20.0 * np.eye(4), (25, 1))  # sure, and evenly
        >>> score, deviation = kgan.metrics.inception_score.inception_score(logits, splits=1)
        >>> round(score, 2)
        4.0

    Raises:
        UsageError: another rank, NaN or infinity, a single class, fewer images than splits, or
            numbers out of range.
    """
    splits = check_integer("splits", splits, 1)
    seed = check_integer("seed", seed, 0, 2**32 - 1)
    logits = check_features("logits", logits, at_least=splits)
    if logits.shape[1] < 2:
        raise UsageError(
            "logits must be of two classes at least, (n, classes); received "
            f"{logits.shape}. Pass the output of the classifier's last layer.",
            "logits",
        )
    # The older generator, since its order is that of torch-fidelity: the figures are the same.
    logits = logits[np.random.RandomState(seed).permutation(len(logits))]
    logs = logits - _log_sum(logits, 1)
    bounds = np.arange(splits + 1) * len(logs) // splits
    scores = [_score(logs[bounds[part] : bounds[part + 1]]) for part in range(splits)]
    return float(np.mean(scores)), float(np.std(scores))


def _score(logs: np.ndarray) -> float:
    # In logarithms, since a mean probability that rounds to 0 would have none.
    marginal = _log_sum(logs, 0) - np.log(len(logs))
    divergence = (np.exp(logs) * (logs - marginal)).sum(1).mean()
    return float(np.exp(divergence))


def _log_sum(logs: np.ndarray, axis: int) -> np.ndarray:
    """log Σ exp, without overflow."""
    highest = logs.max(axis, keepdims=True)
    return highest + np.log(np.exp(logs - highest).sum(axis, keepdims=True))
