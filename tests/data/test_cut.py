"""Patches lie in their photographs, low above high resolution, in an order that numbers pin."""

import numpy as np
import pytest
from PIL import Image

import kgan.data
from kgan.data import cut, photographs, shrink
from kgan.errors import UsageError

# Every pixel of a photograph says which one it is, and where.
SIZES = [(20, 27), (16, 16), (41, 18)]


def made(number, height, width):
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows, columns, np.full((height, width), number)], -1).astype("uint8")


PHOTOS = [made(number, *size) for number, size in enumerate(SIZES)]
NOISE = [np.random.RandomState(n).randint(0, 256, (*SIZES[n], 3)).astype("uint8") for n in range(3)]


def pixels(batch):
    return np.rint((batch + 1) * 127.5).astype(np.uint8)


def found(patch):
    """(photograph, top, left, mirrored, turns) of a patch, from its pixels."""
    for mirrored in (False, True):
        for turns in range(4):
            upright = np.rot90(patch, -turns)
            upright = upright[:, ::-1] if mirrored else upright
            top, left, number = map(int, upright[0, 0])
            size = len(patch)
            whole = PHOTOS[number][top : top + size, left : left + size]
            if np.array_equal(whole, upright):
                return number, top, left, mirrored, turns
    raise AssertionError("no part of a photograph")


def test_patches_are_parts_mirrored_and_turned_anywhere():
    data = kgan.data.patches(PHOTOS, size=8, batch_size=4, seed=3)
    # 2x3, 2x2 and 5x2 patches fit beside each other.
    assert (data.num_images, data.steps_per_epoch) == (20, 5)
    assert data.image_shape == (8, 8, 3) and data.image_shapes == [(8, 8, 3)]
    batches = [pixels(batch) for batch in data.from_step(0).take(50).as_numpy_iterator()]
    places = [found(patch) for batch in batches for patch in batch]
    for epoch in range(10):
        numbers = [number for number, *_ in places[20 * epoch : 20 * epoch + 20]]
        assert np.bincount(numbers).tolist() == [6, 4, 10]
    assert len({(mirrored, turns) for *_, mirrored, turns in places}) == 8
    tops = [top for number, top, *_ in places if number == 2]
    assert min(tops) < 3 and max(tops) > 30 and max(tops) <= 33
    lefts = {left for number, _, left, *_ in places if number == 1}
    assert lefts == set(range(9))


def test_any_step_and_any_number_of_replicas_give_the_same_batches():
    data = kgan.data.patches(NOISE, size=8, scale=2, batch_size=4, seed=3)
    whole = list(data.from_step(0).take(12).as_numpy_iterator())
    for first, second in zip(whole[7:], data.from_step(7).take(5).as_numpy_iterator(), strict=True):
        for one, other in zip(first, second, strict=True):
            np.testing.assert_array_equal(one, other)
    again = list(data.as_numpy_iterator())
    assert len(again) == data.steps_per_epoch == 5
    np.testing.assert_array_equal(again[4][1], whole[4][1])
    # As two replicas of one worker take them.
    import tensorflow as tf

    parts = list(data._stream(tf.data.Dataset.counter(2 * 3), 2, 2).take(2).as_numpy_iterator())
    for place in (0, 1):
        joined = np.concatenate([part[place] for part in parts])
        np.testing.assert_array_equal(joined, whole[3][place])
    assert not np.array_equal(whole[0][1], whole[5][1])
    other = kgan.data.patches(NOISE, size=8, scale=2, batch_size=4, seed=4)
    assert not np.array_equal(next(other.as_numpy_iterator())[1], whole[0][1])


@pytest.mark.parametrize("kernel", ["pillow", "matlab"])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_sources_are_the_same_place_of_the_photograph_made_smaller(scale, kernel):
    data = kgan.data.patches(
        NOISE, size=12, scale=scale, batch_size=2, mirror=False, rotate=False, kernel=kernel
    )
    assert data.image_shapes == [(12 // scale, 12 // scale, 3), (12, 12, 3)]
    small = [
        shrink(
            photo[: len(photo) // scale * scale, : photo.shape[1] // scale * scale], scale, kernel
        )
        for photo in NOISE
    ]
    seen = set()
    for sources, targets in data.from_step(0).take(20).as_numpy_iterator():
        for low, high in zip(pixels(sources), pixels(targets), strict=True):
            ((number, top, left),) = [
                (number, top, left)
                for number, photo in enumerate(small)
                for top in range(photo.shape[0] - 12 // scale + 1)
                for left in range(photo.shape[1] - 12 // scale + 1)
                if np.array_equal(photo[top:, left:][: 12 // scale, : 12 // scale], low)
            ]
            at = NOISE[number][scale * top :, scale * left :][:12, :12]
            np.testing.assert_array_equal(at, high)
            seen.add((number, top, left))
    assert len(seen) > 10


def test_mirrored_and_turned_together():
    """The mean colours of the quarters agree, whichever way a patch was turned."""
    photo = np.zeros((32, 32, 1), "uint8")
    photo[:16, :16], photo[16:, :16], photo[16:, 16:] = 80, 160, 240
    data = kgan.data.patches([photo], size=32, scale=4, batch_size=1, seed=1)
    ways = set()
    for sources, targets in data.from_step(0).take(40).as_numpy_iterator():
        low, high = pixels(sources)[0, ..., 0], pixels(targets)[0, ..., 0]
        corners = [[image[i, j] for i in (0, -1) for j in (0, -1)] for image in (low, high)]
        assert np.abs(np.subtract(*np.array(corners, int))).max() <= 1
        ways.add(tuple(map(int, corners[1])))
    assert len(ways) == 8


def test_the_patches_that_photographs_divide_into_are_its_images():
    data = kgan.data.patches(PHOTOS, size=8, scale=4, batch_size=4)
    tiles = cut.patches(PHOTOS, size=8, batch_size=4)
    assert data.images.shape == (20, 2, 2, 3) and tiles.images.shape == (20, 8, 8, 3)
    corners = [tuple(map(int, tile[0, 0])) for tile in pixels(tiles.images)]
    grid = [(top, left, 0) for top in (0, 8) for left in (0, 8, 16)]
    assert corners[:7] == [*grid, (0, 0, 1)]
    assert corners[-1] == (32, 8, 2)
    np.testing.assert_array_equal(tiles.at(np.array([19, 6])), tiles.images[[19, 6]])


def test_the_fingerprint_is_of_pixels_and_arguments():
    def config(photos=NOISE, **arguments):
        return kgan.data.patches(photos, **{"size": 8, "batch_size": 2} | arguments).config

    assert config() == config([photo.copy() for photo in NOISE])
    digests = [config()["sha256"], config(NOISE[::-1])["sha256"], config(NOISE[:2])["sha256"]]
    assert len(set(digests)) == 3
    for change in ({"size": 4}, {"scale": 2}, {"mirror": False}, {"rotate": False}, {"seed": 1}):
        assert config(**change) != config()
    assert config(scale=2) != config(scale=2, kernel="matlab")


def test_a_folder_of_photographs_of_any_sizes(tmp_path):
    for number, photo in enumerate(NOISE):
        Image.fromarray(photo).save(tmp_path / f"{number}.png")
    data = kgan.data.patches(tmp_path, size=8, scale=2, batch_size=4)
    twin = kgan.data.patches(NOISE, size=8, scale=2, batch_size=4)
    assert data.config["sha256"] == twin.config["sha256"]
    np.testing.assert_array_equal(*(next(each.as_numpy_iterator())[0] for each in (data, twin)))
    grey = kgan.data.patches(str(tmp_path), size=8, batch_size=4, channels=1)
    assert grey.image_shape == (8, 8, 1)
    Image.fromarray(NOISE[0][..., 0]).save(tmp_path / "grey.png")
    with pytest.raises(UsageError, match=r"0\.png has 3 and grey\.png has 1. Pass channels=3"):
        kgan.data.patches(tmp_path, size=8, batch_size=4)
    (tmp_path / "grey.png").write_bytes((tmp_path / "0.png").read_bytes()[:100])
    with pytest.warns(UserWarning, match=r"holds 1 image .*grey\.png"):
        assert kgan.data.patches(tmp_path, size=8, batch_size=4).num_images == 20
    with pytest.raises(UsageError, match=r"grey\.png.*Remove what is broken"):
        kgan.data.patches(tmp_path, size=8, batch_size=4, strict=True)


def test_the_packaged_photographs_are_split_by_photograph(tmp_path, monkeypatch):
    train, test = (
        kgan.data.patches("photos", split=split, size=96, scale=4) for split in ("train", "test")
    )
    assert (train.config["num_photographs"], test.config["num_photographs"]) == (12, 3)
    assert train.num_images == 1365 and test.num_images == 286
    sources, targets = next(test.as_numpy_iterator())
    assert sources.shape == (16, 24, 24, 3) and targets.shape == (16, 96, 96, 3)
    means = [part.reshape(16, -1).mean(1) for part in (sources, targets)]
    assert np.abs(np.subtract(*means)).max() < 0.02
    with pytest.raises(UsageError, match=r"Load patches of them with kgan.data.patches\('photos'"):
        monkeypatch.chdir(tmp_path)
        kgan.data.load("photos")
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "a.jpg").write_bytes(b"")
    monkeypatch.setitem(photographs.PACKAGED, "photos", tmp_path)
    with pytest.raises(OSError, match=r"train is damaged .*a\.jpg.*install kgan again"):
        kgan.data.patches("photos")


@pytest.mark.parametrize(
    ("source", "arguments", "message"),
    [
        (PHOTOS, {"size": 18}, r"size=18 must not exceed .*source\[1\] is 16x16.*patch of 18x18"),
        (PHOTOS, {"size": 10, "scale": 4}, "size must be a multiple of scale=4; received 10.*8"),
        (PHOTOS, {"scale": 5}, "scale must be an integer, 2 to 4; received 5"),
        (PHOTOS, {"scale": 2, "size": 8, "kernel": "cubic"}, "kernel='cubic' is unknown"),
        (PHOTOS, {"size": 8, "batch_size": 21}, "batch_size=21 must not exceed the 20 patches"),
        (PHOTOS, {"size": 8, "split": "test"}, "split='test' is unknown; expected one of train"),
        (PHOTOS, {"size": 8, "rotate": 1}, "rotate must be True or False"),
        ("photos", {"split": "val"}, "split='val' is unknown; expected one of test, train"),
        ("no/such/folder", {}, "must be a folder of images; found nothing there"),
        ([], {}, "a list of uint8 arrays .*received list without images"),
        (7, {}, "a list of uint8 arrays .*received int"),
        ([PHOTOS[0] / 255], {}, r"source must hold uint8 arrays .*source\[0\] is float64"),
        ([PHOTOS[0], PHOTOS[1][..., 0]], {}, r"source\[1\] is uint8 \(16, 16\)"),
    ],
)
def test_what_is_refused(source, arguments, message):
    with pytest.raises(UsageError, match=message):
        kgan.data.patches(source, **arguments)


def test_the_file_that_is_too_small_is_named(tmp_path):
    Image.fromarray(NOISE[1]).save(tmp_path / "small.png")
    with pytest.raises(UsageError, match=r"size=96 .*small\.png is 16x16, .*patch of 96x96"):
        kgan.data.patches(tmp_path)


# -- patches that show more ----------------------------------------------------------------------


def test_a_zoom_makes_larger_patches_smaller():
    """Pillow's pixels of a part of the photograph, up to so many times as large.

    From twice as large on they are of the photograph at half its size.
    """
    settings = {"size": 6, "batch_size": 4, "seed": 3, "mirror": False, "rotate": False}
    wide = kgan.data.patches([NOISE[0]], zoom=3.0, **settings)
    whole, found, number = Image.fromarray(NOISE[0]), [], 0
    half = whole.resize([round(side / 2) for side in whole.size], Image.Resampling.BICUBIC)
    sizes = {1: (whole, range(6, 13)), 2: (half, range(6, 10))}
    for batch in wide.from_step(0).take(6).as_numpy_iterator():
        for patch in pixels(batch):
            number += 1
            found += {
                factor * side
                for factor, (picture, sides) in sizes.items()
                for side in sides
                for top in range(picture.height - side + 1)
                for left in range(picture.width - side + 1)
                if np.array_equal(
                    picture.crop((left, top, left + side, top + side)).resize(
                        (6, 6), Image.Resampling.BICUBIC
                    ),
                    patch,
                )
            }
    assert len(found) == number  # each is of one size
    assert len(set(found)) > 6 and min(found) < 9 < 14 < max(found)


def test_a_zoom_with_a_scale_cuts_patches_out_of_smaller_photographs():
    """Both patches have the pixels of a photograph of one of the sizes, made smaller as a whole."""
    settings = {"size": 8, "batch_size": 4, "seed": 3, "mirror": False, "rotate": False}
    data = kgan.data.patches([NOISE[0]], scale=2, zoom=2.0, **settings)
    height, width = SIZES[0]
    wholes, found = [], set()
    for level in range(5):
        factor = min(2 ** (level / 4), height / 8, width / 8)
        sides = round(width / factor), round(height / factor)
        image = np.asarray(Image.fromarray(NOISE[0]).resize(sides, Image.Resampling.BICUBIC))
        wholes.append(image[: image.shape[0] // 2 * 2, : image.shape[1] // 2 * 2])
    for sources, targets in data.from_step(0).take(12).as_numpy_iterator():
        for source, target in zip(pixels(sources), pixels(targets), strict=True):
            places = [
                (level, top, left)
                for level, whole in enumerate(wholes)
                for top in range(0, whole.shape[0] - 7, 2)
                for left in range(0, whole.shape[1] - 7, 2)
                if np.array_equal(whole[top : top + 8, left : left + 8], target)
            ]
            level, top, left = places[0]
            low = kgan.data.shrink(wholes[level], 2)[top // 2 :, left // 2 :][:4, :4]
            np.testing.assert_array_equal(source, low)
            found.add(level)
    assert len(found) > 2 and data.config["zoom"] == 2


def test_a_zoom_ends_at_the_photograph_and_changes_nothing_else():
    narrow = kgan.data.patches(NOISE, size=12, batch_size=2, zoom=50.0)
    assert next(iter(narrow)).shape == (2, 12, 12, 3)
    plain, one = (
        kgan.data.patches(NOISE, size=8, batch_size=4, **each) for each in ({}, {"zoom": 1})
    )
    np.testing.assert_array_equal(next(iter(plain)), next(iter(one)))
    assert plain.config["zoom"] == 1 and narrow.config["zoom"] == 50


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"zoom": 0.5}, "zoom must be a number of at least 1; received 0.5"),
    ],
)
def test_zooms_that_cannot_be(arguments, message):
    with pytest.raises(UsageError, match=message):
        kgan.data.patches(NOISE, **{"size": 8} | arguments)
