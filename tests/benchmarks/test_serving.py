"""The benchmark of servers: its requests, and the figures of their responses."""

import json
import sys
import types

import numpy as np
import pytest


def test_the_requests_hold_the_latents(benchmark):
    latent = np.float32([[0.5, -1, 2]])
    for name, server in benchmark.SERVERS.items():
        head, _, body = benchmark.request(server, latent).partition(b"\r\n\r\n")
        assert head.startswith(f"POST {server.path} HTTP/1.1".encode())
        assert f"Content-Length: {len(body)}".encode() in head
        assert (b"[0.5, -1.0, 2.0]" in body) == (name != "kgan, binary")
        assert (latent.tobytes() in body) == (name == "kgan, binary")


@pytest.mark.slow
def test_kgan_is_measured_and_its_images_are_right(benchmark, folder, monkeypatch, capsys):
    servers = {name: each for name, each in benchmark.SERVERS.items() if each.package == "kgan"}
    monkeypatch.setattr(benchmark, "SERVERS", servers)
    words = ["--requests", "30", "--memory-requests", "30", "--json", "x.json"]
    monkeypatch.setattr(sys, "argv", ["serving.py", *words])
    benchmark.main()
    found = json.loads((folder / "x.json").read_text())
    assert found["own_per_second"] > 0 and set(found["servers"]) == set(servers)
    for figures in found["servers"].values():
        assert all(figures[each]["per_second"] > 0 for each in ("1", "16", "64"))
        assert all(10 < each < 2000 for each in figures["memory_mb"])
    assert "kgan, binary        64" in capsys.readouterr().out


def test_a_server_that_does_not_start_says_why(benchmark, folder):
    python = types.SimpleNamespace(package="x", command=lambda port, folder: ["-c", "1 / 0"])
    with (
        pytest.raises(RuntimeError, match="ZeroDivisionError"),
        benchmark.servers.started(python, sys.executable, benchmark.servers.free_port(), folder),
    ):
        pass
