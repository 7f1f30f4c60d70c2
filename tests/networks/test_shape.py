import pytest

from kgan.networks.shape import halvings


@pytest.mark.parametrize("size", range(8, 257, 4))
def test_every_resolution_ends_in_a_small_stack(size):
    sizes = halvings((size, size, 1))
    assert sizes[0] == size and 4 <= sizes[-1] <= 7
    more = halvings((size, size, 1), smallest=4)
    assert more[: len(sizes)] == sizes and 3 <= more[-1] <= 4
