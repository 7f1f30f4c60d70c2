"""Keras metrics of images that come in batches, which hold only one batch at a time.

Call `update_state(real, fake)` eagerly; either may be None. `result()` is then the value of the
function that the metric is named after, for all images so far.
"""

from kgan.metrics.streaming.classes import (
    ClassAccuracy as ClassAccuracy,
    ClassificationAccuracyScore as ClassificationAccuracyScore,
    FrechetDistanceByClass as FrechetDistanceByClass,
    InceptionScore as InceptionScore,
)
from kgan.metrics.streaming.feature_metric import FeatureMetric as FeatureMetric
from kgan.metrics.streaming.features import (
    DensityCoverage as DensityCoverage,
    FeatureFunction as FeatureFunction,
    FrechetDistance as FrechetDistance,
    FrechetDistanceInfinite as FrechetDistanceInfinite,
    KernelDistance as KernelDistance,
    MemorisationInformedFrechetDistance as MemorisationInformedFrechetDistance,
    PrecisionRecall as PrecisionRecall,
)
from kgan.metrics.streaming.images import (
    Modes as Modes,
    MSSSIMDiversity as MSSSIMDiversity,
    PairMetric as PairMetric,
    PathLength as PathLength,
    SlicedWasserstein as SlicedWasserstein,
)
