"""WGAN: clipped weights, and critic updates that each see fresh reals."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan


def test_one_step_equals_the_step_by_hand(images):
    """Algorithm 1 with n = 2 and plain descent: clip after each update, another half each time."""
    sgd = {
        f"{player}_optimizer": keras.optimizers.SGD(0.5)
        for player in ("generator", "discriminator")
    }
    gan, mirror = (
        kgan.WGAN(
            (16, 16, 1), latent_dim=4, width=8, clip=0.05, networks="mlp", ema_halflife_images=None
        )
        for _ in range(2)
    )
    gan.compile(discriminator_steps=2, **sgd)
    generator, critic = mirror.generator, mirror.discriminator
    gan.training_seeds.begin_step()
    latents = [keras.random.normal((8, 4), seed=gan.training_seeds) for _ in range(2)]
    gan.fit(images[:16], batch_size=16, verbose=0)

    order = next(iter(kgan.data.load(images[:16], batch_size=16, seed=0))).numpy()
    clipped = 0
    for part, z in zip(np.split(order, 2), latents, strict=True):
        with tf.GradientTape() as tape:
            value = tf.reduce_mean(critic(generator(z))) - tf.reduce_mean(critic(part))
        values = [variable.value for variable in critic.trainable_variables]
        for variable, gradient in zip(
            critic.trainable_variables, tape.gradient(value, values), strict=True
        ):
            moved = variable.numpy() - 0.5 * gradient.numpy()
            clipped += int((np.abs(moved) > 0.05).sum())
            variable.assign(np.clip(moved, -0.05, 0.05))
    assert clipped > 100  # else the clipping is not seen
    with tf.GradientTape() as tape:
        value = -tf.reduce_mean(critic(generator(latents[-1])))
    values = [variable.value for variable in generator.trainable_variables]
    for variable, gradient in zip(
        generator.trainable_variables, tape.gradient(value, values), strict=True
    ):
        variable.assign_sub(0.5 * gradient)
    for mine, theirs in ((gan.generator, generator), (gan.discriminator, critic)):
        for a, b in zip(mine.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("networks", ["resnet", "mlp"])
def test_the_clipping_is_not_undone_by_a_normalisation(networks):
    sizes = {"image_shape": (8, 8, 1), "latent_dim": 4, "width": 2, "networks": networks}
    assert kgan.WGAN(**sizes).networks.normalization == "none"
    with pytest.raises(ValueError, match=r"normalization must be .* WGAN.* received 'spectral'\."):
        kgan.WGAN(**sizes, normalization="spectral")


def test_only_the_critics_trainable_weights_are_clipped(images):
    gan = kgan.WGAN((16, 16, 1), latent_dim=4, width=4, clip=0.01, ema_halflife_images=None)
    gan.compile(discriminator_steps=1, run_eagerly=True)
    gan.fit(images[:16], batch_size=16, verbose=0)
    for variable in gan.discriminator.trainable_variables:
        assert np.abs(variable.numpy()).max() <= np.float32(0.01)
    assert np.abs(gan.generator.get_weights()[0]).max() > 0.01
    moving = gan.discriminator.non_trainable_variables
    assert max(float(np.abs(variable.numpy()).max()) for variable in moving) > 0.01


def test_the_limit_survives_saving(tmp_path):
    gan = kgan.WGAN((8, 8, 1), latent_dim=4, width=2, clip=0.02)
    gan.compile()
    gan.save(tmp_path / "gan.keras")
    loaded = kgan.load_model(tmp_path / "gan.keras")
    for variable in loaded.discriminator.trainable_variables:
        np.testing.assert_allclose(variable.constraint(np.array([9.0, -9.0])), [0.02, -0.02])


def test_the_defaults_are_the_papers():
    defaults = kgan.WGAN((8, 8, 1), latent_dim=4, width=2).compile_defaults()
    assert (defaults["loss"], defaults["discriminator_steps"]) == ("wasserstein", 5)
    for player in ("generator_optimizer", "discriminator_optimizer"):
        assert isinstance(defaults[player], keras.optimizers.RMSprop)
        assert float(defaults[player].learning_rate) == pytest.approx(5e-5)
    assert kgan.WGAN((8, 8, 1), latent_dim=4, width=2).clip == 0.01


@pytest.mark.parametrize("clip", [0, -1.0, float("inf"), "0.1", None])
def test_a_limit_that_is_none(clip):
    with pytest.raises(ValueError, match="clip must be a number of at least 1e-06; received"):
        kgan.WGAN((8, 8, 1), latent_dim=4, width=2, clip=clip)
