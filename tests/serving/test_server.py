"""The processes: they start, stop, are killed and replaced; nobody harms another."""

import concurrent.futures
import contextlib
import os
import resource
import signal
import socket
import threading
import time
from pathlib import Path

import httpx
import pytest
from PIL import Image

from kgan.errors import UsageError
from kgan.serving.server import listen

LATENT = {"name": "latent", "datatype": "FP32", "shape": [1, 4], "data": [0.1, 0.2, 0.3, 0.4]}
SLOW = "/v2/models/slow/infer"


def connected(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=30)


def received(connection):
    """What the server sends until it closes the connection."""
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def test_a_port_that_is_taken_is_refused():
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(UsageError, match=f"port={port} of the host '127.0.0.1' must be free"):
            listen("127.0.0.1", port)
    with pytest.raises(UsageError, match="host 'no.such.host.invalid' must be free"):
        listen("no.such.host.invalid", 0)


def test_it_listens_to_its_own_machine_alone(server):
    hexadecimal = f":{server.port:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = {row[1] for row in rows if row[1].endswith(hexadecimal) and row[3] == "0A"}
    assert listening == {f"0100007F{hexadecimal}"}
    loaded = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert "onnxruntime" in loaded and "tensorflow" not in loaded


def test_no_request_writes_a_file(start, files, tmp_path):
    """The kernel lets the process write none; a picture above 1 MB would be spooled to one."""
    pixels = Image.frombytes("RGB", (1024, 512), os.urandom(3 * 2**19))
    pixels.save(tmp_path / "large.png")
    Image.new("L", pixels.size).save(tmp_path / "mask.png")
    sent = {name: (tmp_path / f"{name}.png").read_bytes() for name in ("large", "mask")}
    assert len(sent["large"]) > 2**20

    def write_nothing():
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    environment = {"KGAN_SERVE_TOKEN": "0123456789", "PYTHONDONTWRITEBYTECODE": "1"}
    options = {"preexec_fn": write_nothing, "environment": environment}
    with start(f"mine={files / 'inpainter.onnx'}", **options) as server:
        sent = {"image": sent["large"], "mask": sent["mask"]}
        assert server.client.post("/inpaint", files=sent).status_code == 401
        headers = {"Authorization": "Bearer 0123456789"}
        response = server.client.post("/inpaint?model=mine", files=sent, headers=headers)
        assert response.status_code == 200
        assert server.end() == (-signal.SIGTERM, "")


def test_slow_clients_are_sent_away_and_harm_nobody(server):
    """The server's deadline is 3 s: for headers, for a body, and while nothing comes at all."""
    starts = [
        b"",
        b"GET /v2 HTTP/1.1\r\nHost: x\r\n",
        b"POST /v2/models/tiny/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
    ]
    connections = [connected(server) for _ in range(20) for _ in starts]
    for connection, start in zip(connections, starts * 20, strict=True):
        connection.sendall(start)
    began = time.monotonic()
    while time.monotonic() - began < 1:
        assert server.client.get("/generate").status_code == 200
    answers = [received(connection) for connection in connections]
    assert time.monotonic() - began < 10
    assert all(not answer for answer in answers[0::3] + answers[1::3])
    assert all(answer.startswith(b"HTTP/1.1 408") for answer in answers[2::3])
    for connection in connections:
        connection.close()


@pytest.mark.parametrize(
    "sent, status",
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET /v2 HTTP/1.1\r\n" + b"X: " + b"y" * 2**17 + b"\r\n\r\n", b"400"),
        (b"GET /v2 HTTP/1.1\r\n" + b"X: y\r\n" * 400_000 + b"\r\n", b"400"),
        (b"POST /v2 HTTP/1.1\r\nContent-Length: -5\r\n\r\n", b"400"),
        (b"POST /v2 HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", b"400"),
        (b"POST /v2 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (b"GET http://[::1 HTTP/1.1\r\n\r\n", b"400"),
    ],
)
def test_what_is_no_http_is_refused(server, sent, status):
    with connected(server) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(sent)
        answer = received(connection)
    # The kernel may drop an answer to a client that is still sending.
    assert answer.startswith(b"HTTP/1.1 " + status) or len(sent) > 2**16
    assert server.client.get("/v2/health/live").status_code == 200


class Load:
    """Clients that ask for slow answers, one after the other, until they are stopped."""

    def __init__(self, url, clients):
        self.url, self.answers, self.errors = url, [], []
        self.stopped = threading.Event()
        self._threads = concurrent.futures.ThreadPoolExecutor(clients)
        for _ in range(clients):
            self._threads.submit(self._ask)

    def _ask(self):
        with httpx.Client(timeout=60) as client:
            while not self.stopped.is_set():
                try:
                    answer = client.post(self.url + SLOW, json={"inputs": [LATENT]})
                    self.answers.append((time.monotonic(), answer.status_code))
                except httpx.TransportError as error:
                    self.errors.append((time.monotonic(), error))
                    time.sleep(0.05)

    def end(self):
        self.stopped.set()
        self._threads.shutdown()


def wait_for(condition, seconds=30):
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_stop_lets_answers_that_have_begun_come_to_their_end(start, slow_file, workers):
    with start(slow_file, "--workers", workers) as server:
        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            asked = [
                threads.submit(server.client.post, SLOW, json={"inputs": [LATENT]})
                for _ in range(8)
            ]
            waiting = "kgan_waiting_requests"
            time.sleep(0.1)  # all are sent, and none can be answered yet
            assert waiting in server.client.get("/metrics").text
            server.process.send_signal(signal.SIGTERM)
            codes = [each.result().status_code for each in asked]
        assert codes == [200] * 8
        _, errors = server.process.communicate(timeout=20)
        assert (server.process.returncode in (0, -signal.SIGTERM), errors) == (True, "")
        with pytest.raises(ConnectionRefusedError):
            connected(server)


def connections(process):
    """How many sockets a process has open."""
    links = (os.readlink(each) for each in Path(f"/proc/{process}/fd").iterdir())
    return sum(link.startswith("socket:") for link in links)


@pytest.mark.slow
def test_a_killed_worker_is_replaced_and_its_clients_get_an_error(start, slow_file):
    with start(slow_file, "--workers", 2) as server:
        load = Load(server.url, clients=8)
        wait_for(lambda: len(load.answers) >= 16)
        first = sorted(server.children(), key=connections, reverse=True)
        assert len(first) == 2
        killed = time.monotonic()
        os.kill(first[0], signal.SIGKILL)
        wait_for(lambda: load.answers[-1][0] > killed + 1 and len(server.children()) == 2)
        back = min(at for at, _ in load.answers if at > killed)
        load.end()
        assert back - killed < 5
        # Whoever had a request there heard of it at once; nobody waits in vain.
        assert load.errors and all(killed <= at < killed + 1 for at, _ in load.errors)
        assert all(status == 200 for _, status in load.answers)
        (new,) = set(server.children()) - set(first)
        os.kill(first[1], signal.SIGKILL)  # what answers now is the new one
        assert httpx.post(server.url + SLOW, json={"inputs": [LATENT]}, timeout=30).is_success
        assert new in server.children()
        assert "kgan_requests_total" in httpx.get(f"{server.url}/metrics").text


@pytest.mark.slow
def test_workers_end_with_the_process_that_started_them(start, files):
    with start(files / "tiny.onnx", "--workers", 2) as server:
        children = server.children()
        server.process.kill()
        server.process.wait()
        wait_for(lambda: not any(Path(f"/proc/{child}").exists() for child in children), 10)
