"""Upsampling, downsampling and cropping of images."""

from __future__ import annotations

from keras import layers


def upsample(x, size: tuple[int, int], dtype, interpolation: str = "nearest"):
    """Twice the height and width, cut to `size` pixels."""
    x = layers.UpSampling2D(data_format="channels_last", interpolation=interpolation, dtype=dtype)(
        x
    )
    return crop(x, size, dtype)


def crop(x, size: tuple[int, int], dtype):
    """Images cut to `size` pixels at the lower and right edges, where they are larger."""
    below, right = x.shape[1] - size[0], x.shape[2] - size[1]
    if not below and not right:
        return x
    return layers.Cropping2D(((0, below), (0, right)), "channels_last", dtype=dtype)(x)


def downsample(x, dtype):
    """The means of two by two pixels."""
    pool = layers.AveragePooling2D(2, padding="same", data_format="channels_last", dtype=dtype)
    return pool(x)
