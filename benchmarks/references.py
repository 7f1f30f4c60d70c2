"""Make the packaged references anew: the features of the packaged images, as scores compare with.

    python benchmarks/references.py

Needed when packaged images, the judge, EfficientNet's port or its resizing change; a test says so.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import kgan
from kgan.metrics import extractors, references

SETS = {"fashion_mnist": 1, "emoji": 3}  # and the channels that the recipes train on


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=references.PACKAGED, help="folder")
    folder = parser.parse_args().out
    for name, channels in SETS.items():
        data = kgan.data.load(name, channels=channels, batch_size=1)
        extractor = extractors.default(data.image_shape)
        made = references.of(data, extractor, cache=False)
        described = (references.describe(data), len(made.features), extractor.description)
        path = folder / references.file_name(*described)
        made.save(path)
        print(f"{path.name}: {len(made.features):,} features, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
