import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.errors import UsageError
from kgan.export.signature import Serving


def test_every_variable_is_tracked_once(gan):
    serving = Serving(gan)
    assert len(serving.variables) == len(gan.averaged_generator.variables)
    assert len({variable.ref() for variable in serving.variables}) == len(serving.variables)


def test_the_reference_is_the_averaged_generator(gan):
    from kgan import latent

    images = Serving(gan).reference({"latent": latent.sample(4, 8, seed=7)})["image"]
    assert abs(images - gan.generate(4, seed=7)).max() < 1e-5
    assert abs(images - gan.generator(latent.sample(4, 8, seed=7))).numpy().max() > 0.01


def test_mixed_precision_serves_float32(mixed_gan):
    serving = Serving(mixed_gan)
    assert {variable.dtype.name for variable in serving.variables} == {"float32"}
    assert serving.serve.get_concrete_function().structured_outputs["image"].dtype == "float32"


def test_something_else_than_a_gan_is_refused(gan):
    with pytest.raises(UsageError, match=r"gan must be a model of kgan, .*; received Functional"):
        Serving(gan.generator)


@pytest.mark.parametrize(
    ("kind", "arguments", "expected"),
    [
        (kgan.DCGAN, {}, {"latent": ("float32", (4,))}),
        (
            kgan.ConditionalGAN,
            {"condition_dim": 6},
            {"latent": ("float32", (4,)), "condition": ("float32", (6,))},
        ),
        (
            kgan.InfoGAN,
            {"categorical": [3, 2], "continuous": 1},
            {"latent": ("float32", (4,)), "code": ("float32", (6,))},
        ),
    ],
)
def test_the_inputs_are_the_generators(make_stirred, kind, arguments, expected):
    serving = Serving(make_stirred(kind, **arguments))
    specs = {name: (spec.dtype.name, tuple(spec.shape)) for name, spec in serving.specs.items()}
    assert specs == {name: (dtype, (None, *shape)) for name, (dtype, shape) in expected.items()}
    examples = serving.examples(3)
    assert list(examples) == list(expected)
    for name, (dtype, shape) in expected.items():
        assert (examples[name].dtype, examples[name].shape) == (dtype, (3, *shape))
    # By position or by name, and as the model itself.
    expected = serving.reference(examples)
    for images in (serving.serve(*examples.values()), serving.serve(**examples)):
        np.testing.assert_allclose(images["image"], expected["image"], atol=1e-5)


def test_labels_are_integers_and_the_examples_reach_from_the_first_class_to_the_last(conditional):
    serving = Serving(conditional)
    assert serving.specs["label"] == tf.TensorSpec((None,), tf.int32, "label")
    label = serving.examples(3)["label"]
    assert (label.dtype, label.tolist()) == (np.int32, [2, 1, 0])


def test_a_dict_of_the_latent_alone_is_served(gan):
    import keras

    latents = keras.Input((4,), name="latent")
    image = keras.layers.Reshape((16, 16, 1))(keras.layers.Dense(256, "tanh")(latents))
    generator = keras.Model({"latent": latents}, image)
    serving = Serving(kgan.GAN(generator, gan.discriminator))
    examples = serving.examples(2)
    assert list(examples) == ["latent"]
    np.testing.assert_allclose(serving.serve(**examples)["image"], generator(examples), atol=1e-6)
