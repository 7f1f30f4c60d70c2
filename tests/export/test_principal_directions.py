"""Directions against closed forms: of images that are linear in the latents."""

import numpy as np

from kgan.export.principal_directions import principal_directions
from kgan.signature import Code, Label, Latent, Signature


class Linear:
    """Makes images of one pixel per latent dimension, each that times a scale."""

    scales = np.array([1.0, 3.0, 2.0])

    def __init__(self, *fields):
        self.input_signature = Signature(Latent(3), *fields)

    def generate(self, latents, labels=None, codes=None):
        images = (latents * self.scales)[:, None, :, None]
        if labels is not None:
            images = images + 100 * labels[:, None, None, None]
        if codes is not None:
            assert (codes == codes[0]).all()
        return images.astype("float32")


def check(model):
    directions, shares = principal_directions(model)
    np.testing.assert_allclose(np.abs(directions), np.eye(3)[[1, 2, 0]], atol=0.1)
    np.testing.assert_allclose(shares, np.array([9, 4, 1]) / 14, atol=0.03)
    assert np.allclose(np.linalg.norm(directions, axis=1), 1)
    assert (directions[np.arange(3), np.abs(directions).argmax(1)] > 0).all()
    assert directions.dtype == np.float32


def test_the_pixels_that_change_most_come_first():
    check(Linear())


def test_differences_between_classes_are_no_direction():
    check(Linear(Label(4)))


def test_codes_are_held():
    check(Linear(Code(categorical=(4,), continuous=2)))


def test_only_as_many_as_the_images_vary_along():
    model = Linear()
    model.scales = np.array([0.0, 1.0, 0.0])
    directions, shares = principal_directions(model, n=2)
    np.testing.assert_allclose(directions, [[0, 1, 0]], atol=0.1)
    np.testing.assert_allclose(shares, [1])


def test_images_that_never_change_have_none():
    model = Linear()
    model.scales = np.zeros(3)
    directions, shares = principal_directions(model)
    assert directions.shape == (0, 3) and shares.shape == (0,)
