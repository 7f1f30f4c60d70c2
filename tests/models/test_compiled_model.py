"""What `compile` takes: losses and metrics of the user's own, Keras's names for optimizers."""

import keras
import numpy as np
import pytest
from keras import ops

import kgan
from kgan.errors import UsageError
from kgan.losses import OwnLoss


def generator_loss(real_logits, fake_logits):
    return ops.mean(ops.softplus(-fake_logits))


def discriminator_loss(real_logits, fake_logits):
    return ops.mean(ops.softplus(-real_logits)) + ops.mean(ops.softplus(fake_logits))


class BothLosses:
    generator = staticmethod(generator_loss)
    discriminator = staticmethod(discriminator_loss)


@pytest.mark.parametrize("loss", [(generator_loss, discriminator_loss), BothLosses()])
def test_a_loss_of_ones_own_trains_as_the_packaged_one(images, make_gan, loss):
    own, packaged = (make_gan(loss=each, run_eagerly=True) for each in (loss, "non_saturating"))
    assert type(own.two_player_loss) is OwnLoss
    first, second = (gan.fit(images, batch_size=16, verbose=0).history for gan in (own, packaged))
    assert first.keys() == second.keys()
    for name, values in first.items():
        assert values == pytest.approx(second[name])


@pytest.mark.parametrize("loss", [3, (1, 2), (generator_loss,), int])
def test_the_error_for_what_is_no_loss_shows_how_to_write_one(tiny_gan, loss):
    with pytest.raises(UsageError) as error:
        tiny_gan.compile(loss)
    assert "def generator_loss(real_logits, fake_logits)" in str(error.value)
    assert "def discriminator_loss(real_logits, fake_logits)" in str(error.value)
    assert error.value.argument == "loss"


@pytest.mark.parametrize("loss", [kgan.losses.Hinge, BothLosses])
def test_a_class_in_place_of_its_object(tiny_gan, loss):
    name = loss.__name__
    with pytest.raises(UsageError, match=rf"received the class {name}\. Use loss={name}\(\)"):
        tiny_gan.compile(loss)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("bce", 'use "non_saturating"'),
        ("WGAN-GP", r'use "wasserstein" with penalties=\["gradient_penalty"\], or kgan.WGANGP'),
        ("lsgan", 'use "least_squares"'),
        ("hing", "Did you mean 'hinge'"),
    ],
)
def test_the_names_of_other_libraries_get_their_suggestion(tiny_gan, name, meant):
    with pytest.raises(UsageError, match=meant):
        tiny_gan.compile(name)


def test_there_are_two_optimizers(tiny_gan):
    message = r"optimizer must be left out.*generator_optimizer=…, discriminator_optimizer=…"
    for arguments in [{"optimizer": "adam"}, {"loss": keras.optimizers.Adam()}]:
        with pytest.raises(UsageError, match=message):
            tiny_gan.compile(**arguments)


class Unregistered(kgan.losses.Hinge):
    pass


PAIR = (generator_loss, discriminator_loss)


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (Unregistered(), "The loss Unregistered is not .* Decorate it with .* import it before"),
        (BothLosses(), "The loss BothLosses is not .* get_config"),
        (PAIR, "The losses generator_loss and discriminator_loss are not .* Decorate them with"),
    ],
)
def test_saving_a_loss_that_nobody_will_find_warns(make_gan, tmp_path, loss, words):
    with pytest.warns(UserWarning, match=words) as seen:
        make_gan(loss=loss).save(tmp_path / "gan.keras")
    (warning,) = [each for each in seen if "not registered" in str(each.message)]
    assert warning.filename == __file__
    with pytest.raises(UsageError, match="Could not locate|could not be deserialized"):
        kgan.load_model(tmp_path / "gan.keras")


OWN_LOSSES = """
import keras
from keras import ops


@keras.saving.register_keras_serializable("mine")
def generator_loss(real_logits, fake_logits):
    return ops.mean(ops.softplus(-fake_logits))


@keras.saving.register_keras_serializable("mine")
def discriminator_loss(real_logits, fake_logits):
    return ops.mean(ops.softplus(-real_logits)) + ops.mean(ops.softplus(fake_logits))


@keras.saving.register_keras_serializable("mine")
class Scaled:
    def __init__(self, scale=1.0):
        self.scale = scale

    def generator(self, real_logits, fake_logits):
        return self.scale * generator_loss(real_logits, fake_logits)

    def discriminator(self, real_logits, fake_logits):
        return self.scale * discriminator_loss(real_logits, fake_logits)

    def get_config(self):
        return {"scale": self.scale}


@keras.saving.register_keras_serializable("mine")
class Rebuilt(Scaled):
    @classmethod
    def from_config(cls, config):
        return cls(config["scale"])
"""

LOAD = """
import sys
import kgan, own_losses, numpy as np
for name in sys.argv[1:]:
    gan = kgan.load_model(f"{name}.keras")
    images = np.load("images.npy")
    print(repr(gan.evaluate(images, batch_size=16, verbose=0)["generator_loss"]))
    gan.save("again.keras")
"""


@pytest.mark.slow
def test_registered_losses_come_back_in_a_fresh_process(
    folder, python, make_gan, images, monkeypatch, recwarn
):
    (folder / "own_losses.py").write_text(OWN_LOSSES)
    np.save(folder / "images.npy", images)
    monkeypatch.syspath_prepend(folder)
    import own_losses

    pair = own_losses.generator_loss, own_losses.discriminator_loss
    losses = {"pair": pair, "scaled": own_losses.Scaled(3.0), "rebuilt": own_losses.Rebuilt(3.0)}
    found = []
    for name, loss in losses.items():
        gan = make_gan(loss=loss)
        gan.save(folder / f"{name}.keras")
        found.append(gan.evaluate(images, batch_size=16, verbose=0)["generator_loss"])
    assert found[1] == found[2] == pytest.approx(3 * found[0])
    assert not [warning for warning in recwarn if "registered" in str(warning.message)]
    process = python("-c", LOAD, *losses)
    stdout, stderr = process.communicate()
    assert process.returncode == 0, stderr
    assert [float(line) for line in stdout.split()] == pytest.approx(found, rel=1e-6)
    assert "registered" not in stderr


def test_registered_functions_come_back(make_gan, tmp_path, images, recwarn):
    functions = [
        keras.saving.register_keras_serializable("tests", function.__name__)(function)
        for function in (generator_loss, discriminator_loss)
    ]
    make_gan(loss=tuple(functions)).save(tmp_path / "gan.keras")
    assert not [warning for warning in recwarn if "registered" in str(warning.message)]
    loaded = kgan.load_model(tmp_path / "gan.keras")
    assert loaded.two_player_loss.generator is generator_loss
    assert loaded.evaluate(images, verbose=0)["generator_loss"] > 0


def test_metrics_of_keras_judge_the_discriminator(images, make_gan):
    gan = make_gan(metrics=["accuracy", keras.metrics.AUC(name="auc")])
    history = gan.fit(images, batch_size=16, epochs=2, validation_split=0.5, verbose=0).history
    for name in ("accuracy", "auc", "val_accuracy", "val_auc"):
        assert len(history[name]) == 2 and 0 <= min(history[name]) <= max(history[name]) <= 1
    logits = gan.discriminator_outputs(images[32:48])["logit"]
    fakes = gan.discriminator_outputs(gan.generate(16, seed=0))["logit"]
    # Of an evaluation's fakes the seeds are others; the reals are the same.
    found = gan.evaluate(images[32:48], verbose=0)["accuracy"]
    assert abs(2 * found - np.mean(logits > 0) - np.mean(fakes <= 0)) <= 1


def test_metrics_of_translations_compare_targets(images):
    gan = kgan.Pix2Pix(
        channels=1,
        generator_network=kgan.networks.UNet(width=4, depth=2),
        discriminator_network=kgan.networks.PatchGAN(width=4, layers=1),
    )
    gan.compile(metrics=[keras.metrics.MeanAbsoluteError(name="mae")])
    found = gan.evaluate((images[:16], -images[:16]), batch_size=16, verbose=0)
    expected = np.abs(gan.translate(images[:16]) + images[:16]).mean()
    assert found["mae"] == pytest.approx(expected, rel=1e-5)


def flat(images):
    return images.reshape(len(images), -1)[:, ::40]


def test_streaming_metrics_are_measured_in_evaluations(images, make_gan):
    metric = kgan.metrics.streaming.FrechetDistance(flat)
    gan = make_gan(metrics=[metric])
    history = gan.fit(images, batch_size=16, epochs=2, validation_split=0.5, verbose=0).history
    assert len(history["val_frechet_distance"]) == 2
    assert "frechet_distance" not in history
    evaluated = gan.evaluate(images, batch_size=32, verbose=0)["frechet_distance"]
    assert evaluated == pytest.approx(metric.result()) and evaluated > 0


def test_streaming_metrics_are_named_after_their_class():
    for _ in range(2):
        metric = kgan.metrics.streaming.MemorisationInformedFrechetDistance(flat)
        assert metric.name == "memorisation_informed_frechet_distance"
        assert kgan.metrics.streaming.MSSSIMDiversity().name == "msssim_diversity"


def test_streaming_metrics_that_give_several_numbers_or_ask_for_labels(images):
    gan = kgan.ConditionalGAN((16, 16, 1), classes=2, latent_dim=4, width=4)
    gan.compile(
        metrics=[
            kgan.metrics.streaming.PrecisionRecall(flat),
            kgan.metrics.streaming.FrechetDistanceByClass(flat, name="by_class"),
        ]
    )
    found = gan.evaluate(images, np.arange(64) % 2, batch_size=64, verbose=0)
    names = {"precision_recall_precision", "precision_recall_recall", "by_class_0", "by_class_1"}
    assert names <= found.keys()


def test_streaming_metrics_that_cannot_be_measured(images, make_gan):
    metric = kgan.metrics.streaming.FrechetDistance(flat)
    with pytest.raises(UsageError, match="validation_data must be given: frechet_distance"):
        make_gan(metrics=[metric]).fit(images, verbose=0)
    with pytest.raises(UsageError, match="metrics must not hold .* with jit_compile=True"):
        make_gan(metrics=[metric], jit_compile=True)
    with pytest.raises(UsageError, match="metrics must be a list of Keras metrics.*'fd'"):
        make_gan(metrics=["fd"])
    by_class = kgan.metrics.streaming.FrechetDistanceByClass(flat)
    with pytest.raises(UsageError, match="asks for real_labels, fake_labels"):
        make_gan(metrics=[by_class]).evaluate(images, verbose=0)
    # The metric's own error, without TensorFlow's graph around it.
    wrong = kgan.metrics.streaming.FrechetDistance(lambda images: np.full((len(images), 2), np.nan))
    with pytest.raises(UsageError, match="finite") as error:
        make_gan(metrics=[wrong]).evaluate(images, verbose=0)
    assert "Traceback" not in str(error.value)


@pytest.mark.slow
@pytest.mark.parametrize("callback", ["schedule", "plateau"])
def test_learning_rates_that_keras_callbacks_set(images, make_gan, callback):
    gan = make_gan(
        generator_optimizer=keras.optimizers.Adam(1e-3),
        discriminator_optimizer=keras.optimizers.Adam(4e-3),
    )
    callbacks = {
        "schedule": keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2),
        "plateau": keras.callbacks.ReduceLROnPlateau(
            "generator_loss", factor=0.5, patience=0, min_delta=100.0, mode="min"
        ),
    }
    history = gan.fit(images, epochs=2, callbacks=[callbacks[callback]], verbose=0).history
    assert len(history["learning_rate"]) == 2
    expected = 1e-3 / 4 if callback == "schedule" else 1e-3 / 2
    assert float(gan.generator_optimizer.learning_rate) == pytest.approx(expected)
    assert float(gan.discriminator_optimizer.learning_rate) == pytest.approx(4 * expected)


def test_early_stopping_stops_and_restores(images, make_gan):
    gan = make_gan()
    stop = keras.callbacks.EarlyStopping(
        "val_generator_loss", mode="min", patience=1, min_delta=100.0, restore_best_weights=True
    )
    seen = []
    note = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(gan.generator.get_weights()[0])
    )
    history = gan.fit(
        images, epochs=9, validation_split=0.25, callbacks=[note, stop], verbose=0
    ).history
    assert len(history["generator_loss"]) == 2
    np.testing.assert_array_equal(gan.generator.get_weights()[0], seen[0])


def test_a_rate_of_zero_keeps_the_ratio(make_gan):
    gan = make_gan(
        generator_optimizer=keras.optimizers.Adam(1e-3),
        discriminator_optimizer=keras.optimizers.Adam(4e-3),
    )
    for rate in (1e-3, 0.0, 2e-3):
        gan.optimizer.learning_rate = rate
    assert float(gan.discriminator_optimizer.learning_rate) == pytest.approx(8e-3)
    scheduled = make_gan(
        discriminator_optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.ExponentialDecay(1e-3, 10, 0.9)
        )
    )
    before = float(scheduled.generator_optimizer.learning_rate)
    with pytest.raises(
        UsageError, match="learning_rate cannot be set: an optimizer has a schedule"
    ):
        scheduled.optimizer.learning_rate = 1e-5
    assert float(scheduled.generator_optimizer.learning_rate) == before


@pytest.mark.parametrize("names", [("a", "a"), ("generator_loss", "b")])
def test_metrics_have_names_of_their_own(make_gan, names):
    metrics = [keras.metrics.BinaryAccuracy(name=name) for name in names]
    with pytest.raises(UsageError, match="metrics must have names of their own"):
        make_gan(metrics=metrics)


def test_a_list_of_results_is_in_the_order_of_their_names(images, make_gan):
    gan = make_gan(metrics=["accuracy"], run_eagerly=True)
    values = gan.evaluate(images, batch_size=64, verbose=0, return_dict=False)
    named = gan.evaluate(images, batch_size=64, verbose=0)
    assert dict(zip(gan.metrics_names, values, strict=True)) == named
