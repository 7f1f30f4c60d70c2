"""Which data sets are available already. Needs neither TensorFlow nor TFDS."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kgan.data import photographs
from kgan.data.source import PACKAGED
from kgan.data.tfds_source import data_dir


class Available(NamedTuple):
    """A data set that loads without network."""

    name: str  # for `kgan.data.load`; "photos" is for `kgan.data.patches`
    kind: str  # "packaged" or "tfds"
    splits: dict[str, int]  # images by split
    where: Path


def available() -> list[Available]:
    """The packaged data sets, then those of images that TFDS has prepared on this machine.

    Skips damaged ones with a warning.

    Example:
        >>> [each.name for each in kgan.data.available() if each.kind == "packaged"]
        ['fashion_mnist', 'emoji', 'emoji_3d', 'photos']
    """
    found = []
    for name, path in PACKAGED.items():
        with np.load(path) as file:
            found.append(Available(name, "packaged", {"train": len(file["labels"])}, path))
    for name, path in photographs.PACKAGED.items():
        splits = {split: len([*(path / split).glob("*.jpg")]) for split in ("train", "test")}
        found.append(Available(name, "packaged", splits, path))
    for path in sorted(data_dir().glob("*/**/dataset_info.json")):
        features = path.with_name("features.json")
        try:
            if features.exists() and "image" in _features(features).get("image", {}):
                found.append(_prepared(path))
        # What is cut short is no JSON; what was overwritten may be any other.
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            warnings.warn(
                f"The TFDS data set in {path.parent} is damaged ({type(error).__name__}: {error}) "
                "and skipped. Remove the folder and prepare it again.",
                stacklevel=2,
            )
    return found


def _features(features: Path) -> dict:
    """The features of a prepared data set by name."""
    described = json.loads(features.read_text(encoding="utf-8"))
    return described.get("featuresDict", {}).get("features", {})


def _prepared(path: Path) -> Available:
    info = json.loads(path.read_text(encoding="utf-8"))
    name = "/".join(filter(None, [info["name"], info.get("configName")]))
    splits = {
        split["name"]: sum(map(int, split.get("shardLengths", []))) for split in info["splits"]
    }
    return Available(f"tfds:{name}", "tfds", splits, path.parent)
