"""BiGAN: pairs of image and latent, the sides exchanged for the generator's player."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan

SIZES = {"image_shape": (8, 8, 1), "latent_dim": 4, "width": 2}
IMAGES = np.random.RandomState(0).uniform(-1, 1, (6, 8, 8, 1)).astype("float32")
SGD = {
    f"{player}_optimizer": keras.optimizers.SGD(0.1) for player in ("generator", "discriminator")
}


def bigan(networks="mlp", ema=None, **compile_arguments):
    gan = kgan.BiGAN(**SIZES, networks=networks, ema_halflife_images=ema)
    gan.compile(run_eagerly=True, **compile_arguments)
    return gan


@pytest.mark.parametrize(
    "loss",
    ["non_saturating", "wasserstein", "hinge", kgan.losses.LeastSquares(label_smoothing=0.3)],
)
def test_one_step_equals_the_step_by_hand(loss):
    gan, mirror = bigan(loss=loss, **SGD), bigan(loss=loss)
    generator, encoder, judge = mirror.generator, mirror.encoder, mirror.discriminator
    formula = mirror.two_player_loss.discriminator
    # Smoothing is the discriminator's alone.
    exchanged = kgan.losses.LeastSquares() if not isinstance(loss, str) else mirror.two_player_loss
    gan.training_seeds.begin_step()
    latents = keras.random.normal((6, 4), seed=gan.training_seeds)
    gan.fit(IMAGES, batch_size=6, verbose=0)

    def logits():
        real = judge({"image": reals, "latent": encoder(reals)})
        return real, judge({"image": generator(latents), "latent": latents})

    def descend(networks, value_of):
        variables = [v for network in networks for v in network.trainable_variables]
        with tf.GradientTape() as tape:
            value = value_of()
        gradients = tape.gradient(value, [variable.value for variable in variables])
        for variable, gradient in zip(variables, gradients, strict=True):
            variable.assign_sub(0.1 * gradient)

    reals = next(iter(kgan.data.load(IMAGES, batch_size=6, seed=0)))
    descend([judge], lambda: formula(*logits()))
    descend([generator, encoder], lambda: exchanged.discriminator(*reversed(logits())))
    for name, network in gan.networks_by_name.items():
        for a, b in zip(network.get_weights(), getattr(mirror, name).get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-6, err_msg=name)
    before = bigan().encoder.get_weights()
    assert all((a != b).any() for a, b in zip(before, gan.encoder.get_weights(), strict=True))


def test_the_averaged_encoder_follows():
    gan = bigan(ema=1.0)
    gan.fit(IMAGES, batch_size=6, verbose=0)
    assert gan.averaged_encoder is not gan.encoder
    for a, b in zip(gan.averaged_encoder.weights, gan.encoder.weights, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)  # the first step copies
    for name in ("generator", "encoder"):
        assert len(gan.state()[f"averages/{name}"]) == len(getattr(gan, name).weights)


@pytest.mark.filterwarnings("error:The structure of `inputs`")
@pytest.mark.parametrize("networks", ["dcgan", "resnet", "mlp", "r3gan"])
def test_encode_features_reconstruct(networks):
    gan = bigan(networks, ema=10.0)
    latents = gan.encode(IMAGES, batch_size=4)
    assert latents.shape == (6, 4) and latents.dtype == np.float32
    np.testing.assert_allclose(latents, gan.averaged_encoder(IMAGES), rtol=1e-4, atol=1e-5)
    again = gan.reconstruct(IMAGES, batch_size=4)
    assert again.shape == IMAGES.shape and again.dtype == np.float32
    np.testing.assert_allclose(again, gan.averaged_generator(latents), rtol=1e-4, atol=1e-5)
    features = gan.features(IMAGES, batch_size=4)
    np.testing.assert_allclose(
        gan.averaged_encoder.layers[-1](features), latents, rtol=1e-4, atol=1e-5
    )


def test_the_discriminator_needs_both_of_a_pair():
    gan = bigan()
    latents = gan.encode(IMAGES)
    plain = np.asarray(gan.discriminator({"image": IMAGES, "latent": latents}))
    for pair in ({"image": -IMAGES, "latent": latents}, {"image": IMAGES, "latent": latents + 1}):
        assert np.abs(plain - np.asarray(gan.discriminator(pair))).max() > 1e-3


def test_bad_input():
    gan = kgan.BiGAN(**SIZES, networks="mlp")
    with pytest.raises(
        ValueError,
        match=r"penalties must be \(\).*received \[R1\(weight=10.0, inter.*1\)\]. Use norm",
    ):
        gan.compile(penalties=["r1"])
    assert not gan.compiled  # a refused choice chooses nothing
    for ask in (gan.encode, gan.features, gan.reconstruct):
        with pytest.raises(ValueError, match=r"images must have the shape \(batch, 8, 8, 1\)"):
            ask(np.zeros((2, 16, 16, 1), "float32"))
        with pytest.raises(ValueError, match="images must be float32 in .* received uint8"):
            ask(np.zeros((2, 8, 8, 1), "uint8"))
        with pytest.raises(ValueError, match="images must be finite"):
            ask(np.full((2, 8, 8, 1), np.nan, "float32"))
        with pytest.raises(ValueError, match="images must hold pixels"):
            ask(IMAGES[:0])
        with pytest.raises(ValueError, match="batch_size must be an integer of at least 1"):
            ask(IMAGES, batch_size=0)
