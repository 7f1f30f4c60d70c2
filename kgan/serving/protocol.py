"""The Open Inference Protocol, version 2: `/v2` and what follows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from kgan.errors import UsageError, unknown_name
from kgan.serving import descriptions
from kgan.serving.batching import Arrays
from kgan.serving.model import VERSION, ServedModel
from kgan.serving.refusal import Refusal
from kgan.serving.tensors import (
    DATATYPES,
    Rest,
    asks_for,
    objects,
    read_shape,
    read_values,
    shortened,
    written,
)
from kgan.signature import Field, Image
from kgan.version import __version__

LENGTH = "Inference-Header-Content-Length"
_MODEL = "/models/{model_name}"
_VERSIONED = _MODEL + "/versions/{model_version}"
Name = Annotated[str, Path(description="The name of a served model.")]
Version = Annotated[str, Path(description=f'"{VERSION}" alone.')]


def routes(served: Mapping[str, ServedModel]) -> APIRouter:
    """The routes of the protocol for these models."""
    router = APIRouter(prefix="/v2", tags=["Open Inference Protocol"])

    # First, since routes are tried in their order.
    inference: dict[str, Any] = {
        "responses": descriptions.ANSWER,
        "openapi_extra": descriptions.INFERENCE,
    }

    @router.post(f"{_MODEL}/infer", summary="Run a model", **inference)
    async def infer(model_name: Name, request: Request) -> Response:
        return await _infer(_find(served, model_name), request)

    @router.post(f"{_VERSIONED}/infer", summary="Run a version of a model", **inference)
    async def infer_version(model_name: Name, model_version: Version, request: Request) -> Response:
        return await _infer(_find(served, model_name, model_version), request)

    @router.get("", summary="The server", responses=descriptions.SERVER)
    async def server() -> Response:
        about = {"name": "kgan", "version": __version__, "extensions": ["binary_tensor_data"]}
        return _json(about)

    @router.get("/health/live", summary="Whether it runs", responses=descriptions.LIVE)
    async def live() -> Response:
        return _json({"live": True})

    @router.get("/health/ready", summary="Whether it can answer", responses=descriptions.READY)
    async def ready() -> Response:
        return _json({"ready": True})

    @router.get(_MODEL, summary="What a model takes and gives", responses=descriptions.MODEL)
    async def about(model_name: Name) -> Response:
        return _json(_metadata(_find(served, model_name)))

    @router.get(_VERSIONED, summary="The same of a version", responses=descriptions.MODEL)
    async def about_version(model_name: Name, model_version: Version) -> Response:
        return _json(_metadata(_find(served, model_name, model_version)))

    @router.get(f"{_MODEL}/ready", summary="Whether a model can answer", responses=descriptions.OF)
    async def model_ready(model_name: Name) -> Response:
        return _json({"name": _find(served, model_name).name, "ready": True})

    @router.get(f"{_VERSIONED}/ready", summary="The same of a version", responses=descriptions.OF)
    async def version_ready(model_name: Name, model_version: Version) -> Response:
        return _json({"name": _find(served, model_name, model_version).name, "ready": True})

    return router


def _json(content: Any) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")


def _find(served: Mapping[str, ServedModel], name: str, version: str = VERSION) -> ServedModel:
    """The model of that name and version.

    Raises:
        Refusal: there is none.
    """
    if name not in served:
        raise Refusal(404, str(unknown_name("model_name", name, served)))
    if version != VERSION:
        raise Refusal(404, f"model_version must be {VERSION!r}; received {shortened(version)}.")
    return served[name]


def _metadata(served: ServedModel) -> dict[str, Any]:
    def listed(fields: Mapping[str, Field]) -> list[dict[str, Any]]:
        return [
            {
                "name": name,
                "datatype": DATATYPES.get(field.dtype, field.dtype),
                "shape": [-1, *(size or -1 for size in field.shape)],
                "parameters": field.facts(),
            }
            for name, field in fields.items()
        ]

    model = served.model
    return {
        "name": served.name,
        "versions": [VERSION],
        "platform": "onnxruntime_onnx",
        "inputs": listed(model.input_signature),
        "outputs": listed(model.output_signature),
        "parameters": {"entry": model.entry, "model": model.model},
    }


async def _infer(served: ServedModel, request: Request) -> Response:
    content = await request.body()
    asked, rest = _split(content, request.headers.get(LENGTH))
    wanted = _wanted(served, asked)
    inputs = _inputs(served, objects("inputs", asked.get("inputs")), rest)
    rest.check_empty()
    about = {"model_name": served.name, "model_version": VERSION}
    if asked.get("id") is not None:
        if not isinstance(asked["id"], str):
            raise UsageError(f"id must be a string; received {shortened(asked['id'])}.", "id")
        about["id"] = asked["id"]
    body, length = written(await served.ask(inputs), wanted, about)
    if length is None:
        return Response(body, media_type="application/json")
    return Response(body, headers={LENGTH: str(length)}, media_type="application/octet-stream")


def _split(content: bytes, length: str | None) -> tuple[dict[str, Any], Rest]:
    """The JSON of a request, and the bytes behind it.

    Raises:
        UsageError: the length of the JSON is wrong, or it is none.
    """
    size = len(content)
    if length is not None:
        size = int(length) if length.isascii() and length.isdigit() and len(length) < 20 else -1
        if not 0 <= size <= len(content):
            raise UsageError(
                f"{LENGTH} must be the number of bytes of the JSON, 0 to {len(content)}, the "
                f"length of the body; received {shortened(length)}.",
                LENGTH,
            )
    try:
        asked = orjson.loads(memoryview(content)[:size])
    except orjson.JSONDecodeError as error:
        raise UsageError(
            f"body must be JSON, and the header {LENGTH} its length if binary data follows; "
            f"received {size} bytes that are none: {error}.",
            "body",
        ) from None
    if not isinstance(asked, dict):
        raise UsageError(
            f"body must be a JSON object with inputs; received {shortened(asked)}.", "body"
        )
    return asked, Rest(memoryview(content)[size:])


def _wanted(served: ServedModel, asked: Mapping[str, Any]) -> dict[str, bool]:
    """The outputs that are asked for, and whether as binary data.

    Raises:
        UsageError: the model has no such output.
    """
    known = served.model.output_signature
    binary = asks_for(asked, "binary_data_output", False)
    wanted = {}
    for output in objects("outputs", asked.get("outputs")):
        if output["name"] not in known:
            raise unknown_name("outputs", output["name"], known)
        wanted[output["name"]] = asks_for(output, "binary_data", binary)
    return wanted or dict.fromkeys(known, binary)


def _inputs(served: ServedModel, tensors: list[dict[str, Any]], rest: Rest) -> Arrays:
    """The inputs by name, checked: one array for each field, of one length.

    Raises:
        UsageError: inputs are missing, unknown, too many or too large, or a field refuses them.
    """
    fields, given = served.model.input_signature, {each["name"]: each for each in tensors}
    for name in given:
        if name not in fields:
            raise unknown_name("inputs", name, fields)
    if missing := [name for name in fields if name not in given]:
        raise UsageError(
            f"inputs must hold {', '.join(fields)}; {', '.join(missing)} is missing.", "inputs"
        )
    shapes = {name: read_shape(fields[name], tensor) for name, tensor in given.items()}
    _check_shapes(served, shapes)
    values = {
        name: read_values(fields[name], each, shapes[name], rest) for name, each in given.items()
    }
    n = next(iter(shapes.values()))[0]
    return {name: fields[name].check(values[name], n, argument=name) for name in fields}


def _check_shapes(served: ServedModel, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Check that inputs belong together, and are not too many for one call.

    Raises:
        UsageError: they do not, or are.
    """
    counts = {name: shape[0] for name, shape in shapes.items()}
    if len(set(counts.values())) > 1:
        raise UsageError(f"inputs must hold as many examples each; received {counts}.", "inputs")
    image = served.model.input_signature.image
    for name, field in served.model.input_signature.items():
        if (
            image is not None
            and isinstance(field, Image)
            and shapes[name][1:3] != shapes[image.name][1:3]
        ):
            raise UsageError(
                f"{name} must have the height and width of {image.name}; received "
                f"{list(shapes[name])} for {list(shapes[image.name])}.",
                name,
            )
    (name, n), *_ = counts.items()
    most = served.most_rows(shapes)
    if n > most and image is not None and most < served.limits.rows:
        raise UsageError(
            f"{image.name} must have at most {served.most_pixels} pixels in all for "
            f"{served.name}; received {list(shapes[image.name])}. Send fewer or smaller images.",
            image.name,
        )
    if n > most:
        raise UsageError(
            f"{name} must have at most {most} examples; received {n}. Send several requests, or "
            "start the server with a larger --max-batch.",
            name,
        )
