"""Conditions, heads and normalisations of every family, and what they refuse."""

import keras
import numpy as np
import pytest
from keras import layers

from kgan.layers import ConditionalBatchNormalization, SpectralNormalization
from kgan.networks import architectures
from kgan.signature import Code, Image, Label, Latent, Signature, Vector

FAMILIES = tuple(sorted(architectures.classes))
SHAPE, LATENT, WIDTH = (8, 8, 1), 4, 2
LABEL, VECTOR = Label(3), Vector(2)
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
        assert type(architectures.get(name)).__name__.lower() == name
    with pytest.raises(ValueError, match="networks='resnt' is unknown.*Did you mean 'resnet'"):
        architectures.get("resnt")
    with pytest.raises(ValueError, match=r"networks must be a short name \(dcgan, .*Architecture"):
        architectures.get(keras.Sequential())


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("condition", [LABEL, VECTOR], ids=["label", "vector"])
def test_a_condition_enters_both_networks(name, condition):
    family = architectures.classes[name]
    given = {condition.name: VALUES[condition.name]}
    other = {condition.name: np.flip(VALUES[condition.name] + 0, 0)}
    width = 8 if name == "mlp" else WIDTH  # of two rectified units both may be dead
    generator = family(width).generator(Signature(Latent(LATENT), condition), Image(SHAPE))
    assert set(generator.input) == {"latent", condition.name}
    made = np.asarray(generator({"latent": LATENTS, **given}))
    assert made.shape == IMAGES.shape
    assert np.abs(made - np.asarray(generator({"latent": LATENTS, **other}))).max() > 1e-6
    for through in ("concatenation", "projection", "joint"):
        discriminator = family(WIDTH).discriminator(
            Signature(Image(SHAPE), condition), conditioning=through
        )
        assert set(discriminator.input) == {"image", condition.name}
        logits = np.asarray(discriminator({"image": IMAGES, **given}))
        assert logits.shape == (4, 1) and logits.dtype == "float32"
        apart = logits - np.asarray(discriminator({"image": IMAGES, **other}))
        assert np.abs(apart).max() > 1e-7


@pytest.mark.parametrize("name", FAMILIES)
def test_the_size_of_the_embedding_and_of_the_concatenation(name):
    family = architectures.classes[name]
    plain = family(WIDTH).generator(Signature(Latent(LATENT)), Image(SHAPE)).count_params()
    longer = family(WIDTH).generator(Signature(Latent(LATENT + 64)), Image(SHAPE)).count_params()
    embedded = (
        family(WIDTH).generator(Signature(Latent(LATENT), LABEL), Image(SHAPE)).count_params()
    )
    assert embedded == longer + 3 * 64  # and no bias
    bare = (
        family(WIDTH)
        .generator(Signature(Latent(LATENT), Code(categorical=(64,))), Image(SHAPE))
        .count_params()
    )
    assert bare == longer > plain
    # In the discriminator a plane of 64 places beside the image.
    wider = family(WIDTH).discriminator(Signature(Image((8, 8, 2)))).count_params()
    planed = family(WIDTH).discriminator(Signature(Image(SHAPE), LABEL)).count_params()
    assert planed == wider + 3 * 64 + 64 * 64 + 64


@pytest.mark.parametrize("name", ["dcgan", "resnet"])
def test_a_condition_modulates_the_normalisation(name):
    family = architectures.classes[name]
    plain = family(WIDTH).generator(Signature(Latent(LATENT)), Image(SHAPE))
    modulated = family(WIDTH).generator(
        Signature(Latent(LATENT), LABEL), Image(SHAPE), conditioning="modulation"
    )
    conditional = [x for x in modulated.layers if isinstance(x, ConditionalBatchNormalization)]
    normal = [x for x in plain.layers if isinstance(x, layers.BatchNormalization)]
    assert 0 < len(conditional) <= len(normal)
    assert modulated.input["latent"].shape == (None, LATENT)  # nothing is concatenated
    for layer in conditional:
        assert layer.scale.shape[0] == layer.shift.shape[0] == 3
    with pytest.raises(ValueError, match="needs batch normalization, which the generator of MLP"):
        architectures.classes["mlp"](WIDTH).generator(
            Signature(Latent(LATENT), LABEL), Image(SHAPE), conditioning="modulation"
        )


def test_joint_by_hand():
    """Dense layers of 128 on the latent, and on it beside the features."""
    network = architectures.classes["mlp"](WIDTH).discriminator(
        Signature(Image(SHAPE), Latent(LATENT)), conditioning="joint"
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
    network = architectures.classes[name](WIDTH).discriminator(
        Signature(Image(SHAPE)), heads=heads, features=True
    )
    outputs = network(IMAGES)
    assert {key: value.shape[1:] for key, value in outputs.items() if key != "features"} == {
        "logit": (1,),
        "code": (5,),
    }
    assert all(value.dtype == "float32" for value in outputs.values())
    layer = network.get_layer("logit")
    np.testing.assert_allclose(layer(outputs["features"]), outputs["logit"], rtol=1e-4, atol=1e-6)
    assert not isinstance(
        architectures.classes[name](WIDTH).discriminator(Signature(Image(SHAPE))).output, dict
    )


@pytest.mark.parametrize("through", ["concatenation", "projection", "joint"])
def test_spectral_normalisation_leaves_no_layer_behind_the_features_free(through):
    heads = {"logit": (1,), "code": (7, 5)}
    network = architectures.classes["dcgan"](WIDTH, normalization="spectral").discriminator(
        Signature(Image(SHAPE), VECTOR), heads=heads, conditioning=through
    )
    free = [layer for layer in network.layers if isinstance(layer, (layers.Dense, layers.Conv2D))]
    # Only what embeds the condition and makes a channel of it.
    assert len(free) == (2 if through == "concatenation" else 0)


def test_the_projection_has_no_bias():
    """Equation 4 of arXiv:1802.05637: the logit is linear in the condition and an image's own."""
    network = architectures.classes["dcgan"](WIDTH).discriminator(
        Signature(Image(SHAPE), VECTOR), conditioning="projection"
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
    network = architectures.classes[name](WIDTH).discriminator(Signature(Image(SHAPE)), heads=heads)
    kernels = [w.numpy() for w in network.trainable_weights if w.shape == (6, 6)]
    assert len(kernels) == 2 and not np.allclose(*kernels)


@pytest.mark.parametrize("name", FAMILIES)
def test_several_images_are_one(name):
    network = architectures.classes[name](WIDTH).discriminator(Signature(Image(SHAPE)), pack=3)
    assert network.input_shape == (None, 8, 8, 3)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_normalisation_of_the_family_and_no_other(name):
    family = architectures.classes[name]
    for kind in ("batch", "layer", "spectral", "none"):
        if kind not in family.normalizations:
            with pytest.raises(
                ValueError, match=f"normalization of {family.__name__}='{kind}' is unknown"
            ):
                family(WIDTH, normalization=kind).discriminator(Signature(Image(SHAPE)))
            continue
        network = family(WIDTH, normalization=kind).discriminator(Signature(Image((16, 16, 1))))
        found = {type(layer).__name__ for layer in network.layers}
        assert ("BatchNormalization" in found) == (kind == "batch")
        assert bool(found & {"GroupNormalization", "LayerNormalization"}) == (kind == "layer")
        assert ("SpectralNormalization" in found) == (kind == "spectral")
        if kind == "spectral":
            assert isinstance(network.get_layer("logit"), SpectralNormalization)
    assert family().normalization is None


@pytest.mark.parametrize("name", FAMILIES)
def test_the_encoder_is_a_trunk_of_its_own(name):
    family = architectures.classes[name]
    encoder = family(WIDTH).encoder(Signature(Image(SHAPE)), Latent(6))
    assert encoder(IMAGES).shape == (4, 6) and encoder(IMAGES).dtype == "float32"
    kernels = [
        {w.tobytes() for w in network.get_weights() if w.ndim > 1 and np.abs(w).max() > 0}
        for network in (encoder, family(WIDTH).discriminator(Signature(Image(SHAPE))))
    ]
    assert not kernels[0] & kernels[1]  # other initial weights
    assert SpectralNormalization not in map(type, encoder.layers)


@pytest.mark.parametrize("name", FAMILIES)
def test_conditional_networks_survive_saving(name, tmp_path):
    family = architectures.classes[name]
    conditioning = "modulation" if family.modulated else "concatenation"
    generator = family(WIDTH).generator(
        Signature(Latent(LATENT), LABEL), Image(SHAPE), conditioning=conditioning
    )
    discriminator = family(WIDTH).discriminator(
        Signature(Image(SHAPE), LABEL), features=True, conditioning="projection"
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
    family = architectures.classes["mlp"]
    for through in ("projektion", "modulation", None):
        with pytest.raises(
            ValueError, match="conditioning=.* is unknown; expected one of concatenation, joint"
        ):
            family(WIDTH).discriminator(Signature(Image(SHAPE), LABEL), conditioning=through)
    with pytest.raises(
        ValueError, match="conditioning='projection' is unknown; expected one of conc"
    ):
        family(WIDTH).generator(
            Signature(Latent(LATENT), LABEL), Image(SHAPE), conditioning="projection"
        )
    with pytest.raises(ValueError, match="heads must hold 'logit'.*received code"):
        family(WIDTH).discriminator(
            Signature(Image(SHAPE), LABEL), heads={"code": (3,)}, conditioning="projection"
        )
    with pytest.raises(ValueError, match="pack must be an integer of at least 1; received 0"):
        family(WIDTH).discriminator(Signature(Image(SHAPE)), pack=0)
    with pytest.raises(ValueError, match="width must be an integer of at least 1"):
        family(0)
    with pytest.raises(ValueError, match="inputs must hold an Image"):
        family(2).encoder(Signature(Latent(3)), Latent(4))
