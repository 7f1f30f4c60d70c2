"""What every request passes: token, size, time, queue; and the headers of every answer."""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import anyio

from kgan.plurals import counted
from kgan.serving import metrics
from kgan.serving.limits import Limits
from kgan.serving.refusal import Refusal, refused

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = logging.getLogger("uvicorn.error")
_HEALTH = ("/v2/health/live", "/v2/health/ready")  # asked without a token
_AT_ONCE = (*_HEALTH, "/metrics")  # answered even if the queue is full
_BODIES = 16  # of the largest size, which may lie in memory at the same time
# The page may measure time and share memory only if it is isolated from other origins.
_HEADERS = [
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-embedder-policy", b"require-corp"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
]


class Guard:
    """ASGI middleware that lets a request through when all of it is there and there is room.

    So a slow client occupies no place in the queue, and a large body no memory.
    """

    def __init__(self, app: App, limits: Limits, token: str | None = None):
        self._app, self._limits = app, limits
        self._token = None if token is None else token.encode()
        self._waiting = 0
        self._held_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        try:
            await self._pass(scope, receive, answer)
        except Refusal as refusal:
            if status:  # the answer has begun; the connection is closed in its midst
                raise
            response = refused(refusal.status, refusal, refusal.headers)
            await response(scope, receive, answer)
        except Exception:
            if status:
                raise
            _log.exception("A request failed.")
            await refused(500, "The server failed; its log says why.")(scope, receive, answer)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            metrics.REQUESTS.labels(route, status).inc()
            metrics.REQUEST_SECONDS.labels(route).observe(time.perf_counter() - began)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request.

        Raises:
            Refusal: it is too large, too slow, without the token, or the queue is full.
        """
        headers = dict(scope["headers"])
        path, seconds = scope["path"], self._limits.deadline_seconds
        self._check_token(path, headers)
        body: list[bytes] = []
        try:
            try:
                with anyio.fail_after(seconds):
                    await self._read(headers, receive, body)
            except TimeoutError:
                raise Refusal(
                    408,
                    f"The request must arrive within {seconds:g} s. Send less, or faster.",
                    {"Connection": "close"},
                ) from None
            if path not in _AT_ONCE and self._waiting >= self._limits.waiting:
                raise _full(f"{counted(self._waiting, 'request')} wait already")
            self._waiting += 1
            metrics.WAITING.inc()
            try:
                with anyio.fail_after(seconds):
                    await self._app(scope, _replay(b"".join(body), receive), send)
            except TimeoutError:
                raise Refusal(
                    504, f"The answer took longer than {seconds:g} s. Ask for less, or later."
                ) from None
            finally:
                self._waiting -= 1
                metrics.WAITING.dec()
        finally:
            self._held_bytes -= sum(map(len, body))

    def _check_token(self, path: str, headers: dict[bytes, bytes]) -> None:
        if self._token is None or path in _HEALTH:
            return
        kind, _, token = headers.get(b"authorization", b"").partition(b" ")
        # The comparison takes as long for a wrong token as for the right one.
        right = hmac.compare_digest(token.strip(), self._token)
        if kind.lower() != b"bearer" or not right:
            raise Refusal(
                401,
                "The header Authorization must be 'Bearer TOKEN', with the token of this server.",
                {"WWW-Authenticate": "Bearer"},
            )

    async def _read(self, headers: dict[bytes, bytes], receive: Receive, body: list[bytes]) -> None:
        """Read the body into a list of its parts."""
        most = self._limits.body_bytes
        encoding = headers.get(b"content-encoding", b"identity").decode("latin-1")
        if encoding.strip().lower() != "identity":
            raise Refusal(
                415,
                f"Content-Encoding must be left out; received {encoding[:60]!r}. Send the "
                "body as it is, not compressed.",
            )
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length[:20]) > most:
            raise _too_large(most)
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Refusal(400, "The request must be whole; the client left before its end.")
            part, more = message.get("body", b""), message.get("more_body", False)
            size += len(part)
            if size > most:
                raise _too_large(most)
            if self._held_bytes + len(part) > _BODIES * most:
                raise _full("The memory for requests is taken")
            self._held_bytes += len(part)
            body.append(part)


def _too_large(most: int) -> Refusal:
    return Refusal(
        413,
        f"The body must have at most {most} bytes. Send less, or start the server with a larger "
        "--max-body.",
    )


def _full(why: str) -> Refusal:
    return Refusal(429, f"{why}. Ask again in a second.", {"Retry-After": "1"})


def _replay(body: bytes, receive: Receive) -> Receive:
    """The messages of a request whose body has been read."""
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def replayed() -> Message:
        return next(messages, None) or await receive()

    return replayed
