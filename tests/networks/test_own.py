"""Networks of one's own in the place of a model's."""

import keras
import numpy as np
import pytest
from keras import layers

import kgan
from kgan.errors import UsageError
from kgan.networks import OwnNetworks


def networks(normalization=None, pack=1):
    generator = keras.Sequential(
        [keras.Input((8,)), layers.Dense(256, "tanh"), layers.Reshape((16, 16, 1))]
    )
    discriminator = keras.Sequential(
        [
            keras.Input((16, 16, pack)),
            layers.Flatten(),
            layers.Dense(8, "relu"),
            *([normalization()] if normalization else []),
            layers.Dense(1),
        ]
    )
    return generator, discriminator


def test_a_paper_trains_networks_of_ones_own(images):
    generator, discriminator = networks()
    gan = kgan.WGANGP(generator, discriminator, seed=3)
    assert gan.generator is generator and gan.discriminator is discriminator
    assert (gan.image_shape, gan.latent_dim, gan.seed) == ((16, 16, 1), 8, 3)
    gan.compile()
    assert gan.discriminator_steps == 5 and type(gan.penalties[0]) is kgan.penalties.GradientPenalty
    history = gan.fit(images, batch_size=20, verbose=0).history
    assert "gradient_penalty" in history


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"latent_dim": 30}, "latent_dim must be left out, since the networks have 8; received 30"),
        ({"image_shape": (64, 64, 3)}, r"image_shape must be left out.* \(16, 16, 1\)"),
    ],
)
def test_arguments_that_contradict_the_networks(change, message):
    generator, discriminator = networks()
    same = kgan.WGANGP(networks=OwnNetworks(generator, discriminator), latent_dim=8)
    assert same.latent_dim == 8
    with pytest.raises(UsageError, match=message):
        kgan.WGANGP(generator=generator, discriminator=discriminator, **change)


@pytest.mark.parametrize("form", ["keywords", "object"])
def test_other_ways_to_say_it(form):
    generator, discriminator = networks()
    if form == "keywords":
        gan = kgan.DCGAN(generator=generator, discriminator=discriminator)
    else:
        gan = kgan.DCGAN(networks=OwnNetworks(generator, discriminator))
    assert gan.generator is generator and gan.latent_dim == 8


def test_they_come_back_from_files_and_resume(images, tmp_path):
    gan = kgan.LSGAN(*networks())
    gan.compile()
    gan.fit(images, verbose=0, callbacks=[kgan.callbacks.Checkpoint(tmp_path / "checkpoints")])
    gan.save(tmp_path / "gan.keras")
    loaded = kgan.load_model(tmp_path / "gan.keras")
    assert type(loaded) is kgan.LSGAN
    np.testing.assert_array_equal(gan.generate(3, seed=1), loaded.generate(3, seed=1))
    # Keras numbers the layers' names anew, as in another process.
    twin = kgan.LSGAN(*networks())
    twin.compile()
    again = kgan.callbacks.Checkpoint(tmp_path / "checkpoints", resume=True)
    twin.fit(images, epochs=2, verbose=0, callbacks=[again])
    assert int(twin.training_seeds.step) == 2


@pytest.mark.slow
def test_packs_and_unrolling_of_ones_own_networks(images):
    for gan in (kgan.PacGAN(*networks(pack=2), pack=2), kgan.UnrolledGAN(*networks())):
        gan.compile()
        assert gan.fit(images, batch_size=16, verbose=0).history["generator_loss"][0] > 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: kgan.WGANGP(*networks(layers.BatchNormalization)),
            "discriminator must not have batch normalization for WGANGP, since the penalty",
        ),
        (
            lambda: kgan.WGAN(*networks(lambda: layers.SpectralNormalization(layers.Dense(8)))),
            "discriminator must not have spectral normalization for WGAN",
        ),
        (lambda: kgan.DCGAN(networks()[0]), "must be the first two arguments of DCGAN"),
        (lambda: kgan.DCGAN(*networks(), (16, 16, 1)), "and the others named"),
        (lambda: kgan.DCGAN(*networks(), width=8), "width must be left out"),
        (
            lambda: kgan.ConditionalGAN(*networks(), classes=3),
            "generator must have the inputs latent, label for this model; received latent",
        ),
        (lambda: kgan.SemiSupervisedGAN(*networks(), classes=3), "discriminator must have the out"),
        (lambda: kgan.BiGAN(*networks()), "discriminator must have the inputs image, latent"),
        (lambda: kgan.DCGAN(networks()[0], networks(pack=3)[1]), "discriminator must take what"),
    ],
)
def test_networks_that_do_not_fit_the_paper(make, message):
    with pytest.raises(UsageError, match=message):
        make()
