import numpy as np
import pytest

from kgan import latent

START, END = latent.sample(2, 16, seed=3)


def test_linear_interpolation():
    line = latent.linear([0.0, 2.0], [4.0, 0.0], 5)
    np.testing.assert_array_equal(line, [[0, 2], [1, 1.5], [2, 1], [3, 0.5], [4, 0]])
    assert line.dtype == "float32"


def test_a_quarter_of_a_circle():
    arc = latent.spherical([2.0, 0.0], [0.0, 2.0], 4)
    angles = np.deg2rad([0, 30, 60, 90])
    np.testing.assert_allclose(arc, 2 * np.stack([np.cos(angles), np.sin(angles)], 1), atol=1e-6)


def test_an_arc_keeps_the_length_that_a_line_loses():
    arc, line = (way(START, END, 9) for way in (latent.spherical, latent.linear))
    lengths = np.linalg.norm(arc, axis=-1)
    np.testing.assert_allclose(lengths, np.linspace(lengths[0], lengths[-1], 9), rtol=1e-5)
    assert np.linalg.norm(line[4]) < 0.85 * lengths[4]
    np.testing.assert_allclose(arc[[0, -1]], [START, END], rtol=1e-6)
    # Equal turns: neighbours have the same cosine.
    directions = arc / lengths[:, None]
    cosines = (directions[1:] * directions[:-1]).sum(-1)
    np.testing.assert_allclose(cosines, cosines[0], atol=1e-6)


def test_many_at_once_are_one_at_a_time():
    starts, ends = latent.sample(3, 4, seed=0), latent.sample(3, 4, seed=1)
    together = latent.spherical(starts, ends, 6)
    assert together.shape == (6, 3, 4)
    alone = [latent.spherical(start, end, 6) for start, end in zip(starts, ends, strict=True)]
    np.testing.assert_allclose(together, np.stack(alone, 1), rtol=1e-6)


@pytest.mark.parametrize("end", [[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0], [3.0, 0.0]])
def test_without_an_arc_the_line(end):
    np.testing.assert_allclose(
        latent.spherical([1.0, 0.0], end, 5), latent.linear([1.0, 0.0], end, 5), atol=1e-6
    )


def test_arithmetic():
    found = latent.arithmetic([[1, 1], [3, 1]], [[1, 0], [1, 2]], [[0, 10]])
    np.testing.assert_array_equal(found, [1, 10])
    assert found.dtype == "float32"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: latent.linear([0], [1], 1), "steps must be an integer of at least 2; received 1"),
        (lambda: latent.linear([0], [1, 2], 3), r"one shape.*received \(1,\) and \(2,\)"),
        (lambda: latent.spherical(1.0, 2.0, 3), "start and end must be latents"),
        (lambda: latent.spherical(["a"], [1], 3), "start must be an array of finite numbers"),
        (lambda: latent.linear([0], [np.nan], 3), "end must be an array of finite"),
        (lambda: latent.arithmetic([[1]], [[1]], [[1, 2]]), r"of one latent_dim; received"),
        (lambda: latent.arithmetic([1], [1], [1]), r"must be latents \(n, latent_dim\)"),
        (lambda: latent.arithmetic([[np.inf]], [[1]], [[1]]), "positive must be an array"),
        (lambda: latent.arithmetic(np.zeros((0, 2)), [[1, 1]], [[1, 1]]), "must be latents"),
    ],
)
def test_latents_that_do_not_fit(call, message):
    with pytest.raises(ValueError, match=message):
        call()
