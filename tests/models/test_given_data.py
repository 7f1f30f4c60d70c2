"""Arrays, labels apart, generators and PyDatasets: what Keras's `fit` takes.

Most run eagerly: to trace a step costs more than a few steps.
"""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.errors import UsageError
from kgan.models.given_data import given, split_off


def weights(gan):
    return np.concatenate([weight.numpy().ravel() for weight in gan.generator.weights])


class Batches(keras.utils.PyDataset):
    def __init__(self, images, **options):
        super().__init__(**options)
        self.images, self.asked, self.epochs = images, [], 0

    def __len__(self):
        return len(self.images) // 16

    def __getitem__(self, index):
        self.asked.append(index)
        return self.images[16 * index : 16 * index + 16]

    def on_epoch_end(self):
        self.epochs += 1


def test_images_and_labels_apart_train_as_a_tuple_does(images):
    labels = np.arange(64) % 3
    made = []
    for arguments in [((images, labels),), (images, labels)]:
        gan = kgan.ConditionalGAN((16, 16, 1), classes=3, latent_dim=4, width=4)
        gan.compile(run_eagerly=True)
        gan.fit(*arguments, batch_size=16, verbose=0)
        made.append(weights(gan))
    np.testing.assert_array_equal(*made)


def test_tensors_are_arrays(images, make_gan):
    array, tensor = make_gan(run_eagerly=True), make_gan(run_eagerly=True)
    array.fit(images, batch_size=16, verbose=0)
    tensor.fit(tf.constant(images), batch_size=16, verbose=0)
    np.testing.assert_array_equal(weights(array), weights(tensor))


def test_a_generator_trains_as_the_data_set_of_its_batches(images, make_gan):
    batches = [images[start : start + 16] for start in range(0, 64, 16)]
    gan, twin = make_gan(run_eagerly=True), make_gan(run_eagerly=True)
    gan.fit((batch for batch in batches), steps_per_epoch=4, verbose=0)
    twin.fit(tf.data.Dataset.from_tensor_slices(images).batch(16), verbose=0)
    np.testing.assert_array_equal(weights(gan), weights(twin))


def test_a_py_dataset_comes_in_another_order_each_epoch(images, make_gan):
    gan, data = make_gan(run_eagerly=True), Batches(images)
    gan.fit(data, epochs=3, verbose=0)
    assert int(gan.training_seeds.step) == 12 and data.epochs >= 2
    # The first one is read once more, to learn the shapes.
    epochs = np.reshape(data.asked[1:13], (3, 4))
    assert (np.sort(epochs) == np.arange(4)).all() and len(np.unique(epochs, axis=0)) > 1


def test_a_py_dataset_in_its_own_order(images, make_gan):
    gan, twin, data = make_gan(run_eagerly=True), make_gan(run_eagerly=True), Batches(images)
    gan.fit(data, shuffle=False, verbose=0)
    twin.fit(images, batch_size=16, shuffle=False, verbose=0)
    np.testing.assert_array_equal(weights(gan), weights(twin))


def test_arrays_of_different_numbers_are_each_split():
    sources, targets = np.zeros((8, 2)), np.ones((20, 2))
    first, last = split_off(given((sources, targets)), 0.25)
    assert [len(part) for part in first.parts] == [6, 15]
    assert [len(part) for part in last.parts] == [2, 5]


def test_the_validation_split_is_the_end_of_the_arrays(images, make_gan):
    gan, twin = make_gan(run_eagerly=True), make_gan(run_eagerly=True)
    split = gan.fit(images, batch_size=16, epochs=2, validation_split=0.25, verbose=0).history
    given_apart = twin.fit(
        images[:48], batch_size=16, epochs=2, validation_data=images[48:], verbose=0
    ).history
    assert split == given_apart and "val_generator_loss" in split
    # Of the second epoch, too: Keras once showed the validation's empty means.
    assert min(split["discriminator_loss"]) > 0


def test_validation_batches_of_arrays_are_no_larger_than_the_arrays(images, make_gan):
    history = make_gan(run_eagerly=True).fit(images, validation_data=images[:5], verbose=0).history
    assert history["val_generator_loss"][0] > 0


def test_the_split_keeps_every_example(images):
    data = given(images, np.arange(64))
    train, held_out = split_off(data, 0.1)
    assert [len(part) for part in train.parts] == [57, 57]
    assert held_out.parts[1].tolist() == list(range(57, 64))
    assert held_out.argument == "validation_data"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": Batches, "y": 1}, "y must be None, since x is a Batches: its batches hold both"),
        ({"x": Batches, "batch_size": 4}, "batch_size belongs to arrays"),
        ({"x": Batches, "validation_split": 0.1}, "validation_split belongs to arrays; .*Batches"),
        ({"validation_split": 2}, "validation_split must be a number between 0 and 1; received 2"),
        ({"validation_split": 0.999}, r"validation_split=0\.999 of 64 examples leaves 0 to train"),
        ({"validation_split": 0.5, "validation_data": 1}, "validation_split must be left out"),
        ({"x": kgan.data.load, "shuffle": False}, "shuffle=False belongs to arrays; x, a Image"),
        ({"x": iter, "steps_per_epoch": 1}, "x must yield batches; .* at its end"),
        ({"x": lambda images: iter([images])}, "steps_per_epoch must be given"),
        ({"y": np.zeros(64, int)}, "x must hold images alone for DCGAN.* 2 parts"),
        ({"validation_data": lambda images: iter([images])}, "validation_steps must be given"),
        ({"x": lambda images: images[0]}, r"x must have rank 4 .*\(16, 16, 1\)"),
        ({"x": [1, 2]}, "x must be kgan.data.load.*a generator of batches.*received list"),
    ],
)
def test_bad_data(images, tiny_gan, arguments, message):
    # Functions make their value of the images; `iter` of none.
    made = {
        name: value(images[:0] if value is iter else images) if callable(value) else value
        for name, value in arguments.items()
    }
    with pytest.raises(UsageError, match=message):
        tiny_gan.fit(**{"x": images, "verbose": 0, **made})


@pytest.mark.parametrize("name", ["TerminateOnNaN", "SwapEMAWeights"])
def test_callbacks_of_keras_that_have_another_here(images, tiny_gan, name):
    with pytest.raises(UsageError, match=f"callbacks must not hold {name}, .*(StopOnNaN|averaged)"):
        tiny_gan.fit(images, callbacks=[getattr(keras.callbacks, name)()], verbose=0)


@pytest.mark.parametrize("argument", ["x", "validation_data"])
def test_single_examples_are_told_from_images_without_channels(images, tiny_gan, argument):
    single = tf.data.Dataset.from_tensor_slices(images)
    message = rf"{argument} must hold batches; it holds single images of shape \(16, 16, 1\)\. Use "
    with pytest.raises(UsageError, match=message + re.escape("dataset.batch(64")):
        tiny_gan.fit(**{"x": images, argument: single, "verbose": 0})
    grey = tf.data.Dataset.from_tensor_slices(images[..., 0]).batch(16)
    with pytest.raises(UsageError, match=rf"{argument} must have rank 4 .*np\.newaxis"):
        tiny_gan.fit(**{"x": images, argument: grey, "verbose": 0})


def test_the_labels_of_the_validation_are_named(images):
    gan = kgan.ConditionalGAN((16, 16, 1), classes=3, latent_dim=4, width=4)
    gan.compile()
    labels = np.arange(64) % 3
    held_out = tf.data.Dataset.from_tensor_slices((images, labels + 2)).batch(16)
    with pytest.raises(UsageError, match="validation_data's labels must be 0 to 2.*from 2 to 4"):
        gan.fit(images, labels, validation_data=held_out, verbose=0)
    late = tf.data.Dataset.from_tensor_slices((images, np.sort(labels) + (np.arange(64) > 50)))
    with pytest.raises(UsageError, match="validation_data's labels must be 0 to 2 in every batch"):
        gan.fit(images, labels, batch_size=16, validation_data=late.batch(16), verbose=0)


def test_single_batches(images, make_gan):
    gan, twin = make_gan(run_eagerly=True), make_gan(run_eagerly=True)
    before = weights(gan)
    tested = gan.test_on_batch(images[:16])
    np.testing.assert_array_equal(before, weights(gan))
    logs = gan.train_on_batch(images[:16])
    history = twin.fit(images[:16], batch_size=16, shuffle=False, verbose=0).history
    assert logs == pytest.approx({name: value for name, (value,) in history.items()})
    np.testing.assert_array_equal(weights(gan), weights(twin))
    assert set(tested) == set(logs)
    assert isinstance(gan.train_on_batch(images[:16], return_dict=False), list)
    with pytest.raises(UsageError, match=r"x must lie in \[-1, 1\]"):
        gan.train_on_batch(images[:16] * 9)
    with pytest.raises(UsageError, match="x must be an array, or a tuple; received list"):
        gan.train_on_batch([1])
    three = make_gan(discriminator_steps=3)
    with pytest.raises(UsageError, match="16 images must divide into 3 parts"):
        three.train_on_batch(images[:16])


def test_an_evaluation_of_arrays_sees_every_example_once(images, make_gan):
    gan = make_gan(run_eagerly=True)
    logits = gan.discriminator_outputs(images[:50])["logit"]
    for arguments in [{"batch_size": 32}, {"batch_size": 50}, {}]:
        found = gan.evaluate(images[:50], verbose=0, **arguments)
        assert found["real_logits"] == pytest.approx(logits.mean(), abs=1e-5)
    split = tf.data.Dataset.from_tensor_slices(images[:50]).batch(16)
    assert gan.evaluate(split, verbose=0)["real_logits"] == pytest.approx(logits.mean(), abs=1e-5)


def test_an_evaluation_draws_latents_that_the_training_does_not(images, make_gan):
    gan = make_gan(run_eagerly=True)
    batch = {"image": tf.constant(images[:16])}
    trained = gan.sample_inputs(batch, gan.training_seeds)["latent"]
    gan.test_on_batch(images[:16])
    gan._begin_evaluation()
    gan.evaluation_seeds.begin_step()
    evaluated = gan.sample_inputs(batch, gan.evaluation_seeds)["latent"]
    assert not np.array_equal(trained, evaluated)
    assert gan.test_on_batch(images[:16]) == gan.test_on_batch(images[:16])


@pytest.mark.slow
def test_a_generator_that_ends_within_an_epoch(images, make_gan):
    gan, twin = make_gan(), make_gan()
    batches = [images[start : start + 16] for start in range(0, 48, 16)]
    with pytest.warns(UserWarning, match="ran out of data"):
        history = gan.fit(iter(batches), steps_per_epoch=2, epochs=2, verbose=0).history
    whole = twin.fit(iter(batches), steps_per_epoch=1, epochs=3, verbose=0).history
    assert int(gan.training_seeds.step) == 3
    assert history["generator_loss"][1] == pytest.approx(whole["generator_loss"][2])


def test_an_iterator_goes_on_from_where_it_stands(images, make_gan):
    gan = make_gan(run_eagerly=True)
    seen = []

    def batches():
        for start in range(0, 64, 16):
            seen.append(start)
            yield images[start : start + 16]

    source = batches()
    gan.fit(source, steps_per_epoch=1, epochs=1, verbose=0)
    first = len(seen)
    gan.fit(source, steps_per_epoch=1, epochs=2, initial_epoch=1, verbose=0)
    assert int(gan.training_seeds.step) == 2 and len(seen) <= first + 2


def test_the_default_batch_is_one_that_the_critic_can_divide(images):
    gan = kgan.WGANGP((16, 16, 1), latent_dim=4, width=2)
    gan.compile(run_eagerly=True)
    gan.fit(images, verbose=0)
    assert int(gan.training_seeds.step) == 1  # of 60 images


class Broken(Batches):
    def __getitem__(self, index):
        if index == 2:
            raise OSError("the disk is gone")
        return super().__getitem__(index)


class Uneven(Batches):
    def __getitem__(self, index):
        return super().__getitem__(index)[: 7 if index == 2 else 16]


@pytest.mark.slow
def test_errors_of_generators_come_without_tensorflows_graph(images, make_gan):
    with pytest.raises(OSError, match="^the disk is gone$"):
        make_gan().fit(Broken(images), verbose=0)
    message = r"x must yield batches of one kind.*\(16, 16, 16, 1\).*\(7, 16, 16, 1\)\. Leave out"
    with pytest.raises(UsageError, match=message):
        make_gan(discriminator_steps=2).fit(Uneven(images), verbose=0)
    gan = make_gan(discriminator_steps=2)
    message = "^validation_data must yield batches of one kind"
    with pytest.raises(UsageError, match=message) as caught:
        gan.fit(images, batch_size=16, validation_data=Uneven(images), verbose=0)
    assert caught.value.argument == "validation_data"
    with pytest.raises(UsageError, match="x must hold batches; received an empty PyDataset"):
        make_gan().fit(Batches(images[:3]), verbose=0)


def test_parts_of_the_validation_are_named_in_arrays_too(images):
    gan = kgan.ConditionalGAN((16, 16, 1), classes=3, latent_dim=4, width=4)
    gan.compile()
    labels = np.arange(64) % 3
    for wrong, message in [
        ((images, labels[:5]), r"validation_data's labels must have the shape \(64,\)"),
        ((images, labels + 2), "validation_data's labels must be 0 to 2"),
        ((images, labels, labels), r"validation_data must be a tuple \(images, labels\).*3 arrays"),
    ]:
        with pytest.raises(UsageError, match=message):
            gan.fit(images, labels, validation_data=wrong, verbose=0)
    with pytest.raises(UsageError, match="batch_size=16 must not exceed the 8 examples of valid"):
        gan.fit(images, labels, validation_data=(images[:8], labels[:8]), validation_batch_size=16)


def test_a_range_warns_once(images, make_gan):
    with pytest.warns(UserWarning, match="no value below 0") as seen:
        make_gan(run_eagerly=True).fit((images + 1) / 2, batch_size=64, verbose=0)
    assert sum("no value below 0" in str(warning.message) for warning in seen) == 1
    with pytest.warns(UserWarning, match="no value below 0") as seen:
        make_gan(run_eagerly=True).evaluate((images + 1) / 2, batch_size=64, verbose=0)
    assert sum("no value below 0" in str(warning.message) for warning in seen) == 1
