"""Terms that models add to a player's loss.

A term is stateless. `term(real, fake)` takes two float tensors of one shape, the batch first, and
returns a float32 scalar, `weight` times a mean, which the generator minimises beside its loss.
"""

from __future__ import annotations

from keras import ops

from kgan.checks import check_number
from kgan.registry import Configured, Registry


class Term(Configured):
    """Base class: a weighted distance between what the generator makes and its target.

    Example:
        >>> class L2(kgan.terms.Term):
        ...     def __call__(self, real, fake):
        ...         return self.weight * keras.ops.mean((real - fake) ** 2)
        >>> networks = kgan.networks.UNet(width=16, depth=4)
        >>> gan = kgan.Pix2Pix(channels=3, generator_network=networks, term=L2(50.0))

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

    def __call__(self, real, fake):
        """The weighted term, a float32 scalar."""
        raise NotImplementedError


terms: Registry[Term] = Registry("term", Term)


@terms.register("l1")
class L1(Term):
    """weight · E|y - G(x)|, the mean over all elements.

    Example:
        >>> term = kgan.terms.L1(weight=100.0)
        >>> float(term(np.zeros((1, 4)), np.full((1, 4), 0.25)))
        25.0
        >>> networks = kgan.networks.UNet(width=16, depth=4)
        >>> gan = kgan.Pix2Pix(channels=3, generator_network=networks, term=term)

    Isola et al., "Image-to-Image Translation with Conditional Adversarial Networks", 2017,
    arXiv:1611.07004, equation 3; its weight is λ.
    """

    def __init__(self, weight: float = 100.0):
        super().__init__(weight)

    def __call__(self, real, fake):
        return self.weight * ops.mean(
            ops.abs(ops.cast(real, "float32") - ops.cast(fake, "float32"))
        )
