"""What every model answers: its size in two lines, its inputs by name, its files."""

import keras
import numpy as np
import pytest

import kgan
from kgan.errors import UsageError


def test_two_lines_say_what_a_model_is(labelled_gan, tiny_gan, images, make_gan):
    gan = make_gan()
    gan.fit(images, batch_size=16, verbose=0)
    for model in (labelled_gan, tiny_gan, gan):
        lines = repr(model).splitlines()
        assert len(lines) == 2 and max(map(len, lines)) <= 100 and str(model) == repr(model)
    assert repr(labelled_gan).startswith("<ConditionalGAN: latent 4, label 0..2 -> image 8x8x1;")
    assert repr(gan).endswith("; 4 steps>")
    count = f"{gan.generator.count_params():,}"
    assert f"generator {count}, discriminator" in repr(gan)
    translator = kgan.Pix2Pix(generator_network=kgan.networks.UNet(width=4, depth=2))
    assert repr(translator).startswith("<Pix2Pix: source ?x?x3 -> target ?x?x3;")


def test_predict_takes_what_generate_feeds(labelled_gan):
    inputs = labelled_gan.generator_inputs(6, seed=3, labels=[0, 1, 2, 2, 1, 0])
    expected = labelled_gan.generate(6, seed=3, labels=[0, 1, 2, 2, 1, 0])
    as_tuple = tuple(inputs[name] for name in labelled_gan.input_signature)
    for given in (inputs, as_tuple):
        np.testing.assert_allclose(labelled_gan.predict(given, verbose=0), expected, atol=1e-6)


@pytest.mark.parametrize("given", [(np.zeros((2, 4)),), {"latent": np.zeros((2, 4))}, (1, 2, 3)])
def test_inputs_that_are_not_all_there(labelled_gan, given):
    with pytest.raises(UsageError, match="inputs must hold latent, label: a dict by these names"):
        labelled_gan.inputs_by_name(given)


def test_a_global_policy_rounds_no_inputs():
    """The networks compute in it; what the model gives them stays float32."""
    given = []

    class Watching(kgan.DCGAN):
        def call(self, inputs, training=False):
            given.append(np.asarray(inputs))
            return super().call(inputs, training)

    keras.config.set_dtype_policy("mixed_float16")
    try:
        gan = Watching((8, 8, 1), latent_dim=4, width=2)
    finally:
        keras.config.set_dtype_policy("float32")
    assert gan.precision == "mixed_float16"
    latents = kgan.latent.sample(2, 4, 0)
    gan(latents)
    np.testing.assert_array_equal(given[0], latents)


def test_networks_of_networks_have_a_fingerprint_without_names():
    """Keras numbers layers anew for each model: the second one's have other names."""

    def fingerprint():
        image, score = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
        inner = keras.Model(image, keras.layers.Conv2D(1, 3, padding="same")(image))
        features = keras.layers.Flatten()(keras.layers.Add()([score, inner(score)]))
        discriminator = keras.Model(score, keras.layers.Dense(1)(features))
        latent = keras.Input((4,))
        made = keras.layers.Reshape((8, 8, 1))(keras.layers.Dense(64, "tanh")(latent))
        gan = kgan.GAN(keras.Model(latent, made), discriminator)
        gan.compile()
        return gan.fingerprint()

    assert fingerprint() == fingerprint()
