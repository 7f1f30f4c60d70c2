"""What `fit` takes and refuses, before the first step."""

import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf


def dataset(array, batch_size=16, drop_remainder=True):
    return tf.data.Dataset.from_tensor_slices(array).batch(batch_size, drop_remainder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: (x + 1) * 127.5, r"\[-1, 1\]"),
        (lambda x: ((x + 1) * 127.5).astype("uint8"), "uint8"),
        (lambda x: np.where(x > 0.5, np.nan, x).astype("float32"), "NaN"),
        (lambda x: x[..., 0], "rank|shape"),
        (lambda x: x.repeat(3, -1), "channels|shape"),
        (lambda x: x[:, :8], "shape"),
        (lambda x: x.astype("float64"), "float32"),
    ],
)
@pytest.mark.parametrize("as_dataset", [False, True])
def test_bad_images(images, tiny_gan, change, message, as_dataset):
    bad = change(images)
    before = tiny_gan.generator.get_weights()[0]
    with pytest.raises((ValueError, TypeError), match=message):
        tiny_gan.fit(dataset(bad) if as_dataset else bad, verbose=0)
    np.testing.assert_array_equal(before, tiny_gan.generator.get_weights()[0])


def test_bad_counts_and_kinds(images, tiny_gan, make_gan):
    for arguments, message in [
        ({"epochs": -1}, "epochs must be an integer of at least 1; received -1"),
        ({"epochs": 0}, "epochs must be"),
        ({"steps_per_epoch": 0}, "steps_per_epoch must be"),
        ({"batch_size": 65}, "batch"),
        ({"batch_size": 0}, "batch_size"),
    ]:
        with pytest.raises(ValueError, match=message):
            tiny_gan.fit(images, **arguments)
    with pytest.raises(ValueError, match="x must be kgan.data.load"):
        tiny_gan.fit([1, 2, 3])
    with pytest.raises(ValueError, match="batch_size belongs to arrays"):
        tiny_gan.fit(dataset(images), batch_size=4)
    with pytest.raises(ValueError, match="x must hold images alone for DCGAN"):
        tiny_gan.fit(dataset((images, np.zeros(64, "int32"))))
    with pytest.raises(ValueError, match="steps_per_epoch must be given"):
        tiny_gan.fit(dataset(images).filter(lambda batch: True))
    with pytest.raises(ValueError, match=r"batch of 16 images must divide into 3 parts.*=15"):
        make_gan(discriminator_steps=3).fit(dataset(images))


def test_fit_before_compile(images):
    import kgan

    with pytest.raises(ValueError, match=r"Call gan.compile\(\) before gan.fit\(\)"):
        kgan.DCGAN((16, 16, 1), latent_dim=4, width=4).fit(images)


def test_a_loaded_data_set_of_another_shape(tiny_gan):
    import kgan

    with pytest.raises(ValueError, match="load with resolution=16, channels=1"):
        tiny_gan.fit(kgan.data.load("fashion_mnist"))


def test_a_foreign_data_set_trains_and_repeats(images, make_gan):
    gan = make_gan()
    history = gan.fit(dataset(images), epochs=3, verbose=0)
    assert len(history.epoch) == 3 and int(gan.training_seeds.step) == 12


def test_a_generator_data_set_trains_with_a_step_count(images, make_gan):
    gan = make_gan()
    spec = tf.TensorSpec((16, 16, 16, 1), tf.float32)
    endless = tf.data.Dataset.from_generator(lambda: iter([images[:16]]), output_signature=spec)
    gan.fit(endless, steps_per_epoch=3, epochs=2, verbose=0)
    assert int(gan.training_seeds.step) == 6


def test_steps_per_epoch_shortens_the_epoch_not_the_data(images, make_gan):
    gan = make_gan()
    gan.fit(images, batch_size=16, steps_per_epoch=3, epochs=4, verbose=0)
    assert int(gan.training_seeds.step) == 12


class _Breaks(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_arrays_are_freed_after_fit_and_evaluate(images, make_gan):
    """While the model lives; after a fit that broke off, too."""
    gan = make_gan()

    def interrupted(array):
        with pytest.raises(KeyboardInterrupt):
            gan.fit(images, validation_data=array, epochs=3, callbacks=[_Breaks()], verbose=0)

    uses = {
        "evaluate": lambda array: gan.evaluate(array, verbose=0),
        "fit": lambda array: gan.fit(array, batch_size=32, verbose=0),
        "validation": lambda array: gan.fit(images, validation_data=array, verbose=0),
        "interrupted": interrupted,
    }
    for name, use in uses.items():
        array = images.copy()
        alive = weakref.ref(array)
        use(array)
        del array
        gc.collect()
        assert alive() is None, name
