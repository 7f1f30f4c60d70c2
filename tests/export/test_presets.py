"""Every entry point of every preset goes through every format, and is proved."""

import json

import pytest

import kgan
from kgan.export.formats import FORMATS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", kgan.zoo.list_presets())
def test_a_bundle_of_every_preset(name, tmp_path):
    gan = kgan.zoo.load(name)
    made = kgan.export.to_bundle(gan, tmp_path / "bundle")
    files = json.loads((made.path / "kgan.json").read_text("utf-8"))["files"]
    assert len(files) == len(FORMATS) * len(gan.entry_points())
    for facts in files.values():
        assert facts["max_difference"] < (1e-2 if "fp16" in facts["format"] else 5e-5)
