"""Every recipe's data fit its model, and the model is what its name says."""

import pytest

from kgan import zoo
from kgan.models.feed import Feed


@pytest.mark.parametrize("name", zoo.list_recipes())
def test_the_data_fit_the_model(name):
    recipe = zoo.recipe(name)
    data = recipe.data()
    gan = recipe.model(data.image_shape, seed=1)
    assert gan.compiled and gan.seed == 1
    feed = Feed(gan, data, None, None)
    assert feed.steps_per_epoch == data.steps_per_epoch
    # The file is named after the class, but for a variant of the variant's.
    stem = name.removesuffix("_fashion_mnist").removesuffix("_emoji").replace("_", "")
    kind = {"vanilladcgan": "dcgan", "projectiongan": "conditionalgan"}.get(stem, stem)
    assert type(gan).__name__.lower() == kind
