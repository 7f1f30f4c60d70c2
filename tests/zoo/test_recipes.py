"""Every recipe trains, and the model is what its name says."""

import numpy as np
import pytest

from kgan import zoo
from kgan.models.given_data import given
from kgan.models.training_data import TrainingData


@pytest.mark.slow
@pytest.mark.parametrize("name", zoo.list_recipes())
def test_it_takes_a_step_in_each_stage(name):
    recipe = zoo.recipe(name)
    data = recipe.data()
    gan = recipe.model(data.image_shape, seed=1)
    assert gan.compiled and gan.seed == 1
    assert TrainingData(gan, given(data)).steps_per_epoch == data.steps_per_epoch
    for compile, _ in getattr(recipe, "stages", [(lambda gan: None, 1)]):
        compile(gan)
        gan.run_eagerly = True  # tracing takes longer
        before = {name: player.variables[0].numpy() for name, player in gan.players.items()}
        gan.fit(data, steps_per_epoch=1, verbose=0)
        for player, old in before.items():
            new = gan.players[player].variables[0].numpy()
            assert np.isfinite(new).all() and np.array_equal(old, new) != gan.plays(player)
    # The file is named after the class, but for a variant of the variant's, or after its task.
    for ending in ("_fashion_mnist", "_emoji", "_photos", "_x4"):
        name = name.removesuffix(ending)
    stem = name.replace("_", "")
    kinds = {"vanilladcgan": "dcgan", "projectiongan": "conditionalgan", "srresnet": "srgan"}
    kinds["emojito3d"] = "pix2pix"
    assert type(gan).__name__.lower() == kinds.get(stem, stem)
