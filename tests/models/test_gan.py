"""The two-player step against the same step by hand, and the model as Keras knows it."""

import errno
import io
import resource
import signal
import zipfile

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import kgan
from kgan import augment, losses, penalties
from kgan.precision import compute_dtypes

LATENT = 3


def linear_networks(seed=0):
    """Small networks without batch normalisation, so that each step can be done by hand."""
    keras.utils.set_random_seed(seed)
    generator = keras.Sequential(
        [keras.Input((LATENT,)), layers.Dense(16, "tanh"), layers.Reshape((4, 4, 1))]
    )
    discriminator = keras.Sequential(
        [keras.Input((4, 4, 1)), layers.Flatten(), layers.Dense(5, "tanh"), layers.Dense(1)]
    )
    return generator, discriminator


def linear_gan(ema_halflife_images=None, **compile_arguments):
    gan = kgan.GAN(*linear_networks(), ema_halflife_images=ema_halflife_images)
    sgd = keras.optimizers.SGD(0.1)
    gan.compile(
        **({"generator_optimizer": sgd, "discriminator_optimizer": sgd} | compile_arguments)
    )
    return gan


@pytest.fixture(scope="module")
def reals():
    return np.random.RandomState(3).uniform(-1, 1, (8, 4, 4, 1)).astype("float32")


def state_of(gan):
    return [variable.numpy() for part in gan.state().values() for variable in part]


def assert_same(first, second):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("loss", list(losses.losses.classes))
@pytest.mark.parametrize("discriminator_steps", [1, 2])
def test_one_step_equals_the_step_by_hand(reals, loss, discriminator_steps):
    gan = linear_gan(loss=loss, discriminator_steps=discriminator_steps)
    generator, discriminator = linear_networks()
    loss = losses.losses.get(loss)
    gan.training_seeds.begin_step()
    latents = [
        keras.random.normal((8 // discriminator_steps, LATENT), seed=gan.training_seeds)
        for _ in range(discriminator_steps)
    ]
    gan.fit(reals, batch_size=8, epochs=1, verbose=0)

    # The batch is shuffled; every loss but the relativistic one is a mean over each part.
    order = kgan.data.load(reals, batch_size=8, seed=0)
    parts = np.split(next(iter(order)).numpy(), discriminator_steps)
    for part, z in zip(parts, latents, strict=True):
        fakes = generator(z)
        with tf.GradientTape() as tape:
            value = loss.discriminator(discriminator(part), discriminator(fakes))
        gradients = tape.gradient(value, [v.value for v in discriminator.trainable_variables])
        for variable, gradient in zip(discriminator.trainable_variables, gradients, strict=True):
            variable.assign_sub(0.1 * gradient)
    with tf.GradientTape() as tape:  # the last fakes again, against the updated discriminator
        value = loss.generator(discriminator(parts[-1]), discriminator(generator(latents[-1])))
    gradients = tape.gradient(value, [v.value for v in generator.trainable_variables])
    for variable, gradient in zip(generator.trainable_variables, gradients, strict=True):
        variable.assign_sub(0.1 * gradient)

    for mine, theirs in ((gan.generator, generator), (gan.discriminator, discriminator)):
        for a, b in zip(mine.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_the_penalty_enters_the_discriminators_gradient_alone(reals):
    plain, penalised = linear_gan(), linear_gan(penalties=[penalties.R1(100.0)])
    before = plain.discriminator.get_weights()
    plain.fit(reals, batch_size=8, verbose=0)
    history = penalised.fit(reals, batch_size=8, verbose=0).history
    # By hand: the penalty of the first weights.
    network = linear_networks()[1]
    network.set_weights(before)
    expected = float(penalties.R1(100.0)(penalties.Examples(reals, network), None))
    assert history["r1"][0] == pytest.approx(expected, rel=1e-4)
    with tf.GradientTape() as tape:
        value = penalties.R1(100.0)(penalties.Examples(reals, network), None)
    gradients = tape.gradient(
        value, [v.value for v in network.trainable_variables], unconnected_gradients="zero"
    )
    for a, b, gradient in zip(
        plain.discriminator.get_weights(),
        penalised.discriminator.get_weights(),
        gradients,
        strict=True,
    ):
        np.testing.assert_allclose(a - 0.1 * gradient, b, rtol=1e-4, atol=1e-6)


def test_a_lazy_penalty_acts_every_interval_updates_that_much_stronger(reals):
    every = linear_gan(penalties=[penalties.R1(1.0)], discriminator_optimizer="sgd")
    lazy = linear_gan(penalties=[penalties.R1(1.0, interval=4)], discriminator_optimizer="sgd")
    for gan in (every, lazy):  # frozen players: the penalty stays what it is
        gan.generator_optimizer.learning_rate = 0.0
        gan.discriminator_optimizer.learning_rate = 0.0
    history = [gan.fit(reals, batch_size=1, verbose=0).history["r1"][0] for gan in (every, lazy)]
    # Eight updates: the lazy one saw images 0 and 4 only, four times as strong.
    order = np.concatenate(list(kgan.data.load(reals, batch_size=1, seed=0).as_numpy_iterator()))
    network = lazy.discriminator
    values = [
        float(penalties.R1(1.0)(penalties.Examples(order[i : i + 1], network), None))
        for i in range(8)
    ]
    assert history[0] == pytest.approx(np.mean(values), rel=1e-4)
    assert history[1] == pytest.approx(4 * (values[0] + values[4]) / 8, rel=1e-4)


def test_the_average_follows_its_formula(reals):
    gan = linear_gan(ema_halflife_images=40.0)
    average = [w.copy() for w in gan.averaged_generator.get_weights()]
    for step in range(1, 4):
        gan.training_seeds.state.assign([0, step + 99])  # far from the ramp
        gan.fit(reals, batch_size=8, verbose=0)
        halflife = min(40.0, 0.05 * 8 * (step + 100))
        decay = 0.5 ** (8 / halflife)
        average = [
            decay * a + (1 - decay) * w
            for a, w in zip(average, gan.generator.get_weights(), strict=True)
        ]
    for a, b in zip(average, gan.averaged_generator.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_the_average_starts_as_a_copy_and_holds_batch_statistics(images, make_gan):
    gan = make_gan()
    gan.fit(images[:32], batch_size=32, verbose=0)
    for a, b in zip(gan.averaged_generator.get_weights(), gan.generator.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    assert float(gan.halflife(100)) == 5.0  # the ramp's twentieth
    gan = make_gan()
    moving = gan.averaged_generator.non_trainable_variables
    before = [v.numpy() for v in moving]
    gan.fit(images, batch_size=32, epochs=2, verbose=0)
    assert all(not np.array_equal(a, v.numpy()) for a, v in zip(before, moving, strict=True))


@pytest.mark.slow
def test_the_same_seed_gives_the_same_run(images, make_gan):
    arguments = {"penalties": ["r1"], "augment": "diffaugment"}
    runs = [make_gan(seed=seed, **arguments) for seed in (1, 1, 2)]
    for gan in runs:
        gan.fit(images, batch_size=16, epochs=2, verbose=0)
    assert_same(state_of(runs[0]), state_of(runs[1]))
    assert not np.array_equal(state_of(runs[0])[0], state_of(runs[2])[0])


@pytest.mark.slow
def test_steps_per_execution_changes_nothing_but_the_calls(images, make_gan):
    one, four = make_gan(), make_gan(steps_per_execution=4)
    logs = [gan.fit(images, batch_size=8, epochs=2, verbose=0).history for gan in (one, four)]
    for a, b in zip(state_of(one), state_of(four), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
    assert logs[0]["generator_loss"] == pytest.approx(logs[1]["generator_loss"], rel=1e-3)


@pytest.mark.slow
def test_steps_that_do_not_divide_into_executions_are_left_to_the_next_epoch(images, make_gan):
    gan = make_gan(steps_per_execution=3)
    gan.fit(images, batch_size=8, epochs=2, verbose=0)  # 8 batches an epoch: 6 steps
    assert int(gan.training_seeds.step) == 12


@pytest.mark.slow
def test_training_learns_the_images(images, make_gan):
    """Mean and spread of the samples come to those of the data, from far away."""
    optimizer = keras.optimizers.Adam(2e-3, 0.5)
    gan = make_gan(seed=3, penalties=["r1"], generator_optimizer=optimizer)
    before = np.abs(gan.generate(64, seed=0).mean(0) - images.mean(0)).mean()
    gan.fit(images, batch_size=16, epochs=40, verbose=0)
    after = np.abs(gan.generate(64, seed=0).mean(0) - images.mean(0)).mean()
    assert after < 0.35 * before


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(images, make_gan, dtype):
    gan = make_gan(dtype=dtype, penalties=["r1", "gradient_penalty"], augment="diffaugment")
    before = state_of(gan)
    history = gan.fit(images, batch_size=16, epochs=2, verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())
    assert not np.array_equal(before[0], state_of(gan)[0])
    assert gan.generator.layers[1].compute_dtype == dtype.removeprefix("mixed_")
    assert {w.dtype for w in gan.generator.weights} == {"float32"}
    scaled = dtype == "mixed_float16"
    for optimizer in (gan.generator_optimizer, gan.discriminator_optimizer):
        assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer) == scaled
    images = gan.generate(2, seed=0)
    assert images.dtype == "float32"
    # The penalty's own network computes in float32, with the discriminator's weights.
    assert compute_dtypes(gan._stateless_discriminator.__self__) == {"float32"}


@pytest.mark.slow
def test_half_precision_penalty_equals_the_float32_one(images, make_gan):
    values = []
    for dtype in ("float32", "mixed_float16"):
        gan = make_gan(dtype=dtype, penalties=[penalties.R1(1.0)])
        values.append(gan.fit(images[:16], batch_size=16, verbose=0).history["r1"][0])
    assert values[0] == pytest.approx(values[1], rel=1e-4)


def test_loss_scale_goes_down_and_the_step_is_left_out_on_overflow(images, make_gan):
    gan = make_gan(dtype="mixed_float16")
    gan.discriminator_optimizer.dynamic_scale.assign(2.0**60)
    before = gan.discriminator.trainable_variables[0].numpy()
    gan.fit(images[:16], batch_size=16, verbose=0)
    np.testing.assert_array_equal(before, gan.discriminator.trainable_variables[0].numpy())
    assert float(gan.discriminator_optimizer.dynamic_scale) == 2.0**59


def test_compile_decides_on_xla(make_gan):
    has_gpu = bool(tf.config.list_physical_devices("GPU"))
    assert make_gan().jit_compile is has_gpu
    assert make_gan(jit_compile=True).jit_compile is True


@pytest.mark.slow
def test_xla_trains_to_the_same_weights(images, make_gan):
    """With latents that do not depend on XLA's other random numbers, and plain descent."""

    def trained(jit_compile):
        optimizers = {
            f"{player}_optimizer": keras.optimizers.SGD(0.1)
            for player in ("generator", "discriminator")
        }
        gan = make_gan(jit_compile=jit_compile, penalties=["r1"], **optimizers)
        gan.sample_inputs = lambda real, seeds: {"latent": real["image"][:, 4, :8, 0]}
        before = gan.generator.get_weights()
        gan.fit(images[:16], batch_size=16, epochs=2, verbose=0)
        return before, gan.generator.get_weights()

    (before, plain), (_, compiled) = trained(False), trained(True)
    moved = max(np.abs(a - b).max() for a, b in zip(before, plain, strict=True))
    assert moved > 1e-2
    for a, b in zip(plain, compiled, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)


def test_xla_is_off_by_itself_under_a_strategy(monkeypatch, make_gan):
    devices = tf.config.list_physical_devices
    monkeypatch.setattr(
        tf.config, "list_physical_devices", lambda kind=None: ["GPU:0"] if kind else devices()
    )
    assert make_gan().jit_compile is True
    monkeypatch.setattr(
        type(tf.distribute.get_strategy()), "num_replicas_in_sync", property(lambda self: 2)
    )
    assert make_gan().jit_compile is False


def still(**arguments):
    """Optimizers that change nothing."""
    players = ("generator_optimizer", "discriminator_optimizer")
    return {player: keras.optimizers.SGD(0.0) for player in players} | arguments


@pytest.mark.slow
def test_penalties_leave_the_moving_statistics_alone(images, make_gan):
    with_penalty, without = make_gan(**still(penalties=["r1", "dragan"])), make_gan(**still())
    for gan in (with_penalty, without):
        gan.fit(images, batch_size=16, epochs=1, verbose=0)
    assert_same(with_penalty.discriminator.get_weights(), without.discriminator.get_weights())


@pytest.mark.slow
def test_the_interval_counts_discriminator_updates(images, make_gan):
    """Of the two updates of a step an interval of two applies in one, at twice the strength."""
    both = [penalties.R1(1.0), penalties.R1(1.0, interval=2)]
    gan = make_gan(**still(penalties=both, discriminator_steps=2))
    parts = images[:16].reshape(4, 4, 16, 16, 1)
    every = [
        float(
            penalties.R1(1.0)(
                penalties.Examples(part, lambda x: gan.discriminator(x, training=True)), None
            )
        )
        for part in parts
    ]
    history = gan.fit(
        tf.data.Dataset.from_tensor_slices(images[:16]).batch(8, True), verbose=0
    ).history
    # Each of two alike has a log of its own.
    assert history["r1"][0] == pytest.approx(np.mean(every), rel=1e-4)
    assert history["r1_2"][0] == pytest.approx(
        np.mean([2 * every[0], 0, 2 * every[2], 0]), rel=1e-4
    )


def test_a_refused_compile_leaves_the_model_as_it_was(make_gan):
    gan = make_gan(loss="hinge", penalties=["r1"])
    before = gan.get_compile_config(), gan.two_player_loss, gan.penalties, gan.discriminator_steps
    for wrong in ({"generator_optimizer": "adm"}, {"augment": "none such"}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            gan.compile("wasserstein", penalties=(), discriminator_steps=3, **wrong)
        after = gan.get_compile_config(), gan.two_player_loss, gan.penalties
        assert (*after, gan.discriminator_steps) == before


def test_a_network_is_saved_once(images, make_gan, tmp_path):
    gan = make_gan(dtype="mixed_bfloat16", penalties=["r1"])
    gan.save(tmp_path / "gan.keras")
    with zipfile.ZipFile(tmp_path / "gan.keras") as archive:
        weights = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(weights) as file:
        assert {"generator", "discriminator"} <= set(file) and not {"critic", "_critic"} & set(file)


def test_saving_is_whole_or_not_at_all(tiny_gan, tmp_path):
    path = tmp_path / "gan.keras"
    path.write_text("old")
    with pytest.raises(ValueError, match="exists; pass overwrite=True"):
        tiny_gan.save(path, overwrite=False)
    with pytest.raises(ValueError, match="must end in .keras"):
        tiny_gan.save(tmp_path / "gan.h5")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:  # a real write that the system cuts off
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limit[1]))
        with pytest.raises(OSError) as error:
            tiny_gan.save(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    assert (error.value.errno, error.value.filename) == (errno.EFBIG, str(path))
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_evaluate_logs_the_losses_and_changes_nothing(images, make_gan):
    gan = make_gan(loss="relativistic")
    before = state_of(gan)[:-8]
    first = gan.evaluate(images, batch_size=16, verbose=0)
    assert first == gan.evaluate(images, batch_size=16, verbose=0)
    assert set(first) == {"discriminator_loss", "generator_loss", "real_logits", "fake_logits"}
    logits = np.asarray(gan.discriminator(images)).mean()
    assert first["real_logits"] == pytest.approx(logits, abs=1e-5)
    assert_same(before, state_of(gan)[:-8])


def test_validation_within_fit(images, make_gan):
    history = make_gan().fit(
        images, batch_size=16, epochs=2, verbose=0, validation_data=images[:32]
    )
    assert len(history.history["val_discriminator_loss"]) == 2


def test_generate(tiny_gan):
    few = tiny_gan.generate(5, seed=7)
    assert few.shape == (5, 16, 16, 1) and few.dtype == np.float32 and np.abs(few).max() <= 1
    np.testing.assert_allclose(few, tiny_gan.generate(9, seed=7, batch_size=2)[:5], atol=1e-6)
    latents = kgan.latent.sample(5, 8, seed=7)
    np.testing.assert_allclose(few, tiny_gan.averaged_generator(latents), atol=1e-6)
    assert not np.array_equal(few, tiny_gan.generate(5, seed=8))
    calm = tiny_gan.generate(5, seed=7, truncation=0.05)
    assert calm.std(0).mean() < 0.5 * few.std(0).mean()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0}, "n must be an integer of at least 1; received 0"),
        ({"n": 2, "seed": "a"}, "seed must be an integer"),
        ({"n": 2, "batch_size": 0}, "batch_size must be"),
        ({"n": 2, "labels": [1, 2]}, "labels must be None, since DCGAN takes no labels"),
        ({"n": 2, "truncation": -1}, "truncation must be a number of"),
    ],
)
def test_generate_bad_arguments(tiny_gan, arguments, message):
    with pytest.raises(ValueError, match=message):
        tiny_gan.generate(**arguments)


def test_summary_shows_both_networks(tiny_gan):
    lines = []
    tiny_gan.summary(print_fn=lambda line, **_: lines.append(line))
    text = "\n".join(lines)
    assert "generator" in text and "discriminator" in text
    assert f"{tiny_gan.generator.count_params():,}" in text
    assert f"{tiny_gan.discriminator.count_params():,}" in text


def test_configuration_round_trip():
    gan = kgan.DCGAN(
        (20, 20, 3), latent_dim=7, width=4, ema_halflife_images=5.0, seed=9, dtype="mixed_bfloat16"
    )
    gan.compile(
        loss=losses.Hinge(),
        penalties=[penalties.R1(2.0, interval=8), "r2"],
        augment=augment.DiffAugment(("color",)),
        generator_optimizer=keras.optimizers.RMSprop(
            keras.optimizers.schedules.CosineDecay(1e-3, 100)
        ),
        discriminator_steps=3,
        steps_per_execution=2,
    )
    copy = kgan.DCGAN.from_config(gan.get_config())
    copy.compile_from_config(gan.get_compile_config())
    assert copy.fingerprint() == gan.fingerprint()
    assert copy.penalties[0].interval == 8 and copy.augment.policy == ("color",)
    assert isinstance(copy.generator_optimizer, keras.optimizers.RMSprop)
    assert copy.generator.layers[1].compute_dtype == "bfloat16"


def test_any_two_models_round_trip(reals, tmp_path):
    gan = linear_gan(ema_halflife_images=10.0)
    gan.fit(reals, batch_size=4, verbose=0)
    gan.save(tmp_path / "gan.keras")
    copy = kgan.load_model(tmp_path / "gan.keras")
    np.testing.assert_array_equal(gan.generate(3, seed=0), copy.generate(3, seed=0))
    assert copy.fingerprint() == gan.fingerprint()


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "mixed_float16"])
def test_a_saved_model_trains_on_as_the_original(images, make_gan, tmp_path, dtype):
    gan = make_gan(penalties=["r1"], dtype=dtype)
    gan.fit(images, batch_size=16, verbose=0)
    gan.save(tmp_path / "gan.keras")
    copy = kgan.load_model(tmp_path / "gan.keras")
    for model in (gan, copy):
        model.fit(images, batch_size=16, verbose=0)
    assert_same(state_of(gan), state_of(copy))


def test_one_object_serves_two_models(make_gan):
    penalty = penalties.DRAGAN()
    first, second = make_gan(penalties=[penalty]), make_gan(penalties=penalty)
    assert first.penalties[0].seed_generator is first.training_seeds
    assert second.penalties[0].seed_generator is second.training_seeds


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"loss": "hing"}, r"loss='hing' is unknown.*Did you mean 'hinge'"),
        ({"penalties": ["r3"]}, "penalties='r3' is unknown"),
        ({"augment": "none"}, "augment='none' is unknown"),
        ({"generator_optimizer": "adamm"}, "generator_optimizer must be a Keras optimizer"),
        ({"discriminator_optimizer": 3}, "discriminator_optimizer must be a Keras optimizer"),
        ({"discriminator_steps": 0}, "discriminator_steps must be"),
        ({"steps_per_execution": 0}, "steps_per_execution must be"),
        ({"jit_compile": "yes"}, 'jit_compile must be True, False or "auto"'),
        ({"run_eagerly": "no"}, "run_eagerly must be True or False; received 'no'"),
        ({"penalties": 5}, "penalties must be a list of names or .* objects; received 5"),
        ({"penalties": {"r1": 1.0}}, r"penalties must be a list .*R1\(weight=1.0\)"),
        ({"generator_optimizer": {"a": 1}}, "generator_optimizer must be a Keras optimizer"),
    ],
)
def test_compile_bad_arguments(make_gan, arguments, message):
    with pytest.raises(ValueError, match=message):
        make_gan(**arguments)


def test_networks_that_do_not_fit():
    generator, discriminator = linear_networks()
    other = keras.Sequential([keras.Input((5, 5, 1)), layers.Flatten(), layers.Dense(1)])
    with pytest.raises(ValueError, match=r"discriminator must take what the generator makes"):
        kgan.GAN(generator, other)
    with pytest.raises(ValueError, match="generator must map latents"):
        kgan.GAN(discriminator, discriminator)
    with pytest.raises(ValueError, match="generator must make images"):
        kgan.GAN(keras.Sequential([keras.Input((3,)), layers.Dense(4)]), discriminator)
    with pytest.raises(ValueError, match="discriminator must be a built keras.Model"):
        kgan.GAN(generator, keras.Sequential([layers.Dense(1)]))
    first, second = keras.Input((3,)), keras.Input((3,))
    image = layers.Reshape((2, 2, 1))(layers.Dense(4)(first + second))
    with pytest.raises(ValueError, match=r"generator must have one tensor among its inputs.*has 2"):
        kgan.GAN(keras.Model([first, second], image), discriminator)
    picture = keras.Input(generator.output_shape[1:])
    two = keras.Model(picture, layers.Dense(2)(layers.Flatten()(picture)))
    with pytest.raises(ValueError, match=r"discriminator must give one logit.*\(None, 2\)"):
        kgan.GAN(generator, two)
    logits = [layers.Dense(1)(layers.Flatten()(picture)) for _ in range(2)]
    with pytest.raises(ValueError, match="discriminator must have one tensor among its outputs"):
        kgan.GAN(generator, keras.Model(picture, logits))
    with pytest.raises(ValueError, match="ema_halflife_images must be"):
        kgan.GAN(generator, discriminator, ema_halflife_images=0)
    with pytest.raises(ValueError, match=r"seed must be an integer"):
        kgan.DCGAN((8, 8, 1), latent_dim=4, width=4, seed=-1)


@keras.saving.register_keras_serializable(package="test")
class Subclassed(keras.Model):
    """A generator in the third of Keras's styles."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        self.dense, self.norm = layers.Dense(16, "tanh"), layers.BatchNormalization()
        self.shaped = layers.Reshape((4, 4, 1))

    def call(self, latents, training=False):
        return self.shaped(self.norm(self.dense(latents), training=training))


def test_a_subclassed_network_plays(reals, tmp_path):
    generator = Subclassed()
    with pytest.raises(ValueError, match="generator must be a built keras.Model"):
        kgan.GAN(generator, linear_networks()[1])
    generator(np.zeros((1, LATENT)))
    gan = kgan.GAN(generator, linear_networks()[1])
    gan.compile()
    before = generator.get_weights()
    gan.fit(reals, batch_size=4, epochs=1, verbose=0)
    assert all((a != b).any() for a, b in zip(before, generator.get_weights(), strict=True))
    gan.save(tmp_path / "gan.keras")
    loaded = kgan.load_model(tmp_path / "gan.keras")
    np.testing.assert_array_equal(loaded.generate(3, seed=1), gan.generate(3, seed=1))


class Unconfigured(Subclassed):
    """One that Keras cannot build again."""

    def __init__(self):
        super().__init__()


def test_a_generator_that_cannot_be_copied_has_no_average():
    generator = Unconfigured()
    generator(np.zeros((1, LATENT)))
    with pytest.raises(ValueError, match=r"unconfigured must be .* copy.*or pass ema_halflife"):
        kgan.GAN(generator, linear_networks()[1])
    gan = kgan.GAN(generator, linear_networks()[1], ema_halflife_images=None)
    assert gan.averaged_generator is gan.generator


def test_an_evaluation_takes_a_step_at_least(tiny_gan, images):
    for steps in (0, -1):
        with pytest.raises(ValueError, match=f"steps must be an integer .*; received {steps}"):
            tiny_gan.evaluate(images, steps=steps, verbose=0)


@pytest.mark.parametrize("logit", [-4.0, -8.0])
def test_the_non_saturating_gradient_outlives_the_minimax_one(make_gan, logit):
    """Against a discriminator that rejects the fakes, mean D(G(z)) < 0.05: ten times as large.

    Goodfellow et al., 2014, arXiv:1406.2661, section 3. By the logit l the gradients are -D and
    D - 1, so that their ratio is (1 - D) / D = exp(-l) where all fakes have one logit.
    """
    norms = {}
    for loss in ("non_saturating", "minimax"):
        gan = make_gan(loss=loss)
        last = gan.discriminator.layers[-1]
        kernel, bias = last.get_weights()
        last.set_weights([kernel, np.full_like(bias, logit)])
        latents = kgan.latent.sample(32, gan.latent_dim, seed=0)
        with tf.GradientTape() as tape:
            fakes = gan.synthesize({"latent": latents}, training=True)
            fakes = gan.discriminate(fakes, training=True)
            value = gan.losses("generator", {}, fakes)["generator_loss"]
        assert float(tf.reduce_mean(tf.sigmoid(fakes["logit"]))) < 0.05
        values = [variable.value for variable in gan.players["generator"].variables]
        norms[loss] = float(tf.linalg.global_norm(tape.gradient(value, values)))
    ratio = norms["non_saturating"] / norms["minimax"]
    assert ratio > 10
    assert ratio == pytest.approx(np.exp(-logit), rel=0.2)
