"""ONNX files made by hand, and servers as processes of their own on free ports."""

import contextlib
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import kgan
from kgan.receptive_field import ReceptiveField
from kgan.signature import Image, Label, Latent, Mask, Signature

ROOT = Path(kgan.__file__).parents[1]


def write_onnx(path, entry, nodes, inputs, outputs, weights=(), field=None):
    """An ONNX file of these nodes, from the fields `inputs` to `outputs`, as kgan exports them."""
    kinds = {"float32": TensorProto.FLOAT, "int32": TensorProto.INT32}
    values = [
        [
            helper.make_tensor_value_info(
                each.name,
                kinds[each.dtype],
                ("batch", *(size or f"side_{axis}" for axis, size in enumerate(each.shape))),
            )
            for each in signature.values()
        ]
        for signature in (inputs, outputs)
    ]
    arrays = [numpy_helper.from_array(np.asarray(array), name) for name, array in weights]
    graph = helper.make_graph(nodes, entry, *values, arrays)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    facts = {"entry": entry, "inputs": inputs.to_json(), "outputs": outputs.to_json()}
    field = {} if field is None else {"receptive_field": field.to_json()}
    helper.set_model_props(model, {**facts, **field, "model": "Tiny"})
    onnx.save(model, path)
    return path


def node(kind, inputs, outputs, **attributes):
    return helper.make_node(kind, inputs.split(), outputs.split(), **attributes)


def generator(path):
    """From a latent of 4 and a class of 3 to 8x8 grey images: a product, a table, a tanh."""
    random = np.random.RandomState(0)
    nodes = [
        node("MatMul", "latent weights", "product"),
        node("Gather", "table label", "of_class"),
        node("Add", "product of_class", "sum"),
        node("Tanh", "sum", "flat"),
        node("Reshape", "flat shape", "image"),
    ]
    weights = [
        ("weights", random.standard_normal((4, 64)).astype("float32")),
        ("table", random.standard_normal((3, 64)).astype("float32")),
        ("shape", np.int64([-1, 8, 8, 1])),
    ]
    inputs = Signature(Latent(4), Label(3, names=("shirt", "coat", "bag")))
    return write_onnx(path, "generate", nodes, inputs, Signature(Image((8, 8, 1))), weights)


def inpainter(path):
    """Known pixels as they are, unknown ones grey."""
    nodes = [node("Mul", "image mask", "filled")]
    inputs = Signature(Image((None, None, 3)), Mask((None, None, 1)))
    outputs = Signature(Image((None, None, 3), "filled"))
    return write_onnx(path, "inpaint", nodes, inputs, outputs, field=ReceptiveField(0, values=3.0))


def slow_generator(path, products=60, size=2048):
    """Products with a large matrix, one after the other: a few tenths of a second."""
    random = np.random.RandomState(0)
    matrix = (random.standard_normal((size, size)) / size**0.5).astype("float32")
    nodes = [node("MatMul", "latent first", "x0")]
    nodes += [node("MatMul", f"x{at} matrix", f"x{at + 1}") for at in range(products)]
    nodes += [
        node("MatMul", f"x{products} last", "sum"),
        node("Tanh", "sum", "flat"),
        node("Reshape", "flat shape", "image"),
    ]
    weights = [
        ("matrix", matrix),
        ("first", matrix[:4]),
        ("last", matrix[:, :64]),
        ("shape", np.int64([-1, 8, 8, 1])),
    ]
    inputs, outputs = Signature(Latent(4)), Signature(Image((8, 8, 1)))
    return write_onnx(path, "generate", nodes, inputs, outputs, weights)


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """The hand-made files: `tiny.onnx`, `inpainter.onnx`."""
    folder = tmp_path_factory.mktemp("onnx")
    generator(folder / "tiny.onnx")
    inpainter(folder / "inpainter.onnx")
    return folder


@pytest.fixture(scope="session")
def slow_file(tmp_path_factory):
    return slow_generator(tmp_path_factory.mktemp("onnx") / "slow.onnx")


class Server:
    """`kgan serve WORDS` in a process of its own, once it can answer."""

    def __init__(self, *words, environment=None, preexec_fn=None):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kgan", "serve", *map(str, words), "--port", "0"],
            env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=preexec_fn,
        )
        line = self.process.stdout.readline()
        found = re.search(r"http://[\w.]+:(\d+)", line)
        assert found, line + self.process.stderr.read()
        self.port = int(found[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=self.url, timeout=60)
        # It listens before it can answer; the request waits.
        assert self.client.get("/v2/health/ready").json() == {"ready": True}

    def children(self):
        """The processes of the workers."""
        pid = self.process.pid
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        names = {child: Path(f"/proc/{child}/cmdline").read_bytes() for child in listed}
        return [int(child) for child, name in names.items() if b"spawn_main" in name]

    def end(self):
        """End it, and give its exit code and what it wrote to stderr."""
        self.client.close()
        self.process.terminate()
        try:
            _, errors = self.process.communicate(timeout=30)
        finally:
            self.process.kill()
        return self.process.returncode, errors


@pytest.fixture(scope="session")
def start():
    """Starts servers that end with the test's `with`."""

    @contextlib.contextmanager
    def started(*words, **options):
        server = Server(*words, **options)
        try:
            yield server
        finally:
            if server.process.poll() is None:
                server.end()

    return started


@pytest.fixture(scope="session")
def server(start, files):
    """One server of two tiny models, with small limits."""
    words = ("--max-batch", 8, "--max-body", 2**20, "--max-pixels", 2**16, "--deadline", 3)
    with start(files / "tiny.onnx", files / "inpainter.onnx", *words) as server:
        yield server
        code, errors = server.end()
        assert (code, errors) == (-15, "")
