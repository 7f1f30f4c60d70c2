"""DCGAN's convolution, 4x4 with stride 2, and its gradients, as a CPU computes them fastest.

oneDNN's forward convolution runs near the rate of its matrix product; for the gradients it has
slower kernels, and slow ones for images of few channels. The three functions are each other's
gradients, so that penalties can differentiate twice. RESULTS.md has the times.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Container
from typing import NamedTuple

import numpy as np
import tensorflow as tf

SIZE = 4
STRIDE = 2


def suits(layer, height: int | None, width: int | None) -> bool:
    """Whether these functions can stand for a layer between features and images of this size."""
    return (
        (layer.kernel_size, layer.strides) == ((SIZE, SIZE), (STRIDE, STRIDE))
        and (layer.padding, layer.data_format) == ("same", "channels_last")
        and layer.dilation_rate == (1, 1)
        and getattr(layer, "groups", 1) == 1
        and getattr(layer, "output_padding", None) is None
        and layer.compute_dtype == "float32"
        and all(size is not None and size % STRIDE == 0 for size in (height, width))
        and not tf.config.get_visible_devices("GPU")
    )


@tf.custom_gradient
def convolve(images, kernel):
    """Features `(batch, h, w, out)` of images `(batch, 2h, 2w, in)`; kernel `(4, 4, in, out)`."""
    outputs = tf.nn.conv2d(images, kernel, STRIDE, "SAME")

    def gradient(features):
        features = tf.ensure_shape(features, outputs.shape)
        return spread(features, kernel), kernel_gradient(images, features)

    return outputs, gradient


@tf.custom_gradient
def spread(features, kernel):
    """The transposed convolution: images `(batch, 2h, 2w, in)` of features `(batch, h, w, out)`."""
    batch, height, width, _ = features.shape
    channels = kernel.shape[2]

    def gradient(images):
        images = tf.ensure_shape(images, (batch, STRIDE * height, STRIDE * width, channels))
        return convolve(images, kernel), kernel_gradient(images, features)

    way = _fastest("spread", STRIDE * width, channels, kernel.shape[3], _spread)
    return way(features, kernel), gradient


@tf.custom_gradient
def kernel_gradient(images, features):
    """The gradient `(4, 4, in, out)` by the kernel, where `features` are that by the features."""
    shape = (SIZE, SIZE, images.shape[3], features.shape[3])

    def gradient(kernel):
        kernel = tf.ensure_shape(kernel, shape)
        return spread(features, kernel), convolve(images, kernel)

    way = _fastest(
        "kernel_gradient", images.shape[2], images.shape[3], features.shape[3], _backprop_filter
    )
    return way(images, features), gradient


def _backprop_filter(images, features):
    """The gradient by the kernel as TensorFlow computes it."""
    return tf.raw_ops.Conv2DBackpropFilter(
        input=images,
        filter_sizes=(SIZE, SIZE, images.shape[3], features.shape[3]),
        out_backprop=features,
        strides=[1, STRIDE, STRIDE, 1],
        padding="SAME",
    )


def _forward_convolution(images, features):
    """The gradient by the kernel as a convolution in which batch and channels change places.

    It runs over height and width; the features, `STRIDE` pixels apart, are its kernel.
    """
    kernel = tf.nn.conv2d(
        tf.transpose(images, (3, 1, 2, 0)),
        tf.transpose(features, (1, 2, 0, 3)),
        1,
        [[0, 0], [1, 1], [1, 1], [0, 0]],
        dilations=STRIDE,
    )
    return tf.transpose(kernel, (1, 2, 0, 3))


def _spread(features, kernel):
    """The transposed convolution as TensorFlow computes it."""
    batch, (height, width) = tf.shape(features)[0], features.shape[1:3]
    return tf.raw_ops.Conv2DBackpropInput(
        input_sizes=tf.stack([batch, STRIDE * height, STRIDE * width, kernel.shape[2]]),
        filter=kernel,
        out_backprop=features,
        strides=[1, STRIDE, STRIDE, 1],
        padding="SAME",
    )


def _halves(features, kernel):
    """The transposed convolution to each half of the images' channels."""
    halves = tf.split(kernel, 2, axis=2)
    return tf.concat([_spread(features, half) for half in halves], axis=-1)


def _overlap_add(features, kernel):
    """The transposed convolution as one matrix product to 4x4 patches, and their sum in place."""
    height, width = features.shape[1:3]
    channels, depth = kernel.shape[2:]
    # A patch is 2x2 blocks of 2x2 pixels; the image, padded by one pixel, is a grid of them.
    kernel = tf.reshape(kernel, (2, STRIDE, 2, STRIDE, channels, depth))
    kernel = tf.reshape(tf.transpose(kernel, (5, 0, 2, 1, 3, 4)), (depth, -1))
    patches = tf.reshape(features, (-1, depth)) @ kernel
    blocks = tf.unstack(tf.reshape(patches, (-1, height, width, 4, 4 * channels)), axis=3)
    grid = tf.add_n(
        [
            tf.pad(block, ((0, 0), (down, 1 - down), (right, 1 - right), (0, 0)))
            for block, (down, right) in zip(blocks, np.ndindex(2, 2), strict=True)
        ]
    )
    return tf.nn.depth_to_space(grid, STRIDE)[:, 1:-1, 1:-1]


class Case(NamedTuple):
    """The shapes for which `way` computes an operation faster than oneDNN's own kernel."""

    operation: str
    way: Callable
    width: Container[int]  # of the images
    channels: Container[int]  # of the images
    depth: Container[int]  # channels of the features
    avx2_alone: bool  # only on a processor without newer instructions


_ANY = range(1, 1 << 20)

# Measured with TensorFlow 2.21. The two exact shapes get an older kernel of oneDNN.
CASES = (
    Case("spread", _overlap_add, _ANY, range(1, 5), _ANY, avx2_alone=False),
    Case("spread", _halves, [14], [64], [128], avx2_alone=True),
    Case("spread", _halves, [8], [512], [1024], avx2_alone=True),
    Case("kernel_gradient", _forward_convolution, _ANY, range(64, 1 << 20), _ANY, avx2_alone=True),
)


def _fastest(operation: str, width: int, channels: int, depth: int, own: Callable) -> Callable:
    """The way of the first case that fits; oneDNN's `own` without one."""
    for case in CASES:
        fits = width in case.width and channels in case.channels and depth in case.depth
        if operation == case.operation and fits and (_avx2_alone() or not case.avx2_alone):
            return case.way
    return own


@functools.cache
def _avx2_alone() -> bool:
    """Whether oneDNN computes with AVX2: newer instructions have other kernels, not measured."""
    found = set(np.show_config(mode="dicts")["SIMD Extensions"].get("found", ()))
    return (
        bool(found & {"AVX2", "X86_V3"})
        and not any(name.startswith(("AVX512", "X86_V4")) for name in found)
        and os.environ.get("TF_ENABLE_ONEDNN_OPTS") != "0"
    )
