import functools
import http.server
import threading

import numpy as np
import pytest
import torch


@pytest.fixture(scope="session")
def images():
    """Three colour images of 47x61 pixels that a uint8 file could hold, in [-1, 1]."""
    pixels = np.random.RandomState(0).randint(0, 256, (3, 47, 61, 3), np.uint8)
    return pixels.astype(np.float32) / 127.5 - 1


@pytest.fixture(scope="session")
def pytorch_fid_network(oracle):
    """pytorch-fid's network with weights drawn at random, BatchNorm's statistics as well."""
    module = oracle("pytorch_fid.inception")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(torch.nn.Module, "load_state_dict", lambda *_, **__: None)
        network = module.fid_inception_v3()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if name.endswith(("conv.weight", "fc.weight")):
                fan_in = value[0].numel()
                value.normal_(0, (2 / fan_in) ** 0.5, generator=generator)
            elif name.endswith(("bn.weight", "running_var")):
                value.uniform_(0.5, 1.5, generator=generator)
            elif value.is_floating_point():
                value.normal_(0, 0.3, generator=generator)
    return network.eval().requires_grad_(False)


@pytest.fixture(scope="session")
def random_weights(pytorch_fid_network, tmp_path_factory):
    """The file of those weights."""
    path = tmp_path_factory.mktemp("weights") / "random.pth"
    torch.save(pytorch_fid_network.state_dict(), path)
    return path


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A folder, and the address at which a server on this machine shows it."""
    monkeypatch.setenv("no_proxy", "*")
    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield folder, f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()
