"""What `compile()` chooses where a paper only changes loss, penalty, optimizer or normalisation."""

import keras
import numpy as np
import pytest

import kgan
from kgan.layers import BatchNormalization, SpectralNormalization

ADAM = {"adam": (2e-4, 0.5, 0.999), "gp": (1e-4, 0.0, 0.9), "sn": (2e-4, 0.0, 0.9)}

# loss, penalties, critic updates, Adam (learning rate, β1, β2), the discriminator's normalisation
PAPERS = {
    "DCGAN": ("NonSaturating", [], 1, "adam", "batch"),
    "VanillaGAN": ("Minimax", [], 1, "adam", "none"),
    "LSGAN": ("LeastSquares", [], 1, "adam", "batch"),
    "RelativisticGAN": ("RelativisticAverage", [], 1, "adam", "batch"),
    "WGANGP": ("Wasserstein", ["GradientPenalty"], 5, "gp", "layer"),
    "DRAGAN": ("NonSaturating", ["DRAGAN"], 1, "adam", "layer"),
    "SNGAN": ("Hinge", [], 5, "sn", "spectral"),
}


def kinds(network):
    return [type(layer) for layer in network._flatten_layers(include_self=False)]


@pytest.mark.parametrize("name", PAPERS)
def test_the_defaults_of(name):
    loss, penalties, steps, adam, normalization = PAPERS[name]
    gan = getattr(kgan, name)((16, 16, 1), latent_dim=4, width=2)
    gan.compile()
    assert type(gan.two_player_loss).__name__ == loss
    assert [type(penalty).__name__ for penalty in gan.penalties] == penalties
    assert all(penalty.weight == 10.0 for penalty in gan.penalties)
    assert gan.discriminator_steps == steps
    for optimizer in (gan.generator_optimizer, gan.discriminator_optimizer):
        assert isinstance(optimizer, keras.optimizers.Adam)
        found = (float(optimizer.learning_rate), optimizer.beta_1, optimizer.beta_2)
        assert found == pytest.approx(ADAM[adam])
    assert (gan.networks.normalization or gan.networks.normalizations[0]) == normalization
    normalising = {
        "batch": BatchNormalization,
        "layer": keras.layers.GroupNormalization,
        "spectral": SpectralNormalization,
    }
    found = {key for key, kind in normalising.items() if kind in kinds(gan.discriminator)}
    assert found == {normalization} - {"none"}


@pytest.mark.parametrize("networks", ["dcgan", "resnet", "mlp"])
def test_sngan_normalises_every_kernel(networks):
    gan = kgan.SNGAN((16, 16, 1), latent_dim=4, width=2, networks=networks)
    layers = list(gan.discriminator._flatten_layers(include_self=False))
    inside = [layer.layer for layer in layers if isinstance(layer, SpectralNormalization)]
    kernels = [layer for layer in layers if hasattr(layer, "kernel")]
    assert kernels and {id(layer) for layer in kernels} == {id(layer) for layer in inside}


def test_the_forward_pass_and_the_generators_step_change_no_kernel_of_sngan(images):
    gan = kgan.SNGAN((16, 16, 1), latent_dim=4, width=2)
    gan.compile(
        discriminator_steps=1, discriminator_optimizer=keras.optimizers.SGD(0.0), run_eagerly=True
    )
    before = [variable.numpy() for variable in gan.discriminator.trainable_variables]
    generator = gan.generator.get_weights()
    vector = gan.discriminator.non_trainable_variables[0].numpy()
    gan.discriminate({"image": images[:16]}, training=True)
    gan.fit(images[:16], batch_size=16, verbose=0)
    for old, variable in zip(before, gan.discriminator.trainable_variables, strict=True):
        np.testing.assert_array_equal(old, variable)
    assert (generator[0] != gan.generator.get_weights()[0]).any()
    assert (vector != gan.discriminator.non_trainable_variables[0].numpy()).any()


def test_a_penalty_of_each_image_sees_no_other_image(images):
    """With layer normalisation a logit is that of its image alone, as WGAN-GP and DRAGAN ask."""
    for kind in (kgan.WGANGP, kgan.DRAGAN):
        network = kind((16, 16, 1), latent_dim=4, width=4).discriminator
        together = np.asarray(network(images[:4], training=True))
        alone = np.concatenate([network(images[i : i + 1], training=True) for i in range(4)])
        np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-6)
    network = kgan.DCGAN((16, 16, 1), latent_dim=4, width=4).discriminator
    together = np.asarray(network(images[:4], training=True))
    alone = np.concatenate([network(images[i : i + 1], training=True) for i in range(4)])
    assert np.abs(together - alone).max() > 1e-3


def test_unknown_normalisation_says_the_nearest():
    with pytest.raises(ValueError, match="normalization of MLP='spectrl' is unknown.*'spectral'"):
        kgan.VanillaGAN((8, 8, 1), normalization="spectrl")
    with pytest.raises(ValueError, match="normalization of R3GAN='batch' is unknown.*one of none"):
        kgan.R3GAN((8, 8, 1), width=2, normalization="batch")
    with pytest.raises(ValueError, match="networks='dcgn' is unknown.*Did you mean 'dcgan'"):
        kgan.LSGAN((8, 8, 1), networks="dcgn")


@pytest.mark.parametrize(
    ("kind", "refused"),
    [("WGAN", "spectral"), ("WGANGP", "batch"), ("DRAGAN", "batch"), ("R3GAN", "layer")],
)
def test_a_normalisation_that_would_undo_the_paper(kind, refused):
    with pytest.raises(
        ValueError,
        match=rf"normalization must be one of .*none.* for {kind}, since .*; received '{refused}'",
    ):
        getattr(kgan, kind)((8, 8, 1), width=2, networks="dcgan", normalization=refused)
