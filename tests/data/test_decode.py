import io

import numpy as np
import pytest
from PIL import Image

from kgan.data.decode import convert, read


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


def test_palettes_and_single_bits():
    assert read(stored(Image.new("P", (4, 4))), None, None).shape == (4, 4, 3)
    transparent = stored(Image.new("P", (4, 4)), transparency=0)
    assert read(transparent, None, None)[0, 0, 3] == 0
    assert read(stored(Image.new("1", (4, 4), 1)), None, None)[0, 0].tolist() == [255]


def test_sixteen_bits_keep_their_upper_eight():
    values = np.array([[0, 255], [256, 65535]], np.uint16)
    pixels = read(stored(Image.fromarray(values)), None, None)
    assert pixels[..., 0].tolist() == [[0, 0], [1, 255]]


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
