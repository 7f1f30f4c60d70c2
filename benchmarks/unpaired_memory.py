"""The memory that a training step of CycleGAN, CUT and FastCUT takes, each in a process of its own.

All have the same networks, by default the papers' for 256x256 pixels at half of their width, and
one image per batch. FastCUT is the paper's name for CUT that translates no targets. The figure is
the rise of the process's peak memory during three steps of `fit`, above that of TensorFlow and the
model before them.

    python benchmarks/unpaired_memory.py --json unpaired_memory.json
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import numpy as np
from metrics import MIB, alone, peak

import kgan
from kgan.networks import PatchGAN, ResNetTranslator

STEPS = 3


def measure(name: str, size: int, width: int, connection) -> None:
    """Send the MiB before the steps, and those that they add to the peak."""
    networks = {
        "generator_network": ResNetTranslator(width=width, blocks=9),
        "discriminator_network": PatchGAN(width=width),
    }
    shape = (size, size, 3)
    gan = {
        "CycleGAN": lambda: kgan.CycleGAN(shape, **networks),
        "CUT": lambda: kgan.CUT(**networks),
        "FastCUT": lambda: kgan.CUT(identity=None, **networks),
    }[name]()
    gan.compile()
    images = np.random.default_rng(0).uniform(-1, 1, (STEPS, *shape)).astype("float32")
    before = peak()
    gan.fit(images, images, batch_size=1, epochs=1, verbose=0)
    parameters = sum(network.count_params() for network in gan.networks_by_name.values())
    connection.send(
        {
            "parameters": parameters,
            "before_mib": before / MIB,
            "steps_mib": (peak() - before) / MIB,
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--size", type=int, default=256, help="height and width of an image")
    parser.add_argument("--width", type=int, default=32, help="the papers have 64")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = {}
    print(f"{'':10s} parameters  MiB before  MiB of the steps  of CycleGAN's")
    for name in ("CycleGAN", "CUT", "FastCUT"):
        rows[name] = row = alone(measure, name, options.size, options.width)
        share = row["steps_mib"] / rows["CycleGAN"]["steps_mib"]
        print(
            f"{name:10s} {row['parameters']:10,d} {row['before_mib']:11.0f} "
            f"{row['steps_mib']:17.0f} {share:14.0%}",
            flush=True,
        )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
