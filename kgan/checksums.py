"""Lists of checksums, as the command `sha256sum` writes and checks them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kgan.files import sha256


def checksums(folder: Path, names: Iterable[str]) -> str:
    """A line per file of the folder: its SHA-256 and its name."""
    return "".join(f"{sha256(folder / name)}  {name}\n" for name in names)
