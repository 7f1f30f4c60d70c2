"""Objects that can be named by a short string and rebuilt from their configuration."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import keras

from kgan.errors import UsageError, unknown_name


def deserialized(config: dict[str, Any]) -> dict[str, Any]:
    """A constructor's arguments with the objects that Keras serialized as dicts."""
    return {name: _object(value) for name, value in config.items()}


def _object(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(map(_object, value))
    return keras.saving.deserialize_keras_object(value) if isinstance(value, dict) else value


def serialized(value: Any) -> Any:
    """A constructor's argument, whose objects, also those in a list, Keras serializes as dicts."""
    if isinstance(value, (list, tuple)):
        return list(map(serialized, value))
    return keras.saving.serialize_keras_object(value) if isinstance(value, Configured) else value


class Configured:
    """An object whose constructor arguments are attributes of the same name."""

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments by name."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    @classmethod
    def from_config(cls, config: dict[str, Any]):
        """The object that `get_config` described."""
        return cls(**deserialized(config))

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


T = TypeVar("T", bound=Configured)
S = TypeVar("S", bound=Configured)  # a class of the kind, which stays what it is


class Registry(Generic[T]):
    """The short names of one kind of object; the one place where a string becomes an object."""

    def __init__(self, argument: str, base: type[T], package: str = "kgan", hint: str = ""):
        self.argument = argument
        self.base = base
        self.package = package
        self.hint = hint
        self.classes: dict[str, type[T]] = {}

    def register(self, name: str) -> Callable[[type[S]], type[S]]:
        """Class decorator: `name` stands for the class with its default arguments."""

        def decorate(cls: type[S]) -> type[S]:
            self.classes[name] = cls  # type: ignore[assignment]
            return keras.saving.register_keras_serializable(package=self.package)(cls)

        return decorate

    def get_all(self, argument: str, identifiers: Sequence[str | T]) -> list[T]:
        """The objects of a list.

        Raises:
            UsageError: it is none; or as `get`.
        """
        if isinstance(identifiers, str) or not isinstance(identifiers, (list, tuple)):
            raise UsageError(
                f"{argument} must be a list of short names ({', '.join(sorted(self.classes))}) or "
                f"{self.base.__module__}.{self.base.__name__} objects; received {identifiers!r}.",
                argument,
            )
        return [self.get(identifier) for identifier in identifiers]

    def get(self, identifier: str | T) -> T:
        """The object that a short name stands for, or the object itself.

        Raises:
            UsageError: the name is unknown, or the object is of another kind.
        """
        if isinstance(identifier, self.base):
            return identifier
        if isinstance(identifier, str):
            if identifier in self.classes:
                return self.classes[identifier]()
            raise unknown_name(self.argument, identifier, self.classes)
        raise UsageError(
            f"{self.argument} must be a short name ({', '.join(sorted(self.classes))}) or a "
            f"{self.base.__module__}.{self.base.__name__} object; received {identifier!r}."
            f"{self.hint}",
            self.argument,
        )
