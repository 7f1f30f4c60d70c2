"""What all metrics of images that come in batches have in common."""

from __future__ import annotations

import re

import keras


class StreamingMetric(keras.metrics.Metric):
    """Base class: a Keras metric that is named after its class unless it is given a name.

    Keras numbers the names of its objects: the second one would log `frechet_distance_1`.
    """

    def __init__(self, name: str | None = None):
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", type(self).__name__)
        super().__init__(name=name or words.lower())
