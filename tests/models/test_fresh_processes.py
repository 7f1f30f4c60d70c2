"""Models from images to images, loaded in another process: the same results, bit for bit."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import kgan
from kgan.networks import Gated, PatchGAN, SNPatchGAN, UNet

RANDOM = np.random.RandomState(0)
COLORS = RANDOM.uniform(-1, 1, (4, 8, 9, 3)).astype("float32")
MASKS = (RANDOM.uniform(size=(4, 8, 9, 1)) > 0.4).astype("float32")

LOADED = """
import sys
import numpy as np
import {first}
import {second}

folder = sys.argv[1]
given = np.load(f"{{folder}}/given.npz")
load = {load}
made = {{
    "colorize": load(f"{{folder}}/colorize.keras").colorize(given["colors"]),
    "inpaint": load(f"{{folder}}/inpaint.keras").inpaint(given["colors"], given["masks"]),
    "segment": load(f"{{folder}}/segment.keras").segment(given["colors"]),
}}
np.savez(f"{{folder}}/made.npz", **made)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "second", "load"),
    [
        ("kgan", "keras", "kgan.load_model"),
        ("keras", "kgan", "keras.saving.load_model"),
    ],
)
def test_models_of_photographs(tmp_path, first, second, load):
    unet, patches = UNet(4, 2), PatchGAN(4, 1)
    both = {"generator_network": unet, "discriminator_network": patches}
    filling = {"generator_network": Gated(4, 1, (2,)), "discriminator_network": SNPatchGAN(4, 2)}
    gans = {
        "colorize": kgan.Colorization(**both),
        "inpaint": kgan.Inpainting(content_terms=[kgan.terms.L1(1.0)], **filling),
        "segment": kgan.Segmentation(classes=3, class_names=["a", "b", "c"], **both),
    }
    for name, gan in gans.items():
        gan.compile()
        gan.save(tmp_path / f"{name}.keras")
    np.savez(tmp_path / "given.npz", colors=COLORS, masks=MASKS)
    program = LOADED.format(first=first, second=second, load=load)
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    child = subprocess.run(
        [sys.executable, "-c", program, tmp_path], env=environment, capture_output=True, text=True
    )
    assert child.returncode == 0, child.stderr[-3000:]
    made = np.load(tmp_path / "made.npz")
    np.testing.assert_array_equal(made["colorize"], gans["colorize"].colorize(COLORS))
    np.testing.assert_array_equal(made["inpaint"], gans["inpaint"].inpaint(COLORS, MASKS))
    np.testing.assert_array_equal(made["segment"], gans["segment"].segment(COLORS))
