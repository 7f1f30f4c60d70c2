"""`/upscale`, `/translate`, `/inpaint`, …: an uploaded picture becomes a PNG file."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, File
from fastapi.responses import Response

from kgan.errors import UsageError
from kgan.photos.masks import read_mask
from kgan.photos.network import ENTRIES, words
from kgan.photos.picture import Picture
from kgan.photos.processing import process
from kgan.serving import descriptions
from kgan.serving.answers import Answers, png
from kgan.serving.batching import Arrays
from kgan.serving.limits import Limits
from kgan.serving.model import ServedModel, that_can
from kgan.serving.queries import Model, Seed
from kgan.serving.refusal import Refusal
from kgan.serving.uploads import FORMATS, Upload, read_upload

_KINDS = ", ".join(FORMATS)
Picked = Annotated[bytes, File(description=f"A picture: {_KINDS}.")]
Mask = Annotated[
    bytes,
    File(description="Black and white, of the picture's size, white where pixels are to be made."),
]


def routes(served: Mapping[str, ServedModel], limits: Limits, answers: Answers) -> APIRouter:
    """A route for each entry point that a model has."""
    router = APIRouter(tags=["Images"])
    for entry in ENTRIES:
        if any(model.model.entry == entry for model in served.values()):
            path, make = f"/{entry}", _with_mask if entry == "inpaint" else _without_mask
            answer = functools.partial(_answer, served, limits, answers, entry)
            summary = f"{words(entry).capitalize()} a picture"
            router.post(path, name=entry, summary=summary, responses=descriptions.PNG)(make(answer))
    return router


def _without_mask(answer: Any) -> Any:
    async def process_picture(image: Picked, model: Model = None, seed: Seed = 0) -> Response:
        return await answer(model, seed, image, None)

    return process_picture


def _with_mask(answer: Any) -> Any:
    async def process_picture_and_mask(
        image: Picked, mask: Mask, model: Model = None, seed: Seed = 0
    ) -> Response:
        return await answer(model, seed, image, mask)

    return process_picture_and_mask


async def _answer(
    served: Mapping[str, ServedModel],
    limits: Limits,
    answers: Answers,
    entry: str,
    model: str | None,
    seed: int,
    image: bytes,
    mask: bytes | None,
) -> Response:
    """The upload, processed by a model, as a PNG file with its colour profile and EXIF."""
    chosen = that_can(served, entry, model)
    assert chosen.network is not None
    loop, until = asyncio.get_running_loop(), time.monotonic() + limits.deadline_seconds

    def ask(batch: Arrays) -> Arrays:
        left = until - time.monotonic()
        if left <= 0:  # nobody waits for the picture any more
            raise Refusal(504, "The deadline of the request has passed.")
        return asyncio.run_coroutine_threadsafe(chosen.ask(batch), loop).result(left)

    network = chosen.network.through(ask)

    def work() -> bytes:
        picture = read_upload("image", image, limits.pixels)
        _check_size(chosen, picture, limits)
        marked = None
        if mask is not None:
            read_upload("mask", mask, limits.pixels)
            marked = read_mask(Upload(mask))  # type: ignore[arg-type]  # Pillow takes files as well
        made = process(network, picture, mask=marked, seed=seed)
        return png(made, **picture.metadata(made))

    return Response(await answers.in_thread(work), media_type="image/png")


def _check_size(chosen: ServedModel, picture: Picture, limits: Limits) -> None:
    """Check that a picture has a size that the model can take.

    Raises:
        Refusal: its result would have too many pixels.
        UsageError: it is too small, or of another size than the model takes; or the model sees the
            whole of it at once, and it is too large for that.
    """
    network = chosen.network
    assert network is not None and chosen.most_pixels is not None
    try:
        network.check_size(picture.height, picture.width)
    except UsageError as error:  # of "images"; here it is one
        raise UsageError(f"image{str(error).removeprefix('images')}", "image") from None
    pixels = picture.width * picture.height
    if pixels * network.scale**2 > limits.pixels:
        raise Refusal(
            413,
            f"image must have at most {limits.pixels // network.scale**2} pixels for "
            f"{chosen.name}; received {picture.width}x{picture.height}. Make it smaller.",
        )
    if network.field.radius is None and pixels > chosen.most_pixels:
        raise UsageError(
            f"image must have at most {chosen.most_pixels} pixels for {chosen.name}, which sees "
            f"the whole of it at once; received {picture.width}x{picture.height}. Make it smaller.",
            "image",
        )
