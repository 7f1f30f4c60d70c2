"""Signs of an ill training, measured on series and features. NumPy and SciPy.

A series is `(n,)`, a value a step; features are `(n, d)`. Nothing here knows of thresholds; those
are in `kgan.callbacks.illnesses`.
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

_SEGMENTS = 3  # of a series, half overlapping, whose spectra are averaged
_SHORTEST = 64  # steps of a series whose spectrum means anything


class Peak(NamedTuple):
    """The strongest line of a spectrum.

    `period` in steps; `share` of the variance in the line, 0 to 1; `ratio` of the line's power to
    that of red noise with the series' own autocorrelation; `amplitude`, half the swing, in the
    series' unit.
    """

    period: float
    share: float
    ratio: float
    amplitude: float


def values_between(means: Any, counts: Any) -> np.ndarray:
    """The mean of the values between two running means: `(n,)` of means `(n,)` over `counts`.

    With `counts` 1, 2, 3, … these are the values themselves. The counts rise within an epoch; a
    count that does not exceed the one before begins a new epoch's mean.
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

    Losses are autocorrelated, so most of their variance lies in long periods whether they swing or
    not. The spectrum is the mean of three half-overlapping, detrended and tapered (Hann) segments;
    the background is that of an AR(1) process, whose lag-1 autocorrelation is the series' own
    (Torrence & Compo, "A Practical Guide to Wavelet Analysis", 1998, equation 16). Three adjacent
    frequencies, which the taper joins, count as one line. Periods below three steps are left out,
    as are those that a segment does not hold three times, and the `known` ones (of a penalty that
    comes every so many steps, say) with their overtones.

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
    # The line that stands out most of what red noise would give, by its excess.
    best = int(np.argmax(np.where(usable, line - expected, -1.0)))
    around = slice(best - 1, best + 2)
    frequency = float((frequencies[around] * power[around]).sum() / power[around].sum())
    share = float(line[best])
    amplitude = math.sqrt(2 * share * variance / _SEGMENTS)
    return Peak(1 / frequency, share, float(ratios[best]), amplitude)


def separation(high: Any, low: Any) -> float:
    """The share of pairs in which the first side's value is above the other's, 0 to 1.

    Ties count half: the area under the ROC curve. 0.5 means that nothing tells the sides apart.

    Raises:
        UsageError: an empty side, NaN or infinity.
    """
    high, low = _series("high", high), _series("low", low)
    ordered = np.sort(low)
    below = np.searchsorted(ordered, high, "left") + np.searchsorted(ordered, high, "right")
    return float(below.mean() / (2 * len(low)))


def overfitting(training: Any, held_out: Any, fake: Any) -> float:
    """Where the mean logit of held-out reals lies from that of training reals, 0, to fakes, 1.

    NaN if training reals and fakes have equal means. Karras et al., "Training Generative
    Adversarial Networks with Limited Data", 2020, arXiv:2006.06676, equation 1 (its r_v).

    Raises:
        UsageError: an empty side, NaN or infinity.
    """
    means = [
        float(_series(name, side).mean())
        for name, side in (("training", training), ("held_out", held_out), ("fake", fake))
    ]
    gap = means[0] - means[2]
    return (means[0] - means[1]) / gap if gap else math.nan


def pooled(images: Any, size: int = 8) -> np.ndarray:
    """Images `(n, height, width, channels)` as features: block means of at most `size` a side.

    float64 `(n, d)`. A side that no whole block divides loses its last pixels.
    """
    images = np.asarray(images, np.float64)
    n, height, width, channels = images.shape
    rows, columns = -(-height // size), -(-width // size)
    images = images[:, : height // rows * rows, : width // columns * columns]
    blocks = images.reshape(n, height // rows, rows, width // columns, columns, channels)
    return blocks.mean((2, 4)).reshape(n, -1)


def cells(features: Any, count: int, seed: int = 0) -> np.ndarray:
    """Centres `(count, d)` that divide features `(n, d)` into cells: k-means, ten rounds.

    Of no more than `count` different samples each is a centre.

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
        warnings.simplefilter("ignore")  # of a centre that is nearest to none, and stays
        return vq.kmeans2(features, count, iter=10, minit="++", seed=random)[0]


def evenness(features: Any, centres: Any) -> float:
    """How many of the centres' cells the features reach, weighted: exp of the entropy, 1 to count.

    Richardson & Weiss, "On GANs and GMMs", 2018, arXiv:1805.12462, section 3, compare samples by
    such cells of the reals.

    Raises:
        UsageError: no features, or unlike dimensions.
    """
    from scipy.cluster import vq

    features, centres = check_features("features", features), check_features("centres", centres)
    check_dimensions(("features", "centres"), features, centres)
    counts = np.bincount(vq.vq(features, centres)[0])
    shares = counts[counts > 0] / counts.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _series(argument: str, values: Any) -> np.ndarray:
    values = np.asarray(values, np.float64)
    if values.ndim != 1 or not len(values):
        raise UsageError(
            f"{argument} must have the shape (n,), n at least 1; received {values.shape}. "
            f"Use np.ravel({argument})."
        )
    if not np.isfinite(values).all():
        raise UsageError(
            f"{argument} must be finite; received NaN or infinity. Leave the broken steps out."
        )
    return values
