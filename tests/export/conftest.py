"""One GAN with weights of its own everywhere, and one export of it in each format."""

import numpy as np
import pytest

import kgan
import kgan.export


def stirred(gan):
    """The GAN, whose averaged generator is neither fresh nor equal to the trained one now."""
    random = np.random.RandomState(0)
    for weight in gan.averaged_generator.weights:
        value = weight.numpy() + random.normal(scale=0.1, size=weight.shape)
        weight.assign(np.abs(value) if "variance" in weight.path else value)
    return gan


@pytest.fixture(scope="session")
def make_stirred():
    """A function that makes a tiny GAN of a class and its arguments."""

    def make(kind, **arguments):
        return stirred(kind(image_shape=(8, 8, 1), latent_dim=4, width=4, **arguments))

    return make


@pytest.fixture(scope="session")
def conditional(make_stirred):
    """A GAN of three classes in mixed precision, whose label modulates the normalisation."""
    return make_stirred(
        kgan.ConditionalGAN, classes=3, conditioning="projection", dtype="mixed_float16"
    )


@pytest.fixture(scope="session")
def gan():
    """A GAN whose averaged generator is neither fresh nor equal to the trained one."""
    gan = kgan.DCGAN(image_shape=(16, 16, 1), latent_dim=8, width=32, seed=0)
    gan.compile()
    random = np.random.RandomState(0)
    for weight in gan.averaged_generator.weights:
        weight.assign(np.abs(weight.numpy() + random.normal(scale=0.05, size=weight.shape)))
    return gan


@pytest.fixture(scope="session")
def saved_model(gan, tmp_path_factory):
    return kgan.export.to_saved_model(gan, tmp_path_factory.mktemp("export") / "generator")


@pytest.fixture(scope="session")
def onnx_file(gan, tmp_path_factory):
    return kgan.export.to_onnx(gan, tmp_path_factory.mktemp("export") / "generator.onnx")


@pytest.fixture
def mixed_gan():
    """A GAN built under mixed_float16."""
    import keras

    keras.config.set_dtype_policy("mixed_float16")
    try:
        gan = kgan.DCGAN(image_shape=(16, 16, 3), latent_dim=8, width=8, seed=0)
        gan.compile()
    finally:
        keras.config.set_dtype_policy("float32")
    return gan
