import http.server
import socket
import threading

import keras
import numpy as np
import pytest
import torch

from kgan.checks import Given
from kgan.errors import UsageError
from kgan.files import sha256
from kgan.metrics.extractors import weights

GIVEN = Given("weights", "x.pth")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("KGAN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("no_proxy", "*")
    return tmp_path / "home"


def left(home):
    """Every file and folder in the cache."""
    return sorted(path.name for path in home.rglob("*"))


def test_where(home):
    assert weights.folder() == home / "weights"


def test_a_file_is_fetched_once(home, server):
    folder, address = server
    (folder / "w.pth").write_bytes(b"x" * 100_000)
    digest = sha256(folder / "w.pth")
    path = weights.fetch(f"{address}/w.pth", digest)
    assert path == home / "weights/w.pth" and sha256(path) == digest
    assert left(home) == ["w.pth", "weights"]
    (folder / "w.pth").unlink()
    assert weights.fetch(f"{address}/w.pth", digest) == path


def test_a_damaged_file_is_fetched_again(home, server):
    folder, address = server
    (folder / "w.pth").write_bytes(b"whole")
    (home / "weights").mkdir(parents=True)
    (home / "weights/w.pth").write_bytes(b"who")
    with pytest.warns(UserWarning, match=r"w\.pth is damaged .*fetched again"):
        path = weights.fetch(f"{address}/w.pth", sha256(folder / "w.pth"))
    assert path.read_bytes() == b"whole"


def test_another_file_is_refused(home, server):
    folder, address = server
    (folder / "w.pth").write_bytes(b"other")
    found = sha256(folder / "w.pth")
    with pytest.raises(OSError, match=rf"/w.pth must .* {'0' * 64}; received {found} \(5 bytes\)"):
        weights.fetch(f"{address}/w.pth", "0" * 64)
    assert left(home) == []


def test_a_missing_file(home, server):
    _, address = server
    with pytest.raises(OSError, match=rf"{address}/w.pth cannot be .*404.*weights=PATH"):
        weights.fetch(f"{address}/w.pth", "0" * 64)
    assert left(home) == []


def test_no_server(home):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/w.pth"
        with pytest.raises(OSError, match=rf"{url} cannot be fetched .*refused.*weights=PATH"):
            weights.fetch(url, "0" * 64)
    with pytest.raises(OSError, match=r"nosuch\.invalid/w\.pth cannot be fetched"):
        weights.fetch("http://nosuch.invalid/w.pth", "0" * 64)
    assert left(home) == []


class Half(http.server.BaseHTTPRequestHandler):
    """Promises ten bytes and hangs up after five."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "10")
        self.end_headers()
        self.wfile.write(b"12345")


def test_a_download_that_is_cut_short(home):
    with http.server.HTTPServer(("127.0.0.1", 0), Half) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with pytest.raises(OSError, match=r"\(5 bytes\), a download that was cut short"):
            weights.fetch(f"http://127.0.0.1:{server.server_port}/w.pth", "0" * 64)
        thread.join()
    assert left(home) == []


def network():
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((6, 5, 3)),
            layers.Conv2D(4, (3, 2), name="0"),
            layers.BatchNormalization(epsilon=1e-5, name="1"),
            layers.DepthwiseConv2D((1, 3), use_bias=False, name="2"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2, name="5"),
        ],
        name="tiny",
    )


@pytest.fixture
def module():
    torch.manual_seed(0)
    nn = torch.nn
    module = nn.Sequential(
        nn.Conv2d(3, 4, (3, 2)),
        nn.BatchNorm2d(4),
        nn.Conv2d(4, 4, (1, 3), groups=4, bias=False),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 2),
    )
    module(torch.randn(8, 3, 6, 5))  # moves the statistics
    return module.eval()


def state_of(module):
    return {name: value.numpy() for name, value in module.state_dict().items()}


def test_a_network_with_the_weights_gives_the_same(module):
    model = network()
    weights.assign(
        model, {**state_of(module), "6.weight": np.ones(1)}, GIVEN, ignored=("6.weight",)
    )
    images = np.random.RandomState(0).randn(2, 6, 5, 3).astype(np.float32)
    expected = module(torch.from_numpy(images.transpose(0, 3, 1, 2).copy())).detach().numpy()
    np.testing.assert_allclose(model(images, training=False), expected, atol=1e-6)


def test_weights_of_another_network(module):
    model, state = network(), state_of(module)
    with pytest.raises(
        UsageError, match=r"^weights='x\.pth' must hold the weights of tiny; it also has 6\.bias\."
    ) as caught:
        weights.assign(model, {**state, "6.bias": np.ones(1)}, GIVEN)
    assert caught.value.argument == "weights"
    with pytest.raises(UsageError, match=r"it lacks 0\.weight and 1 more\."):
        weights.assign(
            model, {k: v for k, v in state.items() if k not in ("0.weight", "5.bias")}, GIVEN
        )
    with pytest.raises(UsageError, match=r"5\.weight has the shape \(4, 2\)"):
        weights.assign(model, {**state, "5.weight": state["5.weight"].T}, GIVEN)
    with pytest.raises(UsageError, match=r"5\.weight has the shape \(8,\)"):
        weights.assign(model, {**state, "5.weight": state["5.weight"].ravel()}, GIVEN)
    with pytest.raises(UsageError, match=r"5\.bias has NaN or infinity"):
        weights.assign(model, {**state, "5.bias": np.full(2, np.nan)}, GIVEN)
