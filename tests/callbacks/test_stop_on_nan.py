import keras
import numpy as np
import pytest

from kgan.callbacks import Checkpoint, StopOnNaN
from kgan.callbacks.checkpoint import files


def fit(gan, images, *callbacks):
    gan.fit(images, batch_size=16, epochs=3, verbose=0, callbacks=[StopOnNaN(), *callbacks])


def test_names_the_penalty_that_broke_first(images, make_gan):
    gan = make_gan(penalties=["r1"])
    gan.penalties[0].weight = float("nan")
    with pytest.raises(FloatingPointError, match=r"r1 became nan in epoch 1, step 1; .*weight"):
        fit(gan, images)


def test_names_the_discriminator(images, make_gan):
    gan = make_gan()
    variable = gan.discriminator.trainable_variables[0]
    variable.assign(np.full(variable.shape, np.nan))
    with pytest.raises(FloatingPointError, match=r"discriminator_loss became nan.*learning rate"):
        fit(gan, images)


def test_a_run_that_diverges_keeps_its_good_checkpoints(images, make_gan, tmp_path):
    # Two steps in, the optimizer throws the discriminator beyond float32.
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([6], [1e-4, 1e38])
    gan = make_gan(loss="wasserstein", discriminator_optimizer=keras.optimizers.SGD(schedule))
    with pytest.raises(FloatingPointError, match=r"became .* in epoch 2, step"):
        fit(gan, images, Checkpoint(tmp_path, every_seconds=0))
    resumed = make_gan(loss="wasserstein", discriminator_optimizer=keras.optimizers.SGD(schedule))
    assert files(tmp_path)
    for path in files(tmp_path):
        with np.load(path) as arrays:
            assert all(
                np.isfinite(a).all() for name, a in arrays.items() if name.startswith("networks")
            )
    assert resumed.description()


def test_a_healthy_run_passes(images, make_gan):
    gan = make_gan()
    fit(gan, images)
    assert int(gan.training_seeds.step) == 12
