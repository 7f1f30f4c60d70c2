"""What Prometheus reads at /metrics; over all workers, where there are several."""

from __future__ import annotations

import os

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # where workers share them; prometheus_client's name
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)

REQUESTS = Counter("kgan_requests", "Requests by route and status.", ["route", "status"])
REQUEST_SECONDS = Histogram(
    "kgan_request_seconds",
    "From the end of a request's headers to the end of its answer.",
    ["route"],
    buckets=_SECONDS,
)
WAITING = Gauge("kgan_waiting_requests", "Requests that wait or run.", multiprocess_mode="livesum")
CALL_SECONDS = Histogram(
    "kgan_call_seconds", "Of a call of onnxruntime.", ["model"], buckets=_SECONDS
)
CALL_ROWS = Histogram(
    "kgan_call_rows", "Examples of a call of onnxruntime.", ["model"], buckets=_ROWS
)


def report() -> tuple[bytes, str]:
    """The metrics as text, and its content type."""
    if FOLDER not in os.environ:
        return generate_latest(REGISTRY), CONTENT_TYPE_LATEST
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)
    return generate_latest(registry), CONTENT_TYPE_LATEST


def forget(process: int) -> None:
    """Drop what a worker that has ended says of the present."""
    multiprocess.mark_process_dead(process)
