"""Refusals with a status of HTTP. A `UsageError` is one with status 400."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from starlette.responses import Response


class Refusal(Exception):
    """A request that is not answered as asked: `status`, a message, and headers."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None):
        super().__init__(message)
        self.status, self.headers = status, dict(headers or {})


def refused(status: int, message: object, headers: Mapping[str, str] | None = None) -> Response:
    """The response that tells a client why: `{"error": message}`, as the protocol has it."""
    content = orjson.dumps({"error": str(message)})
    return Response(content, status, headers, media_type="application/json")
