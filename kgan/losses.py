"""The losses of both players, computed from the discriminator's logits.

A loss is stateless. `loss.discriminator(real_logits, fake_logits)` and
`loss.generator(real_logits, fake_logits)` take logits of shape `(batch, ...)` and return a float32
scalar, the mean over all elements. The generator's loss receives `None` for the real logits
unless it sets `needs_real_logits`.
"""

from __future__ import annotations

import math
import numbers
from typing import Any

from keras import ops

from kgan.errors import UsageError, unknown_name
from kgan.loss import Loss as Loss, OwnLoss as OwnLoss, losses as losses


def _mean(values):
    return ops.mean(ops.cast(values, "float32"))


def _cross_entropy(logits):
    """Mean of -log sigmoid(logits): the cross-entropy with the target "real"."""
    return ops.mean(ops.softplus(-ops.cast(logits, "float32")))


def _squared_distance(logits, target):
    return ops.mean(ops.square(ops.cast(logits, "float32") - target))


def _check_label_smoothing(label_smoothing: Any) -> float:
    share = float(label_smoothing) if isinstance(label_smoothing, numbers.Real) else math.nan
    if not 0.0 <= share < 1.0:
        raise UsageError(
            "label_smoothing must lie in [0, 1): it lowers the target of real images (0.1 is "
            f"usual); received {label_smoothing!r}.",
            "label_smoothing",
        )
    return share


@losses.register("minimax")
class Minimax(Loss):
    """The zero-sum game: the generator minimises log(1 - D(G(z))).

    Its gradient vanishes while the discriminator rejects the fakes; see `NonSaturating`.
    `label_smoothing` s sets the discriminator's targets to 1 - s for reals and 0 for fakes
    (one-sided: Salimans et al., "Improved Techniques for Training GANs", 2016, arXiv:1606.03498,
    section 3.4).

    Example:
        >>> loss = kgan.losses.Minimax(label_smoothing=0.1)
        >>> round(float(loss.discriminator(np.zeros(8), np.zeros(8))), 3)  # 2 log 2
        1.386
        >>> gan.compile(loss)

    Raises:
        UsageError: `label_smoothing` outside [0, 1).

    Goodfellow et al., "Generative Adversarial Networks", 2014, arXiv:1406.2661, equation 1.
    """

    def __init__(self, label_smoothing: float = 0.0):
        self.label_smoothing = _check_label_smoothing(label_smoothing)

    def discriminator(self, real_logits, fake_logits):
        real = _cross_entropy(real_logits)
        if self.label_smoothing:
            real = (1.0 - self.label_smoothing) * real
            real += self.label_smoothing * _cross_entropy(-real_logits)
        return real + _cross_entropy(-fake_logits)

    def generator(self, real_logits, fake_logits):
        return -_cross_entropy(-fake_logits)


@losses.register("non_saturating")
class NonSaturating(Minimax):
    """The generator maximises log D(G(z)), with strong gradients while fakes are rejected.

    The discriminator's loss and `label_smoothing` are those of `Minimax`.

    Example:
        >>> loss = kgan.losses.NonSaturating()
        >>> round(float(loss.generator(None, fake_logits=np.zeros(8))), 3)  # log 2
        0.693
        >>> gan.compile(loss)

    Goodfellow et al., "Generative Adversarial Networks", 2014, arXiv:1406.2661, section 3.
    """

    def generator(self, real_logits, fake_logits):
        return _cross_entropy(fake_logits)


@losses.register("zero_sum")
class ZeroSum(Minimax):
    """The generator maximises the discriminator's loss on fakes, on reals, or on both.

    With `objective` "fakes" this is the minimax game. "reals" lowers the discriminator's answers on
    reals; "both" is its whole negative loss (without smoothing). Real images do not depend on the
    generator: "reals" gives it no gradient, and "both" the same gradient as "fakes".

    Example:
        >>> loss = kgan.losses.ZeroSum(objective="fakes")
        >>> round(float(loss.generator(None, fake_logits=np.zeros(8))), 3)  # -log 2
        -0.693
        >>> gan.compile(loss)

    Raises:
        UsageError: an unknown objective, or `label_smoothing` outside [0, 1).

    Goodfellow et al., "Generative Adversarial Networks", 2014, arXiv:1406.2661, equation 1.
    """

    def __init__(self, objective: str = "both", label_smoothing: float = 0.0):
        if objective not in ("fakes", "reals", "both"):
            raise unknown_name("objective", objective, ("fakes", "reals", "both"))
        super().__init__(label_smoothing)
        self.objective = objective
        self.needs_real_logits = objective != "fakes"

    def generator(self, real_logits, fake_logits):
        on_fakes = -_cross_entropy(-fake_logits) if self.objective != "reals" else 0.0
        on_reals = -_cross_entropy(real_logits) if self.objective != "fakes" else 0.0
        return on_fakes + on_reals


@losses.register("least_squares")
class LeastSquares(Loss):
    """Half the mean squared distance of the logits to 1 (real) and 0 (fake); G aims at 1.

    `label_smoothing` s lowers the discriminator's target of reals to 1 - s.

    Example:
        >>> loss = kgan.losses.LeastSquares()
        >>> float(loss.generator(None, fake_logits=np.array([1.0, 0.0])))
        0.25
        >>> gan.compile(loss)

    Raises:
        UsageError: `label_smoothing` outside [0, 1).

    Mao et al., "Least Squares Generative Adversarial Networks", 2017, arXiv:1611.04076,
    equation 9.
    """

    def __init__(self, label_smoothing: float = 0.0):
        self.label_smoothing = _check_label_smoothing(label_smoothing)

    def discriminator(self, real_logits, fake_logits):
        real = _squared_distance(real_logits, 1.0 - self.label_smoothing)
        return 0.5 * (real + _squared_distance(fake_logits, 0.0))

    def generator(self, real_logits, fake_logits):
        return 0.5 * _squared_distance(fake_logits, 1.0)


@losses.register("wasserstein")
class Wasserstein(Loss):
    """The difference of the critic's mean logits.

    The critic needs a Lipschitz constraint or penalty.

    Example:
        >>> loss = kgan.losses.Wasserstein()
        >>> float(loss.discriminator(real_logits=np.array([3.0]), fake_logits=np.array([1.0])))
        -2.0
        >>> gan.compile(loss, penalties=["gradient_penalty"])

    Arjovsky et al., "Wasserstein GAN", 2017, arXiv:1701.07875, algorithm 1.
    """

    def discriminator(self, real_logits, fake_logits):
        return _mean(fake_logits) - _mean(real_logits)

    def generator(self, real_logits, fake_logits):
        return -_mean(fake_logits)


@losses.register("hinge")
class Hinge(Loss):
    """The hinge loss: logits beyond the margin ±1 add nothing to the discriminator's loss.

    Example:
        >>> loss = kgan.losses.Hinge()
        >>> real_logits, fake_logits = np.array([2.0, 0.5]), np.array([-3.0])
        >>> float(loss.discriminator(real_logits, fake_logits))
        0.25
        >>> gan.compile(loss)

    Lim & Ye, "Geometric GAN", 2017, arXiv:1705.02894; Miyato et al., "Spectral Normalization for
    Generative Adversarial Networks", 2018, arXiv:1802.05957, equations 16 and 17.
    """

    def discriminator(self, real_logits, fake_logits):
        return _mean(ops.relu(1.0 - real_logits)) + _mean(ops.relu(1.0 + fake_logits))

    def generator(self, real_logits, fake_logits):
        return -_mean(fake_logits)


@losses.register("relativistic")
class Relativistic(Loss):
    """The discriminator ranks each real above the fake paired with it; the generator the reverse.

    Example:
        >>> loss = kgan.losses.Relativistic()
        >>> logits = np.array([5.0, -2.0])
        >>> round(float(loss.generator(real_logits=logits, fake_logits=logits)), 3)  # log 2
        0.693
        >>> gan.compile(loss, penalties=["r1", "r2"])

    Jolicoeur-Martineau, "The relativistic discriminator", 2018, arXiv:1807.00734 (RpGAN); Huang et
    al., "The GAN is dead; long live the GAN!", 2024, arXiv:2501.05441, equation 2.
    """

    needs_real_logits = True

    def discriminator(self, real_logits, fake_logits):
        return _cross_entropy(real_logits - fake_logits)

    def generator(self, real_logits, fake_logits):
        return _cross_entropy(fake_logits - real_logits)


@losses.register("relativistic_average")
class RelativisticAverage(Loss):
    """The discriminator ranks reals above the fakes' mean logit; the generator the reverse.

    Example:
        >>> loss = kgan.losses.RelativisticAverage()
        >>> logits = np.array([5.0, 5.0])
        >>> round(float(loss.generator(real_logits=logits, fake_logits=logits)), 3)  # 2 log 2
        1.386
        >>> gan.compile(loss)

    Jolicoeur-Martineau, "The relativistic discriminator", 2018, arXiv:1807.00734, section 4.3
    (RaSGAN).
    """

    needs_real_logits = True

    def discriminator(self, real_logits, fake_logits):
        real_logits, fake_logits = (
            ops.cast(logits, "float32") for logits in (real_logits, fake_logits)
        )
        real = _cross_entropy(real_logits - _mean(fake_logits))
        return real + _cross_entropy(_mean(real_logits) - fake_logits)

    def generator(self, real_logits, fake_logits):
        return self.discriminator(fake_logits, real_logits)


def __dir__() -> list[str]:
    """The losses and their registry, without what this module imports."""
    own = (cls.__name__ for cls in losses.classes.values() if cls.__module__ == __name__)
    return ["Loss", "OwnLoss", "losses", *own]
