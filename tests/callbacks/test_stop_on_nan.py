import keras
import numpy as np
import pytest

import kgan
from kgan.callbacks import Checkpoint, StopOnNaN
from kgan.callbacks.checkpoint import files


def fit(gan, images, *callbacks):
    gan.fit(images, batch_size=16, epochs=3, verbose=0, callbacks=[StopOnNaN(), *callbacks])


def diverging(steps=0):
    """A learning rate that throws every weight beyond float32 after so many steps."""
    return keras.optimizers.SGD(
        keras.optimizers.schedules.PiecewiseConstantDecay([steps], [1e-4, 1e38])
    )


def test_names_the_penalty_that_broke_first(images, make_gan):
    gan = make_gan(penalties=["r1"])
    gan.penalties[0].weight = float("nan")
    words = r"r1 became nan in epoch 1, step 1: the gradient penalty overflowed; .*smaller weight"
    with pytest.raises(FloatingPointError, match=words):
        fit(gan, images)


def test_names_the_discriminator_whose_weights_are_broken(images, make_gan):
    gan = make_gan()
    variable = gan.discriminator.trainable_variables[0]
    variable.assign(np.full(variable.shape, np.nan))
    words = r"discriminator_loss became nan.*discriminator's output .*discriminator's learning rate"
    with pytest.raises(FloatingPointError, match=words):
        fit(gan, images)


def test_names_the_player_whose_update_broke(images, make_gan):
    # The generator is scored by the discriminator that has just been updated.
    words = r"generator_loss became .* step 2: the discriminator's update before it overflowed"
    with pytest.raises(FloatingPointError, match=words):
        fit(make_gan(loss="wasserstein", discriminator_optimizer=diverging()), images)
    # The generator's broken images show one step later, or, if a ReLU hides them, in its weights.
    words = (
        r"(discriminator_loss became .* step 3: the generator's last update overflowed"
        r"|the generator's weights became NaN or infinite in epoch 1)"
        r".*lower the generator's learning rate"
    )
    with pytest.raises(FloatingPointError, match=words):
        fit(make_gan(loss="wasserstein", generator_optimizer=diverging()), images)


def test_names_the_generator_that_plays_alone():
    gan = kgan.SRGAN(
        generator_network=kgan.networks.SRVGG(2, 1, scale=2),
        discriminator_network=kgan.networks.PatchGAN(2, 1),
    )
    gan.compile(players=["generator"], generator_optimizer=diverging(), run_eagerly=True)
    large = np.random.RandomState(0).uniform(-1, 1, (16, 8, 8, 3)).astype("float32")
    words = r"generator_loss became .* step [23]: the generator's last update overflowed; lower"
    with pytest.raises(FloatingPointError, match=words):
        gan.fit((large[:, ::2, ::2], large), batch_size=4, verbose=0, callbacks=[StopOnNaN()])


def test_several_steps_a_call_hide_the_cause(images, make_gan):
    gan = make_gan(discriminator_optimizer=diverging(), steps_per_execution=4)
    words = r"epoch 1, steps 1 to 4: one call took several steps, .* steps_per_execution=1"
    with pytest.raises(FloatingPointError, match=words):
        fit(gan, images)


def test_a_run_that_diverges_keeps_its_good_checkpoints(images, make_gan, tmp_path):
    gan = make_gan(loss="wasserstein", discriminator_optimizer=diverging(6))
    with pytest.raises(FloatingPointError, match=r"became .* in epoch 2, step"):
        fit(gan, images, Checkpoint(tmp_path, every_seconds=0))
    assert files(tmp_path)
    for path in files(tmp_path):
        with np.load(path) as arrays:
            assert all(
                np.isfinite(a).all() for name, a in arrays.items() if name.startswith("players")
            )


def test_a_healthy_run_passes(images, make_gan):
    gan = make_gan()
    fit(gan, images)
    assert int(gan.training_seeds.step) == 12
