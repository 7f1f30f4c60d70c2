"""The servers that benchmarks/serving.py compares: how each starts, and what it is asked."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

PEERS = Path(__file__).parent / "peers"
ROOT = Path(__file__).parents[1]
_LENGTH = "Inference-Header-Content-Length"


@dataclasses.dataclass(frozen=True)
class Server:
    """A server of an ONNX file that makes images from latents.

    Attributes:
        package: what must be installed.
        command: the words after Python, for the port and a folder for its settings.
        path: what is asked.
        body: the request for latents, and its headers.
        image: the images of an answer.
    """

    package: str
    command: Callable[[int, Path], list[str]]
    path: str
    body: Callable[[np.ndarray], tuple[bytes, dict[str, str]]]
    image: Callable[[bytes, Mapping[str, str]], Any]


def _kgan(port: int, folder: Path) -> list[str]:
    return ["-m", "kgan", "serve", f"model={os.environ['MODEL']}", "--port", str(port)]


def _mlserver(port: int, folder: Path) -> list[str]:
    ports = {"http_port": port, "grpc_port": free_port(), "metrics_port": free_port()}
    settings = {"host": "127.0.0.1", **ports, "parallel_workers": 0, "debug": False}
    batching = {"max_batch_size": 64, "max_batch_time": 0.001}
    model = {"name": "model", "implementation": "mlserver_app.Generator", **batching}
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "model-settings.json").write_text(json.dumps(model))
    return ["-c", "from mlserver.cli import main; main()", "start", str(folder)]


def _tensor(latent: np.ndarray) -> dict[str, Any]:
    return {"name": "latent", "datatype": "FP32", "shape": list(latent.shape)}


def _as_json(latent: np.ndarray) -> tuple[bytes, dict[str, str]]:
    tensor = _tensor(latent) | {"data": latent.ravel().tolist()}
    return json.dumps({"inputs": [tensor]}).encode(), {"Content-Type": "application/json"}


def _as_binary(latent: np.ndarray) -> tuple[bytes, dict[str, str]]:
    tensor = _tensor(latent) | {"parameters": {"binary_data_size": latent.nbytes}}
    asked = {"inputs": [tensor], "parameters": {"binary_data_output": True}}
    header = json.dumps(asked).encode()
    kind = {"Content-Type": "application/octet-stream", _LENGTH: str(len(header))}
    return header + latent.tobytes(), kind


def _plain(latent: np.ndarray) -> tuple[bytes, dict[str, str]]:
    return json.dumps({"latent": latent.tolist()}).encode(), {"Content-Type": "application/json"}


def _one(latent: np.ndarray) -> tuple[bytes, dict[str, str]]:
    return _plain(latent[0])


def _of_json(body: bytes, headers: Mapping[str, str]) -> Any:
    (output,) = json.loads(body)["outputs"]
    return np.reshape(output["data"], output["shape"])


def _of_binary(body: bytes, headers: Mapping[str, str]) -> Any:
    size = int(headers[_LENGTH.lower()])
    (output,) = json.loads(body[:size])["outputs"]
    return np.frombuffer(body[size:], "<f4").reshape(output["shape"])


_INFER = "/v2/models/model/infer"
SERVERS = {
    "kgan, JSON": Server("kgan", _kgan, _INFER, _as_json, _of_json),
    "kgan, binary": Server("kgan", _kgan, _INFER, _as_binary, _of_binary),
    "MLServer": Server("mlserver", _mlserver, _INFER, _as_json, _of_json),
    "LitServe": Server(
        "litserve",
        lambda port, folder: [str(PEERS / "litserve_app.py"), str(port)],
        "/predict",
        _one,
        lambda body, headers: np.float32(json.loads(body)["image"])[np.newaxis],
    ),
    "BentoML": Server(
        "bentoml",
        lambda port, folder: ["-m", "bentoml", "serve", "bentoml_app:Generator", f"-p{port}"],
        "/generate",
        _plain,
        lambda body, headers: np.float32(json.loads(body)),
    ),
}


def python_with(package: str, environments: list[Path]) -> Path | None:
    """The Python of the first environment that has a package; None if none has it."""
    for python in (Path(sys.executable), *(each / "bin" / "python" for each in environments)):
        found = subprocess.run([python, "-c", f"import {package}"], capture_output=True, cwd=ROOT)
        if found.returncode == 0:
            return python
    return None


@contextlib.contextmanager
def started(server: Server, python: Path, port: int, folder: Path) -> Iterator[int]:
    """The number of a server's process, once its port is open; the process ends with the block."""
    paths = os.pathsep.join(map(str, (PEERS, ROOT)))
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [python, *server.command(port, folder)],
            env={**os.environ, "PYTHONPATH": paths, "BENTOML_DO_NOT_TRACK": "1"},
            stdout=output,
            stderr=output,
            start_new_session=True,  # some leave processes behind
        )
    try:
        _wait(process, port, log)
        yield process.pid
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(process: subprocess.Popen, port: int, log: Path) -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
        if process.poll() is not None:
            break
    raise RuntimeError(f"The server did not start:\n{log.read_text()[-2000:]}")


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def resident_bytes(process: int) -> int:
    """The memory of a process and of those that it started."""
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        return 0
    rows = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    children = [int(child) for each in tasks for child in each.read_text().split()]
    own = int(rows.get("VmRSS", "0 kB").split()[0]) * 1024
    return own + sum(map(resident_bytes, children))
