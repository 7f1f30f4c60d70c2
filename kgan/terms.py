"""Terms that models add to a player's loss.

`term(real, fake)` takes two float tensors of one shape, the batch first, and returns a float32
scalar, `weight` times a mean, which the generator minimises beside its loss. A term has no weights
that train.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from keras import ops

from kgan.checks import check_integer, check_number, check_path
from kgan.errors import UsageError
from kgan.ops.branches import branches
from kgan.perceptual import NETWORKS, check_layers, load
from kgan.registry import Configured, Registry


class Term(Configured):
    """Base class: a weighted distance between what the generator makes and its target.

    Example:
        >>> class L2(kgan.terms.Term):
        ...     def __call__(self, real, fake):
        ...         return self.weight * keras.ops.mean((real - fake) ** 2)
        >>> networks = kgan.networks.UNet(width=16, depth=4)
        >>> gan = kgan.Pix2Pix(channels=3, generator_network=networks, content_terms=[L2(50.0)])

    Raises:
        UsageError: a weight below 0.
    """

    def __init__(self, weight: float):
        self.weight = check_number("weight", weight, 0)

    @property
    def label(self) -> str:
        """What logs call it: its short name, or else that of its class."""
        short = {cls: name for name, cls in terms.classes.items()}
        return short.get(type(self), type(self).__name__.lower())

    def prepare(self) -> None:
        """Read what the term needs, before a step is traced; nothing here."""

    def __call__(self, real, fake):
        """The weighted term, a float32 scalar."""
        raise NotImplementedError


terms: Registry[Term] = Registry("term", Term)


def computed(added: Sequence[Term], real, fake) -> dict[str, Any]:
    """The terms' scalars by what logs call them, numbered from the second of a kind on."""
    found: dict[str, Any] = {}
    labels = [term.label for term in added]
    parts = zip(added, labels, branches(fake, len(added)), strict=True)
    for index, (term, label, part) in enumerate(parts):
        count = labels[:index].count(label)
        found[f"{label}_{count + 1}" if count else label] = term(real, part)
    return found


@terms.register("l1")
class L1(Term):
    """weight · E|y - G(x)|, the mean over all elements.

    Example:
        >>> term = kgan.terms.L1(weight=100.0)
        >>> float(term(np.zeros((1, 4)), np.full((1, 4), 0.25)))
        25.0
        >>> networks = kgan.networks.UNet(width=16, depth=4)
        >>> gan = kgan.Pix2Pix(channels=3, generator_network=networks, content_terms=[term])

    Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", 2017,
    arXiv:1611.07004, equation 3; its weight is λ.
    """

    def __init__(self, weight: float = 100.0):
        super().__init__(weight)

    def __call__(self, real, fake):
        return self.weight * ops.mean(
            ops.abs(ops.cast(real, "float32") - ops.cast(fake, "float32"))
        )


@terms.register("mse")
class MSE(Term):
    """weight · E(y - G(x))², the mean over all elements.

    Example:
        >>> term = kgan.terms.MSE(weight=1.0)
        >>> float(term(np.zeros((1, 4)), np.full((1, 4), 0.5)))
        0.25

    Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial
    Network", 2017, arXiv:1609.04802, equation 4.
    """

    def __init__(self, weight: float = 1.0):
        super().__init__(weight)

    def __call__(self, real, fake):
        return self.weight * ops.mean(
            ops.square(ops.cast(real, "float32") - ops.cast(fake, "float32"))
        )


@terms.register("perceptual")
class Perceptual(Term):
    """weight · the mean squared distance of the features of a frozen network, summed over `layers`.

    The images are RGB or grey, whose channel is repeated, in [-1, 1]. `network` is

    - "efficientnet_lite0", whose weights the package of `kgan[efficientnet]` brings; `layers` are
      "stage1" to "stage7", by default "stage2", "stage3" and "stage5", of a quarter, an eighth and
      a sixteenth of the size. The features are divided by 6.
    - "vgg19", the paper's; `weights` is torchvision's file,
      https://download.pytorch.org/models/vgg19-dcbb9e9d.pth. `layers` are "conv1_1" to "conv5_4",
      and "relu1_1" to "relu5_4" behind the activation. The paper's are ("relu2_2",) and
      ("relu5_4",), the default; ESRGAN's is ("conv5_4",). The features are divided by 12.75.

    Networks with strides treat every second or fourth pixel alike, so that a generator may learn a
    grid that they do not see. With a `max_shift` both images lose that many rows and columns at
    their edges, in each call others, which follow from the pixels of `real`.

    The network is read when a training begins, and computes in float32. A saved model names it by
    `sha256`; only to train on, the file must be in `weights` in KGAN_HOME.

    Example:
        >>> term = kgan.terms.Perceptual(layers=("stage2", "stage3"))
        >>> round(float(term(photos, photos)), 3)
        0.0
        >>> gan = kgan.SRGAN(content_terms=[kgan.terms.L1(0.01), term])

    Raises:
        UsageError: a weight below 0, an unknown network or layer, or a file that is missing or has
            another SHA-256.

    Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial
    Network", 2017, arXiv:1609.04802, equation 5; Wang et al., "ESRGAN: Enhanced Super-Resolution
    Generative Adversarial Networks", 2018, arXiv:1809.00219, section 3.3.
    """

    def __init__(
        self,
        weight: float = 1.0,
        network: str = "efficientnet_lite0",
        layers: tuple[str, ...] | None = None,
        weights: str | os.PathLike | None = None,
        sha256: str | None = None,
        max_shift: int = 0,
    ):
        super().__init__(weight)
        self.max_shift = check_integer("max_shift", max_shift, 0)
        self.layers, self.network = check_layers(network, layers), network
        own = NETWORKS[network].sha256
        if weights is not None and own is not None:
            raise UsageError(
                f"weights must be left out for {network!r}, whose weights a package brings; "
                f"received {weights!r}.",
                "weights",
            )
        self.weights = None if weights is None else check_path("weights", weights, "file")
        if self.weights is not None:
            from kgan.files import sha256 as sha256_of

            if not self.weights.is_file():
                raise UsageError(
                    f"weights={str(weights)!r} must be a file; there is none.", "weights"
                )
            sha256 = sha256 or sha256_of(self.weights)
        self.sha256 = sha256 or own
        if self.sha256 is None:
            raise UsageError(
                f"weights must be given for {network!r}: the path of torchvision's file, "
                "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth.",
                "weights",
            )
        self._features: Any = None

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments by name, without the path, which is another elsewhere."""
        return {**super().get_config(), "weights": None}

    def prepare(self) -> None:
        """Read the network."""
        if self._features is None:
            assert self.sha256 is not None
            self._features = load(self.network, self.layers, self.weights, self.sha256)

    def __call__(self, real, fake):
        self.prepare()
        real, fake = (_rgb(ops.cast(images, "float32")) for images in (real, fake))
        if self.max_shift:
            real, fake = _shifted(real, fake, self.max_shift)
        real, fake = (self._features(images, training=False) for images in (real, fake))
        squares = sum(ops.mean(ops.square(real[name] - fake[name])) for name in self.layers)
        return self.weight / NETWORKS[self.network].scale ** 2 * squares


def _shifted(real, fake, most: int):
    """Both images without `most` rows and columns; the sum of `real` says how many above and left.

    It is a sum of whole grey levels, and so exact: a run that goes on shifts as one without a stop.
    """
    levels = ops.sum(ops.cast(ops.round((real + 1) * 127.5), "int32"))
    starts = levels % (most + 1), levels // (most + 1) % (most + 1)
    height, width = (size - most for size in ops.shape(real)[1:3])
    return (
        ops.slice(images, (0, *starts, 0), (ops.shape(images)[0], height, width, 3))
        for images in (real, fake)
    )


@terms.register("checkerboard")
class Checkerboard(Term):
    """weight · the mean absolute pattern that the error repeats every `period` pixels.

    The error y - G(x) is cut into windows of `repeats` by `repeats` squares of `period` by `period`
    pixels. In each window the mean of the squares, less its own mean, is the pattern. Rows and
    columns that fill no window do not count. Sub-pixel convolutions of scale s leave patterns of
    s pixels, which features of networks with strides reward as if they were texture.

    Example:
        >>> term = kgan.terms.Checkerboard(weight=1.0, period=2, repeats=4)
        >>> stripes = np.tile([0.25, -0.25], 4).reshape(1, 1, 8, 1).repeat(8, axis=1)
        >>> float(term(np.zeros((1, 8, 8, 1)), stripes))
        0.25

    Raises:
        UsageError: a weight below 0, a period below 2, repeats below 2, or images smaller than a
            window.

    The patterns: Odena, Dumoulin & Olah, "Deconvolution and Checkerboard Artifacts", Distill, 2016.
    The term is kgan's own.
    """

    def __init__(self, weight: float = 10.0, period: int = 4, repeats: int = 6):
        super().__init__(weight)
        self.period = check_integer("period", period, 2)
        self.repeats = check_integer("repeats", repeats, 2)

    def __call__(self, real, fake):
        error = ops.cast(real, "float32") - ops.cast(fake, "float32")
        side = self.period * self.repeats
        batch, height, width, channels = ops.shape(error)
        rows, columns = height // side, width // side
        if any(isinstance(count, int) and count == 0 for count in (rows, columns)):
            raise UsageError(
                f"Checkerboard needs images of at least {side}x{side} pixels, a window; received "
                f"{height}x{width}. Use fewer repeats.",
                "repeats",
            )
        cut = error[:, : rows * side, : columns * side]
        squares = (self.repeats, self.period)
        windows = ops.reshape(cut, (batch, rows, *squares, columns, *squares, channels))
        pattern = ops.mean(windows, axis=(2, 5))
        pattern = pattern - ops.mean(pattern, axis=(2, 4), keepdims=True)
        return self.weight * ops.mean(ops.abs(pattern))


def _rgb(images):
    """RGB images of RGB or grey ones."""
    if images.shape[-1] not in (1, 3):
        raise UsageError(
            f"A perceptual term takes RGB or grey images; received {images.shape[-1]} channels. "
            "Load the data with channels=3.",
            "channels",
        )
    return images if images.shape[-1] == 3 else ops.repeat(images, 3, axis=-1)


@terms.register("cycle")
class Cycle(L1):
    """weight · E|x - F(G(x))|: what is translated there and back comes back as it was.

    The paper's λ = 10 stands beside a generator's least squares without the half that
    `kgan.losses.LeastSquares` has; so the weight is 5.

    Example:
        >>> term = kgan.terms.Cycle(weight=5.0)
        >>> float(term(np.zeros((1, 4)), np.full((1, 4), 0.25)))
        1.25
        >>> networks = kgan.networks.ResNetTranslator(width=8, blocks=1)
        >>> gan = kgan.CycleGAN((64, 64, 3), cycle=term, generator_network=networks)

    Zhu et al., "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks",
    2017, arXiv:1703.10593, equation 2, one of its two ways.
    """

    def __init__(self, weight: float = 5.0):
        super().__init__(weight)


@terms.register("identity")
class Identity(L1):
    """weight · E|y - G(y)|: a generator leaves what is of its kind already as it is.

    The weight is half that of `Cycle`, as in the paper.

    Example:
        >>> term = kgan.terms.Identity(weight=2.0)
        >>> float(term(np.zeros((1, 4)), np.full((1, 4), 0.25)))
        0.5
        >>> networks = kgan.networks.ResNetTranslator(width=8, blocks=1)
        >>> gan = kgan.CycleGAN((64, 64, 3), identity=term, generator_network=networks)

    Zhu et al., "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks",
    2017, arXiv:1703.10593, section 5.2, one of its two ways.
    """

    def __init__(self, weight: float = 2.5):
        super().__init__(weight)


@terms.register("patch_nce")
class PatchNCE(Term):
    """weight · the cross-entropy of telling each patch of a translation its own source patch.

    `real` and `fake` are unit vectors `(batch, patches, size)` of patches at the same places. The
    other patches of the same image are the wrong answers; the `temperature` divides the cosines.
    No gradient flows into `real`.

    The paper's λ = 1 stands beside a generator's least squares without the half that
    `kgan.losses.LeastSquares` has; so the weight is 0.5.

    Example:
        >>> term, vectors = kgan.terms.PatchNCE(weight=1.0, temperature=1.0), np.eye(2)[np.newaxis]
        >>> round(float(term(vectors, vectors)), 3)  # log(1 + 1/e)
        0.313
        >>> networks = kgan.networks.ResNetTranslator(width=8, blocks=1)
        >>> gan = kgan.CUT(channels=3, nce=term, generator_network=networks)

    Raises:
        UsageError: a weight below 0, or a temperature below 0.001.

    Park et al., "Contrastive Learning for Unpaired Image-to-Image Translation", 2020,
    arXiv:2007.15651, equations 2 and 3.
    """

    def __init__(self, weight: float = 0.5, temperature: float = 0.07):
        super().__init__(weight)
        self.temperature = check_number("temperature", temperature, 1e-3)

    def __call__(self, real, fake):
        keys = ops.stop_gradient(ops.cast(real, "float32"))
        queries = ops.cast(fake, "float32")
        cosines = ops.matmul(queries, ops.swapaxes(keys, 1, 2)) / self.temperature
        right = ops.sum(queries * keys, axis=-1) / self.temperature
        return self.weight * ops.mean(ops.logsumexp(cosines, axis=-1) - right)
