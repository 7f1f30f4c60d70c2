"""The processes of the server: one, or several workers that are replaced if they die."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import multiprocessing
import os
import signal
import socket
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from multiprocessing.connection import wait
from typing import Any

import uvicorn

from kgan.errors import UsageError
from kgan.serving.limits import Limits

_SPAWN = multiprocessing.get_context("spawn")
_TICK = 0.2  # seconds between two looks at the signals
_YOUNG = 10.0  # seconds; a worker that dies within them has not served yet, perhaps
_MOST_YOUNG_DEATHS = 5  # in a row


@dataclasses.dataclass(frozen=True)
class Settings:
    """What each process needs to answer; `create_app` takes it."""

    models: tuple[str, ...]
    limits: Limits
    token: str | None
    threads: int | None


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections; a port of 0 becomes a free one.

    Raises:
        UsageError: the address is taken, or is none of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise UsageError(
            f"port={port} of the host {host!r} must be free on this machine: {error.strerror}. "
            "Choose another --port, or another --host.",
            "port",
        ) from None


def serve(settings: Settings, listener: socket.socket, workers: int) -> None:
    """Answer requests until SIGTERM or Ctrl-C; those that have begun are still answered."""
    if workers > 1:
        _Workers(settings, listener, workers).run()
        return
    with contextlib.suppress(KeyboardInterrupt):
        _answer(settings, listener)


def _answer(settings: Settings, listener: socket.socket) -> None:
    """Be a server, until a signal ends it."""
    from kgan.serving.app import create_app
    from kgan.serving.connection import Connection

    # What a client sends is no business of the terminal's.
    warnings.simplefilter("ignore")
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    limits = settings.limits
    app = create_app(settings.models, limits, settings.token, settings.threads)
    Connection.seconds = limits.deadline_seconds
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        # A request may take one deadline to arrive, and one to be answered.
        timeout_graceful_shutdown=int(2 * limits.deadline_seconds) + 1,
    )
    uvicorn.Server(config).run(sockets=[listener])


def _work(settings: Settings, listener: socket.socket) -> None:
    """Be a worker, which ends when the process that started it does."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=follow, daemon=True).start()
    with contextlib.suppress(KeyboardInterrupt):
        _answer(settings, listener)


class _Workers:
    """Several processes that take connections from one socket."""

    def __init__(self, settings: Settings, listener: socket.socket, number: int):
        self._settings, self._listener, self._number = settings, listener, number
        self._running: dict[Any, Any] = {}  # by the sentinel, which ends when the process does
        self._stopped = threading.Event()

    def run(self) -> None:
        """Keep as many workers as asked for, until a signal.

        Raises:
            RuntimeError: workers die as soon as they start.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        with tempfile.TemporaryDirectory(prefix="kgan-metrics-") as folder:
            # Read when prometheus_client is imported, here and in the workers.
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
            from kgan.serving import metrics

            for _ in range(self._number):
                self._start()
            try:
                self._replace_dead(metrics.forget)
            finally:
                self._end()

    def _stop(self, number: int, frame: Any) -> None:
        self._stopped.set()

    def _start(self) -> None:
        process = _SPAWN.Process(target=_work, args=(self._settings, self._listener))
        process.start()
        self._running[process.sentinel] = process

    def _replace_dead(self, forget: Callable[[int], None]) -> None:
        young_deaths, began = 0, time.monotonic()
        while not self._stopped.is_set():
            for sentinel in wait(list(self._running), _TICK):
                process = self._running.pop(sentinel)
                process.join()
                forget(process.pid)
                if self._stopped.is_set():  # Ctrl-C ends the workers as well
                    return
                young_deaths = young_deaths + 1 if time.monotonic() - began < _YOUNG else 0
                if young_deaths > _MOST_YOUNG_DEATHS:
                    raise RuntimeError(
                        f"The workers end as soon as they start, the last with exit code "
                        f"{process.exitcode}; what they wrote above says why."
                    )
                began = time.monotonic()
                self._start()

    def _end(self) -> None:
        """Refuse connections, and wait for the answers that have begun."""
        self._listener.close()
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            process.join()
