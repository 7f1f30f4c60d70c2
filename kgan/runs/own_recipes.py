"""Which recipe files this machine's user has run: the only ones that kgan imports unasked.

A model's folder names the recipe that it was trained with, and whoever made the folder chose that
name. So `kgan.runs.train("my.py")` leaves a note in `recipes` in KGAN_HOME, where no model comes
from.
"""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path

from kgan.files import atomic_write


def remember(recipe: dict[str, str]) -> None:
    """Note that the user runs this recipe, as `kgan.runs.folder.recipe` describes it.

    A note that cannot be written is a warning, for training needs none.
    """
    if _packaged(recipe):
        return
    try:
        with atomic_write(_note(recipe)) as temporary:
            # For people; that the file is there says it all, so that it cannot be damaged.
            temporary.write_bytes(recipe["path"].encode("utf-8", "surrogateescape") + b"\n")
    except OSError as error:
        warnings.warn(
            f"{error}: kgan will not know that {recipe['path']} is yours; name it with --recipe "
            "when you use the model.",
            stacklevel=2,
        )


def known(recipe: dict[str, str]) -> bool:
    """Whether the recipe comes with kgan, or the user has run this very file here."""
    return _packaged(recipe) or _note(recipe).is_file()


def _packaged(recipe: dict[str, str]) -> bool:
    from kgan.zoo import registry

    return Path(recipe["path"]).parent == registry.FOLDER


def _note(recipe: dict[str, str]) -> Path:
    """A name of its own for each path with each content: two trainings never write one file."""
    from kgan.data import cache

    what = f"{recipe['sha256']} {recipe['path']}".encode("utf-8", "surrogateescape")
    return cache.folder("recipes") / hashlib.sha256(what).hexdigest()
