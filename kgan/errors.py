"""Errors that say what was expected, what was received and how to fix it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from kgan.version import __version__


class UsageError(ValueError):
    """An argument that cannot work whatever the data; the command line exits with code 2.

    `argument` is the name that the message begins with, None where it begins with none.
    """

    def __init__(self, message: str, argument: str | None = None):
        super().__init__(message)
        self.argument = argument


class UnknownArgument(UsageError):
    """An argument that a constructor does not have."""


def unknown_name(argument: str, name: object, known: Iterable[str]) -> UsageError:
    """The error for a short name that nothing is registered under, with the nearest one."""
    names = sorted(known)
    # It may be a phrase, such as "entry of DCGAN".
    attribute = argument if argument.isidentifier() else None
    if not names:
        return UsageError(f"{argument}={name!r} is unknown; there is none yet.", attribute)
    nearest = difflib.get_close_matches(str(name).lower(), names, n=1, cutoff=0.4)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    return UsageError(
        f"{argument}={name!r} is unknown; expected one of {', '.join(names)}.{hint}", attribute
    )


# What a name raises that kgan does not know, or no longer.
UNKNOWN_NAMES = (AttributeError, ImportError, TypeError, UnknownArgument)


def older_kgan(error: BaseException) -> str:
    """What follows the message of an error in code that uses unknown names; else empty."""
    if not isinstance(error, UNKNOWN_NAMES):
        return ""
    stop = "" if str(error).endswith((".", "?", "!")) else "."
    return (
        f"{stop} This is kgan {__version__}. If it was written for an older kgan, "
        "this version's source distribution lists the new names in CHANGELOG.md."
    )
