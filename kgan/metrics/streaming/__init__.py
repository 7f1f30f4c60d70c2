"""Metrics of images that come in batches, as Keras metrics: no more images than a batch are held.

Each is fed with `update_state(real, fake)`, eagerly; either may be None. `result()` is then what
the function that the metric is named after gives of all.
"""

from kgan.metrics.streaming.classes import (
    ClassAccuracy as ClassAccuracy,
    ClassificationAccuracyScore as ClassificationAccuracyScore,
    FrechetDistanceByClass as FrechetDistanceByClass,
    InceptionScore as InceptionScore,
)
from kgan.metrics.streaming.features import (
    DensityCoverage as DensityCoverage,
    FeatureFunction as FeatureFunction,
    FeatureMetric as FeatureMetric,
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
