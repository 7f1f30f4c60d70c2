"""What commands read for a model: the options for its inputs, and images in files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kgan.cli import models
from kgan.errors import UsageError
from kgan.signature.options import OPTIONS

if TYPE_CHECKING:
    import numpy as np

    from kgan.models import GAN
    from kgan.runtime import OnnxModel

truncation_option = click.option(
    "--truncation",
    type=click.FloatRange(0, min_open=True),
    metavar="T",
    help="Redraw latents beyond ±T: closer to the average, less variety.",
)


def input_options(required: bool = False) -> Callable[[Any], Any]:
    """A decorator that adds the options of the fields to a command, as text.

    `required` leaves out those of fields that have a default.
    """

    def decorate(command):
        for argument, option in reversed(OPTIONS.items()):
            if option.required or not required:
                command = click.option(
                    f"--{argument}",
                    metavar=option.metavar,
                    help=option.help,
                    callback=_check_file if option.is_file else None,
                )(command)
        return command

    return decorate


def _check_file(context: click.Context, option: click.Parameter, name: str | None) -> str | None:
    """Refuse a file without rows before loading TensorFlow and the model, which takes seconds."""
    if name is not None:
        from kgan.signature import read_rows

        read_rows(option.opts[0], Path(name))
    return name


def read_inputs(gan: GAN | OnnxModel, options: Mapping[str, str | None]) -> dict[str, np.ndarray]:
    """The rows that the options stand for, by the model's arguments.

    Raises:
        UsageError: an option that the model does not take, lacks, or whose value its field refuses.
    """
    kind = models.kind(gan)
    fields = {field.argument: field for field in gan.input_signature.values()}
    rows = {}
    for argument, value in options.items():
        if value is None:
            continue
        if argument not in fields:
            raise UsageError(f"--{argument} is not for this model: a {kind} takes no {argument}.")
        rows[argument] = fields[argument].read(f"--{argument}", value)
    for field in gan.input_signature.required:
        if field.argument not in rows:
            shape = ", ".join(map(str, field.shape))
            raise UsageError(
                f"--{field.argument} must be given: this {kind} makes images from {field.argument} "
                f"of shape ({shape}). Write them with numpy.save, one row per image."
            )
    return rows


def read_folder(
    name: str, folder: Path, image_shape: tuple[int, int, int], most: int
) -> tuple[np.ndarray, int]:
    """The first images of a file or a folder, float32 in [-1, 1], and how many it holds.

    The centre square of each is resized if the shape is a square.

    Raises:
        UsageError: there is no image, or a file cannot be decoded; the message calls it `name`.
    """
    import numpy as np

    height, width, channels = image_shape
    resolution = height if height == width else None
    if not folder.is_dir():
        return read_image(name, folder, resolution, channels)[np.newaxis], 1
    from kgan.data.folder import from_folder

    found = from_folder(folder, resolution, channels, strict=False, argument=name)
    pixels = found.images
    return pixels[:most] / np.float32(127.5) - np.float32(1), len(pixels)


def read_image(name: str, file: Path, resolution: int | None, channels: int) -> np.ndarray:
    """The image in a file: float32 `(height, width, channels)` in [-1, 1].

    Without a `resolution` it keeps its height and width; with one, the centre square is resized.

    Raises:
        UsageError: the file cannot be decoded; the message calls it `name`.
    """
    import numpy as np

    from kgan.data import decode

    try:
        pixels = decode.read(file, resolution, channels)
    # Pillow's decoders raise whatever a damaged file leads them to.
    except Exception as error:
        raise UsageError(
            f"{name}={str(file)!r} cannot be decoded ({error}); expected an image file of the "
            f"formats {', '.join(decode.FORMATS)}.",
            name,
        ) from error
    return pixels / np.float32(127.5) - np.float32(1)
