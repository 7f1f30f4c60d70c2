import errno

import numpy as np
import pytest
from PIL import Image

from kgan.errors import UsageError
from kgan.images import (
    class_colors,
    class_columns,
    grid,
    save_gif,
    save_grid,
    side_by_side,
    to_pil,
    to_uint8,
)


def test_to_uint8_inverts_the_scaling_of_every_pixel_value():
    pixels = np.arange(256, dtype=np.uint8)
    for dtype in (np.float32, np.float64):
        np.testing.assert_array_equal(to_uint8((pixels / 127.5 - 1).astype(dtype)), pixels)


def test_to_uint8_rounds_to_the_nearest_and_clips():
    values = np.array([-7.0, -1.0, -1 + 0.49 / 127.5, -1 + 0.51 / 127.5, 0.999, 1.0, 3.0])
    assert to_uint8(values).tolist() == [0, 0, 0, 1, 255, 255, 255]


def test_to_uint8_keeps_uint8():
    pixels = np.array([0, 7, 255], np.uint8)
    assert to_uint8(pixels) is pixels


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_to_uint8_refuses_what_is_no_number(bad):
    with pytest.raises(UsageError, match="finite"):
        to_uint8(np.array([0.0, bad]))


def test_to_uint8_refuses_other_integers():
    with pytest.raises(UsageError, match="int64"):
        to_uint8(np.array([0, 255]))


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (2, "LA"), (3, "RGB"), (4, "RGBA")])
def test_channels_become_modes_and_survive(tmp_path, channels, mode):
    images = np.random.default_rng(0).integers(0, 256, (5, 64, 64, channels), np.uint8)
    save_grid(tmp_path / "grid.png", images)
    picture = Image.open(tmp_path / "grid.png")
    assert picture.mode == mode
    # Three columns, gaps of two pixels; the fourth image begins the second row.
    assert picture.size == (3 * 66 + 2, 2 * 66 + 2)
    pixels = np.asarray(picture).reshape(134, 200, channels)
    np.testing.assert_array_equal(pixels[2:66, 2:66], images[0])
    np.testing.assert_array_equal(pixels[68:132, 68:132], images[4])
    assert (pixels[68:, 134:] == 255).all()


def test_small_images_are_enlarged_by_a_whole_factor():
    image = np.linspace(-1, 1, 28 * 28, dtype=np.float32).reshape(1, 28, 28, 1)
    picture = np.asarray(grid(image))
    assert picture.shape == (2 * 28 + 4, 2 * 28 + 4)
    np.testing.assert_array_equal(picture[2:-2:2, 2:-2:2], to_uint8(image)[0, ..., 0])
    np.testing.assert_array_equal(picture[3:-2:2, 3:-2:2], to_uint8(image)[0, ..., 0])


def test_columns():
    images = np.zeros((6, 64, 64, 1), np.uint8)
    assert grid(images, columns=6).size == (6 * 66 + 2, 66 + 2)
    assert grid(images, columns=99).size == (6 * 66 + 2, 66 + 2)
    with pytest.raises(UsageError, match="columns must be at least 1; received 0"):
        grid(images, columns=0)


@pytest.mark.parametrize("shape", [(4, 8, 8), (0, 8, 8, 1), (4, 8, 8, 5)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(UsageError, match="received"):
        grid(np.zeros(shape, np.uint8))
    with pytest.raises(UsageError, match=r"\(height, width, channels\)"):
        to_pil(np.zeros((4, 4), np.uint8))


def test_gif_has_every_frame_and_holds_the_last(tmp_path):
    frames = [np.full((8, 8, 3), value, np.uint8) for value in (0, 100, 200)]
    to_pil(frames[1]).save(tmp_path / "frame.png")
    save_gif(tmp_path / "a.gif", [frames[0], tmp_path / "frame.png", frames[2]], ms=50, last_ms=900)
    with Image.open(tmp_path / "a.gif") as animation:
        assert (animation.n_frames, animation.info["loop"]) == (3, 0)
        seen = []
        for index in range(3):
            animation.seek(index)
            seen.append((animation.info["duration"], np.asarray(animation.convert("L"))[0, 0]))
    assert seen == [(50, 0), (50, 100), (900, 200)]


def test_a_gif_shows_transparent_pixels_white(tmp_path):
    """In arrays and in files, of colour and of grey."""
    for channels in (2, 4):
        frames = np.full((2, 8, 8, channels), 100, np.uint8)
        frames[..., -1] = 255
        frames[:, :4, :, -1] = 0
        frames[1, ..., :-1] = 90
        to_pil(frames[1]).save(tmp_path / "frame.png")
        save_gif(tmp_path / "a.gif", [frames[0], tmp_path / "frame.png"])
        with Image.open(tmp_path / "a.gif") as animation:
            for index, grey in enumerate((100, 90)):
                animation.seek(index)
                seen = np.asarray(animation.convert("L"))
                assert (seen[:4] == 255).all() and (seen[4:] == grey).all()


def test_gif_refuses_no_frames_and_unlike_frames(tmp_path):
    with pytest.raises(UsageError, match="at least one"):
        save_gif(tmp_path / "a.gif", [])
    with pytest.raises(UsageError, match=r"4x4.*8x8"):
        save_gif(tmp_path / "a.gif", [np.zeros((s, s, 1), np.uint8) for s in (8, 4)])
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "grid.png"
    images = np.zeros((4, 8, 8, 1), np.uint8)
    save_grid(path, images)
    before = path.read_bytes()

    def save(self, file, *args, **kwargs):
        with open(file, "wb") as stream:
            stream.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device", str(file))

    monkeypatch.setattr(Image.Image, "save", save)
    with pytest.raises(OSError, match="No space left"):
        save_grid(path, images + 9)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("classes", "n", "columns"),
    [(10, 64, 10), (16, 16, 16), (17, 64, None), (10, 9, None), (1, 9, None), (None, 9, None)],
)
def test_few_classes_have_a_column_each(classes, n, columns):
    assert class_columns(classes, n) == columns


def test_parts_stand_in_rows_of_one_grid():
    """Grey becomes colour, and what is opaque gets an alpha channel, beside what has one."""
    grey = np.arange(4, dtype="float32").reshape(4, 1, 1, 1) / 10
    color = np.concatenate([grey, -grey, grey, 0 * grey], axis=-1)
    found = side_by_side([grey, color], columns=2)
    assert found.shape == (8, 1, 1, 4)
    expected = np.concatenate([grey, grey, grey, np.ones_like(grey)], axis=-1)
    order = [expected[:2], color[:2], expected[2:], color[2:]]
    np.testing.assert_array_equal(found, np.concatenate(order))
    np.testing.assert_array_equal(side_by_side([grey], None), grey)


def test_smaller_images_are_enlarged_beside_larger_ones():
    small = np.arange(8, dtype="uint8").reshape(2, 2, 2, 1)
    large = np.zeros((2, 6, 6, 1), "uint8")
    shown = side_by_side([small, large], columns=2)
    assert shown.shape == (4, 6, 6, 1)
    np.testing.assert_array_equal(shown[:2], small.repeat(3, axis=1).repeat(3, axis=2))


def test_colours_of_classes_are_those_of_pascal_voc():
    """Its first colours and its last, as its development kit lists them."""
    colors = class_colors(256)
    assert colors.shape == (256, 3) and len(np.unique(colors, axis=0)) == 256
    expected = [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0], [0, 0, 128]]
    assert colors[:5].tolist() == expected
    assert colors[20].tolist() == [0, 64, 128] and colors[255].tolist() == [224, 224, 192]
    np.testing.assert_array_equal(class_colors(3), colors[:3])
