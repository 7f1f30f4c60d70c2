"""What the benchmarks on photographs share."""

import numpy as np


def test_crops_depend_on_their_own_picture_and_the_seed(benchmark):
    random = np.random.default_rng(0)
    first, second = random.integers(0, 256, (2, 40, 50, 3), dtype=np.uint8)
    names, cut = benchmark.crops({"a": first, "b": second}, 32, 3, seed=0)
    assert names == ["a"] * 3 + ["b"] * 3 and cut.shape == (6, 32, 32, 3)
    assert np.array_equal(benchmark.crops({"b": second}, 32, 3, seed=0)[1], cut[3:])
    assert not np.array_equal(benchmark.crops({"b": second}, 32, 3, seed=1)[1], cut[3:])
    views = np.lib.stride_tricks.sliding_window_view(first, (32, 32, 3)).reshape(-1, 32, 32, 3)
    assert all((views == one).all((1, 2, 3)).any() for one in cut[:3])
    _, whole = benchmark.crops({"a": first[:, :40]}, 40, 1, seed=0)
    assert np.array_equal(whole[0], first[:, :40])


def test_energy_is_the_squared_slope_of_the_luma(benchmark):
    ramp = np.zeros((2, 16, 16, 3), np.uint8)
    ramp[1] = 2 * np.arange(16, dtype=np.uint8)[:, None]
    # The luma of grey is 16 + 219/255 of it.
    assert np.allclose(benchmark.energy(ramp), [0, (2 * 219 / 255) ** 2], atol=1e-4)


def test_pixels_as_floats(benchmark):
    assert benchmark.floats(np.uint8([0, 255])).tolist() == [-1, 1]
