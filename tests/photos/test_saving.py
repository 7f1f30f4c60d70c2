import errno
import io
import os

import numpy as np
import pytest
from PIL import Image, ImageCms

from kgan.errors import UsageError
from kgan.photos import Picture, read, saving
from kgan.photos.saving import save

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def described(colour, alpha=None):
    exif = Image.Exif()
    exif[271], exif[0x8769] = "Maker", {0xA002: 9, 0xA003: 9}
    return Picture(colour, alpha, SRGB, exif)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tif"])
def test_profile_and_exif_are_in_each_format(tmp_path, photograph, name):
    colour = photograph(40, 30)
    save(Image.fromarray(colour), tmp_path / name, described(colour))
    with Image.open(tmp_path / name) as image:
        assert image.info["icc_profile"] == SRGB
        exif = image.getexif()
        assert exif[271] == "Maker" and exif.get_ifd(0x8769)[0xA002] == 30
        assert image.size == (30, 40)
        difference = np.abs(np.asarray(image).astype(int) - colour)
    assert difference.max() == 0 if name in ("a.png", "a.tif") else difference.mean() < 15
    again = read(tmp_path / name)
    assert again.profile == SRGB and again.exif[271] == "Maker"


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif"])
def test_transparency_is_in_all_but_jpeg(tmp_path, photograph, name):
    pixels = photograph(40, 30, 4)
    save(Image.fromarray(pixels), tmp_path / name)
    with Image.open(tmp_path / name) as image:
        assert image.mode == "RGBA"
        np.testing.assert_array_equal(np.asarray(image)[..., 3], pixels[..., 3])


@pytest.mark.parametrize(
    ("mode", "name", "message"),
    [
        ("RGBA", "a.jpg", "'jpg' holds no transparency; use png, webp or tif"),
        ("LA", "a.jpg", "'jpg' holds no transparency"),
        ("P", "a.jpg", "'jpg' holds no classes; use png or tif"),
        ("P", "a.webp", "'webp' holds no classes"),
        ("RGB", "a.bmp", "format='bmp' is unknown; expected one of jpg, png, tif, webp"),
    ],
)
def test_what_a_format_does_not_hold_is_refused(tmp_path, mode, name, message):
    with pytest.raises(UsageError, match=message) as error:
        save(Image.new(mode, (4, 4)), tmp_path / name)
    assert error.value.argument == "format" and not list(tmp_path.iterdir())


def test_a_grey_profile_does_not_go_with_the_colours_of_webp(tmp_path, photograph):
    grey = photograph(8, 8, 1)
    profile = SRGB[:16] + b"GRAY" + SRGB[20:]
    save(Image.fromarray(grey[..., 0]), tmp_path / "a.webp", Picture(grey, profile=profile))
    with Image.open(tmp_path / "a.webp") as image:
        assert image.mode == "RGB" and "icc_profile" not in image.info
    save(Image.fromarray(grey[..., 0]), tmp_path / "a.png", Picture(grey, profile=profile))
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "L" and image.info["icc_profile"] == profile


@pytest.mark.parametrize(("name", "most"), [("a.webp", 16_383), ("a.jpg", 65_500)])
def test_more_pixels_than_a_format_has_room_for(tmp_path, name, most):
    save(Image.new("L", (most, 1)), tmp_path / name)
    (tmp_path / name).unlink()
    with pytest.raises(UsageError, match=f"holds at most {most} pixels a side; .* {most + 1}x1"):
        save(Image.new("L", (most + 1, 1)), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_more_pixels_are_refused_before_the_work(network, tmp_path, photograph):
    picture = Picture(photograph(1, 8192))
    saving.check_result("a.png", network("upscaler"), picture)
    with pytest.raises(UsageError, match="the result has 16384x2"):
        saving.check_result("a.webp", network("upscaler"), picture)


class Device:
    """A raw file with room for so many bytes, which the system fills before it refuses more."""

    def __init__(self, raw, room):
        self.raw, self.room = raw, room

    def __getattr__(self, name):
        return getattr(self.raw, name)

    def write(self, data):
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = min(self.room, len(data))
        self.room -= taken
        return self.raw.write(bytes(data[:taken]))


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.tif"])
@pytest.mark.parametrize("missing", [1, 1000])
def test_a_full_disk_leaves_no_half_file(tmp_path, photograph, monkeypatch, name, missing):
    image = Image.fromarray(photograph(200, 100))
    save(image, tmp_path / name)
    size = (tmp_path / name).stat().st_size
    (tmp_path / name).unlink()
    monkeypatch.setattr(
        saving, "open", lambda *arguments, **how: Raw(*arguments, size - missing), raising=False
    )
    with pytest.raises(OSError) as error:
        save(image, tmp_path / name)
    assert error.value.errno == errno.ENOSPC and error.value.filename == str(tmp_path / name)
    assert not list(tmp_path.iterdir())


class Raw(Device):
    def __init__(self, path, mode, room):
        super().__init__(io.FileIO(path, mode.replace("b", "")), room)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.raw.close()
