import numpy as np
import pytest

# Singular values 3, 2 and 1 to the left; to the right the axes in latent space, rows.
SCALES = np.diag([3.0, 2.0, 1.0])


@pytest.fixture(scope="session")
def axes():
    """Three orthonormal directions of a latent space of three dimensions."""
    return np.linalg.qr(np.random.RandomState(1).standard_normal((3, 3)))[0]


@pytest.fixture(scope="session")
def linear_gan(axes):
    """A GAN whose generator is a matrix product: pixels = latent @ axes.T @ scales @ columns."""
    import keras

    import kgan

    columns = np.linalg.qr(np.random.RandomState(2).standard_normal((64, 3)))[0].T
    generator = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(64, use_bias=False, name="project"),
            keras.layers.Reshape((8, 8, 1), name="image"),
        ]
    )
    generator.layers[0].set_weights([0.1 * axes.T @ SCALES @ columns])
    discriminator = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    return kgan.GAN(generator, discriminator, ema_halflife_images=None)
