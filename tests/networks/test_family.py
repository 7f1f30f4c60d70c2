"""Conditions, heads and normalisations of every family, and what they refuse."""

import keras
import numpy as np
import pytest
from keras import layers

from kgan import networks
from kgan.layers import ConditionalBatchNormalization, SpectralNormalization
from kgan.networks import Condition

FAMILIES = tuple(networks.families)
SHAPE, LATENT, WIDTH = (8, 8, 1), 4, 2
LABEL, VECTOR = Condition("label", 3, 5), Condition("condition", 2)
IMAGES = np.random.RandomState(0).uniform(-1, 1, (4, *SHAPE)).astype("float32")
LATENTS = np.random.RandomState(1).normal(size=(4, LATENT)).astype("float32")
VALUES = {
    "label": np.array([0, 1, 2, 0], "int32"),
    "condition": np.random.RandomState(2).normal(size=(4, 2)).astype("float32"),
    "latent": LATENTS,
}


def test_get():
    assert FAMILIES == ("dcgan", "mlp", "r3gan", "resnet")
    for name in FAMILIES:
        assert networks.get(name).name == name
    with pytest.raises(ValueError, match="networks='resnt' is unknown.*Did you mean 'resnet'"):
        networks.get("resnt")
    with pytest.raises(ValueError, match=r"networks must be a short name \(dcgan, .*kgan.GAN\("):
        networks.get(keras.Sequential())


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("condition", [LABEL, VECTOR], ids=["label", "vector"])
def test_a_condition_enters_both_networks(name, condition):
    family = networks.get(name)
    given = {condition.name: VALUES[condition.name]}
    other = {condition.name: np.flip(VALUES[condition.name] + 0, 0)}
    width = 8 if name == "mlp" else WIDTH  # of two rectified units both may be dead
    generator = family.generator(SHAPE, LATENT, width, condition=condition)
    assert set(generator.input) == {"latent", condition.name}
    made = np.asarray(generator({"latent": LATENTS, **given}))
    assert made.shape == IMAGES.shape
    assert np.abs(made - np.asarray(generator({"latent": LATENTS, **other}))).max() > 1e-6
    for through in ("input", "projection", "joint"):
        discriminator = family.discriminator(SHAPE, WIDTH, condition=condition, through=through)
        assert set(discriminator.input) == {"image", condition.name}
        logits = np.asarray(discriminator({"image": IMAGES, **given}))
        assert logits.shape == (4, 1) and logits.dtype == "float32"
        apart = logits - np.asarray(discriminator({"image": IMAGES, **other}))
        assert np.abs(apart).max() > 1e-7


@pytest.mark.parametrize("name", FAMILIES)
def test_the_size_of_the_embedding_and_of_the_concatenation(name):
    family = networks.get(name)
    plain = family.generator(SHAPE, LATENT, WIDTH).count_params()
    longer = family.generator(SHAPE, LATENT + 5, WIDTH).count_params()
    embedded = family.generator(SHAPE, LATENT, WIDTH, condition=LABEL).count_params()
    assert embedded == longer + 3 * 5  # and no bias
    bare = family.generator(SHAPE, LATENT, WIDTH, condition=Condition("code", 5)).count_params()
    assert bare == longer > plain
    # In the discriminator a plane of 64 places beside the image.
    wider = family.discriminator((8, 8, 2), WIDTH).count_params()
    planed = family.discriminator(SHAPE, WIDTH, condition=LABEL).count_params()
    assert planed == wider + 3 * 5 + 5 * 64 + 64


@pytest.mark.parametrize("name", ["dcgan", "resnet"])
def test_a_condition_steers_the_normalisation(name):
    family = networks.get(name)
    plain = family.generator(SHAPE, LATENT, WIDTH)
    steered = family.generator(SHAPE, LATENT, WIDTH, condition=LABEL, through="normalization")
    steering = [x for x in steered.layers if isinstance(x, ConditionalBatchNormalization)]
    normal = [x for x in plain.layers if isinstance(x, layers.BatchNormalization)]
    assert 0 < len(steering) <= len(normal)
    assert steered.input["latent"].shape == (None, LATENT)  # nothing is concatenated
    for layer in steering:
        assert layer.scale.shape[0] == layer.shift.shape[0] == 3
    with pytest.raises(ValueError, match="no batch normalisation that a condition could steer"):
        networks.get("mlp").generator(
            SHAPE, LATENT, WIDTH, condition=LABEL, through="normalization"
        )


def test_joint_by_hand():
    """Dense layers of 128 on the latent, and on it beside the features."""
    network = networks.get("mlp").discriminator(
        SHAPE, WIDTH, condition=Condition("latent", LATENT), through="joint"
    )
    # The layers' order is that of the graph: tell them apart by their shapes.
    by_shape = {w.shape: w for w in network.get_weights() if w.ndim == 2}
    into, joined, last = by_shape[(4, 128)], by_shape[(WIDTH + 128, 128)], by_shape[(128, 1)]
    concatenation = next(x for x in network.layers if isinstance(x, layers.Concatenate))
    features = keras.Model(network.input, concatenation.input[0])
    pair = {"image": IMAGES, "latent": LATENTS}
    seen = np.asarray(features(pair))

    def leaky(x):
        return np.where(x > 0, x, 0.2 * x)

    hidden = leaky(np.concatenate([seen, leaky(LATENTS @ into)], 1) @ joined)  # fresh biases: 0
    np.testing.assert_allclose(network(pair), hidden @ last, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", FAMILIES)
def test_heads(name):
    heads = {"logit": (1,), "code": (7, 5)}
    network = networks.get(name).discriminator(SHAPE, WIDTH, heads=heads, features=True)
    outputs = network(IMAGES)
    assert {key: value.shape[1:] for key, value in outputs.items() if key != "features"} == {
        "logit": (1,),
        "code": (5,),
    }
    assert all(value.dtype == "float32" for value in outputs.values())
    layer = network.get_layer("logit")
    np.testing.assert_allclose(layer(outputs["features"]), outputs["logit"], rtol=1e-4, atol=1e-6)
    assert not isinstance(networks.get(name).discriminator(SHAPE, WIDTH).output, dict)


@pytest.mark.parametrize("through", ["input", "projection", "joint"])
def test_spectral_normalisation_leaves_no_layer_behind_the_features_free(through):
    heads = {"logit": (1,), "code": (7, 5)}
    network = networks.get("dcgan").discriminator(
        SHAPE, WIDTH, normalization="spectral", condition=VECTOR, through=through, heads=heads
    )
    free = [layer for layer in network.layers if isinstance(layer, (layers.Dense, layers.Conv2D))]
    # Only what makes a channel of the condition.
    assert len(free) == (1 if through == "input" else 0)


def test_the_projection_has_no_bias():
    """Equation 4 of arXiv:1802.05637: the logit is linear in the condition and an image's own."""
    network = networks.get("dcgan").discriminator(
        SHAPE, WIDTH, condition=VECTOR, through="projection"
    )
    nothing = np.zeros((4, 2), "float32")
    logits = [
        np.asarray(network({"image": IMAGES, "condition": vectors}))
        for vectors in (nothing, VALUES["condition"], 3 * VALUES["condition"])
    ]
    np.testing.assert_allclose(logits[2] - logits[0], 3 * (logits[1] - logits[0]), atol=1e-6)
    assert not [w for w in network.weights if "embedding" in w.path and "bias" in w.path]


@pytest.mark.parametrize("name", FAMILIES)
def test_the_layers_of_a_head_start_from_seeds_of_their_own(name):
    heads = {"code": (6, 6, 6)}
    network = networks.get(name).discriminator(SHAPE, WIDTH, heads=heads)
    kernels = [w.numpy() for w in network.trainable_weights if w.shape == (6, 6)]
    assert len(kernels) == 2 and not np.allclose(*kernels)


@pytest.mark.parametrize("name", FAMILIES)
def test_several_images_are_one(name):
    network = networks.get(name).discriminator(SHAPE, WIDTH, images=3)
    assert network.input_shape == (None, 8, 8, 3)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_normalisation_of_the_family_and_no_other(name):
    family = networks.get(name)
    for kind in ("batch", "layer", "spectral", "none"):
        if kind not in family.normalizations:
            with pytest.raises(ValueError, match=f"normalization of {name}='{kind}' is unknown"):
                family.discriminator(SHAPE, WIDTH, normalization=kind)
            continue
        network = family.discriminator((16, 16, 1), WIDTH, normalization=kind)
        found = {type(layer).__name__ for layer in network.layers}
        assert ("BatchNormalization" in found) == (kind == "batch")
        assert bool(found & {"GroupNormalization", "LayerNormalization"}) == (kind == "layer")
        assert ("SpectralNormalization" in found) == (kind == "spectral")
        if kind == "spectral":
            assert isinstance(network.get_layer("logit"), SpectralNormalization)
    assert family.normalization(None) == family.normalizations[0]


@pytest.mark.parametrize("name", FAMILIES)
def test_the_encoder_is_a_trunk_of_its_own(name):
    family = networks.get(name)
    encoder = family.encoder(SHAPE, 6, WIDTH)
    assert encoder(IMAGES).shape == (4, 6) and encoder(IMAGES).dtype == "float32"
    kernels = [
        {w.tobytes() for w in network.get_weights() if w.ndim > 1 and np.abs(w).max() > 0}
        for network in (encoder, family.discriminator(SHAPE, WIDTH))
    ]
    assert not kernels[0] & kernels[1]  # other initial weights
    assert SpectralNormalization not in map(type, encoder.layers)


@pytest.mark.parametrize("name", FAMILIES)
def test_conditional_networks_survive_saving(name, tmp_path):
    family = networks.get(name)
    steers = "normalization" if family.conditional else "input"
    generator = family.generator(SHAPE, LATENT, WIDTH, condition=LABEL, through=steers)
    discriminator = family.discriminator(
        SHAPE, WIDTH, condition=LABEL, through="projection", features=True
    )
    for network, inputs in ((generator, {"latent": LATENTS}), (discriminator, {"image": IMAGES})):
        inputs = {**inputs, "label": VALUES["label"]}
        network.save(tmp_path / "network.keras")
        again = keras.saving.load_model(tmp_path / "network.keras")
        for a, b in zip(
            keras.tree.flatten(network(inputs)), keras.tree.flatten(again(inputs)), strict=True
        ):
            np.testing.assert_array_equal(a, b)


def test_bad_arguments():
    family = networks.get("mlp")
    for through in ("projektion", "normalization", None):
        with pytest.raises(ValueError, match="through=.* is unknown; expected one of input, joint"):
            family.discriminator(SHAPE, WIDTH, condition=LABEL, through=through)
    with pytest.raises(ValueError, match="through='projection' is unknown; expected one of input,"):
        family.generator(SHAPE, LATENT, WIDTH, condition=LABEL, through="projection")
    with pytest.raises(ValueError, match="heads must hold 'logit'.*received code"):
        family.discriminator(
            SHAPE, WIDTH, condition=LABEL, through="projection", heads={"code": (3,)}
        )
    with pytest.raises(ValueError, match="images must be an integer of at least 1; received 0"):
        family.discriminator(SHAPE, WIDTH, images=0)
    with pytest.raises(ValueError, match="latent_dim must be an integer of at least 1"):
        family.generator(SHAPE, 0, WIDTH)
    with pytest.raises(ValueError, match="width must be an integer of at least 1"):
        family.encoder(SHAPE, 4, 0)
    with pytest.raises(ValueError, match="latent_dim must be an integer of at least 1"):
        family.encoder(SHAPE, 0, 4)
