"""What the functions of a recipe take and give."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

from kgan.errors import UNKNOWN_NAMES, UsageError, older_kgan


def completed(arguments: dict[str, Any], recipe: ModuleType) -> dict[str, Any]:
    """The arguments with the recipe's own values in place of None.

    Raises:
        UsageError: an argument that the recipe's `data` does not take, or needs.
    """
    own = {
        "data" if name == "source" else name: parameter.default
        for name, parameter in inspect.signature(recipe.data).parameters.items()
    }
    for name in ("data", "batch_size", "resolution", "channels", "strict"):
        if arguments[name] is not None and name not in own:
            parameter = "source" if name == "data" else name
            raise UsageError(
                f"{name} is not for this recipe: its data() has no parameter {parameter!r}; add it "
                f"to {recipe.__file__}, or leave it out.",
                name,
            )
        if arguments[name] is None and own.get(name) is inspect.Parameter.empty:
            raise UsageError(
                f"{name} must be given: this recipe's data() has no default for it; add one to "
                f"{recipe.__file__}, or pass it.",
                name,
            )
    defaults = {"seed": 0, "precision": "float32", "strategy": "none", "epochs": recipe.epochs}
    return {
        name: {**defaults, **own}.get(name) if value is None else value
        for name, value in arguments.items()
    }


def of_data(arguments: dict[str, Any], recipe: ModuleType) -> dict[str, Any]:
    """What the recipe's `data` is called with."""
    values = {**arguments, "source": arguments["data"]}
    return {
        name: values[name] for name in inspect.signature(recipe.data).parameters if name in values
    }


def made(recipe: ModuleType, function: str, kind: type, *arguments: Any, **named: Any) -> Any:
    """What a recipe's function returns.

    Raises:
        UsageError: it is of another kind, or the function ended the program.
    """
    try:
        received = getattr(recipe, function)(*arguments, **named)
    except UNKNOWN_NAMES as error:
        raise UsageError(
            f"recipe={str(recipe.__file__)!r}: {function}() fails: {type(error).__name__}: "
            f"{error}{older_kgan(error)}",
            "recipe",
        ) from error
    except SystemExit as error:
        raise UsageError(
            f"recipe={str(recipe.__file__)!r}: {function}() must not end the program; it called "
            f"sys.exit({error.code!r}).",
            "recipe",
        ) from error
    if not isinstance(received, kind):
        expected = {
            "data": "kgan.data.ImageDataset",
            "model": "kgan.models.GAN or another model of kgan",
        }[function]
        raise UsageError(
            f"recipe={str(recipe.__file__)!r}: {function}() must return a {expected}; received "
            f"{type(received).__name__}.",
            "recipe",
        )
    return received
