"""Events for TensorBoard, which need not be installed to write them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import tensorflow as tf
from PIL import Image


def picture(tag: str, image: Image.Image) -> Any:
    """A summary value that shows an image."""
    png = io.BytesIO()
    image.save(png, format="PNG")
    shown = tf.compat.v1.Summary.Image(
        width=image.width,
        height=image.height,
        colorspace=len(image.getbands()),
        encoded_image_string=png.getvalue(),
    )
    return tf.compat.v1.Summary.Value(tag=tag, image=shown)


def scalar(tag: str, value: float) -> Any:
    """A summary value that is a point of a curve."""
    return tf.compat.v1.Summary.Value(tag=tag, simple_value=value)


def write(folder: str | Path, values: list[Any], step: int) -> None:
    """Add summary values to the log folder; `tf.summary.scalar` would need the package."""
    summary = tf.compat.v1.Summary(value=values)
    # A file for each step keeps the callbacks free of an open writer when training is cut off.
    writer = tf.summary.create_file_writer(str(folder), filename_suffix=f".{step}")
    with writer.as_default():
        tf.summary.experimental.write_raw_pb(summary.SerializeToString(), step=step)
    writer.close()
