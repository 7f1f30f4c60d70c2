import numpy as np
import pytest
from PIL import Image

from kgan.errors import UsageError
from kgan.photos import read_mask
from kgan.photos.masks import check_mask


def hole(height=20, width=30):
    mask = np.zeros((height, width), np.uint8)
    mask[5:9, 10:25] = 255
    return mask


def test_white_is_to_be_made(tmp_path):
    Image.fromarray(hole()).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png"), hole() > 0)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_masks_of_each_mode(tmp_path, mode):
    image = Image.fromarray(hole())
    if mode == "I;16":
        image = Image.fromarray(hole().astype(np.uint16) * 257)
    image = image if mode in ("L", "I;16") else image.convert(mode)
    image.save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png"), hole() > 0)


def test_a_jpeg_and_soft_edges_are_masks(tmp_path):
    large = Image.fromarray(hole(200, 300).repeat(1, 0)).resize((300, 200))
    large.convert("RGB").save(tmp_path / "a.jpg", quality=70)
    assert read_mask(tmp_path / "a.jpg").sum() == pytest.approx(4 * 15, abs=8)


def test_it_is_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(hole()).save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read_mask(tmp_path / "a.png"), np.rot90(hole() > 0, -1))


def test_what_is_no_mask_is_refused(tmp_path, photograph):
    clear = np.dstack([hole(), 255 - hole()])
    cases = {
        "it has colours": photograph(20, 30),
        "of its pixels are neither": photograph(20, 30, 1)[..., 0],
        "it has transparent pixels": clear,
    }
    for message, pixels in cases.items():
        Image.fromarray(pixels).save(tmp_path / "a.png")
        with pytest.raises(UsageError, match=f"mask=.*black and white.*{message}") as error:
            read_mask(tmp_path / "a.png")
        assert error.value.argument == "mask"
    (tmp_path / "b.png").write_bytes(b"no image")
    with pytest.raises(UsageError, match="mask='.*b.png' cannot be read"):
        read_mask(tmp_path / "b.png")


def test_a_mask_is_of_the_pictures_size_and_of_zeros_and_ones():
    assert check_mask(np.eye(3), 3, 3).dtype == bool
    with pytest.raises(UsageError, match=r"mask='m.png' must have the size of the image, 4x3"):
        check_mask(np.eye(3), 3, 4, "m.png")
    with pytest.raises(UsageError, match="hold 1 where pixels are to be made"):
        check_mask(np.eye(3) / 2, 3, 3)
