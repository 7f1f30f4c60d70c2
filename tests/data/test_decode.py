import io
import os

import numpy as np
import pytest
from PIL import Image

from kgan.data.decode import convert, opened, over_white, read


def stored(image, format="PNG", **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    file.seek(0)
    return file


def test_own_channels_are_kept():
    for mode, channels in {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}.items():
        pixels = read(stored(Image.new(mode, (6, 6))), None, None)
        assert pixels.shape == (6, 6, channels)
        assert pixels.dtype == np.uint8


def test_channels_are_converted_as_pillow_does():
    red = stored(Image.new("RGB", (4, 4), (200, 0, 0)))
    assert read(red, None, 1)[0, 0].tolist() == [round(200 * 0.299)]
    red.seek(0)
    assert read(red, None, 4)[0, 0].tolist() == [200, 0, 0, 255]


def test_transparent_pixels_become_white_without_alpha():
    image = np.zeros((4, 4, 4), np.uint8)
    image[0, 0] = [10, 20, 30, 255]
    pixels = convert(image, None, 3)
    assert pixels[0, 0].tolist() == [10, 20, 30]
    assert pixels[3, 3].tolist() == [255, 255, 255]


def test_transparency_is_laid_on_white_as_pillow_does():
    colours, alphas = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    image = np.stack([colours, colours, colours, alphas], -1)
    white = Image.new("RGBA", (256, 256), "white")
    expected = np.asarray(Image.alpha_composite(white, Image.fromarray(image)).convert("RGB"))
    np.testing.assert_array_equal(over_white(image), expected)
    floats = over_white(image / np.float32(127.5) - 1)
    np.testing.assert_allclose((floats + 1) * 127.5, expected, atol=0.51)
    np.testing.assert_array_equal(convert(image[..., 2:], None, 1), expected[..., :1])
    assert over_white(image[..., :3]).shape == (256, 256, 3)


def test_palettes_and_single_bits():
    assert read(stored(Image.new("P", (4, 4))), None, None).shape == (4, 4, 3)
    transparent = stored(Image.new("P", (4, 4)), transparency=0)
    assert read(transparent, None, None)[0, 0, 3] == 0
    assert read(stored(Image.new("1", (4, 4), 1)), None, None)[0, 0].tolist() == [255]


def test_sixteen_bits_keep_their_upper_eight():
    values = np.array([[0, 255], [256, 65535]], np.uint16)
    pixels = read(stored(Image.fromarray(values)), None, None)
    assert pixels[..., 0].tolist() == [[0, 0], [1, 255]]
    assert read(stored(Image.fromarray(values), "TIFF"), None, None).tolist() == pixels.tolist()
    black = Image.fromarray(np.zeros((2, 2), np.uint16))
    assert read(stored(black), None, None).max() == 0
    # 10 bits, which Pillow brings to 16 in a mode of 32.
    grey = io.BytesIO(b"P5 1 1 1023\n" + (511).to_bytes(2, "big"))
    assert read(grey, None, None).tolist() == [[[127]]]


def test_pixels_of_32_bits_are_refused():
    for values in (np.full((2, 2), 2**31 - 1, np.int32), np.full((2, 2), 200, np.int32)):
        with pytest.raises(ValueError, match=r"32-bit .* no known range; save it with 8 or 16"):
            read(stored(Image.fromarray(values), "TIFF"), None, None)


def test_a_16_bit_image_that_would_come_out_black_is_refused():
    with pytest.raises(ValueError, match=r"16-bit pixels are below 256 of 65535.*8 bits"):
        read(stored(Image.fromarray(np.full((2, 2), 200, np.uint16))), None, None)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
@pytest.mark.timeout(60)
def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "x.png")
    with pytest.raises(OSError, match=r"x\.png is no regular file"):
        opened(tmp_path / "x.png")


def test_photos_are_turned_upright():
    image = Image.new("L", (4, 2))
    image.putpixel((0, 0), 255)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    pixels = read(stored(image, exif=exif), None, None)
    assert pixels.shape == (4, 2, 1)
    assert pixels[0, 1, 0] == 255


def test_the_centre_square_is_cut_out():
    wide = np.zeros((8, 16, 1), np.uint8)
    wide[:, 4:12] = 255
    assert convert(wide, 8, None).min() == 255
    assert convert(wide, 4, 3).shape == (4, 4, 3)


def test_what_is_no_image_is_refused():
    with pytest.raises(OSError, match=r"cannot identify"):
        read(io.BytesIO(b"not an image"), None, None)
    with pytest.raises(ValueError, match=r"floating-point"):
        read(stored(Image.new("F", (4, 4)), "TIFF"), None, None)
