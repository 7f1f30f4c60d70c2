import pytest

from kgan.networks.shape import halvings


@pytest.mark.parametrize("size", range(8, 257, 4))
def test_every_resolution_ends_in_a_small_stack(size):
    sizes = halvings((size, size, 1))
    assert sizes[0] == (size, size) and 4 <= sizes[-1][0] <= 7
    more = halvings((size, size, 1), smallest=4)
    assert more[: len(sizes)] == sizes and 3 <= more[-1][0] <= 4


def test_the_shorter_side_decides():
    assert halvings((16, 40, 3)) == [(16, 40), (8, 20), (4, 10)]
    assert halvings((64, 20, 3)) == [(64, 20), (32, 10), (16, 5)]
