"""Requests per second and their latency: kgan serve beside MLServer, LitServe and BentoML.

Each serves the same ONNX file on this machine, one image per request, and joins requests to calls
of up to 64. Clients share the cores with the server: each keeps one connection and asks again as
soon as it is answered. The rate of onnxruntime by itself is that of calls of 64 in one process.
Memory is that of all processes of a server, before and after many requests of 16 clients.

    python -m venv peers && peers/bin/pip install mlserver litserve onnxruntime
    python benchmarks/serving.py --environment peers --json benchmarks/serving.json
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import servers
from servers import SERVERS, Server

from kgan.runtime.loading import preset_file

CLIENTS = (1, 16, 64)
MEMORY_CLIENTS = 16
CALL = 64
PATIENCE = 60.0  # seconds for an answer


def latents(n: int, path: Path) -> np.ndarray:
    """Latents for the file's only input."""
    (size,) = onnxruntime.InferenceSession(path).get_inputs()[0].shape[1:]
    return np.random.RandomState(0).standard_normal((n, size)).astype("float32")


def own_rate(path: Path, seconds: float) -> float:
    """Images per second of onnxruntime by itself, in calls of `CALL`."""
    session, batch = onnxruntime.InferenceSession(path), latents(CALL, path)
    session.run(None, {"latent": batch})
    calls, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        session.run(None, {"latent": batch})
        calls += 1
    return CALL * calls / (time.perf_counter() - began)


def request(server: Server, latent: np.ndarray) -> bytes:
    """A request as it goes over the wire."""
    body, headers = server.body(latent)
    headers |= {"Host": "127.0.0.1", "Content-Length": str(len(body))}
    lines = [f"POST {server.path} HTTP/1.1", *(f"{key}: {each}" for key, each in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Client:
    """One connection, which is asked and answers in turn."""

    def __init__(self, port: int):
        self._port = port

    async def __aenter__(self) -> Client:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *error: object) -> None:
        self._writer.close()

    async def ask(self, content: bytes) -> tuple[bytes, dict[str, str]]:
        """The body and the headers of the answer.

        Raises:
            RuntimeError: its status is no success.
            TimeoutError: it does not come within `PATIENCE`.
        """
        return await asyncio.wait_for(self._answer(content), PATIENCE)

    async def _answer(self, content: bytes) -> tuple[bytes, dict[str, str]]:
        self._writer.write(content)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status, *lines = head.strip().split("\r\n")
        headers = {
            key.lower(): each.strip() for key, each in (line.split(":", 1) for line in lines)
        }
        body = await self._reader.readexactly(int(headers["content-length"]))
        if " 200" not in status:
            raise RuntimeError(f"{status}: {body[:500]!r}")
        return body, headers


async def check(server: Server, port: int, path: Path) -> None:
    """Wait until a server answers, and compare its image with onnxruntime's."""
    latent = latents(1, path)
    until = time.monotonic() + PATIENCE
    while True:
        try:
            async with Client(port) as client:
                answer = await asyncio.wait_for(client.ask(request(server, latent)), 5)
            break
        # It listens, but has not loaded its model.
        except (RuntimeError, OSError, EOFError, asyncio.TimeoutError):
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.2)
    (expected,) = onnxruntime.InferenceSession(path).run(None, {"latent": latent})
    np.testing.assert_allclose(server.image(*answer), expected, atol=1e-4)


async def load(port: int, contents: list[bytes], clients: int, total: int) -> dict[str, float]:
    """Requests per second, and percentiles of the milliseconds, of so many requests."""
    milliseconds: list[float] = []
    left = iter(range(total))

    async def keep_asking() -> None:
        async with Client(port) as client:
            for number in left:
                began = time.perf_counter()
                content = contents[number % len(contents)]
                await client.ask(content)
                milliseconds.append(1000 * (time.perf_counter() - began))

    began = time.perf_counter()
    await asyncio.gather(*(keep_asking() for _ in range(clients)))
    seconds = time.perf_counter() - began
    percentiles = np.percentile(milliseconds, (50, 95, 99)).tolist()
    return {
        "per_second": total / seconds,
        **dict(zip(("p50_ms", "p95_ms", "p99_ms"), percentiles, strict=True)),
    }


async def measure(server: Server, process: int, port: int, path: Path, arguments: Any) -> dict:
    """The figures of one server."""
    await check(server, port, path)
    contents = [request(server, latent[np.newaxis]) for latent in latents(256, path)]
    await load(port, contents, MEMORY_CLIENTS, max(arguments.requests // 10, 20))  # warms it up
    before = servers.resident_bytes(process)
    found: dict[str, Any] = {
        str(clients): await load(port, contents, clients, arguments.requests) for clients in CLIENTS
    }
    await load(port, contents, MEMORY_CLIENTS, arguments.memory_requests)
    found["memory_mb"] = [each / 1e6 for each in (before, servers.resident_bytes(process))]
    return found


def show(own: float, found: dict[str, dict[str, Any]]) -> None:
    """Print the table."""
    print(f"onnxruntime by itself, calls of {CALL}: {own:.0f} images per second")
    print(
        f"{'':14s} {'clients':>7s} {'per s':>8s} {'of own':>7s} {'p50':>8s} {'p95':>8s} {'p99':>8s}"
    )
    for name, figures in found.items():
        for clients in CLIENTS:
            row = figures[str(clients)]
            times = " ".join(f"{row[key]:5.1f} ms" for key in ("p50_ms", "p95_ms", "p99_ms"))
            share = row["per_second"] / own
            print(f"{name:14s} {clients:7d} {row['per_second']:8.0f} {share:7.0%} {times}")
        before, after = figures["memory_mb"]
        print(f"{name:14s} memory: {before:.0f} MB, after all requests {after:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default="dcgan_fashion_mnist", help="a preset of one latent")
    parser.add_argument("--environment", type=Path, action="append", default=[], metavar="DIR")
    parser.add_argument("--requests", type=int, default=3000, help="per number of clients")
    parser.add_argument("--memory-requests", type=int, default=10_000)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()

    path = preset_file(arguments.model, True)
    assert path is not None
    os.environ["MODEL"] = str(path)
    own = own_rate(path, 3.0)
    found = {}
    for name, server in SERVERS.items():
        python = servers.python_with(server.package, arguments.environment)
        if python is None:
            print(f"{name}: not installed")
            continue
        port = servers.free_port()
        with (
            tempfile.TemporaryDirectory() as folder,
            servers.started(server, python, port, Path(folder)) as process,
        ):
            try:
                found[name] = asyncio.run(measure(server, process, port, path, arguments))
            except (RuntimeError, TimeoutError, asyncio.TimeoutError, EOFError, OSError) as error:
                print(f"{name}: failed: {error or type(error).__name__}", flush=True)
    show(own, found)
    if arguments.json:
        record = {"cores": os.cpu_count(), "own_per_second": own, "servers": found}
        arguments.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
