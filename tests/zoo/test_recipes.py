"""Every recipe trains, and the model is what its name says."""

import numpy as np
import pytest

from kgan import zoo
from kgan.models.given_data import given
from kgan.models.training_data import TrainingData


@pytest.mark.parametrize("name", zoo.list_recipes())
def test_it_takes_a_step(name):
    recipe = zoo.recipe(name)
    data = recipe.data()
    gan = recipe.model(data.image_shape, seed=1)
    assert gan.compiled and gan.seed == 1
    assert TrainingData(gan, given(data)).steps_per_epoch == data.steps_per_epoch
    gan.run_eagerly = True  # tracing takes longer
    before = [network.get_weights()[0] for network in gan.networks_by_name.values()]
    gan.fit(data, steps_per_epoch=1, verbose=0)
    after = [network.get_weights()[0] for network in gan.networks_by_name.values()]
    for old, new in zip(before, after, strict=True):
        assert np.isfinite(new).all() and not np.array_equal(old, new)
    # The file is named after the class, but for a variant of the variant's.
    stem = name.removesuffix("_fashion_mnist").removesuffix("_emoji").removesuffix("_photos")
    stem = stem.replace("_", "")
    kind = {"vanilladcgan": "dcgan", "projectiongan": "conditionalgan"}.get(stem, stem)
    assert type(gan).__name__.lower() == kind
