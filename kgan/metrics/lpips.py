"""LPIPS: the perceptual distance of two images, by weighted features of a trained network.

Zhang, Isola, Efros, Shechtman & Wang, "The Unreasonable Effectiveness of Deep Features as a
Perceptual Metric", 2018, arXiv:1801.03924, equation 1. Its weights do not come with kgan. Give
`load` two files, which are read without PyTorch:

- the trunk, by torchvision, from https://download.pytorch.org/models/ (alexnet-owt-7be5be79.pth,
  vgg16-397923af.pth or squeezenet1_1-b8a52dc0.pth);
- the heads, version 0.1, by the authors: lpips/weights/v0.1/ (alex.pth, vgg.pth or squeeze.pth) of
  https://github.com/richzhang/PerceptualSimilarity, also in the packages lpips and torchmetrics.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kgan.batches import in_batches
from kgan.checks import Given, check_integer
from kgan.errors import UsageError, unknown_name
from kgan.metrics.extractors.torch_file import read_state_dict
from kgan.metrics.fidelity import check_pair

if TYPE_CHECKING:
    import keras

# Of ImageNet, as the authors round it for images of [-1, 1].
_MEAN = np.array([-0.030, -0.088, -0.188], np.float32)
_DEVIATION = np.array([0.458, 0.448, 0.450], np.float32)
_FIX = "Use the file that kgan.metrics.lpips names, or another net."


class LPIPS:
    """The perceptual distance of each pair of images, called with two batches; `load` makes it.

    Distances of different nets or image sizes are not comparable.

    Attributes:
        net: "alex", "vgg" or "squeeze".
        trunk_sha256: of the trunk's file.
        heads_sha256: of the heads' file.
        canonical: whether both are the published files, so that figures agree with others'.

    Example:
        >>> lpips = kgan.metrics.lpips.load("alex", trunk="alexnet.pth", heads="alex.pth")
        >>> distances = lpips(photos, photos[::-1])
    """

    def __init__(
        self,
        net: str,
        trunk: keras.Model,
        heads: list[np.ndarray],
        trunk_sha256: str,
        heads_sha256: str,
        batch_size: int,
    ):
        self.net = net
        self.trunk_sha256 = trunk_sha256
        self.heads_sha256 = heads_sha256
        self.canonical = (
            trunk_sha256.startswith(NETS[net].trunk) and heads_sha256 == NETS[net].heads
        )
        self._trunk = trunk
        self._heads = heads
        self._batch_size = batch_size

    @property
    def description(self) -> dict[str, Any]:
        """What a score's protocol says about the distance, as JSON holds it."""
        return {
            "name": f"lpips_{self.net}",
            "trunk_sha256": self.trunk_sha256,
            "heads_sha256": self.heads_sha256,
        }

    def __call__(self, first: Any, second: Any) -> np.ndarray:
        """The distance of each pair, at least 0 with the published heads: float32 `(n,)`.

        Args:
            first: images float32 `(n, height, width, 3)` in [-1, 1], or grey ones, whose channel
                is repeated; they are not resized.
            second: images of the same shape.

        Raises:
            UsageError: no images of one shape, 2 or 4 channels, or images that are too small for
                the net: 31 pixels for "alex", 17 for "squeeze", 16 for "vgg".
        """
        first, second = check_pair(first, second, ("first", "second"))
        height, width, channels = first.shape[1:]
        if channels not in (1, 3):
            raise UsageError(
                f"first and second must be RGB or grey; received {channels} channels. Take "
                "images[..., :3], if these are RGB with transparency.",
                "first",
            )
        if min(height, width) < NETS[self.net].smallest:
            raise UsageError(
                f"first and second must have at least {NETS[self.net].smallest} pixels per side "
                f"for net={self.net!r}; received {height}x{width}. Enlarge both in the same way, "
                "and report it.",
                "first",
            )
        return in_batches(self._distances, {"first": first, "second": second}, self._batch_size)

    def _distances(self, pair: dict[str, Any]) -> Any:
        from keras import ops

        images = ops.concatenate([pair["first"], pair["second"]])
        scaled = (images - _MEAN) / _DEVIATION
        total = 0.0
        for features, head in zip(self._trunk(scaled, training=False), self._heads, strict=True):
            length = ops.sqrt(ops.sum(ops.square(features), axis=-1, keepdims=True))
            one, other = ops.split(features / (length + 1e-10), 2)
            total += ops.mean(ops.sum(ops.square(one - other) * head, axis=-1), axis=(1, 2))
        return total


def load(
    net: str = "alex",
    *,
    trunk: str | Path,
    heads: str | Path,
    trunk_sha256: str | None = None,
    heads_sha256: str | None = None,
    batch_size: int = 16,
) -> LPIPS:
    """LPIPS with weights from two PyTorch files.

    Args:
        net: "alex", which most papers report; "vgg", as for the perceptual path length, or
            "squeeze", the smallest.
        trunk: the file of torchvision's network, whose convolutional part is used.
        heads: the file with a weight for each channel of each tap.
        trunk_sha256: that the file must have, 64 hexadecimal digits or the first; None for any.
        heads_sha256: the same for the heads. `LPIPS.canonical` tells whether the files are the
            published ones.
        batch_size: pairs at a time.

    Raises:
        UsageError: an unknown net, a file that cannot be read or has another SHA-256, or one of
            another network.
    """
    from kgan.files import sha256

    if net not in NETS:
        raise unknown_name("net", net, NETS)
    batch_size = check_integer("batch_size", batch_size, 1)
    trunk_state = read_state_dict(trunk, trunk_sha256, "trunk")
    heads_state = read_state_dict(heads, heads_sha256, "heads")
    model = _trunk(net)
    _load_trunk(model, trunk_state, Given("trunk", str(trunk)), net)
    channels = [tap.shape[-1] for tap in model.outputs]
    vectors = _heads(heads_state, channels, Given("heads", str(heads)), net)
    trunk_digest, heads_digest = (sha256(Path(path).expanduser()) for path in (trunk, heads))
    return LPIPS(net, model, vectors, trunk_digest, heads_digest, batch_size)


def _load_trunk(model: keras.Model, state: dict, given: Given, net: str) -> None:
    left = {name for name in state if name.startswith("features.")}
    for layer in model.layers:
        if not layer.weights:
            continue
        names = [f"{layer.name}.weight", f"{layer.name}.bias"]
        shapes = [tuple(np.transpose(layer.kernel, (3, 2, 0, 1)).shape), tuple(layer.bias.shape)]
        for name, shape in zip(names, shapes, strict=True):
            _check_tensor(state, name, shape, given, net)
        kernel, bias = (state[name].astype(np.float32) for name in names)
        layer.set_weights([kernel.transpose(2, 3, 1, 0), bias])
        left -= set(names)
    if left:
        raise UsageError(
            f"{given} must be the trunk of net={net!r}, which has no {min(left)!r}. {_FIX}",
            given.argument,
        )


def _heads(state: dict, channels: list[int], given: Given, net: str) -> list[np.ndarray]:
    names = [f"lin{tap}.model.1.weight" for tap in range(len(channels))]
    for name, count in zip(names, channels, strict=True):
        _check_tensor(state, name, (1, count, 1, 1), given, net)
    if len(state) > len(names):
        raise UsageError(
            f"{given} must hold {len(names)} heads for net={net!r}; received {len(state)}. {_FIX}",
            given.argument,
        )
    return [state[name].astype(np.float32).reshape(-1) for name in names]


def _check_tensor(state: dict, name: str, shape: tuple[int, ...], given: Given, net: str) -> None:
    found = state[name].shape if name in state else None
    if found != shape:
        received = "none of that name" if found is None else f"the shape {found}"
        raise UsageError(
            f"{given} must hold {name!r} of the shape {shape} for net={net!r}; received "
            f"{received}. {_FIX}",
            given.argument,
        )
    if not np.isfinite(state[name]).all():
        raise UsageError(f"{given} must be finite; {name!r} holds NaN or infinity.", given.argument)


def _trunk(net: str) -> keras.Model:
    """A network from scaled RGB images of any size to the activations that count."""
    import keras

    images = keras.Input((None, None, 3))
    return keras.Model(images, NETS[net].build(images), name=f"lpips_{net}")


def _convolved(x: Any, name: str, filters: int, size: int, strides: int = 1, padding: int = 0):
    """A convolution with PyTorch's padding and ReLU; float32 whatever the policy."""
    from keras import layers

    if padding:
        x = layers.ZeroPadding2D(padding, dtype="float32")(x)
    return layers.Conv2D(filters, size, strides, activation="relu", name=name, dtype="float32")(x)


def _pooled(x: Any, size: int) -> Any:
    from keras import layers

    return layers.MaxPooling2D(size, 2, dtype="float32")(x)


def _alex(x: Any) -> list[Any]:
    """Krizhevsky, "One weird trick for parallelizing convolutional neural networks", 2014,
    arXiv:1404.5997, as torchvision has it."""
    taps = [_convolved(x, "features.0", 64, 11, 4, 2)]
    taps.append(_convolved(_pooled(taps[-1], 3), "features.3", 192, 5, padding=2))
    taps.append(_convolved(_pooled(taps[-1], 3), "features.6", 384, 3, padding=1))
    taps.append(_convolved(taps[-1], "features.8", 256, 3, padding=1))
    taps.append(_convolved(taps[-1], "features.10", 256, 3, padding=1))
    return taps


def _vgg(x: Any) -> list[Any]:
    """Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
    2015, arXiv:1409.1556, configuration D."""
    taps: list[Any] = []
    index = 0
    for filters, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        if taps:
            x = _pooled(x, 2)
            index += 1
        for _ in range(count):
            x = _convolved(x, f"features.{index}", filters, 3, padding=1)
            index += 2
        taps.append(x)
    return taps


def _squeeze(x: Any) -> list[Any]:
    """Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer parameters", 2016,
    arXiv:1602.07360, version 1.1."""
    from keras import layers

    def fire(x: Any, index: int, squeezed: int, expanded: int) -> Any:
        x = _convolved(x, f"features.{index}.squeeze", squeezed, 1)
        sides = [
            _convolved(x, f"features.{index}.expand1x1", expanded, 1),
            _convolved(x, f"features.{index}.expand3x3", expanded, 3, padding=1),
        ]
        return layers.Concatenate(dtype="float32")(sides)

    def pooled_up(x: Any) -> Any:
        # PyTorch's ceil_mode; behind a ReLU a zero changes no maximum.
        return _pooled(layers.ZeroPadding2D(((0, 1), (0, 1)), dtype="float32")(x), 3)

    taps = [_convolved(x, "features.0", 64, 3, 2)]
    taps.append(fire(fire(pooled_up(taps[-1]), 3, 16, 64), 4, 16, 64))
    taps.append(fire(fire(pooled_up(taps[-1]), 6, 32, 128), 7, 32, 128))
    taps.append(fire(pooled_up(taps[-1]), 9, 48, 192))
    taps.append(fire(taps[-1], 10, 48, 192))
    taps.append(fire(taps[-1], 11, 64, 256))
    taps.append(fire(taps[-1], 12, 64, 256))
    return taps


class _Net(NamedTuple):
    build: Callable[[Any], list[Any]]
    smallest: int  # pixels per side
    trunk: str  # the first digits of the SHA-256 of torchvision's file, which its name tells
    heads: str  # the SHA-256 of the authors' file


NETS = {
    "alex": _Net(
        _alex, 31, "7be5be79", "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0"
    ),
    "vgg": _Net(
        _vgg, 16, "397923af", "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868"
    ),
    "squeeze": _Net(
        _squeeze, 17, "b8a52dc0", "4a5350f23600cb79923ce65bb07cbf57dca461329894153e05a1346bd531cf76"
    ),
}
