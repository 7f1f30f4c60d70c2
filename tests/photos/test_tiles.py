import itertools

import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.photos.tiles import SIDE, VALUES, Tiling, tiling, up
from kgan.receptive_field import ReceptiveField


@pytest.mark.parametrize("side", [None, 1, 8, 16, 64])
@pytest.mark.parametrize(("margin", "multiple"), [(0, 1), (5, 1), (16, 8)])
@pytest.mark.parametrize("size", [(1, 1), (7, 40), (64, 65), (33, 16)])
def test_tiles_cover_each_pixel_once(side, margin, multiple, size):
    found = Tiling(side and up(side, multiple), margin, multiple)
    covered, seen = np.zeros(size, int), np.arange(size[0] * size[1]).reshape(size)
    tiles = list(found.tiles(*size))
    assert len(tiles) == found.count(*size)
    for tile in tiles:
        covered[tile.kept] += 1
        # The kept part is found again in what was seen, at each scale.
        for scale in (1, 3):
            large = seen[tile.seen].repeat(scale, 0).repeat(scale, 1)
            expected = seen[tile.kept].repeat(scale, 0).repeat(scale, 1)
            np.testing.assert_array_equal(large[tile.within(scale)], expected)
    assert (covered == 1).all()


def test_tiles_see_their_margin_and_begin_at_multiples():
    for length in (100, 129, 257):
        spans = [tile.columns for tile in Tiling(32, 24, 8).tiles(1, length)]
        for span in spans:
            assert span.start % 8 == span.seen_start % 8 == 0
            assert span.seen_start == max(0, span.start - 24)
            assert span.seen_stop == min(length, span.stop + 24)
        assert all(one.stop == two.start for one, two in itertools.pairwise(spans))


def test_no_tile_is_a_sliver():
    widths = [tile.columns.stop - tile.columns.start for tile in Tiling(64).tiles(1, 65)]
    assert widths == [33, 32]


def test_by_default_the_largest_tensor_of_a_tile_has_its_share():
    for values in (3, 48, 64):
        found = tiling(ReceptiveField(20, values=values), 1, None, "it")
        assert 0.8 * VALUES < (found.side + 2 * found.margin) ** 2 * values <= VALUES
    assert tiling(ReceptiveField(20, values=5000), 1, None, "it").side == SIDE
    assert tiling(ReceptiveField(20, values=5000, multiple=48), 1, None, "it").side == 144


def test_margins_are_multiples_and_as_large_as_the_network_needs():
    assert tiling(ReceptiveField(0), 1, 7, "it") == Tiling(7, 0, 1)
    assert tiling(ReceptiveField(9, 4), 1, 7, "it") == Tiling(8, 12, 4)
    assert tiling(ReceptiveField(3), 16, 7, "it") == Tiling(16, 16, 1)


def test_what_sees_the_whole_has_one_tile():
    whole = ReceptiveField(None, reason="its Mean sees the whole image")
    (tile,) = tiling(whole, 1, None, "it").tiles(5000, 4000)
    assert tile.seen == tile.kept == (slice(0, 5000), slice(0, 4000))
    with pytest.raises(UsageError, match=r"tile must be left out for it: its Mean sees"):
        tiling(whole, 1, 64, "it")


@pytest.mark.parametrize("side", [0, -1, 1.5, True])
def test_a_tile_that_is_none(side):
    with pytest.raises(UsageError, match="tile must be an integer of at least 1"):
        tiling(ReceptiveField(1), 1, side, "it")


def test_a_receptive_field_as_json():
    for field in (
        ReceptiveField(9, 4, 1, 8.0),
        ReceptiveField(None, 1, None, 0.0, "nothing is known of it"),
    ):
        assert ReceptiveField.from_json(field.to_json()) == field


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "3", "{}", '{"radius": 1, "x": 1}', '{"radius": -1}', '{"radius": "wide"}'),
        *('{"radius": 1, "multiple": 0}', '{"radius": 1, "multiple": null}'),
        *('{"radius": 1, "scale": 0}', '{"radius": 1, "values": "many"}'),
    ],
)
def test_what_is_no_receptive_field(text):
    with pytest.raises(ValueError):
        ReceptiveField.from_json(text)
