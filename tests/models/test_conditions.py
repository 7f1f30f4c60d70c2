"""Labels and conditions that do not fit, each refused before any step, with the fix."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import kgan
from kgan.networks import MLP
from kgan.signature import Code, Image, Label, Latent, Signature, Vector

SIZES = {"image_shape": (8, 8, 1), "latent_dim": 4, "width": 2, "networks": "mlp"}
RANDOM = np.random.RandomState(0)
IMAGES = RANDOM.uniform(-1, 1, (24, 8, 8, 1)).astype("float32")
LABELS = np.arange(24, dtype="int32") % 3
VECTORS = RANDOM.normal(size=(24, 2)).astype("float32")


@pytest.fixture(scope="module")
def gans():
    found = {
        "classes": kgan.ConditionalGAN(classes=3, **SIZES),
        "vectors": kgan.ConditionalGAN(condition_dim=2, **SIZES),
        "plain": kgan.DCGAN(**SIZES),
        "info": kgan.InfoGAN(categorical=(3,), continuous=1, **SIZES),
        "semi": kgan.SemiSupervisedGAN(classes=3, **SIZES),
        "acgan": kgan.ACGAN(classes=3, **SIZES),
    }
    for gan in found.values():
        gan.compile(run_eagerly=True)
    return found


def batches(*parts):
    return tf.data.Dataset.from_tensor_slices(parts).batch(8, drop_remainder=True)


def loaded(*parts):
    return kgan.data.load(parts, batch_size=8, labels=True)


def with_one(array, place, value):
    array = array.copy()
    array[place] = value
    return array


ARRAYS = [
    ("classes", LABELS - 1, r"labels must be 0 to 2, one of 3 .* -1 to 1\. .*SemiSupervisedGAN"),
    ("classes", LABELS + 1, r"labels must be 0 to 2, one of 3 classes.* to 3\. Build the model w"),
    ("acgan", with_one(LABELS, 5, 3), r"labels must be 0 to 2.* 0 to 3\. Build the model with mor"),
    ("acgan", with_one(LABELS, 5, -1), r"labels must be 0 to 2.* -1 to 2\. Leave out images witho"),
    ("classes", LABELS.astype("float32"), r"labels must be integers.* float32\. Use np.unique"),
    ("classes", np.eye(3)[LABELS], r"labels must have the shape \(24,\).*received \(24, 3\)"),
    ("classes", LABELS[:, None], r"received \(24, 1\)\. Use labels.reshape\(-1\)"),
    ("classes", LABELS[:-1], r"labels must have the shape \(24,\), one per image; received \(23"),
    ("classes", LABELS == 1, r"labels must be integers.*received bool"),
    ("vectors", VECTORS[:, :1], r"conditions must be .* \(24, 2\).*received the shape \(24, 1\)"),
    ("vectors", VECTORS[:-1], r"conditions must be .* \(24, 2\).*received the shape \(23, 2\)"),
    ("vectors", with_one(VECTORS, (9, 1), np.nan), r"conditions must be finite.* with NaN or infi"),
    ("vectors", with_one(VECTORS, (9, 1), np.inf), r"conditions must be finite.* with NaN or infi"),
    ("vectors", LABELS, r"conditions must be .* \(24, 2\).*received the shape \(24,\)"),
    ("plain", LABELS, r"x must hold images alone for DCGAN, which knows no classes.*labels=True"),
    ("info", LABELS, r"x must hold images alone for InfoGAN, which knows no classes.*labels=True"),
]


@pytest.mark.parametrize(("model", "condition", "message"), ARRAYS)
def test_arrays(gans, model, condition, message):
    gan = gans[model]
    before = gan.generator.get_weights()
    for ask in (gan.fit, gan.evaluate):
        with pytest.raises(ValueError, match=message):
            ask((IMAGES, condition), batch_size=8, verbose=0)
    for a, b in zip(before, gan.generator.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("model", "condition", "message"),
    [
        ("classes", LABELS - 1, "labels must be 0 to 2"),
        ("classes", LABELS.astype("float32"), "labels must be integers"),
        ("classes", np.eye(3)[LABELS], r"labels must have the shape \(8,\)"),
        ("vectors", VECTORS[:, :1], r"conditions must be finite numbers of the shape \(8, 2\)"),
        ("vectors", with_one(VECTORS, 0, np.nan), "conditions must be finite"),
        ("plain", LABELS, r"dataset.map\(lambda image, label: image\)"),
        (
            "semi",
            LABELS - 2,
            r"labels must be 0 to 2, one of 3 classes, or -1 for an image without",
        ),
    ],
)
def test_data_sets(gans, model, condition, message):
    for ask in (gans[model].fit, gans[model].evaluate):
        with pytest.raises(ValueError, match=message):
            ask(batches(IMAGES, condition), verbose=0)
    with pytest.raises(ValueError, match=message.replace("x must", "validation_data must")):
        gans[model].fit(good(model), validation_data=batches(IMAGES, condition), verbose=0)


def good(model, images=IMAGES):
    parts = {"vectors": (images, VECTORS), "plain": (images,), "info": (images,)}
    dataset = batches(*parts.get(model, (images, LABELS)))
    return dataset.map(lambda image: image) if model in ("plain", "info") else dataset


@pytest.mark.parametrize(
    ("model", "value", "message"),
    [
        (
            "classes",
            3,
            r"^labels must be 0 to 2 in every batch; received values from 0 to 3\. Build the mod",
        ),
        ("classes", -1, "^labels must be 0 to 2 in every batch; received values from -1 to 2"),
        ("semi", -2, "^labels must be -1 to 2 in every batch; received values from -2 to 2"),
    ],
)
def test_a_label_out_of_range_in_a_later_batch(gans, model, value, message):
    """An embedding would take it in silence."""
    dataset = batches(IMAGES, with_one(LABELS, 20, value))
    for ask in (gans[model].fit, gans[model].evaluate):
        with pytest.raises(ValueError, match=message):
            ask(dataset, verbose=0)


@pytest.mark.parametrize(
    ("model", "value", "message"),
    [
        ("plain", np.nan, "^images must be finite numbers, -1 to 1, .* nan to nan"),
        ("plain", -np.inf, "^images must be finite numbers, -1 to 1, in every batch"),
        ("classes", 200, r"^images must be .* to 200\. From 0 to 255, use images / 127.5 - 1"),
        ("vectors", -1.5, r"^images must be .* received values from -1\.5 to 0?\.\d+\. From"),
    ],
)
def test_an_image_out_of_range_in_a_later_batch(gans, model, value, message):
    with pytest.raises(ValueError, match=message):
        gans[model].fit(good(model, with_one(IMAGES, (20, 3, 3, 0), value)), verbose=0)
    assert all(np.isfinite(weight).all() for weight in gans[model].generator.get_weights())


def test_a_condition_that_is_no_number_in_a_later_batch(gans):
    dataset = batches(IMAGES, with_one(VECTORS, (20, 1), np.nan))
    with pytest.raises(ValueError, match="^conditions must be finite numbers in every batch"):
        gans["vectors"].fit(dataset, verbose=0)


def test_no_batches(gans):
    with pytest.raises(ValueError, match="x must hold batches; received an empty tf.data.Dataset"):
        gans["plain"].fit(good("plain").take(0), steps_per_epoch=1, verbose=0)


def test_labels_that_are_all_hidden_name_no_class_count(gans):
    hidden = np.full_like(LABELS, -1)
    gans["semi"].fit((IMAGES, hidden), batch_size=8, verbose=0)


def test_unlabelled_images_are_for_semi_supervised_gans_alone(gans):
    hidden = with_one(LABELS, slice(4, None), -1)
    for data in ((IMAGES, hidden), loaded(IMAGES, hidden), batches(IMAGES, hidden)):
        with pytest.raises(ValueError, match="labels must be 0 to 2.*SemiSupervisedGAN"):
            gans["classes"].fit(
                data, verbose=0, **({"batch_size": 8} if type(data) is tuple else {})
            )
    gans["semi"].fit(loaded(IMAGES, hidden), verbose=0)


def test_images_alone_for_a_model_with_a_condition(gans):
    for model, parts in (("classes", "labels"), ("semi", "labels"), ("vectors", "conditions")):
        expected = rf"x must hold batches \(images, {parts}\) for .*received images alone"
        for data, size in ((IMAGES, 8), (kgan.data.load(IMAGES, batch_size=8), None)):
            with pytest.raises(ValueError, match=expected):
                gans[model].fit(data, batch_size=size, verbose=0)


def test_a_number_of_parts_that_no_model_takes(gans):
    three = batches(IMAGES, LABELS, LABELS)
    with pytest.raises(
        ValueError, match=r"x must hold batches \(images, labels\).*received 3 parts"
    ):
        gans["classes"].fit(three)
    named = batches(IMAGES, LABELS).map(lambda image, label: {"image": image, "label": label})
    with pytest.raises(ValueError, match=r"x must hold batches \(images, labels\).* a dict"):
        gans["classes"].fit(named)


def test_labels_loaded_for_a_model_of_vectors(gans):
    with pytest.raises(
        ValueError, match=r"x must hold batches \(images, conditions\).*condition_dim"
    ):
        gans["vectors"].fit(loaded(IMAGES, LABELS), verbose=0)


def test_more_classes_than_the_labels_of_arrays(gans):
    labels = LABELS % 2
    for model in ("classes", "semi", "acgan"):
        with pytest.raises(
            ValueError, match=r"x has 2 classes, but .* classes=3; build it with classes=2, or pass"
        ):
            gans[model].fit((IMAGES, labels), batch_size=8)
        gans[model].evaluate((IMAGES, labels), batch_size=8, verbose=0)  # some may be missing here


def test_another_number_of_classes_than_the_data_has():
    gan = kgan.ConditionalGAN(**{**SIZES, "image_shape": (28, 28, 1)}, classes=3)
    gan.compile()
    garments = kgan.data.load("fashion_mnist", labels=True)
    with pytest.raises(
        ValueError, match="x has 10 classes, but ConditionalGAN .* classes=3; build"
    ):
        gan.fit(garments)
    with pytest.raises(ValueError, match="validation_data has 10 classes"):
        gan.fit(
            (np.zeros((8, 28, 28, 1), "float32"), LABELS[:8]),
            batch_size=8,
            validation_data=garments,
        )


def test_updates_that_do_not_divide_the_batch(gans):
    gan = kgan.WGAN(**SIZES)
    gan.compile()
    with pytest.raises(
        ValueError, match=r"24 images must divide into 5 parts \(disc.*batch_size=20"
    ):
        gan.fit(IMAGES, batch_size=24)


@pytest.mark.parametrize(
    ("model", "arguments", "message"),
    [
        ("classes", {"labels": [0, 3]}, r"labels must be 0 to 2, one of 3 classes; .* from 0 to 3"),
        (
            "classes",
            {"labels": [-1]},
            r"labels must be 0 to 2, one of 3 classes; .* from -1 to -1\. Ask",
        ),
        ("classes", {"labels": [0.5]}, r"labels must be integers.* received float64\.$"),
        ("classes", {"labels": ["a"]}, "labels must be integers"),
        ("classes", {"labels": 1}, r"labels must have the shape \(1,\), .* received \(\)\.$"),
        ("classes", {"labels": [], "n": 2}, r"labels must have the shape \(2,\).*received \(0,\)"),
        ("classes", {"labels": []}, "n must be an integer of at least 1; received 0"),
        ("classes", {"labels": [0, 1], "n": 3}, r"labels must have the shape \(3,\).*\(2,\)"),
        ("classes", {}, "n must be an integer of at least 1; received None"),
        ("classes", {"n": 2, "conditions": VECTORS[:2]}, "conditions must be None, since Condit"),
        ("classes", {"n": 2, "codes": VECTORS[:2]}, "codes must be None, since ConditionalGAN"),
        ("vectors", {"n": 2}, r"conditions must be given: an array \(2, 2\), since the generator"),
        ("vectors", {"n": 2, "labels": [0, 1]}, "labels must be None, since ConditionalGAN"),
        ("vectors", {"conditions": VECTORS[:2, :1]}, r"conditions must be .* \(2, 2\).* \(2, 1\)"),
        ("vectors", {"conditions": VECTORS * np.nan}, "conditions must be finite"),
        ("vectors", {"n": 2, "conditions": VECTORS}, r"conditions must be .* \(2, 2\).*\(24, 2\)"),
        ("plain", {"labels": [0, 1]}, "labels must be None, since DCGAN takes no labels"),
        ("acgan", {"labels": np.array([0, 9])}, "labels must be 0 to 2"),
    ],
)
def test_generate(gans, model, arguments, message):
    with pytest.raises(ValueError, match=message):
        gans[model].generate(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "classes or condition_dim must be given, one of them.*received None and None"),
        ({"classes": 3, "condition_dim": 2}, "classes or condition_dim .*received 3 and 2"),
        ({"classes": 1}, "classes must be an integer of at least 2; received 1"),
        ({"classes": 3.0}, "classes must be an integer of at least 2; received 3.0"),
        ({"condition_dim": 0}, "condition_dim must be an integer of at least 1; received 0"),
        ({"classes": 3, "conditioning": "proj"}, "conditioning='proj' is .*mean 'projection'"),
        ({"classes": 3, "networks": "mpl"}, "networks='mpl' is unknown.*Did you mean 'mlp'"),
        ({"classes": 3, "networks": None}, r"networks must be a short name .*kgan.GAN\("),
        ({"classes": 3, "normalization": "batch"}, "normalization of MLP='batch' is unknown"),
        ({"classes": 3, "width": 0}, "width must be an integer of at least 1; received 0"),
        ({"classes": 3, "latent_dim": 0}, "latent_dim must be an integer of at least 1"),
        ({"classes": 3, "seed": -1}, "seed must be an integer, 0 to 2147483647; received -1"),
        ({"classes": 3, "dtype": "float16"}, "dtype='float16' is unknown.*mixed_float16"),
        ({"classes": 3, "image_shape": (8, 8)}, r"image_shape must be \(height, width, channels\)"),
        ({"classes": 3, "ema_halflife_images": 0}, "ema_halflife_images must be a number"),
    ],
)
def test_constructor(arguments, message):
    with pytest.raises(ValueError, match=message):
        kgan.ConditionalGAN(**{**SIZES, **arguments})


def test_networks_whose_sides_would_lack_something():
    """Said when the model is built: in the step it would be a KeyError in a graph."""
    generator, discriminator = (
        MLP(2).generator(Signature(Latent(4)), Image((8, 8, 1))),
        MLP(2).discriminator(Signature(Image((8, 8, 1)))),
    )
    with pytest.raises(ValueError, match=r"discriminator must take .* \(8, 8, 1\); .* \(8, 8, 2\)"):
        kgan.GAN(generator, MLP(2).discriminator(Signature(Image((8, 8, 1))), pack=2))
    with pytest.raises(
        ValueError, match="discriminator must have one tensor or a dict with 'logit'"
    ):
        kgan.GAN(
            generator,
            MLP(2).discriminator(Signature(Image((8, 8, 1))), heads={"a": (1,), "b": (1,)}),
        )
    asking = MLP(2).discriminator(Signature(Image((8, 8, 1)), Label(3)))
    with pytest.raises(ValueError, match="discriminator must not have an input 'label' that the g"):
        kgan.GAN(generator, asking)
    coded = MLP(2).generator(Signature(Latent(4), Code(categorical=(3,))), Image((8, 8, 1)))
    with pytest.raises(
        ValueError, match="generator must not have an input 'code'.*Write a subclass"
    ):
        kgan.GAN(coded, discriminator)
    joint = MLP(2).discriminator(Signature(Image((8, 8, 1)), Latent(4)), conditioning="joint")
    with pytest.raises(
        ValueError, match="discriminator must not have an input 'latent'.*`encode_real`"
    ):
        kgan.GAN(generator, joint)
    vectors = MLP(2).generator(Signature(Latent(4), Vector(2)), Image((8, 8, 1)))
    labelled = MLP(2).discriminator(Signature(Image((8, 8, 1)), Label(3)))
    with pytest.raises(ValueError, match="must take a label or a condition; received both"):
        kgan.GAN(vectors, labelled)
    image, other = keras.Input((8, 8, 1)), keras.Input((2,))
    score = layers.Dense(1)(layers.Concatenate()([layers.Flatten()(image), other]))
    named = keras.Model({"image": image, "text": other}, score)
    with pytest.raises(ValueError, match="discriminator must have inputs named 'image' and any of"):
        kgan.GAN(generator, named)


def test_an_input_of_another_name_comes_with_the_data():
    text, style = Vector(3, "text"), Label(2, "style")
    gan = kgan.GAN(
        MLP(8).generator(Signature(Latent(4), text, style), Image((8, 8, 1))),
        MLP(8).discriminator(Signature(Image((8, 8, 1)), text)),
    )
    assert list(gan.input_signature) == ["latent", "text", "style"]
    assert list(gan.batch_signature) == ["image", "text", "style"]
    gan.compile(run_eagerly=True)
    texts, styles = np.eye(3, dtype="float32")[LABELS], LABELS % 2
    gan.fit((IMAGES, texts, styles), batch_size=8, verbose=0)
    made = gan.generate(3, seed=1, texts=texts[:3], styles=[1, 0, 1])
    assert made.shape == (3, 8, 8, 1)
    other = gan.generate(3, seed=1, texts=texts[:3], styles=[1, 1, 1])
    assert np.abs(made - other).max(axis=(1, 2, 3))[[0, 2]].max() == 0
    assert np.abs(made - other)[1].max() > 0


def test_a_pair_of_networks_of_ones_own_with_labels():
    """`kgan.GAN` takes conditional networks, and the class count from their one-hot layers."""
    gan = kgan.GAN(
        MLP(8).generator(Signature(Latent(4), Label(3)), Image((8, 8, 1))),
        MLP(8).discriminator(Signature(Image((8, 8, 1)), Label(3))),
    )
    gan.compile(run_eagerly=True)
    gan.fit((IMAGES, LABELS), batch_size=8, verbose=0)
    assert gan.generate(labels=[2, 1]).shape == (2, 8, 8, 1)
    assert gan.classes == 3
    for labels, received in ((LABELS - 1, "-1 to 1"), (LABELS + 1, "1 to 3")):
        expected = f"labels must be 0 to 2, one of 3 classes; received values from {received}"
        with pytest.raises(ValueError, match=expected):
            gan.fit((IMAGES, labels), batch_size=8)


def test_the_class_count_of_an_embedding():
    label = keras.Input((), dtype="int32", name="label")
    latent, image = keras.Input((4,), name="latent"), keras.Input((8, 8, 1), name="image")
    embedded = keras.layers.Embedding(5, 4)(label)
    made = keras.layers.Dense(64)(keras.layers.Add()([latent, embedded]))
    gan = kgan.GAN(
        keras.Model({"latent": latent, "label": label}, keras.layers.Reshape((8, 8, 1))(made)),
        keras.Model(image, keras.layers.Dense(1)(keras.layers.Flatten()(image))),
    )
    assert gan.classes == 5
    with pytest.raises(ValueError, match="labels must be 0 to 4, one of 5 classes"):
        gan.generate(labels=[5])


def test_both_networks_take_the_same_condition():
    with pytest.raises(ValueError, match=r"the same condition; received the shapes \(None, 8\)"):
        kgan.GAN(
            MLP(8).generator(Signature(Latent(4), Vector(8)), Image((8, 8, 1))),
            MLP(8).discriminator(Signature(Image((8, 8, 1)), Vector(4))),
        )


def test_arrays_that_no_model_takes():
    gan = kgan.ConditionalGAN((8, 8, 1), condition_dim=2, latent_dim=4, width=2)
    gan.compile(run_eagerly=True)
    with pytest.raises(ValueError, match=r"x must be a tuple \(images, conditions\).*3 arrays"):
        gan.fit((IMAGES, VECTORS, LABELS), batch_size=8)
    searches = (
        lambda gan: kgan.latent.directions(gan, n=2),
        lambda gan: kgan.latent.invert(gan, IMAGES[:1]),
    )
    for ask in searches:
        with pytest.raises(ValueError, match="a generator with a condition_dim cannot be searched"):
            ask(gan)


@pytest.mark.parametrize("parts", [(), (IMAGES,)])
def test_a_tuple_that_is_no_pair(gans, parts):
    with pytest.raises(ValueError, match=rf"x must be an array.* a tuple of {len(parts)}\. Pass"):
        gans["plain"].fit(parts)


def test_a_lone_callback(gans):
    with pytest.raises(ValueError, match="callbacks must be a list; received a StopOnNaN"):
        gans["plain"].fit(IMAGES, callbacks=kgan.callbacks.StopOnNaN())


@pytest.mark.parametrize("callback", [1, kgan.callbacks.StopOnNaN, None])
def test_what_is_no_callback(gans, callback):
    with pytest.raises(ValueError, match="callbacks must be a list of .*; it holds .*StopOnNaN"):
        gans["plain"].fit(IMAGES, callbacks=[kgan.callbacks.StopOnNaN(), callback])
    with pytest.raises(ValueError, match="callbacks must be a list; received a int"):
        gans["plain"].fit(IMAGES, callbacks=1)


def test_more_images_than_an_array_holds(gans):
    with pytest.raises(ValueError, match=f"n must be an integer, 1 to {2**31 - 1}; received"):
        gans["plain"].generate(2**70)


def test_integers_of_numpy_make_a_shape_and_flags_do_not():
    size = np.int64(8)
    assert kgan.DCGAN(**{**SIZES, "image_shape": (size, size, 1)}).image_shape == (8, 8, 1)
    for networks in ("mlp", "dcgan"):
        with pytest.raises(ValueError, match="image_shape must be"):
            kgan.DCGAN(**{**SIZES, "image_shape": (8, 8, True), "networks": networks})


def test_a_list_of_images_is_as_good_as_an_array(gans):
    images = list(IMAGES[:3])
    for name, array in gans["plain"].discriminator_outputs(IMAGES[:3]).items():
        np.testing.assert_allclose(
            gans["plain"].discriminator_outputs(images)[name], array, rtol=1e-5
        )


def test_judged_is_for_discriminators_of_single_images(gans):
    with pytest.raises(
        ValueError, match=r"discriminator_outputs\(\) takes images alone.*ConditionalGAN's discrim"
    ):
        gans["classes"].discriminator_outputs(IMAGES)
    logits = gans["plain"].discriminator_outputs(IMAGES, batch_size=7)["logit"]
    np.testing.assert_allclose(logits, gans["plain"].discriminator(IMAGES), rtol=1e-5, atol=1e-6)
