"""Files of each mode that Pillow writes, read as photographs."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from kgan.photos import Picture, read

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
ORIENTATION = 0x0112


@pytest.fixture
def stored(tmp_path):
    def store(image, name="a.png", **options):
        image.save(tmp_path / name, **options)
        return tmp_path / name

    return store


def png(path, bits, kind, rows):
    """A PNG file of 16 bits per channel, which Pillow does not write in colour."""
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[kind]
    rows = np.asarray(rows, ">u2" if bits == 16 else "u1").reshape(len(rows), -1)
    width = rows.shape[1] // channels
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, len(rows), bits, kind, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))),
        (b"IEND", b""),
    ]
    data = b"\x89PNG\r\n\x1a\n"
    for name, content in chunks:
        data += struct.pack(">I", len(content)) + name + content
        data += struct.pack(">I", zlib.crc32(name + content))
    path.write_bytes(data)
    return path


# -- modes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("LA", 1), ("RGB", 3), ("RGBA", 3)])
def test_plain_modes(stored, photograph, mode, channels):
    pixels = photograph(6, 5, len(mode))
    picture = read(stored(Image.fromarray(pixels[..., 0] if mode == "L" else pixels)))
    assert (picture.height, picture.width, picture.notes) == (6, 5, ())
    np.testing.assert_array_equal(picture.colour, pixels[..., :channels])
    if "A" in mode:
        np.testing.assert_array_equal(picture.alpha, pixels[..., -1])
    else:
        assert picture.alpha is None


def test_single_bits_are_grey(stored):
    picture = read(stored(Image.fromarray(np.array([[True, False]]))))
    assert picture.colour.tolist() == [[[255], [0]]]


def palette(transparency=None):
    image = Image.fromarray(np.uint8([[0, 1, 2]]), "L")
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    if transparency is not None:
        image.info["transparency"] = transparency
    return image


def test_a_palette_becomes_colours(stored):
    picture = read(stored(palette()))
    assert picture.colour.tolist() == [[[10, 20, 30], [40, 50, 60], [70, 80, 90]]]
    assert picture.alpha is None


@pytest.mark.parametrize(
    ("transparency", "alpha"), [(1, [255, 0, 255]), (bytes([0, 100, 200]), [0, 100, 200])]
)
def test_a_transparent_palette_has_alpha(stored, transparency, alpha):
    picture = read(stored(palette(), transparency=transparency))
    assert picture.alpha.tolist() == [alpha]
    assert picture.colour[0, 2].tolist() == [70, 80, 90]


def test_one_colour_may_stand_for_transparency(stored):
    colours = Image.fromarray(np.uint8([[[1, 2, 3], [4, 5, 6]]]))
    picture = read(stored(colours, transparency=(4, 5, 6)))
    assert picture.colour.shape == (1, 2, 3) and picture.alpha.tolist() == [[255, 0]]
    picture = read(stored(Image.fromarray(np.uint8([[7, 9]])), transparency=9))
    assert picture.colour.tolist() == [[[7], [9]]] and picture.alpha.tolist() == [[255, 0]]


def test_16_bits_of_grey(stored):
    values = np.uint16([[0, 255, 256, 65535]])
    for name in ("a.png", "a.tif"):
        picture = read(stored(Image.fromarray(values), name))
        assert picture.colour[..., 0].tolist() == [[0, 0, 1, 255]]
        assert picture.notes == ("of 16 bits the upper eight are kept",)


@pytest.mark.parametrize("kind", [2, 4, 6])
def test_16_bits_of_colours(tmp_path, kind):
    channels = {2: 3, 4: 2, 6: 4}[kind]
    values = np.arange(2 * channels) * 6553 + 300
    picture = read(png(tmp_path / "a.png", 16, kind, [values]))
    assert picture.notes == ("of 16 bits the upper eight are kept",)
    found = picture.colour if picture.alpha is None else np.dstack([picture.colour, picture.alpha])
    np.testing.assert_array_equal(found.ravel(), values >> 8)
    assert read(png(tmp_path / "b.png", 8, kind, [values % 256])).notes == ()


def test_inks_by_their_profile_or_without(stored, photograph, tmp_path):
    image = Image.fromarray(photograph(6, 5, 4), "CMYK")
    picture = read(stored(image, "a.tif"))
    np.testing.assert_array_equal(picture.colour, image.convert("RGB"))
    assert picture.profile is None and "without a profile" in picture.notes[0]
    # Without a profile of inks at hand, one of colours stands for a damaged one.
    picture = read(stored(image, "b.tif", icc_profile=SRGB))
    np.testing.assert_array_equal(picture.colour, image.convert("RGB"))
    assert picture.profile is None and "without a profile" in picture.notes[0]
    picture = read(stored(image, "c.jpg", quality=100))
    assert np.abs(picture.colour.astype(int) - np.asarray(image.convert("RGB"))).mean() < 4


def test_inks_become_srgb_by_their_profile(stored, photograph, monkeypatch):
    image = Image.fromarray(photograph(6, 5, 4), "CMYK")
    made = Image.new("RGB", (5, 6), (1, 2, 3))
    monkeypatch.setattr(ImageCms, "profileToProfile", lambda *arguments, **options: made)
    picture = read(stored(image, "a.tif", icc_profile=SRGB))
    assert (picture.colour == [1, 2, 3]).all()
    assert picture.profile[16:20] == b"RGB " and picture.notes == (
        "CMYK became sRGB by its profile",
    )


@pytest.mark.parametrize(
    ("image", "name", "message"),
    [
        (Image.fromarray(np.float32([[0.5]])), "a.tif", "have no known range"),
        (Image.fromarray(np.int32([[70000]])), "a.tif", "have no known range"),
        (Image.new("LAB", (4, 4)), "a.tif", "LAB"),
        (Image.fromarray(np.uint16([[0, 9]])), "a.png", "save it with 8 bits"),
    ],
)
def test_pixels_that_nobody_can_read_are_refused(stored, image, name, message):
    with pytest.raises(ValueError, match=message):
        read(stored(image, name))


@pytest.mark.parametrize("name", ["a.gif", "a.tif", "a.webp", "a.png"])
def test_files_of_several_images_are_refused(stored, name):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    file = stored(frames[0], name, save_all=True, append_images=frames[1:])
    with pytest.raises(ValueError, match="it holds 2 images"):
        read(file)


def test_a_phones_jpeg_with_a_second_image_is_read(stored):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    file = stored(frames[0], "a.jpg", format="MPO", save_all=True, append_images=frames[1:])
    assert read(file).colour[0, 0].tolist() == [254, 0, 0]


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n"])
def test_damaged_files_are_refused(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises((OSError, ValueError, SyntaxError)):
        read(tmp_path / "a.png")


def test_a_file_cut_short_is_refused(stored, photograph):
    file = stored(Image.fromarray(photograph(200, 200)), "a.jpg")
    file.write_bytes(file.read_bytes()[:-2000])
    with pytest.raises(OSError, match="truncated"):
        read(file)


# -- what files say besides --------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_upright(stored, photograph, orientation):
    image = Image.fromarray(photograph(6, 5))
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    file = stored(image, exif=exif)
    picture = read(file)
    with Image.open(file) as again:
        np.testing.assert_array_equal(picture.colour, ImageOps.exif_transpose(again))
    assert ORIENTATION not in picture.exif
    assert picture.colour.shape[:2] == ((6, 5) if orientation < 5 else (5, 6))


def described():
    exif = Image.Exif()
    exif[ORIENTATION], exif[271], exif[306] = 6, "Maker", "2026:11:28 10:00:00"
    exif[256] = exif[257] = 4000  # the size, which a TIFF file has of its own
    exif[0x8769] = {0x9003: "2026:11:28 10:00:00", 0xA002: 4000, 0xA003: 3000}
    exif[0x8825] = {1: "N", 2: (52.0, 31.0, 12.0)}
    return exif


def test_exif_is_that_of_the_photograph(stored, photograph):
    picture = read(stored(Image.fromarray(photograph(6, 5)), "a.jpg", exif=described()))
    made = Image.new("RGB", (20, 24))
    exif = Image.Exif()
    exif.load(picture.metadata(made)["exif"])
    assert {tag: value for tag, value in exif.items() if tag not in (0x8769, 0x8825)} == {
        271: "Maker",
        306: "2026:11:28 10:00:00",
    }
    camera = exif.get_ifd(0x8769)
    assert (camera[0x9003], camera[0xA002], camera[0xA003]) == ("2026:11:28 10:00:00", 20, 24)
    assert exif.get_ifd(0x8825)[1] == "N"


def test_a_picture_without_exif_gets_none():
    assert Picture(np.zeros((2, 2, 3), np.uint8)).metadata(Image.new("RGB", (2, 2))) == {}


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P"])
def test_a_profile_stays_with_images_of_its_kind(stored, photograph, mode):
    picture = read(stored(Image.fromarray(photograph(6, 5)), "a.jpg", icc_profile=SRGB))
    assert picture.profile == SRGB
    kept = picture.metadata(Image.new(mode, (5, 6)))
    assert ("icc_profile" in kept) is (mode in ("RGB", "RGBA"))
    grey = Picture(photograph(2, 2, 1), profile=SRGB[:16] + b"GRAY" + SRGB[20:])
    kept = grey.metadata(Image.new(mode, (2, 2)))
    assert ("icc_profile" in kept) is (mode in ("L", "LA"))
