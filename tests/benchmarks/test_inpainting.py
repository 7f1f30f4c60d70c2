"""The parts of the inpainting benchmark that have a known answer."""

import numpy as np
import pytest

import kgan


@pytest.fixture
def images():
    """Ramps, which have no second derivative."""
    down, right = np.mgrid[:32, :32]
    return np.stack([(60 + 2 * down + right)[..., None] + [0, 10, 20]]).astype(np.uint8)


@pytest.fixture
def masks():
    mask = np.ones((1, 32, 32, 1), np.float32)
    mask[:, 12:18, 10:20] = 0
    return mask


def test_biharmonic_inpainting_continues_a_ramp(benchmark, images, masks):
    made = benchmark.biharmonic(np.where(masks == 1, images, 0).astype(np.uint8), masks)
    assert np.array_equal(made, images)


def test_telea_keeps_what_is_known(benchmark, images, masks):
    pytest.importorskip("cv2")
    made = benchmark.telea(np.where(masks == 1, images, 0).astype(np.uint8), masks)
    benchmark.check_known(images, made, masks, "Telea")
    assert np.abs(made.astype(int) - images)[:, 12:18, 10:20].max() < 15


def test_a_changed_known_pixel_stops_the_script(benchmark, images, masks):
    made = images.copy()
    made[:, 12:18, 10:20] = 0
    benchmark.check_known(images, made, masks, "mine")
    made[0, 0, 0, 0] += 1
    with pytest.raises(SystemExit, match="mine changed known pixels"):
        benchmark.check_known(images, made, masks, "mine")


@pytest.mark.slow
def test_a_model_keeps_what_is_known(benchmark, images, masks, tmp_path):
    networks = kgan.networks.Gated(width=4, dilations=(2,))
    gan = kgan.Inpainting(generator_network=networks)
    gan.compile()
    gan.save(tmp_path / "gan.keras")
    made = benchmark.by(str(tmp_path / "gan.keras"))(images, masks)
    assert made.dtype == np.uint8
    benchmark.check_known(images, made, masks, "model")


def test_the_textured_half(benchmark):
    images = np.zeros((4, 16, 16, 3), np.uint8)
    images[1, ::4], images[3, :, 8:] = 200, 40
    assert benchmark.textured(images).tolist() == [False, True, False, True]


def test_scores_are_of_the_holes(benchmark, images, masks):
    made = np.where(masks == 1, images, images + 1).astype(np.uint8)
    (row,) = benchmark.scores(images, made, masks, lambda first, second: 0.5)
    assert row[0] == pytest.approx(20 * np.log10(255)) and 0.9 < row[1] < 1 and row[2] == 0.5


def test_the_table(benchmark):
    values = np.stack([np.full((2, 3), kind) for kind in (20.0, 30.0, 40.0)])
    values[:, 1] += 1
    parts = {"2 crops": np.ones(2, bool), "1 textured ones": np.array([False, True])}
    lines = benchmark.table({"mine": values}, parts).splitlines()
    first, last = ([mean, *[f"{mean}00"] * 2] for mean in ("20.50", "21.00"))
    assert lines[2].split() == ["thin", "mine", *first, *last]
    first, last = ([mean, *[f"{mean}00"] * 2] for mean in ("30.50", "31.00"))
    assert lines[-1].split() == ["all", "mine", *first, *last]
