"""ONNX files made by hand, with the metadata of kgan's exports, and photographs in files."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from kgan.receptive_field import ReceptiveField
from kgan.signature import Image, Latent, Mask, Signature

FREE = (None, None)


def write_onnx(path, entry, nodes, inputs, outputs, field, weights=()):
    """An ONNX file of these nodes, from the fields `inputs` to `outputs`."""
    values = [
        [
            helper.make_tensor_value_info(
                each.name,
                TensorProto.FLOAT,
                ("batch", *(size or f"{each.name}_{axis}" for axis, size in enumerate(each.shape))),
            )
            for each in signature.values()
        ]
        for signature in (inputs, outputs)
    ]
    graph = helper.make_graph(
        nodes,
        entry,
        *values,
        [numpy_helper.from_array(np.asarray(array), name) for name, array in weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    facts = {"entry": entry, "inputs": inputs.to_json(), "outputs": outputs.to_json()}
    facts["model"] = "Pix2Pix"
    helper.set_model_props(model, facts | {"receptive_field": field.to_json()})
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def node(kind, inputs, outputs, **attributes):
    return helper.make_node(kind, inputs.split(), outputs.split(), **attributes)


def upscaler(path, scale=2, channels=3, kernel=None, smallest=1):
    """Nearest neighbours, `scale` times, after a convolution by `kernel` if there is one."""
    inputs = Signature(Image((*FREE, channels), "image", smallest))
    outputs = Signature(Image((*FREE, channels), "upscaled", smallest))
    nodes = [node("Transpose", "image", "planes", perm=[0, 3, 1, 2])]
    weights = [("scales", np.float32([1, 1, scale, scale]))]
    features, radius = "planes", 0
    if kernel is not None:
        kernel = np.float32(kernel)
        radius = len(kernel) // 2
        each = np.zeros((channels, channels, *kernel.shape), np.float32)
        each[np.arange(channels), np.arange(channels)] = kernel
        weights.append(("kernel", each))
        nodes.append(node("Conv", "planes kernel", "features", pads=[radius] * 4))
        features = "features"
    nodes += [
        node("Resize", f"{features} empty scales", "large", mode="nearest"),
        node("Transpose", "large", "upscaled", perm=[0, 2, 3, 1]),
    ]
    nodes[-2].input[1] = ""
    field = ReceptiveField(radius, 1, scale, 3.0 * scale**2)
    return write_onnx(path, "upscale", nodes, inputs, outputs, field, weights)


def network_of(path, width=16, scale=4):
    """A 3x3 convolution to `width` channels, ReLU, and one to the pixels of each square."""
    random = np.random.RandomState(0)
    inputs = Signature(Image((*FREE, 3), "image"))
    outputs = Signature(Image((*FREE, 3), "upscaled"))
    nodes = [
        node("Transpose", "image", "planes", perm=[0, 3, 1, 2]),
        node("Conv", "planes first", "features", pads=[1] * 4),
        node("Relu", "features", "positive"),
        node("Conv", "positive last", "squares", pads=[1] * 4),
        node("DepthToSpace", "squares", "large", blocksize=scale),
        node("Tanh", "large", "tame"),
        node("Transpose", "tame", "upscaled", perm=[0, 2, 3, 1]),
    ]
    weights = [
        ("first", random.normal(0, 0.3, (width, 3, 3, 3)).astype(np.float32)),
        ("last", random.normal(0, 0.1, (3 * scale**2, width, 3, 3)).astype(np.float32)),
    ]
    field = ReceptiveField(2, 1, scale, float(max(width, 3 * scale**2)))
    return write_onnx(path, "upscale", nodes, inputs, outputs, field, weights)


def negative(path, channels=3, made=None, latent=False):
    """`translate`: the negative; with a latent, its first number is added."""
    fields = [Image((*FREE, channels), "source")] + [Latent(1)] * latent
    nodes = [node("Neg", "source", "negative")]
    weights = [("shape", np.int64([-1, 1, 1, 1]))]
    last = "negative"
    if latent:
        nodes += [node("Reshape", "latent shape", "noise"), node("Add", "negative noise", "sum")]
        nodes += [node("Clip", "sum low high", "clipped")]
        weights += [("low", np.float32(-1)), ("high", np.float32(1))]
        last = "clipped"
    if made is not None:  # other channels: the first, repeated
        nodes.append(node("ReduceMean", f"{last} axes", "grey", keepdims=1))
        weights.append(("axes", np.int64([-1])))
        nodes.append(node("Concat", " ".join(["grey"] * made), "target", axis=-1))
    else:
        nodes.append(node("Identity", last, "target"))
    outputs = Signature(Image((*FREE, made or channels), "target"))
    return write_onnx(
        path, "translate", nodes, Signature(*fields), outputs, ReceptiveField(0), weights
    )


def painter(path, value=0.5, channels=3):
    """`inpaint`: a constant where nothing is known; what is known comes back a little darker."""
    inputs = Signature(Image((*FREE, channels)), Mask((*FREE, 1)))
    outputs = Signature(Image((*FREE, channels), "painted"))
    nodes = [
        node("Mul", "image mask", "known"),
        node("Mul", "known little", "dark"),
        node("Sub", "one mask", "hole"),
        node("Mul", "hole value", "paint"),
        node("Add", "dark paint", "painted"),
    ]
    weights = [("one", np.float32(1)), ("value", np.float32(value)), ("little", np.float32(0.9))]
    return write_onnx(path, "inpaint", nodes, inputs, outputs, ReceptiveField(0), weights)


def colourist(path, channels=1):
    """`colorize`: the luminance as red, its negative as green, no blue."""
    inputs = Signature(Image((*FREE, channels), "grey"))
    outputs = Signature(Image((*FREE, 3), "coloured"))
    nodes = [
        node("ReduceMean", "grey axes", "mean", keepdims=1),
        node("Neg", "mean", "negative"),
        node("Mul", "mean zero", "nothing"),
        node("Sub", "nothing one", "dark"),
        node("Concat", "mean negative dark", "coloured", axis=-1),
    ]
    weights = [("axes", np.int64([-1])), ("zero", np.float32(0)), ("one", np.float32(1))]
    return write_onnx(path, "colorize", nodes, inputs, outputs, ReceptiveField(0), weights)


class Classes(Image):
    """Logits of the pixels' classes."""

    kind = "class_logits"


def segmenter(path):
    """`segment`: class 0 where red is the largest channel, 1 for green, 2 for blue."""
    inputs = Signature(Image((*FREE, 3)))
    outputs = Signature(Classes((*FREE, 3), "class_logits"))
    nodes = [node("Identity", "image", "class_logits")]
    return write_onnx(path, "segment", nodes, inputs, outputs, ReceptiveField(0))


MAKERS = {
    "network": network_of,
    "upscaler": upscaler,
    "negative": negative,
    "painter": painter,
    "colourist": colourist,
    "segmenter": segmenter,
}


@pytest.fixture
def make(tmp_path):
    """Writes a hand-made model of a kind to a new ONNX file and gives its path."""

    def write(kind, name=None, **arguments):
        path = tmp_path / "models" / f"{name or kind}.onnx"
        path.parent.mkdir(exist_ok=True)
        return MAKERS[kind](path, **arguments)

    return write


@pytest.fixture
def network(make):
    """The network of a hand-made model."""
    from kgan.photos import OnnxNetwork

    return lambda kind, **arguments: OnnxNetwork(make(kind, **arguments))


@pytest.fixture(scope="session")
def photograph():
    """Smooth colours, uint8, of any height and width."""

    def draw(height, width, channels=3, seed=0):
        random = np.random.RandomState(seed)
        y, x = np.mgrid[:height, :width][..., np.newaxis] / 16
        waves = random.uniform(0.5, 2, (2, channels)), random.uniform(0, 6, channels)
        values = np.sin(y * waves[0][0] + x * waves[0][1] + waves[1])
        noise = random.uniform(-0.2, 0.2, values.shape)
        return ((values * 0.8 + noise + 1) * 127.5).clip(0, 255).astype(np.uint8)

    return draw
