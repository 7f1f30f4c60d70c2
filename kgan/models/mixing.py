"""Models between two models, by their weights."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

from kgan.errors import UsageError
from kgan.models.players_model import PlayersModel


def mix(first: PlayersModel, second: PlayersModel, share: Any) -> Any:
    """A model whose generator's weights are (1 - share) · `first`'s + share · `second`'s.

    Of two models of one architecture, one trained for small errors and one for textures, it is what
    lies between. All networks of the generator's player are mixed, and their averages; all else is
    as in `second`. The model is not compiled.

    Args:
        first: a model.
        second: one of the same class, whose generator has the same architecture.
        share: 0 to 1, of `second`.

    Example:
        >>> twin = kgan.models.mix(gan, gan, share=0.8)

    Raises:
        UsageError: a share outside [0, 1], or models of different generators.

    Wang et al., "ESRGAN: Enhanced Super-Resolution Generative Adversarial Networks", 2018,
    arXiv:1809.00219, equation 4; its α is the share.
    """
    number = float(share) if isinstance(share, numbers.Real) else math.nan
    if not 0 <= number <= 1:
        raise UsageError(f"share must be a number, 0 to 1; received {share!r}.", "share")
    shapes = [
        {name: [tuple(part.shape) for part in parts] for name, parts in _parts(gan).items()}
        for gan in (first, second)
    ]
    if type(first) is not type(second) or shapes[0] != shapes[1]:
        different = [name for name in shapes[1] if shapes[0].get(name) != shapes[1][name]]
        raise UsageError(
            f"second must have the class and the generator of first, a {type(first).__name__}; "
            f"received a {type(second).__name__}"
            f"{', whose ' + different[0] + ' has other weights' if different else ''}.",
            "second",
        )
    mixed = type(second).from_config(second.get_config())
    for name, network in second.networks_by_name.items():
        mixed.networks_by_name[name].set_weights(network.get_weights())
    for name, variables in _parts(mixed).items():
        sources = zip(variables, _parts(first)[name], _parts(second)[name], strict=True)
        for variable, one, other in sources:
            one, other = np.asarray(one), np.asarray(other)
            variable.assign(((1 - number) * one + number * other).astype(other.dtype))
    return mixed


def _parts(gan: PlayersModel) -> dict[str, list[Any]]:
    """The variables of the networks of the generator's player and of their averages, by name."""
    networks = gan.players["generator"].networks
    found = {name: network.variables for name, network in networks.items()}
    for name in networks:
        average = getattr(gan, f"averaged_{name}", None)
        if average is not None and average is not getattr(gan, name):
            found[f"averaged {name}"] = average.variables
    return found
