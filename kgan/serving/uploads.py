"""Pictures that strangers send: their size and format are known before a pixel is decoded."""

from __future__ import annotations

import io

from PIL import Image

from kgan.data.decode import opened
from kgan.errors import UsageError
from kgan.photos.picture import Picture, read
from kgan.serving.refusal import Refusal

FORMATS = ("PNG", "JPEG", "WEBP")


class Upload(io.BytesIO):
    """A file that was sent; errors call it so, since its name is a stranger's."""

    def __repr__(self) -> str:
        return "upload"


def read_upload(argument: str, content: bytes, most_pixels: int) -> Picture:
    """The picture in a file of one of `FORMATS`.

    Raises:
        UsageError: it is damaged, of another format, or of pixels that `kgan.photos.read` refuses.
        Refusal: it has more pixels than `most_pixels`; none of them is decoded.
    """
    # Pillow's decoders raise whatever a damaged file leads them to.
    try:
        with opened(Upload(content), FORMATS) as image:
            width, height = image.size
    except Image.DecompressionBombError as error:  # Pillow's own bound
        raise _too_large(argument, most_pixels, "many more") from error
    except Exception as error:
        raise _unreadable(argument, content, error) from error
    if width * height > most_pixels:
        raise _too_large(argument, most_pixels, f"{width}x{height}")
    try:
        return read(Upload(content))  # type: ignore[arg-type]  # Pillow takes files as well
    except Exception as error:
        raise _unreadable(argument, content, error) from error


def _too_large(argument: str, most_pixels: int, received: str) -> Refusal:
    return Refusal(
        413,
        f"{argument} must have at most {most_pixels} pixels; received {received}. Make it smaller, "
        "or start the server with a larger --max-pixels.",
    )


def _unreadable(argument: str, content: bytes, error: Exception) -> UsageError:
    return UsageError(
        f"{argument} must be a {', '.join(FORMATS[:-1])} or {FORMATS[-1]} file; received "
        f"{len(content)} bytes that cannot be read: {error}.",
        argument,
    )
