"""What becomes of a photograph, mode by mode, and that tiles give the same as the whole."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

import kgan
from kgan.errors import UsageError
from kgan.networks import PatchGAN, UNet
from kgan.photos import KerasNetwork, Network, Picture, process
from kgan.receptive_field import ReceptiveField
from kgan.signature import Image as ImageField, Signature

BLUR = np.float32([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16


def pixels(image):
    return np.asarray(image).astype(int)


# -- channels ----------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
@pytest.mark.parametrize(("height", "width"), [(5, 7), (1, 1), (16, 3)])
def test_nearest_neighbours_are_exact(network, photograph, scale, height, width):
    colour = photograph(height, width)
    made = process(network("upscaler", scale=scale), Picture(colour))
    assert made.mode == "RGB"
    np.testing.assert_array_equal(made, colour.repeat(scale, 0).repeat(scale, 1))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("own", [1, 3])
def test_grey_stays_grey_and_colours_stay_colours(network, photograph, channels, own):
    colour = photograph(6, 5, own)
    made = process(network("upscaler", channels=channels), Picture(colour))
    assert made.mode == {1: "L", 3: "RGB"}[own]
    found = pixels(made).reshape(12, 10, own)
    assert np.abs(found - colour.repeat(2, 0).repeat(2, 1)).max() <= (own != channels)


def test_a_translation_has_the_networks_channels(network, photograph):
    colour = photograph(6, 5)
    np.testing.assert_array_equal(process(network("negative"), Picture(colour)), 255 - colour)
    grey = photograph(6, 5, 1)
    made = process(network("negative"), Picture(grey))
    assert made.mode == "RGB"
    np.testing.assert_array_equal(made, 255 - grey.repeat(3, -1))
    luminance = pixels(Image.fromarray(colour).convert("L"))
    made = process(network("negative", channels=1), Picture(colour))
    assert made.mode == "L"
    np.testing.assert_array_equal(made, 255 - luminance)


@pytest.mark.parametrize(("made", "mode"), [(1, "L"), (2, "LA"), (4, "RGBA")])
def test_a_network_may_make_alpha(network, photograph, made, mode):
    assert process(network("negative", made=made), Picture(photograph(4, 4))).mode == mode


def test_a_network_that_takes_alpha_gets_it(network, photograph):
    colour, alpha = photograph(6, 5), photograph(6, 5, 1, seed=1)[..., 0]
    made = process(network("negative", channels=4), Picture(colour, alpha))
    np.testing.assert_array_equal(made, 255 - np.dstack([colour, alpha]))
    made = process(network("negative", channels=4), Picture(colour))
    np.testing.assert_array_equal(pixels(made)[..., 3], 0)
    made = process(network("negative", channels=2), Picture(colour, alpha))
    assert made.mode == "LA"
    made = process(network("negative", channels=4), Picture(colour[..., :1], alpha))
    np.testing.assert_array_equal(pixels(made)[..., 2], 255 - colour[..., 0])


def test_a_translation_lays_a_transparent_picture_on_white(network):
    colour = np.zeros((1, 3, 3), np.uint8)
    made = process(network("negative"), Picture(colour, np.uint8([[0, 128, 255]])))
    assert made.mode == "RGB"
    assert pixels(made)[0, :, 0].tolist() == [0, 128, 255]


def test_colours_are_made_from_the_luminance(network, photograph):
    colour = photograph(6, 5)
    luminance = pixels(Image.fromarray(colour).convert("L"))
    for channels in (1, 3):
        made = pixels(process(network("colourist", channels=channels), Picture(colour)))
        np.testing.assert_array_equal(made[..., 0], luminance)
        np.testing.assert_array_equal(made[..., 1], 255 - luminance)
        assert (made[..., 2] == 0).all()
    alpha = photograph(6, 5, 1, seed=1)[..., 0]
    made = process(network("colourist"), Picture(colour[..., :1], alpha))
    assert made.mode == "RGBA"
    np.testing.assert_array_equal(pixels(made)[..., 3], alpha)


def test_classes_are_a_palette_image(network, photograph):
    colour = photograph(6, 5)
    made = process(network("segmenter"), Picture(colour), tile=2)
    assert made.mode == "P"
    np.testing.assert_array_equal(made, colour.argmax(-1))
    palette = np.array(made.getpalette()).reshape(-1, 3)
    # PASCAL VOC's first colours.
    assert palette[:4].tolist() == [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0]]
    assert len({*map(tuple, palette.tolist())}) == 256


# -- masks -------------------------------------------------------------------------------------


def test_known_pixels_come_back_bit_by_bit(network, photograph):
    colour = photograph(40, 30)
    mask = np.zeros((40, 30), bool)
    mask[10:20, 5:9] = mask[39, 29] = True
    for tile in (None, 8):
        made = pixels(process(network("painter"), Picture(colour), mask=mask, tile=tile))
        np.testing.assert_array_equal(made[~mask], colour[~mask])
        assert (made[mask] == 191).all()
    alpha = photograph(40, 30, 1, seed=1)[..., 0]
    alpha[:15] = 0
    for tile in (None, 8):
        picture = Picture(colour[..., :1], alpha)
        made = process(network("painter"), picture, mask=mask, tile=tile)
        assert made.mode == "LA"
        np.testing.assert_array_equal(pixels(made)[..., 1], alpha)
        np.testing.assert_array_equal(pixels(made)[~mask, 0], colour[~mask, 0])


def test_tiles_where_nothing_is_to_be_made_are_not_run(network, photograph):
    found = network("painter")
    found.run = None
    colour = photograph(12, 12)
    made = process(found, Picture(colour), mask=np.zeros((12, 12)), tile=4)
    np.testing.assert_array_equal(made, colour)


def test_a_mask_is_needed_and_of_the_pictures_size(network, photograph):
    picture = Picture(photograph(6, 5))
    with pytest.raises(UsageError, match="mask must be given"):
        process(network("painter"), picture)
    with pytest.raises(UsageError, match="mask must be left out"):
        process(network("negative"), picture, mask=np.zeros((6, 5)))
    for mask in (np.zeros((5, 6)), np.full((6, 5), 0.5), np.zeros((6, 5, 1))):
        with pytest.raises(UsageError, match="mask must have the size of the image, 5x6"):
            process(network("painter"), picture, mask=mask)


# -- transparency ------------------------------------------------------------------------------


def disc(hidden, radius=9.0):
    """A soft red disc on transparency that hides another colour."""
    y, x = np.mgrid[:32, :32] - 15.5
    alpha = ((radius + 0.5 - np.hypot(y, x)).clip(0, 1) * 255).astype(np.uint8)
    colour = np.where(alpha[..., np.newaxis] > 0, np.uint8([200, 30, 30]), np.uint8(hidden))
    return colour, alpha


@pytest.mark.parametrize("kernel", [None, BLUR], ids=["nearest", "blur"])
@pytest.mark.parametrize("hidden", [(0, 0, 0), (0, 255, 0), (255, 255, 255)])
def test_no_fringe_of_what_is_hidden(network, kernel, hidden):
    made = process(network("upscaler", kernel=kernel), Picture(*disc(hidden)))
    assert made.mode == "RGBA"
    for backdrop in ((255, 255, 255), (0, 0, 0), (0, 0, 255)):
        below = Image.new("RGBA", made.size, backdrop)
        shown = pixels(Image.alpha_composite(below, made).convert("RGB"))
        # Each pixel lies on the line from the backdrop to the disc's colour.
        red, back = np.array([200, 30, 30]), np.array(backdrop)
        share = ((shown - back) @ (red - back)) / ((red - back) @ (red - back))
        line = back + share[..., np.newaxis] * (red - back)
        assert np.abs(shown - line).max() <= 2


def test_opaque_stays_opaque_and_empty_stays_empty(network):
    sharp = np.float32([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]) * 1.1
    colour, alpha = disc((0, 0, 0))
    made = pixels(process(network("upscaler", kernel=sharp), Picture(colour, alpha)))[..., 3]
    y, x = np.mgrid[:64, :64] / 2 - 15.5
    distance = np.hypot(y, x)
    assert (made[distance < 6] == 255).all() and (made[distance > 13] == 0).all()
    assert 0 < made[(distance > 8.5) & (distance < 9.5)].mean() < 255


# -- tiles -------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
@pytest.mark.parametrize("tile", [3, 7, 16])
def test_tiles_of_a_convolution_give_the_whole(network, photograph, scale, tile):
    found = network("upscaler", scale=scale, kernel=np.full((7, 7), 1 / 49))
    colour, alpha = photograph(23, 47), photograph(23, 47, 1, seed=1)[..., 0]
    alpha[:, 30:] = 255
    for picture in (Picture(colour), Picture(colour, alpha), Picture(colour[..., :1], alpha)):
        whole = process(found, picture)
        assert np.abs(pixels(whole) - pixels(process(found, picture, tile=tile))).max() <= 1


def keras_network(**arguments):
    """A U-Net whose weights are large enough to matter."""
    generator = UNet(**{"width": 4, "depth": 3, "normalization": "batch"} | arguments)
    gan = kgan.Pix2Pix(
        channels=3, generator_network=generator, discriminator_network=PatchGAN(2, 1)
    )
    random = np.random.RandomState(0)
    for weight in gan.averaged_generator.weights:
        size = (3 / np.prod(weight.shape[:-1])) ** 0.5 if len(weight.shape) > 1 else 0.3
        value = random.normal(0, size, weight.shape)
        weight.assign(np.abs(value) + 0.5 if "variance" in weight.path else value)
    return KerasNetwork(gan)


@pytest.mark.parametrize("upsampling", ["resize", "transposed"])
@pytest.mark.parametrize(("height", "width", "tile"), [(41, 190, 64), (21, 67, 1), (64, 96, 32)])
def test_tiles_of_a_unet_begin_where_it_halves(photograph, upsampling, height, width, tile):
    found = keras_network(upsampling=upsampling)
    assert (found.field.radius, found.field.multiple) == (21, 8)
    picture = Picture(photograph(height, width))
    counts = set()
    tiled = process(found, picture, tile=tile, progress=lambda done, n: counts.add(n))
    assert counts.pop() >= 3
    whole = pixels(process(found, picture))
    assert whole.std() > 10
    assert np.abs(whole - pixels(tiled)).max() <= 1


def test_a_smaller_radius_would_not_do(photograph):
    found = keras_network()
    picture = Picture(photograph(41, 190))
    whole = pixels(process(found, picture))
    found.field = dataclasses.replace(found.field, radius=8)
    assert np.abs(whole - pixels(process(found, picture, tile=64))).max() > 1


def test_what_sees_the_whole_image_is_not_tiled(photograph):
    found = keras_network(normalization="instance")
    picture = Picture(photograph(20, 70))
    calls = []
    process(found, picture, progress=lambda *numbers: calls.append(numbers))
    assert calls == [(0, 1), (1, 1)]
    with pytest.raises(UsageError, match="InstanceNormalization sees the whole image") as error:
        process(found, picture, tile=32)
    assert error.value.argument == "tile"


def test_one_latent_for_all_tiles(network, photograph):
    found = network("negative", latent=True)
    colour = photograph(10, 40)
    first = pixels(process(found, Picture(colour), seed=3))
    latent = found.inputs.latent.default(1, 3)[0, 0]
    expected = (-(colour / 127.5 - 1) + latent).clip(-1, 1) * 127.5 + 127.5
    assert np.abs(first - expected).max() <= 0.51
    np.testing.assert_array_equal(process(found, Picture(colour), seed=3, tile=8), first)
    assert (pixels(process(found, Picture(colour), seed=4)) != first).any()


# -- what does not fit -------------------------------------------------------------------------


class Own(Network):
    def __init__(self, shape=(None, None, 3), made=(None, None, 3), field=None, run=None):
        field = field or ReceptiveField(0)
        fields = Signature(ImageField(shape)), Signature(ImageField(made))
        super().__init__("mine", "upscale", *fields, field)
        self.run = run or (lambda batch: batch["image"])


def test_an_image_that_the_network_cannot_take(network, photograph):
    with pytest.raises(UsageError, match="images must be at least 8 pixels high and wide"):
        process(network("upscaler", smallest=8), Picture(photograph(20, 7)))
    with pytest.raises(UsageError, match="images must be 8x6 pixels for mine; received 8x7"):
        process(Own(shape=(6, 8, 3)), Picture(photograph(7, 8)))


def test_tiles_are_as_large_as_the_network_needs(network, photograph):
    found = network("upscaler", smallest=8, kernel=BLUR)
    picture = Picture(photograph(9, 33))
    whole = process(found, picture)
    np.testing.assert_array_equal(process(found, picture, tile=1), whole)


def test_a_scale_that_nobody_knows_is_measured(photograph):
    field = ReceptiveField(None, scale=None, reason="nothing is known of it")
    doubled = Own(field=field, run=lambda batch: batch["image"].repeat(2, 1).repeat(2, 2))
    assert doubled.scale == 2
    assert process(doubled, Picture(photograph(3, 4))).size == (8, 6)
    halved = Own(field=field, run=lambda batch: batch["image"][:, ::2, ::2])
    with pytest.raises(UsageError, match="a whole number of times"):
        process(halved, Picture(photograph(3, 4)))


def test_a_network_that_breaks_its_word_is_named(photograph):
    with pytest.raises(UsageError, match="mine must make an image of 4x3 pixels from 4x3"):
        process(Own(run=lambda batch: batch["image"][:, 1:]), Picture(photograph(3, 4)))
    with pytest.raises(UsageError, match="mine must upscale with 3 channels; it makes 1"):
        process(Own(run=lambda batch: batch["image"][..., :1]), Picture(photograph(3, 4)))
    with pytest.raises(UsageError, match="images must be finite"):
        process(Own(run=lambda batch: batch["image"] * np.nan), Picture(photograph(3, 4)))


@pytest.mark.parametrize("kind", ["upscaler", "negative", "painter", "colourist", "segmenter"])
def test_progress_goes_from_none_to_all(network, photograph, kind):
    found, calls = network(kind), []
    mask = np.ones((5, 9)) if kind == "painter" else None
    picture = Picture(photograph(5, 9))
    process(found, picture, mask=mask, tile=3, progress=lambda *two: calls.append(two))
    assert calls == [(number, 6) for number in range(7)]
