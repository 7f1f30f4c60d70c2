import numpy as np
import pytest
from PIL import Image

import kgan
from kgan.callbacks import SampleGrid
from kgan.errors import UsageError
from kgan.networks import PatchGAN, UNet


@pytest.fixture(scope="module")
def gan():
    networks = {"generator_network": UNet(2, 2), "discriminator_network": PatchGAN(2, 1)}
    return kgan.Pix2Pix(channels=3, source_channels=1, **networks)


def grid(callback, gan, folder):
    callback.set_model(gan)
    callback.set_params({"epochs": 1})
    callback.on_train_begin()
    callback.on_epoch_begin(0)
    callback.on_epoch_end(0)
    with Image.open(folder / "epoch-0001.png") as picture:
        return np.asarray(picture)


def test_rows_of_sources_results_and_targets(tmp_path, gan):
    """Two images, 64 pixels of a cell and two between: three rows of two."""
    sources = np.full((2, 64, 64, 1), -1, "float32")
    targets = np.full((2, 64, 64, 3), (1, -1, -1), "float32")
    inputs = {"sources": sources, "targets": targets}
    pixels = grid(SampleGrid(tmp_path, inputs=inputs), gan, tmp_path)
    assert pixels.shape[:2] == (3 * 66 + 2, 2 * 66 + 2)
    made = np.round((gan.translate(sources) + 1) * 127.5)
    for column in (20, 90):
        assert pixels[20, column].tolist() == [0, 0, 0]
        assert np.abs(pixels[68 + 18, column] - made[0, 18, 18]).max() <= 1
        assert pixels[160, column].tolist() == [255, 0, 0]


def test_targets_are_not_needed_but_sources_are(tmp_path, gan):
    sources = np.full((3, 64, 64, 1), -1, "float32")
    pixels = grid(SampleGrid(tmp_path, n=2, inputs={"sources": sources}), gan, tmp_path)
    assert pixels.shape[:2] == (2 * 66 + 2, 2 * 66 + 2)
    with pytest.raises(UsageError, match=r"sources must be given: Pix2Pix makes images from them"):
        grid(SampleGrid(tmp_path), gan, tmp_path)


def test_masks_are_shown_white_where_pixels_are_known(tmp_path):
    gan = kgan.Inpainting(
        generator_network=kgan.networks.Gated(2, 1, (2,)),
        discriminator_network=kgan.networks.SNPatchGAN(2, 1),
    )
    sources = np.full((2, 64, 64, 3), (1, -1, -1), "float32")
    masks = np.ones((2, 64, 64, 1), "float32")
    masks[:, :32] = 0
    inputs = {"sources": sources, "masks": masks, "targets": sources}
    pixels = grid(SampleGrid(tmp_path, inputs=inputs), gan, tmp_path)
    assert pixels.shape[:2] == (4 * 66 + 2, 2 * 66 + 2)
    assert pixels[66 + 20, 20].tolist() == [0, 0, 0]
    assert pixels[66 + 50, 20].tolist() == [255, 255, 255]
    assert pixels[132 + 50, 20].tolist() == [255, 0, 0]
    assert pixels[132 + 20, 20].tolist() != [255, 0, 0]
