"""Connections whose requests must come soon and be short: uvicorn waits for them without end."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_BYTES = 2**16  # of a request's line and headers


class Connection(HttpToolsProtocol):
    """A connection of uvicorn's that is closed if a request's headers are too slow or too long."""

    seconds = (
        30.0  # from the first byte of a request, or from connecting, to the end of its headers
    )

    def __init__(self, *arguments: Any, **options: Any):
        super().__init__(*arguments, **options)
        self._timer: asyncio.TimerHandle | None = None
        self._header_bytes = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._expect_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._headers_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._timer is not None:
            self._header_bytes += len(data)
        super().data_received(data)
        # What came with the headers may be the body, which has its own bound.
        if self._timer is not None and self._header_bytes > MOST_BYTES:
            self.send_400_response(f"The headers must have at most {MOST_BYTES} bytes.")

    def on_message_begin(self) -> None:
        self._expect_headers()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._headers_came()
        super().on_headers_complete()

    def _expect_headers(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self.seconds, self.transport.abort)
            self._header_bytes = 0

    def _headers_came(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
