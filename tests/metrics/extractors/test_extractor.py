import warnings

import numpy as np
import pytest

from kgan.errors import UsageError
from kgan.metrics.extractors import Extractor


def means(images):
    """The mean of each channel: three numbers an image."""
    return images.mean((1, 2))


@pytest.fixture
def colours():
    return Extractor("colours", means, 3, image_shape=(None, None, 3), sha256="0f", resize="none")


def test_features_are_those_of_the_function(colours, images):
    np.testing.assert_array_equal(colours.features(images), images.mean((1, 2)))
    assert colours.features(images).dtype == np.float32
    assert not colours.canonical
    assert colours.description == {"name": "colours", "sha256": "0f", "resize": "none"}


@pytest.mark.parametrize("batch_size", [1, 2, 3, 64])
def test_batches_change_nothing(images, batch_size):
    sizes = []

    def spied(batch):
        sizes.append(len(batch))
        return means(batch)

    extractor = Extractor("means", spied, batch_size=batch_size)
    np.testing.assert_array_equal(extractor.features(images), means(images))
    assert sizes == {1: [1, 1, 1], 2: [2, 1], 3: [3], 64: [3]}[batch_size]


def test_grey_images_are_repeated_where_colour_is_wanted(colours, images):
    grey = images[..., :1]
    np.testing.assert_array_equal(colours.features(grey), means(grey.repeat(3, axis=-1)))
    anything = Extractor("anything", means)
    assert anything.features(grey).shape == (3, 1)


def test_transparent_images_are_laid_on_white_where_there_is_no_alpha(colours, images):
    alpha = np.random.default_rng(0).uniform(-1, 1, (*images.shape[:3], 1)).astype(np.float32)
    opacity = (alpha + 1) / 2
    seen = images * opacity + (1 - opacity)
    found = colours.features(np.concatenate([images, alpha], -1))
    np.testing.assert_allclose(found, means(seen), atol=1e-5)
    grey = colours.features(np.concatenate([images[..., :1], alpha], -1))
    np.testing.assert_allclose(grey, means(seen[..., :1]).repeat(3, 1), atol=1e-5)
    assert colours.describe(3) == colours.describe(1) == colours.description
    assert (
        colours.describe(4)
        == colours.describe(2)
        == {
            **colours.description,
            "background": "white",
        }
    )
    # What takes any images takes these as they are.
    anything = Extractor("anything", means)
    assert anything.features(np.concatenate([images, alpha], -1)).shape == (3, 4)
    assert "background" not in anything.describe(4)


def test_the_dimension_is_found_where_nobody_said(images):
    extractor = Extractor("means", means)
    assert extractor.feature_dim is None
    extractor.features(images)
    assert extractor.feature_dim == 3
    with pytest.raises(UsageError, match=r"features of 3 numbers; received 1\."):
        extractor.features(images[..., :1])


def test_logits_and_classes(images):
    extractor = Extractor("c", means, 3, classify=lambda batch: -means(batch), classes=3)
    np.testing.assert_array_equal(extractor.logits(images), -means(images))
    np.testing.assert_array_equal(extractor.classify(images), means(images).argmin(1))
    assert extractor.classify(images).dtype == np.int32


def test_one_that_tells_no_classes(colours, images):
    for method in (colours.logits, colours.classify):
        with pytest.raises(
            UsageError, match=r"extractor='colours' must predict classes.*judge\.load"
        ):
            method(images)


def test_images_that_cannot_be(colours, images):
    with pytest.raises(UsageError, match="images must be float32 in .*received uint8"):
        colours.features(np.zeros((1, 8, 8, 3), np.uint8))
    with pytest.raises(UsageError, match=r"images must have rank 4 .*\(8, 8, 3\)"):
        colours.features(np.zeros((8, 8, 3), np.float32))
    grey = Extractor("grey", means, image_shape=(None, None, 1))
    with pytest.raises(UsageError, match=r"the shape \(batch, 8, 8, 1\); received \(1, 8, 8, 4\)"):
        grey.features(np.zeros((1, 8, 8, 4), np.float32))
    with pytest.raises(UsageError, match=r"lie in \[-1, 1\]; received values from .* to 2\."):
        colours.features(2 * np.sign(images))
    with pytest.raises(UsageError, match=r"images must hold pixels"):
        colours.features(images[:0])
    sized = Extractor("sized", means, image_shape=(8, 8, 3))
    with pytest.raises(UsageError, match=r"\(batch, 8, 8, 3\); received \(3, 47, 61, 3\).*load"):
        sized.features(images)


def test_no_warning_for_images_that_are_light_on_white(colours):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        colours.features(np.linspace(-1, 1, 64, dtype=np.float32).reshape(1, 4, 4, 4))
        colours.features(np.full((1, 8, 8, 4), -0.1, np.float32))


def test_one_warning_for_images_in_0_to_1(colours, images):
    with pytest.warns(UserWarning, match="no value below 0") as told:
        colours.features(abs(images))
    assert len(told) == 1


def test_features_that_cannot_be(images):
    def features(function):
        return Extractor("own", function).features(images)

    start = r"extractor='own' must give features of the shape \(3, dimensions\) for 3 images; "
    with pytest.raises(UsageError, match=start + r"received the shape \(3, 47, 61, 3\)\. Average"):
        features(lambda batch: batch)
    with pytest.raises(UsageError, match=start + r"received the shape \(3,\)\."):
        features(lambda batch: batch.mean((1, 2, 3)))
    with pytest.raises(UsageError, match=start + r"received the shape \(2, 3\)\."):
        features(lambda batch: means(batch)[:2])
    with pytest.raises(UsageError, match=start + r"received the shape \(3, 0\)\."):
        features(lambda batch: np.zeros((3, 0)))
    with pytest.raises(UsageError, match=start + r"received dict\."):
        features(lambda batch: {"a": means(batch)})
    with pytest.raises(UsageError, match=start + r"received tuple\."):
        features(lambda batch: (means(batch), batch))


def test_features_that_are_not_finite(images):
    def function(batch):
        made = means(batch)
        made[1, 2] = np.nan
        return made

    with pytest.raises(UsageError, match=r"finite features; .* 1 of 3 images, images\[1\]"):
        Extractor("own", function).features(images)
    with pytest.raises(UsageError, match="must give finite logits"):
        Extractor("own", means, classify=function).logits(images)


def test_numbers_that_cannot_be():
    with pytest.raises(UsageError, match="batch_size must be .* at least 1; received 0"):
        Extractor("own", means, batch_size=0)
    with pytest.raises(UsageError, match="feature_dim must be .* at least 1; received 0"):
        Extractor("own", means, 0)
