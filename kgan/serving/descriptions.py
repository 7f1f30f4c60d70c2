"""What OpenAPI says of requests and answers."""

from __future__ import annotations

from typing import Any

_TEXT, _WHOLE = {"type": "string"}, {"type": "integer", "minimum": 1}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": required | (optional or {}),
        "required": list(required),
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _json(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_ERROR = _json("Why the request is refused.", _object({"error": _TEXT}))
REFUSED: dict[int | str, dict[str, Any]] = {"4XX": _ERROR, 504: _ERROR}
_PARAMETERS = {"parameters": {"type": "object"}}
_TENSOR = _object(
    {"name": _TEXT, "shape": _list(_WHOLE), "datatype": {"enum": ["FP32", "INT32"]}},
    {"data": {"type": "array"}, **_PARAMETERS},
)
_NAMED = _object({"name": _TEXT}, _PARAMETERS)
_METADATA = _object(
    {"name": _TEXT, "datatype": _TEXT, "shape": _list({"type": "integer"})}, _PARAMETERS
)


def _answers(description: str, schema: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {200: _json(description, schema), **REFUSED}


SERVER = _answers(
    "Name, version, extensions.",
    _object({"name": _TEXT, "version": _TEXT, "extensions": _list(_TEXT)}),
)
LIVE = _answers("It runs.", _object({"live": {"type": "boolean"}}))
READY = _answers("It can answer.", _object({"ready": {"type": "boolean"}}))
OF = _answers("It can answer.", _object({"name": _TEXT, "ready": {"type": "boolean"}}))
MODEL = _answers(
    "Inputs and outputs; their parameters say what kgan knows of them.",
    _object(
        {
            "name": _TEXT,
            "versions": _list(_TEXT),
            "platform": _TEXT,
            "inputs": _list(_METADATA),
            "outputs": _list(_METADATA),
        },
        _PARAMETERS,
    ),
)
ANSWER = _answers(
    "The outputs.",
    _object(
        {"model_name": _TEXT, "outputs": _list(_TENSOR)}, {"model_version": _TEXT, "id": _TEXT}
    ),
)
ANSWER[200]["content"]["application/octet-stream"] = {
    "schema": {"type": "string", "format": "binary"}
}
INFERENCE = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": _object(
                    {"inputs": _list(_TENSOR)},
                    {"id": _TEXT, "outputs": _list(_NAMED), **_PARAMETERS},
                )
            }
        },
    }
}
"""The body of `infer`; with binary data it is JSON and bytes, as application/octet-stream."""
PNG: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A PNG file.",
        "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
    },
    **REFUSED,
}
