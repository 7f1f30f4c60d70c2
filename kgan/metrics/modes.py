"""Which modes of a known mixture the samples hit, and how evenly. Needs NumPy only.

The data is a mixture of Gaussians of equal weight and of one standard deviation in all directions,
so it is known where the samples should lie. All functions take

- `samples`, `(n, d)`: generated points, in the units of the centres; n of at least 1;
- `centres`, `(m, d)`: the means of the mixture, m of at least 1;
- `std`, above 0: the standard deviation of each mode;
- `within`: how many standard deviations from the nearest centre are still high quality.

`within=3` and the three figures are those of table 1 in Lin et al., "PacGAN: The power of two
samples in generative adversarial networks", 2018, arXiv:1712.04086, section 4.1; the first two come
from Srivastava et al., "VEEGAN", 2017, arXiv:1705.07761, section 5.1. In two dimensions
1 - exp(-9/2) = 98.9 % of real samples lie within three standard deviations, so a generator of the
right density scores no more, but one of narrower modes can.
"""

from __future__ import annotations

import numpy as np

from kgan.checks import check_number
from kgan.errors import UsageError
from kgan.metrics.check import check_dimensions, check_features


def histogram(samples, centres, std: float, within: float = 3.0) -> np.ndarray:
    """High-quality samples at each mode: int64 `(m,)`, its sum at most n.

    A sample belongs to the nearest centre, and counts if it lies less than `within` standard
    deviations from it. The other functions derive their figures from this.

    Raises:
        UsageError: arrays of other shapes, values that are not finite, or `std` or `within` that
            is not above 0.
    """
    centres, samples = check_features("centres", centres), check_features("samples", samples)
    check_dimensions(("samples", "centres"), samples.shape[1], centres.shape[1])
    reach = _positive("std", std) * _positive("within", within)
    distances = np.linalg.norm(samples[:, None] - centres, axis=-1)
    good = distances.min(axis=1) < reach
    return np.bincount(distances.argmin(axis=1)[good], minlength=len(centres))


def captured(samples, centres, std: float, within: float = 3.0) -> int:
    """How many modes have at least one high-quality sample, 0 to m.

    Example:
        >>> centres = np.array([[-1.0, 0.0], [1.0, 0.0]])
        >>> kgan.metrics.modes.captured(np.array([[0.9, 0.0], [1.1, 0.1]]), centres, std=0.1)
        1

    Raises:
        UsageError: as for `histogram`.
    """
    return int(np.count_nonzero(histogram(samples, centres, std, within)))


def high_quality(samples, centres, std: float, within: float = 3.0) -> float:
    """The share of samples close to a mode, in [0, 1].

    Raises:
        UsageError: as for `histogram`.
    """
    return float(histogram(samples, centres, std, within).sum() / len(samples))


def reverse_kl(samples, centres, std: float, within: float = 3.0) -> float:
    """KL(p_g ‖ p) over the modes, in [0, log m] nats; NaN if no sample is of high quality.

    p_g is the normalised `histogram`, as in the code of PacGAN's authors (samples far from every
    mode count nowhere), and p = 1 / m: sum of p_g · log(p_g · m). Zero means modes of equal weight,
    log(m / k) an even weight on k of them. n real samples score (m - 1) / (2n) on average.

    Raises:
        UsageError: as for `histogram`.
    """
    return kl_to_even(histogram(samples, centres, std, within))


def kl_to_even(counts) -> float:
    """KL(p_g ‖ p) in nats, p_g the normalised `counts` of m modes and p even; NaN if all are 0.

    Raises:
        UsageError: counts that are not a list of numbers of at least 0.
    """
    counts = np.asarray(counts)
    numbers = counts.ndim == 1 and counts.size and counts.dtype.kind in "iuf"
    if not numbers or not (counts >= 0).all():
        raise UsageError(
            "counts must be numbers of at least 0, one for each mode; received "
            f"{counts.dtype} of shape {counts.shape}.",
            "counts",
        )
    if not counts.any():
        return float("nan")
    shares = counts[counts > 0] / counts.sum()
    return float((shares * np.log(shares * len(counts))).sum())


def _positive(argument: str, value) -> float:
    number = check_number(argument, value, 0)
    if number == 0:
        raise UsageError(f"{argument} must be above 0; received {value!r}.", argument)
    return number
