import numpy as np
import pytest


@pytest.fixture(scope="session")
def striped():
    """A function of a number and a seed: images in noise, with stripes that run across (class 0)
    or down (class 1), and their classes."""

    def made(n, seed):
        random = np.random.default_rng(seed)
        labels = np.arange(n, dtype=np.int32) % 2
        images = random.uniform(-0.3, 0.3, (n, 8, 8, 1)).astype(np.float32)
        images[labels == 0, ::2] += 0.5
        images[labels == 1, :, ::2] += 0.5
        return images, labels

    return made
