"""Layers that Keras lacks or has slower; one a file."""

from kgan.layers.batch_normalization import BatchNormalization as BatchNormalization
