"""What one server takes at most."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Limits:
    """What a process of the server takes at most; it refuses more, and says so.

    Attributes:
        rows: examples of one request, and of one call of onnxruntime.
        waiting: requests that wait or run; the next one gets status 429.
        body_bytes: of a request.
        pixels: of an uploaded image, and of the image that is made from it.
        deadline_seconds: for a request to arrive, and again for its answer.

    Example:
        >>> limits = kgan.serving.Limits(rows=16, deadline_seconds=5.0)
    """

    rows: int = 64
    waiting: int = 256
    body_bytes: int = 2**24
    pixels: int = 2**25
    deadline_seconds: float = 30.0
