import re

import numpy as np
import pytest
from PIL import Image

from kgan import latent
from kgan.images import grid
from kgan.latent import figures, synthesis


def test_the_example_of_the_module_runs(vivid_gan, tmp_path, monkeypatch):
    import kgan

    monkeypatch.chdir(tmp_path)
    example = "\n".join(re.findall(r">>> (.*)", figures.__doc__))
    exec(example, {"kgan": kgan, "gan": vivid_gan})
    with Image.open("interpolation.gif") as animation:
        assert animation.n_frames == 48  # 25 there, 23 back


def test_pairs_are_neighbours_among_the_latents_of_a_seed(vivid_gan):
    latents = latent.sample(6, 8, seed=7)
    start, end = figures.pairs(vivid_gan, 3, seed=7)
    np.testing.assert_array_equal(start, latents[[0, 2, 4]])
    np.testing.assert_array_equal(end, latents[[1, 3, 5]])


def test_interpolation_has_a_row_per_pair(vivid_gan):
    start, end = figures.pairs(vivid_gan, 2, seed=7)
    for path, function in {"spherical": latent.spherical, "linear": latent.linear}.items():
        found = figures.interpolation(vivid_gan, start, end, 3, path)
        assert found.shape == (2, 3, 16, 16, 1) and found.dtype == np.float32
        for row in range(2):
            expected = synthesis.images(vivid_gan, function(start[row], end[row], 3))
            np.testing.assert_allclose(found[row], expected, atol=1e-5)


def test_arithmetic_has_the_groups_their_means_and_the_result(vivid_gan):
    latents = latent.sample(8, 8, seed=7)
    groups = [latents[[1, 4, 7]], latents[[2]], latents[[3, 0]]]
    found = figures.arithmetic(vivid_gan, *groups, seed=5)
    assert found.shape == (4, 5, 16, 16, 1)
    for row, group in zip(found[:3], groups, strict=True):
        expected = synthesis.images(vivid_gan, np.stack([*group, group.mean(0)]))
        np.testing.assert_allclose(row[[*range(len(group)), -1]], expected, atol=1e-5)
        assert (row[len(group) : -1] == 1).all()
    result = latent.arithmetic(*groups)
    noise = np.random.RandomState(5).uniform(-0.25, 0.25, (3, 8))
    expected = synthesis.images(vivid_gan, np.float32([*(result + noise), result]))
    np.testing.assert_allclose(found[3][[0, 1, 2, 4]], expected, atol=1e-5)
    assert (found[3][3] == 1).all()


def test_directions_lead_through_the_same_image(vivid_gan):
    ways, around = np.eye(8, dtype="float32")[:2], latent.sample(1, 8, seed=7)[0]
    found = figures.directions(vivid_gan, ways, around)
    assert found.shape == (2, 7, 16, 16, 1)
    for row, way in zip(found, ways, strict=True):
        steps = np.arange(-3, 4, dtype="float32")[:, None]
        expected = synthesis.images(vivid_gan, around + steps * way)
        np.testing.assert_allclose(row, expected, atol=1e-5)


def test_inversion_shows_originals_above_reconstructions(vivid_gan, images):
    latents = latent.sample(10, 8, seed=7)
    found = figures.inversion(vivid_gan, images[:10], latents)
    assert found.shape == (4, 8, 16, 16, 1)
    made = synthesis.images(vivid_gan, latents)
    np.testing.assert_array_equal(found[0], images[:8])
    np.testing.assert_array_equal(found[2, :2], images[8:10])
    np.testing.assert_allclose(np.concatenate([found[1], found[3, :2]]), made, atol=1e-5)
    assert (found[2:, 2:] == 1).all()
    assert figures.inversion(vivid_gan, images[:3], latents[:3]).shape == (2, 3, 16, 16, 1)


def test_save_chooses_the_format_by_the_suffix(images, tmp_path):
    figure = images[:6].reshape(2, 3, 16, 16, 1)
    figures.save(tmp_path / "a.png", figure)
    with Image.open(tmp_path / "a.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), np.asarray(grid(images[:6], columns=3)))
    figures.save(tmp_path / "a.gif", figure)
    with Image.open(tmp_path / "a.gif") as animation:
        assert animation.n_frames == 4
        for frame, column in enumerate([0, 1, 2, 1]):
            animation.seek(frame)
            seen = np.asarray(animation.convert("L")).astype(int)
            assert np.abs(seen - np.asarray(grid(figure[:, column])).astype(int)).max() <= 1


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda gan: figures.pairs(gan, 0), "n must be an integer of at least 1"),
        (
            lambda gan: figures.interpolation(gan, np.zeros((2, 7)), np.zeros((2, 7))),
            r"start must be latents of the shape \(n, 8\); received the shape \(2, 7\)",
        ),
        (
            lambda gan: figures.interpolation(gan, np.zeros((2, 8)), np.zeros((3, 8))),
            "start and end must be latents of one shape",
        ),
        (
            lambda gan: figures.interpolation(gan, [[0] * 8], [[1] * 8], path="circular"),
            "path='circular' is unknown",
        ),
        (
            lambda gan: figures.arithmetic(gan, [[0] * 8], np.zeros((0, 8)), [[1] * 8]),
            "minus must be latents",
        ),
        (
            lambda gan: figures.directions(gan, [[0] * 8], [[0] * 8]),
            r"around must be a latent of the shape \(8,\); received the shape \(1, 8\)",
        ),
        (
            lambda gan: figures.inversion(
                gan, np.zeros((2, 16, 16, 1), "float32"), np.zeros((1, 8))
            ),
            r"latents must be finite numbers of the shape \(2, 8\)",
        ),
        (lambda gan: figures.save("a.bmp", np.zeros((1, 1, 8, 8, 1))), "path='a.bmp' must be"),
        (lambda gan: figures.save("a.png", np.zeros((1, 8, 8, 1))), "images must have the shape"),
    ],
)
def test_wrong_use(vivid_gan, tmp_path, monkeypatch, call, match):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=match):
        call(vivid_gan)
    assert list(tmp_path.iterdir()) == []
