"""Indicators of failing training, computed from series and features with NumPy and SciPy.

A series is `(n,)`, one value per step; features are `(n, d)`. The thresholds are in
`kgan.callbacks.failure_modes`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.metrics.check import check_dimensions, check_features

_SEGMENTS = 3  # half-overlapping, whose spectra are averaged
_SHORTEST = 64  # values that have a meaningful spectrum


class Peak(NamedTuple):
    """The strongest line of a spectrum.

    `period` is in steps. `share` is the line's share of the variance, 0 to 1. `ratio` is its power
    over that of red noise with the series' autocorrelation. `amplitude` has the series' unit.
    """

    period: float
    share: float
    ratio: float
    amplitude: float


def values_between(means: Any, counts: Any) -> np.ndarray:
    """The mean of the values between consecutive running means `(n,)` over `counts`: `(n,)`.

    With `counts` 1, 2, 3, … these are the values themselves. Counts rise within an epoch; one that
    does not exceed its predecessor starts a new epoch.
    """
    means, counts = np.asarray(means, np.float64), np.asarray(counts, np.float64)
    sums = means * counts
    begins = np.diff(counts, prepend=counts[:1] + 1) <= 0
    before = np.where(begins, 0.0, np.roll(sums, 1))
    counted = np.where(begins, 0.0, np.roll(counts, 1))
    with np.errstate(invalid="ignore"):  # infinity minus infinity
        return (sums - before) / (counts - counted)


def spectral_peak(series: Any, known: Iterable[float] = ()) -> Peak | None:
    """The strongest line of the series against red noise; None for a short or constant series.

    Losses are autocorrelated: most of their variance lies in long periods even without oscillation.
    The spectrum is the mean of three half-overlapping, detrended and tapered (Hann) segments;
    the background is that of an AR(1) process, whose lag-1 autocorrelation is the series' own
    (Torrence & Compo, "A Practical Guide to Wavelet Analysis", 1998, equation 16). Three adjacent
    frequencies count as one line, because the taper is that wide. Periods below three steps and
    above a third of a segment are ignored, and so are the `known` ones, for example the interval of
    a lazy penalty, with their overtones.

    Raises:
        UsageError: another rank, NaN or infinity.
    """
    series = _series("series", series)
    if len(series) < _SHORTEST:
        return None
    length = 2 * (len(series) // (_SEGMENTS + 1))
    starts = [k * (len(series) - length) // (_SEGMENTS - 1) for k in range(_SEGMENTS)]
    taper = np.hanning(length)
    power = np.zeros(length // 2 + 1)
    variance = lag = 0.0
    time = np.arange(length) - (length - 1) / 2
    for start in starts:
        part = series[start : start + length]
        part = part - part.mean()
        part -= time * (time @ part) / (time @ time)
        variance += part @ part / length
        lag += part[1:] @ part[:-1] / length
        power += np.abs(np.fft.rfft(part * taper)) ** 2
    if variance <= 1e-20 * max(1.0, float(np.square(series).mean())):
        return None
    correlation = min(max(lag / variance, 0.0), 0.999)
    frequencies = np.arange(len(power)) / length
    background = (1 - correlation**2) / (
        1 + correlation**2 - 2 * correlation * np.cos(2 * np.pi * frequencies)
    )
    shares = power / power[1:].sum()
    background /= background[1:].sum()
    # A line of the Hann taper is three frequencies wide.
    line = np.convolve(shares, np.ones(3), "same")
    expected = np.convolve(background, np.ones(3), "same")
    usable = (np.arange(len(power)) >= 3) & (frequencies <= 1 / 3)
    for period in known:
        overtones = np.arange(1, period / 2 + 1)[:, None] / period
        usable &= (np.abs(frequencies - overtones) > 2.5 / length).all(0)
    ratios = np.where(usable, line / expected, 0.0)
    if not usable.any():
        return None
    # The line with the largest excess over red noise.
    best = int(np.argmax(np.where(usable, line - expected, -1.0)))
    around = slice(best - 1, best + 2)
    frequency = float((frequencies[around] * power[around]).sum() / power[around].sum())
    share = float(line[best])
    amplitude = math.sqrt(2 * share * variance / _SEGMENTS)
    return Peak(1 / frequency, share, float(ratios[best]), amplitude)


def separation(high: Any, low: Any) -> float:
    """The area under the ROC curve: the share of pairs in which `high` exceeds `low`, 0 to 1.

    Ties count half; 0.5 is chance.

    Raises:
        UsageError: no values, NaN or infinity.
    """
    high, low = _series("high", high), _series("low", low)
    ordered = np.sort(low)
    below = np.searchsorted(ordered, high, "left") + np.searchsorted(ordered, high, "right")
    return float(below.mean() / (2 * len(low)))


def overfitting(training: Any, held_out: Any, fake: Any) -> float:
    """The position of the held-out mean logit between training reals (0) and fakes (1).

    NaN if training reals and fakes have equal means. Karras et al., "Training Generative
    Adversarial Networks with Limited Data", 2020, arXiv:2006.06676, equation 1 (its r_v).

    Raises:
        UsageError: no values, NaN or infinity.
    """
    means = [
        float(_series(name, logits).mean())
        for name, logits in (("training", training), ("held_out", held_out), ("fake", fake))
    ]
    gap = means[0] - means[2]
    return (means[0] - means[1]) / gap if gap else math.nan


def pooled(images: Any, size: int = 8) -> np.ndarray:
    """Block means of images `(n, height, width, channels)`, at most `size` blocks per side.

    float64 `(n, d)`. Pixels at the end of a side that do not fill a block are dropped.
    """
    images = np.asarray(images, np.float64)
    n, height, width, channels = images.shape
    rows, columns = -(-height // size), -(-width // size)
    images = images[:, : height // rows * rows, : width // columns * columns]
    blocks = images.reshape(n, height // rows, rows, width // columns, columns, channels)
    return blocks.mean((2, 4)).reshape(n, -1)


def cluster_centres(features: Any, count: int, seed: int = 0) -> np.ndarray:
    """The centres `(count, d)` of features `(n, d)`, by ten iterations of k-means.

    With at most `count` distinct samples, each of them is a centre.

    Raises:
        UsageError: no features, or fewer than `count`.
    """
    from scipy.cluster import vq

    count = check_integer("count", count, 1)
    features = check_features("features", features, at_least=count)
    distinct = np.unique(features, axis=0)
    if len(distinct) <= count:
        return distinct
    random = np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about an empty cluster, whose centre stays
        return vq.kmeans2(features, count, iter=10, minit="++", seed=random)[0]


def effective_modes(features: Any, centres: Any) -> float:
    """The effective number of modes: exp of the entropy over the nearest centres, 1 to count.

    Richardson & Weiss, "On GANs and GMMs", 2018, arXiv:1805.12462, section 3, compare samples by
    the clusters of the reals in the same way.

    Raises:
        UsageError: no features, or different dimensions.
    """
    from scipy.cluster import vq

    features, centres = check_features("features", features), check_features("centres", centres)
    check_dimensions(("features", "centres"), features.shape[1], centres.shape[1])
    counts = np.bincount(vq.vq(features, centres)[0])
    shares = counts[counts > 0] / counts.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _series(argument: str, values: Any) -> np.ndarray:
    values = np.asarray(values, np.float64)
    if values.ndim != 1 or not len(values):
        raise UsageError(
            f"{argument} must have the shape (n,), n at least 1; received {values.shape}. "
            f"Use np.ravel({argument}).",
            argument,
        )
    if not np.isfinite(values).all():
        raise UsageError(
            f"{argument} must be finite; received NaN or infinity. Leave the broken steps out.",
            argument,
        )
    return values
