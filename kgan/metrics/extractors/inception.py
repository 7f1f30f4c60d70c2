"""The Inception network that the FID is defined by, in Keras.

It is TensorFlow's Inception v3 of 5 December 2015, whose weights pytorch-fid converted. It is not
`keras.applications.InceptionV3`: that has other weights, and here average pools exclude the
padding, the last block has a maximum pool where the paper has an average, and there are 1008
classes.

Sources: Rethinking the Inception Architecture for Computer Vision (2015), arXiv:1512.00567; GANs
Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium (2017),
arXiv:1706.08500, which names this network for the FID.
"""

from __future__ import annotations

import functools
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgan.checks import Given
from kgan.errors import UsageError, unknown_name
from kgan.files import sha256 as sha256_of
from kgan.metrics.extractors import weights as weights_of
from kgan.metrics.extractors.extractor import Extractor
from kgan.metrics.extractors.resize import bilinear
from kgan.metrics.extractors.torch_file import read_state_dict

if TYPE_CHECKING:
    import keras

URL = (
    "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
    "pt_inception-2015-12-05-6726825d.pth"
)
# Begins with the digits in the file's name. Several projects check the file by it; torch-fidelity's
# weights-inception-2015-12-05-6726825d.pth is the same.
SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"
SIZE = 299
DIMENSIONS = (64, 192, 768, 2048)


def _pytorch_fid(images: Any) -> Any:
    return bilinear(images, SIZE, half_pixel_centres=True)


def _tensorflow1(images: Any) -> Any:
    # Pixels u of 0..255 become (u - 128) / 128; here u = 127.5 (x + 1).
    return (bilinear(images, SIZE, half_pixel_centres=False) * 127.5 - 0.5) / 128


RESIZES = {"pytorch_fid": _pytorch_fid, "tensorflow1": _tensorflow1}


def load(
    weights: str | Path | None = None,
    resize: str = "tensorflow1",
    dimensions: int = 2048,
    sha256: str | None = None,
) -> Extractor:
    """The extractor of the FID, with the canonical weights or those of a file.

    Grey images are repeated to three channels, images of every size resized to 299x299. The logits
    are those of the 1008 classes without their bias, as the Inception Score takes them.

    Args:
        weights: a file with the state dict of pytorch-fid's network. None fetches the canonical
            one (91 MB) into `weights` in KGAN_HOME (~/.cache/kgan by default), once.
        resize: how images are brought to 299x299 and the network's range. Scores of the two ways
            are not comparable. "tensorflow1", the default, is the graph that the FID was published
            with: bilinear without half pixel centres, then (u - 128) / 128 of the pixels u in
            0..255; torch-fidelity, torchmetrics and StyleGAN's code do the same. "pytorch_fid" is
            what pytorch-fid does: bilinear with half pixel centres, the range [-1, 1]. Neither
            averages the pixels of a larger image.
        dimensions: of the features: 2048, those of FID, or 64, 192 or 768, the mean over height
            and width of an earlier block.
        sha256: that the file at `weights` must have; None for any, with a warning if it is not the
            canonical one's.

    The extractor's `canonical` is True only with the canonical weights, whose SHA-256 is `SHA256`,
    and 2048 dimensions.

    Raises:
        UsageError: an unknown `resize` or number of dimensions, or a file that is not the weights
            of this network.
        OSError: the weights cannot be fetched; says from where.
    """
    if not isinstance(resize, str) or resize not in RESIZES:
        raise unknown_name("resize", resize, RESIZES)
    if dimensions not in DIMENSIONS:
        raise UsageError(
            f"dimensions must be one of {DIMENSIONS}; received {dimensions!r}.", "dimensions"
        )
    path = weights_of.fetch(URL, SHA256) if weights is None else weights
    state = read_state_dict(path, sha256, argument="weights")
    model = network()
    # The bias of the logits, which the Inception Score leaves out.
    weights_of.assign(model, state, Given("weights", str(path)), ignored=("fc.bias",))
    digest = sha256_of(Path(path).expanduser())
    if sha256 is None and digest != SHA256:
        warnings.warn(
            f"weights={str(path)!r} are not the canonical ones, whose SHA-256 begins with "
            f"{SHA256[:8]}: distances of their features are no FID.",
            stacklevel=2,
        )
    return extractor(model, digest, resize, dimensions)


def extractor(model: keras.Model, digest: str, resize: str, dimensions: int = 2048) -> Extractor:
    """The extractor of a `network()` that has its weights, of a file with the SHA-256 `digest`."""
    return Extractor(
        "inception" if dimensions == DIMENSIONS[-1] else f"inception_{dimensions}",
        functools.partial(_run, _part(model, str(dimensions)), RESIZES[resize]),
        dimensions,
        sha256=digest,
        image_shape=(None, None, 3),
        resize=resize,
        classify=functools.partial(_run, _part(model, "logits"), RESIZES[resize]),
        classes=1008,
        batch_size=32,
        canonical=digest == SHA256 and dimensions == DIMENSIONS[-1],
    )


def _part(model: keras.Model, output: str) -> keras.Model:
    """The model up to one of its outputs, so that nothing beyond it is computed."""
    import keras

    return keras.Model(model.input, model.output[output])


def _run(model: keras.Model, prepare: Any, images: Any) -> Any:
    return model(prepare(images), training=False)


def network(dtype: str = "float32") -> keras.Model:
    """The network with weights drawn at random, from images `(batch, 299, 299, 3)`.

    Its outputs are a dict: "64", "192", "768" and "2048", the features of each block averaged over
    height and width, and "logits", `(batch, 1008)`, without a bias. A layer's name is that of
    pytorch-fid's module; the outputs of whole blocks are the layers "Mixed_5b" to "Mixed_7c".
    """
    import keras

    build = _Build(dtype)
    images = keras.Input((SIZE, SIZE, 3), dtype=dtype, name="image")
    x = build.unit(images, "Conv2d_1a_3x3", 32, 3, 2, "valid")
    x = build.unit(x, "Conv2d_2a_3x3", 32, 3, 1, "valid")
    x = build.unit(x, "Conv2d_2b_3x3", 64, 3)
    x = block0 = build.pooled(x, "MaxPool_1")
    x = build.unit(x, "Conv2d_3b_1x1", 80, 1)
    x = build.unit(x, "Conv2d_4a_3x3", 192, 3, 1, "valid")
    x = block1 = build.pooled(x, "MaxPool_2")
    for name, pool in (("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64)):
        x = _mixed_a(build, x, name, pool)
    x = _mixed_b(build, x, "Mixed_6a")
    for name, width in (("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)):
        x = _mixed_c(build, x, name, width)
    block2 = x
    x = _mixed_d(build, x, "Mixed_7a")
    x = _mixed_e(build, x, "Mixed_7b", build.average)
    x = _mixed_e(build, x, "Mixed_7c", build.maximum)
    mean = functools.partial(keras.layers.GlobalAveragePooling2D, dtype=dtype)
    features = mean(name="AvgPool")(x)
    outputs = {
        "64": mean()(block0),
        "192": mean()(block1),
        "768": mean()(block2),
        "2048": features,
        "logits": keras.layers.Dense(1008, use_bias=False, dtype=dtype, name="fc")(features),
    }
    return keras.Model(images, outputs, name="inception")


class _Build:
    """What the blocks are made of, in one type of numbers."""

    def __init__(self, dtype: str):
        self._dtype = dtype

    def unit(self, x, name, filters, kernel, strides=1, padding="same"):
        """A convolution without bias, BatchNorm and ReLU."""
        from keras import layers

        options = {"use_bias": False, "dtype": self._dtype, "name": f"{name}.conv"}
        x = layers.Conv2D(filters, kernel, strides, padding, **options)(x)
        x = layers.BatchNormalization(epsilon=1e-3, dtype=self._dtype, name=f"{name}.bn")(x)
        return layers.ReLU(dtype=self._dtype, name=name)(x)

    def branch(self, x, block, *units):
        """Units one after another; each is its name and the arguments of `unit`."""
        for name, *arguments in units:
            x = self.unit(x, f"{block}.{name}", *arguments)
        return x

    def join(self, *branches, name=None):
        from keras import layers

        return layers.Concatenate(dtype=self._dtype, name=name)(branches)

    def average(self, x):
        """The mean over 3x3 pixels; at the border over those inside, as TensorFlow does it."""
        from keras import layers

        return layers.AveragePooling2D(3, 1, "same", dtype=self._dtype)(x)

    def maximum(self, x):
        from keras import layers

        return layers.MaxPooling2D(3, 1, "same", dtype=self._dtype)(x)

    def pooled(self, x, name=None):
        from keras import layers

        return layers.MaxPooling2D(3, 2, "valid", dtype=self._dtype, name=name)(x)


def _mixed_a(build: _Build, x, name, pool):
    return build.join(
        build.branch(x, name, ("branch1x1", 64, 1)),
        build.branch(x, name, ("branch5x5_1", 48, 1), ("branch5x5_2", 64, 5)),
        build.branch(
            x,
            name,
            ("branch3x3dbl_1", 64, 1),
            ("branch3x3dbl_2", 96, 3),
            ("branch3x3dbl_3", 96, 3),
        ),
        build.branch(build.average(x), name, ("branch_pool", pool, 1)),
        name=name,
    )


def _mixed_b(build: _Build, x, name):
    return build.join(
        build.branch(x, name, ("branch3x3", 384, 3, 2, "valid")),
        build.branch(
            x,
            name,
            ("branch3x3dbl_1", 64, 1),
            ("branch3x3dbl_2", 96, 3),
            ("branch3x3dbl_3", 96, 3, 2, "valid"),
        ),
        build.pooled(x),
        name=name,
    )


def _mixed_c(build: _Build, x, name, width):
    return build.join(
        build.branch(x, name, ("branch1x1", 192, 1)),
        build.branch(
            x,
            name,
            ("branch7x7_1", width, 1),
            ("branch7x7_2", width, (1, 7)),
            ("branch7x7_3", 192, (7, 1)),
        ),
        build.branch(
            x,
            name,
            ("branch7x7dbl_1", width, 1),
            ("branch7x7dbl_2", width, (7, 1)),
            ("branch7x7dbl_3", width, (1, 7)),
            ("branch7x7dbl_4", width, (7, 1)),
            ("branch7x7dbl_5", 192, (1, 7)),
        ),
        build.branch(build.average(x), name, ("branch_pool", 192, 1)),
        name=name,
    )


def _mixed_d(build: _Build, x, name):
    return build.join(
        build.branch(x, name, ("branch3x3_1", 192, 1), ("branch3x3_2", 320, 3, 2, "valid")),
        build.branch(
            x,
            name,
            ("branch7x7x3_1", 192, 1),
            ("branch7x7x3_2", 192, (1, 7)),
            ("branch7x7x3_3", 192, (7, 1)),
            ("branch7x7x3_4", 192, 3, 2, "valid"),
        ),
        build.pooled(x),
        name=name,
    )


def _mixed_e(build: _Build, x, name, pool):
    one = build.branch(x, name, ("branch3x3_1", 384, 1))
    two = build.branch(x, name, ("branch3x3dbl_1", 448, 1), ("branch3x3dbl_2", 384, 3))
    return build.join(
        build.branch(x, name, ("branch1x1", 320, 1)),
        build.branch(one, name, ("branch3x3_2a", 384, (1, 3))),
        build.branch(one, name, ("branch3x3_2b", 384, (3, 1))),
        build.branch(two, name, ("branch3x3dbl_3a", 384, (1, 3))),
        build.branch(two, name, ("branch3x3dbl_3b", 384, (3, 1))),
        build.branch(pool(x), name, ("branch_pool", 192, 1)),
        name=name,
    )
