"""The page draws what NumPy draws: vectors that Python makes and JavaScript repeats."""

import json
import shutil
import subprocess

import numpy as np
import pytest

from kgan import latent
from kgan.export.web import PAGE
from kgan.images import class_colors, class_columns
from kgan.priors import PRIORS, sample
from kgan.signature import Code, Label, Latent

SEEDS = (0, 7, 2**32 - 1)
CODE = Code(categorical=(10, 3, 1), continuous=6)
SCRIPT = """
import { linearAt, sphericalAt, arithmetic } from "./js/paths.js";
import { classColors, columnsOf } from "./js/pixels.js";
import { inTurn, sampleCodes, sampleLatents, within } from "./js/priors.js";
import { readFileSync, writeFileSync } from "node:fs";

const { calls } = JSON.parse(readFileSync("calls.json", "utf-8"));
const functions = {
  linearAt, sphericalAt, arithmetic, classColors, columnsOf, inTurn, sampleCodes, sampleLatents,
  within,
};
const made = calls.map(([name, ...given]) => functions[name](...given));
const plain = (_, value) => (ArrayBuffer.isView(value) ? [...value] : value);
writeFileSync("made.json", JSON.stringify(made, plain));
"""


@pytest.fixture
def javascript(tmp_path):
    """A function that calls functions of the page, each with its arguments, by Node.js."""
    if shutil.which("node") is None:
        pytest.skip("Node.js is not on the path")
    shutil.copytree(PAGE / "js", tmp_path / "js")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "run.js").write_text(SCRIPT)

    def run(*calls):
        (tmp_path / "calls.json").write_text(json.dumps({"calls": calls}))
        done = subprocess.run(["node", "run.js"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads((tmp_path / "made.json").read_text())

    return run


def test_latents_and_codes_of_a_seed_are_those_of_python(javascript):
    """Every bit of them, whatever the prior; an odd size uses the second normal of each pair."""
    priors = [(prior, seed) for prior in PRIORS for seed in SEEDS]
    calls = [("sampleLatents", Latent(33, prior=p).facts(), 200, seed) for p, seed in priors]
    calls += [("sampleLatents", Latent(33).facts(), 200, seed, 0.7) for seed in SEEDS]
    calls += [("sampleCodes", CODE.facts(), 200, seed) for seed in SEEDS]
    expected = [sample(200, 33, seed, prior=prior) for prior, seed in priors]
    expected += [sample(200, 33, seed, 0.7) for seed in SEEDS]
    expected += [CODE.default(200, seed) for seed in SEEDS]
    for call, received, values in zip(calls, javascript(*calls), expected, strict=True):
        assert np.array_equal(np.array(received, "float32"), values), call


def test_paths_are_those_of_python(javascript):
    start, end, other = sample(3, 16, seed=1).astype(float)
    steps = np.linspace(0, 1, 5)
    ends = ([*start], [*end])
    calls = [(name, *ends, share) for name in ("linearAt", "sphericalAt") for share in steps]
    calls += [("sphericalAt", ends[0], [*-start], 0.25)]  # no single arc joins opposite latents
    calls += [("arithmetic", *ends, [*other])]
    expected = [*latent.linear(start, end, 5), *latent.spherical(start, end, 5)]
    expected += [latent.spherical(start, -start, 5)[1]]
    expected += [latent.arithmetic(start[None], end[None], other[None])]
    np.testing.assert_allclose(javascript(*calls), expected, rtol=1e-6, atol=1e-6)


def test_what_a_prior_never_draws_is_brought_back(javascript):
    calls = [("within", prior, [3.0, -0.5, 0.0, 0.0]) for prior in ("normal", "uniform")]
    calls += [("within", "spherical", [3.0, 0.0, 0.0, 4.0]), ("within", "spherical", [0.0, 0.0])]
    expected = [[3, -0.5, 0, 0], [1, -0.5, 0, 0], [1.2, 0, 0, 1.6], [0, 0]]
    for received, values in zip(javascript(*calls), expected, strict=True):
        np.testing.assert_allclose(received, values)


def test_classes_and_grids_are_those_of_python(javascript):
    counts = [(count, classes) for count in (1, 16, 20, 64) for classes in (None, 1, 10, 17)]
    turns, colors, *columns = javascript(
        ("inTurn", 3, 7), ("classColors", 30), *[("columnsOf", *each) for each in counts]
    )
    assert turns == Label(3).default(7, None).tolist()
    assert colors == class_colors(30).tolist()
    expected = [class_columns(k, n) or int(np.ceil(np.sqrt(n))) for n, k in counts]
    assert columns == expected
