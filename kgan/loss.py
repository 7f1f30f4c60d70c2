"""What a loss is: a packaged one, or the user's own; the registry of their short names.

The losses of the papers are in `kgan.losses`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from kgan.errors import UsageError, unknown_name
from kgan.registry import Configured, Registry, deserialized


class Loss(Configured):
    """Base class: the loss of each player, a scalar function of the discriminator's logits.

    Example:
        >>> class Exponential(kgan.losses.Loss):
        ...     def discriminator(self, real_logits, fake_logits):
        ...         return keras.ops.mean(keras.ops.exp(-real_logits) + keras.ops.exp(fake_logits))
        ...     def generator(self, real_logits, fake_logits):
        ...         return keras.ops.mean(keras.ops.exp(-fake_logits))
        >>> gan.compile(loss=Exponential())
    """

    needs_real_logits: bool = False

    @property
    def unsmoothed(self) -> Loss:
        """The loss without label smoothing."""
        config = self.get_config()
        if not config.get("label_smoothing"):
            return self
        return type(self).from_config(config | {"label_smoothing": 0.0})

    @property
    def unregistered(self) -> list[str]:
        """What a reader of a saved file could not find, for Keras does not know its name."""
        return _unregistered(type(self))

    def discriminator(self, real_logits, fake_logits):
        """The scalar that the discriminator minimises."""
        raise NotImplementedError

    def generator(self, real_logits, fake_logits):
        """The scalar that the generator minimises."""
        raise NotImplementedError


@keras.saving.register_keras_serializable(package="kgan")
class OwnLoss(Loss):
    """Your own loss: two functions of `(real_logits, fake_logits)` that return a scalar each.

    `compile(loss=(generator_loss, discriminator_loss))` makes it. `both`, in place of the two, is
    an object whose methods `generator` and `discriminator` they are: `compile(loss=MyLoss())`.

    A saved model holds the names of the functions, or the name of the object's class and its
    `get_config()`; register them with Keras to load it again. The generator's function gets the
    real logits, which costs a pass through the discriminator; a subclass of `Loss` can do without.

    Example:
        >>> def generator_loss(real_logits, fake_logits):
        ...     return keras.ops.mean(keras.ops.softplus(-fake_logits))
        >>> def discriminator_loss(real_logits, fake_logits):
        ...     return keras.ops.mean(keras.ops.softplus(fake_logits - real_logits))
        >>> gan.compile(loss=(generator_loss, discriminator_loss))
    """

    needs_real_logits = True

    def __init__(
        self,
        generator: Callable[..., Any] | None = None,
        discriminator: Callable[..., Any] | None = None,
        both: Any = None,
    ):
        self.both = both
        if both is not None:
            generator, discriminator = both.generator, both.discriminator
        self.generator = generator  # type: ignore
        self.discriminator = discriminator  # type: ignore

    @property
    def unregistered(self) -> list[str]:
        parts = (self.generator, self.discriminator) if self.both is None else (type(self.both),)
        return list(dict.fromkeys(name for part in parts for name in _unregistered(part)))

    def get_config(self) -> dict[str, Any]:
        if self.both is None:
            return {"generator": self.generator, "discriminator": self.discriminator}
        kind = type(self.both)
        # As Keras writes it, which does not write an object without `get_config`.
        return {
            "both": {
                "module": kind.__module__,
                "class_name": kind.__name__,
                "config": self.both.get_config() if hasattr(kind, "get_config") else {},
                "registered_name": keras.saving.get_registered_name(kind),
            }
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]):
        config = dict(config)
        both = config.get("both")
        if both is not None:
            kind = keras.saving.get_registered_object(both["registered_name"])
            # Keras asks for a `from_config`, which a class can be registered without.
            if kind is not None and not hasattr(kind, "from_config"):
                config["both"] = kind(**deserialized(both["config"]))
        return super().from_config(config)


def _unregistered(part: Any) -> list[str]:
    """The name of a class or function that is not registered with Keras."""
    registered = keras.saving.get_registered_object(keras.saving.get_registered_name(part))
    return [] if registered is part else [getattr(part, "__qualname__", repr(part))]


# What other libraries and papers call them.
_OTHER_NAMES = {
    "bce": "non_saturating",
    "binary_crossentropy": "non_saturating",
    "vanilla": "non_saturating",
    "gan": "non_saturating",
    "nsgan": "non_saturating",
    "ns": "non_saturating",
    "mm": "minimax",
    "mmgan": "minimax",
    "mse": "least_squares",
    "lsgan": "least_squares",
    "ls": "least_squares",
    "wgan": "wasserstein",
    "w": "wasserstein",
    "wgan_gp": 'wasserstein" with penalties=["gradient_penalty"], or kgan.WGANGP',
    "sngan": "hinge",
    "dragan": 'non_saturating" with penalties=["dragan"], or kgan.DRAGAN',
    "rgan": "relativistic",
    "rsgan": "relativistic",
    "rpgan": "relativistic",
    "ragan": "relativistic_average",
    "rasgan": "relativistic_average",
}
_OWN = (
    "For a loss of your own pass two functions, loss=(generator_loss, discriminator_loss), each\n"
    "    def generator_loss(real_logits, fake_logits): return a scalar\n"
    "    def discriminator_loss(real_logits, fake_logits): return a scalar\n"
    "or an object whose methods `generator` and `discriminator` are these."
)


class _Losses(Registry[Loss]):
    """The short names, and losses of the user's own."""

    def get(self, identifier: Any) -> Loss:
        """The loss that a name, a pair of functions or an object with two methods stands for.

        Raises:
            UsageError: it stands for none; shows how to write one.
        """
        if isinstance(identifier, str) and identifier not in self.classes:
            meant = _OTHER_NAMES.get(identifier.lower().replace("-", "_"))
            if meant is None:
                raise unknown_name(self.argument, identifier, self.classes)
            closed = meant if '"' in meant else f'{meant}"'
            raise UsageError(f'loss={identifier!r} is unknown; use "{closed}.', "loss")
        if isinstance(identifier, (str, Loss)):
            return super().get(identifier)
        pair = isinstance(identifier, (tuple, list))
        functions = list(identifier) if pair else _methods(identifier)
        if len(functions) != 2 or not all(map(callable, functions)):
            raise UsageError(
                f"loss must be a short name ({', '.join(sorted(self.classes))}) or a loss object; "
                f"received {identifier!r}. {_OWN}",
                "loss",
            )
        if isinstance(identifier, type):
            name = identifier.__name__
            raise UsageError(
                f"loss must be an object; received the class {name}. Use loss={name}().", "loss"
            )
        return OwnLoss(*functions) if pair else OwnLoss(both=identifier)


def _methods(loss: Any) -> list[Any]:
    """What an object has under the names of a loss's methods."""
    return [getattr(loss, name, None) for name in ("generator", "discriminator")]


losses = _Losses("loss", Loss)
