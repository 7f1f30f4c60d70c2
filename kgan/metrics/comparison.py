"""Which of two generators is better, by scores that were measured alike. Needs NumPy only."""

from __future__ import annotations

import dataclasses
import math
import warnings

from kgan.errors import UsageError
from kgan.metrics.protocol import Score


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Which of two generators is better, by two scores with the same protocol.

    `compare` returns it.

    Attributes:
        difference: the first value less the second.
        error: its standard error, from the deviations over the repeats; None without repeats.
        better: "first" or "second"; "neither" where the difference is at most two standard
            errors, or is 0; "unknown" without repeats, or where no direction is better.

    Example:
        >>> protocol = kgan.metrics.Protocol("frechet_distance", num_fake=1_000)
        >>> first = kgan.metrics.Score("fd", (11.0, 12.0, 13.0), protocol)
        >>> second = kgan.metrics.Score("fd", (21.0, 22.0, 23.0), protocol)
        >>> kgan.metrics.compare(first, second)
        Comparison(difference=-10.0, error=0.81..., better='first')
    """

    difference: float
    error: float | None
    better: str


def compare(first: Score, second: Score) -> Comparison:
    """The difference of two scores of one name, if their protocols agree.

    Warns if their extractor has no SHA-256: only you know whether both used the same function.

    Example:
        >>> measure = kgan.metrics.Evaluator("fashion_mnist", ["fd"], samples=1000, repeats=2)
        >>> first, second = measure(gan)["fd"], measure(kgan.zoo.load("dcgan_fashion_mnist"))["fd"]
        >>> kgan.metrics.compare(first, second).better
        'second'

    Raises:
        UsageError: their protocols differ, with the differences; or one is NaN.
    """
    for argument, score in (("first", first), ("second", second)):
        if not isinstance(score, Score):
            raise UsageError(
                f"{argument} must be a kgan.metrics.Score; received {type(score).__name__}. Of a "
                "JSON file's entry, kgan.metrics.Score.from_json makes one.",
                argument,
            )
        if math.isnan(score.value):
            raise UsageError(
                f"{argument} must have a value; that of {score.name!r} is NaN, as of images "
                "without a score. Look at the images.",
                argument,
            )
    differences = first.protocol.differences(second.protocol)
    if first.name != second.name:
        differences.insert(0, f"name is {first.name} and {second.name}")
    if differences:
        raise UsageError(
            f"first and second are not comparable: {'; '.join(differences)}. Measure one of them "
            "again with the other's protocol.",
            "first",
        )
    extractor = first.protocol.extractor
    if extractor is not None and extractor.get("sha256") is None:
        warnings.warn(
            f"The extractor {extractor.get('name')!r} has no SHA-256: only you know whether both "
            "scores used the same function.",
            stacklevel=2,
        )
    difference = first.value - second.value
    if difference == 0:
        return Comparison(0.0, None, "neither")
    if first.deviation is None or second.deviation is None:
        return Comparison(difference, None, "unknown")
    error = math.hypot(
        first.deviation / math.sqrt(len(first.values)),
        second.deviation / math.sqrt(len(second.values)),
    )
    if abs(difference) <= 2 * error:
        return Comparison(difference, error, "neither")
    if first.lower_is_better is None:
        return Comparison(difference, error, "unknown")
    first_wins = (difference < 0) == first.lower_is_better
    return Comparison(difference, error, "first" if first_wins else "second")
