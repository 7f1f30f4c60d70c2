"""A game of sequences: a field of the user's own, with the public parts and no image."""

import dataclasses

import keras
import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
from keras import layers

import kgan
from kgan.errors import UsageError
from kgan.models.adversarial import AdversarialModel
from kgan.models.entry_point import EntryPoint
from kgan.networks.check import call_network
from kgan.signature import Field, Latent, Signature

STEPS = 12


@dataclasses.dataclass(frozen=True)
class Series(Field):
    """A time series `(steps, channels)`, float32."""

    shape: tuple[int, int]
    name: str = "series"

    @property
    def argument(self):
        return self.name

    def check(self, values, n=None, argument=None):
        values = np.asarray(values, np.float32)
        if values.shape[1:] != self.shape or (n is not None and len(values) != n):
            name = argument or self.argument
            raise UsageError(f"{name} must have the shape {(n, *self.shape)}.", name)
        return values


@keras.saving.register_keras_serializable("tests")
class SeriesGAN(AdversarialModel):
    """Latents to series."""

    def __init__(self, steps=STEPS, seed=0, name=None):
        super().__init__(1_000.0, seed, name)
        self.steps = steps
        series, latent = Series((steps, 1)), Latent(4)
        self.input_signature = Signature(latent)
        self.output_signature = self.batch_signature = Signature(series)
        init = keras.initializers.GlorotUniform(seed=seed)
        generator = keras.Sequential(
            [
                keras.Input((4,), name="latent"),
                layers.Dense(steps, "tanh", kernel_initializer=init),
                layers.Reshape((steps, 1)),
            ]
        )
        discriminator = keras.Sequential(
            [
                keras.Input((steps, 1), name="series"),
                layers.Conv1D(8, 3, activation="relu", kernel_initializer=init),
                layers.Flatten(),
                layers.Dense(1, kernel_initializer=init),
            ]
        )
        self.add_player("generator", generator=generator)
        self.add_player("discriminator", discriminator=discriminator)
        self.add_average("generator")

    def get_config(self):
        return {"steps": self.steps, "seed": self.seed, "name": self.name}

    def entry_points(self):
        def simulate(network, batch):
            return {"series": call_network(network, batch, False, "latent")}

        signatures = self.input_signature, self.output_signature
        return {"simulate": EntryPoint("simulate", self.averaged_generator, simulate, *signatures)}


@pytest.fixture(scope="module")
def waves():
    phase = np.random.default_rng(0).uniform(0, 2 * np.pi, (64, 1))
    return np.sin(phase + np.arange(STEPS) / 2)[..., None].astype("float32")


def compiled(**arguments):
    gan = SeriesGAN()
    gan.compile(**arguments)
    return gan


@pytest.mark.parametrize("penalties", [(), ("r1",), ("gradient_penalty",)])
def test_sequences_train_from_arrays_and_data_sets(waves, penalties):
    gan = compiled(penalties=penalties)
    history = gan.fit(waves, batch_size=16, epochs=2, validation_split=0.25, verbose=0).history
    assert len(history["generator_loss"]) == 2 and np.isfinite(history["val_generator_loss"]).all()
    gan.fit(tf.data.Dataset.from_tensor_slices(waves).batch(16), verbose=0)
    assert "latent 4 -> series 12x1" in repr(gan)
    with pytest.raises(UsageError, match="x must have the shape"):
        gan.fit(waves[:, :5])


@pytest.mark.slow
def test_sequences_resume_bit_for_bit(waves, tmp_path):
    whole, first, second = compiled(), compiled(), compiled()
    whole.fit(waves, batch_size=16, epochs=4, shuffle=False, verbose=0)
    for gan, epochs in ((first, 2), (second, 4)):
        checkpoint = kgan.callbacks.Checkpoint(tmp_path, resume=gan is second)
        callbacks = [checkpoint]
        gan.fit(waves, batch_size=16, epochs=epochs, shuffle=False, verbose=0, callbacks=callbacks)
    for one, other in zip(whole.variables, second.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_sequences_are_saved_and_loaded(waves, tmp_path):
    gan = compiled()
    gan.fit(waves, verbose=0)
    gan.save(tmp_path / "gan.keras")
    loaded = kgan.load_model(tmp_path / "gan.keras")
    latent = np.ones((3, 4), "float32")
    expected = gan.entry_points()["simulate"]({"latent": latent})["series"]
    found = loaded.entry_points()["simulate"]({"latent": latent})["series"]
    np.testing.assert_array_equal(expected, found)


@pytest.mark.slow
def test_sequences_are_exported_and_proved(waves, tmp_path):
    gan = compiled()
    gan.fit(waves, verbose=0)
    assert gan.export(tmp_path / "series.onnx").max_difference < 1e-4
    latent = np.ones((5, 4), "float32")
    session = onnxruntime.InferenceSession(tmp_path / "series.onnx")
    (found,) = session.run(["series"], {"latent": latent})
    expected = gan.entry_points()["simulate"]({"latent": latent})["series"]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert gan.export(tmp_path / "series").max_difference < 1e-4
