"""What a user of Keras may change: the step, the losses, the inputs, the networks."""

import hashlib
import io
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

import kgan
from kgan import callbacks, penalties
from kgan.models.step_log import Weighted

RANDOM = np.random.RandomState(0)
IMAGES = RANDOM.uniform(-1, 1, (16, 8, 8, 1)).astype("float32")
LABELS = np.arange(16, dtype="int32") % 3


def networks(seed=0):
    keras.utils.set_random_seed(seed)
    generator = keras.Sequential(
        [keras.Input((4,)), layers.Dense(64, "tanh"), layers.Reshape((8, 8, 1))]
    )
    discriminator = keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(8, "tanh"), layers.Dense(1)]
    )
    return generator, discriminator


def made(kind, *further, ema_halflife_images=40.0, **arguments):
    gan = kind(*networks(), *further, ema_halflife_images=ema_halflife_images)
    gan.compile(**arguments)
    return gan


def descent(rate=0.1):
    players = ("generator_optimizer", "discriminator_optimizer")
    return {player: keras.optimizers.SGD(rate) for player in players}


def arrays(gan):
    return {part: [v.numpy() for v in found] for part, found in gan.state().items()}


def assert_same(first, second):
    first, second = arrays(first), arrays(second)
    assert list(first) == list(second)
    for part in first:
        for a, b in zip(first[part], second[part], strict=True):
            np.testing.assert_array_equal(a, b, err_msg=part)


# -- a step as keras.io teaches ----------------------------------------------------------------


class Tutorial(kgan.GAN):
    """The step of keras.io/guides/custom_train_step_in_tensorflow, with this model's networks."""

    def train_step(self, real_images):
        n = tf.shape(real_images)[0]
        latents = tf.random.stateless_normal((n, 4), seed=[1, 2])
        fakes = self.generator(latents)
        combined = tf.concat([fakes, real_images], 0)
        targets = tf.concat([tf.ones((n, 1)), tf.zeros((n, 1))], 0)
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
        with tf.GradientTape() as tape:
            d_loss = loss(targets, self.discriminator(combined))
        weights = self.discriminator.trainable_weights
        self.discriminator_optimizer.apply(tape.gradient(d_loss, weights), weights)
        with tf.GradientTape() as tape:
            g_loss = loss(tf.zeros((n, 1)), self.discriminator(self.generator(latents)))
        weights = self.generator.trainable_weights
        self.generator_optimizer.apply(tape.gradient(g_loss, weights), weights)
        return {"d_loss": d_loss, "g_loss": g_loss}


@pytest.mark.parametrize("run_eagerly", [True, False])
@pytest.mark.parametrize("discriminator_steps", [1, 2])
def test_the_average_follows_a_step_as_keras_teaches_it(run_eagerly, discriminator_steps):
    gan = made(
        Tutorial, run_eagerly=run_eagerly, discriminator_steps=discriminator_steps, **descent()
    )
    average = [w.copy() for w in gan.averaged_generator.get_weights()]
    for step in range(1, 4):
        gan.training_seeds.state.assign([0, 99 + step])  # far from the ramp
        history = gan.fit(IMAGES[:8], batch_size=8, verbose=0).history
        assert int(gan.training_seeds.step) == 100 + step
        # By hand: eight images a step, whatever the step does with them.
        decay = 0.5 ** (8 / min(40.0, 0.05 * 8 * (100 + step)))
        average = [
            decay * a + (1 - decay) * w
            for a, w in zip(average, gan.generator.get_weights(), strict=True)
        ]
    assert set(history) == {"d_loss", "g_loss"} and np.isfinite(history["g_loss"]).all()
    for a, b in zip(average, gan.averaged_generator.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    moved = zip(gan.generator.get_weights(), networks()[0].get_weights(), strict=True)
    assert any(not np.array_equal(a, b) for a, b in moved)


def test_a_step_as_keras_teaches_it_is_saved_and_resumed(tmp_path):
    def run(epochs, resume=False):
        gan = made(Tutorial, run_eagerly=True, **descent())
        checkpoint = callbacks.Checkpoint(tmp_path / str(resume), resume=resume)
        gan.fit(IMAGES, batch_size=8, epochs=epochs, verbose=0, callbacks=[checkpoint])
        return gan

    straight = run(2)
    run(1, resume=True)
    assert_same(straight, run(2, resume=True))


# -- a step of the public parts ----------------------------------------------------------------


class OwnStep(kgan.GAN):
    """The default step, written out."""

    def train_step(self, data):
        *early, real = self.split(data, self.discriminator_steps)
        for number, batch in enumerate(early):
            self.update_discriminator(*self.examples(batch), number)
        with self.tape("generator") as tape:
            real, fake = self.examples(real)
            with tape.stop_recording():
                self.update_discriminator(real, fake, len(early))
            self.update_generator(tape, real, fake)
        return self.end_step(real)


class CallsSuper(kgan.GAN):
    def train_step(self, data):
        return super().train_step(data)


class CallsCallsSuper(CallsSuper):
    def train_step(self, data):
        return {**super().train_step(data), "constant": tf.constant(3.0)}


@pytest.mark.parametrize(
    ("kind", "run_eagerly"),
    [(OwnStep, True), (OwnStep, False), (CallsSuper, True), (CallsCallsSuper, True)],
)
def test_a_step_of_the_public_parts_equals_the_default_one_bit_for_bit(kind, run_eagerly):
    arguments = {
        "loss": "relativistic",
        "penalties": [penalties.R1(1.0, interval=2)],
        "discriminator_steps": 2,
        "run_eagerly": run_eagerly,
    }
    default, own = made(kgan.GAN, **arguments), made(kind, **arguments)
    logs = [gan.fit(IMAGES, batch_size=8, epochs=2, verbose=0).history for gan in (default, own)]
    assert_same(default, own)
    # Each step counted once: two an epoch.
    assert int(own.training_seeds.step) == 4
    constant = logs[1].pop("constant", None)
    assert constant == ([3.0, 3.0] if kind is CallsCallsSuper else None)
    assert logs[0] == logs[1]


def test_a_step_that_fails_leaves_the_next_one_whole():
    class FailsOnce(kgan.GAN):
        failed = False

        def train_step(self, data):
            if not self.failed:
                self.failed = True
                raise RuntimeError("once")
            return super().train_step(data)

    default, own = made(kgan.GAN, run_eagerly=True), made(FailsOnce, run_eagerly=True)
    with pytest.raises(RuntimeError, match="once"):
        own.fit(IMAGES, batch_size=8, verbose=0)
    for gan in (default, own):
        gan.fit(IMAGES, batch_size=8, verbose=0)
    assert_same(default, own)


# -- losses ------------------------------------------------------------------------------------


def brightness(batch):
    return tf.reduce_mean(batch["image"])


class TwoTerms(kgan.GAN):
    def losses(self, player, real, fake):
        (adversarial,) = super().losses(player, real, fake).values()
        if player == "discriminator":
            return {"discriminator_loss": adversarial}
        difference = (brightness(real) - brightness(fake)) ** 2
        return {"adversarial": adversarial, "brightness": 5.0 * difference}


class OneSum(TwoTerms):
    def losses(self, player, real, fake):
        return {f"{player}_loss": sum(super().losses(player, real, fake).values())}


def test_the_sum_of_the_losses_is_minimised_and_each_is_logged():
    two, one, plain = (
        made(kind, run_eagerly=True, **descent()) for kind in (TwoTerms, OneSum, kgan.GAN)
    )
    logs = [gan.fit(IMAGES, batch_size=8, epochs=2, verbose=0).history for gan in (two, one, plain)]
    weights = [gan.generator.get_weights() for gan in (two, one, plain)]
    for a, b, c in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
        assert not np.allclose(a, c)
    total = np.add(logs[0]["adversarial"], logs[0]["brightness"])
    np.testing.assert_allclose(logs[0]["generator_loss"], total, rtol=1e-5)
    np.testing.assert_allclose(logs[0]["generator_loss"], logs[1]["generator_loss"], rtol=1e-4)
    assert min(logs[0]["brightness"]) > 0 and "brightness" not in logs[2]
    found = two.evaluate(IMAGES, batch_size=8, verbose=0)
    assert found["generator_loss"] == pytest.approx(found["adversarial"] + found["brightness"])


def test_a_weighted_loss_counts_by_its_weight_in_the_log_alone():
    class ByWeight(kgan.GAN):
        def losses(self, player, real, fake):
            found = super().losses(player, real, fake)
            positive = tf.reduce_mean(tf.cast(real["image"] > 0, "float32"))
            weight = tf.reduce_sum(real["image"]) ** 2
            return {**found, f"{player}_term": Weighted(positive, weight)}

    gan = made(ByWeight, run_eagerly=True, **descent(0.0))
    batches = np.stack([IMAGES[:8], IMAGES[8:]])
    positive = (batches > 0).mean((1, 2, 3, 4))
    weights = batches.sum((1, 2, 3, 4), dtype=np.float64) ** 2
    data = tf.data.Dataset.from_tensor_slices(IMAGES).batch(8, True)
    history = gan.fit(data, verbose=0).history
    expected = np.average(positive, weights=weights)
    assert history["generator_term"][0] == pytest.approx(expected, rel=1e-4)
    assert history["generator_term"][0] != pytest.approx(positive.mean(), rel=1e-3)


# -- conditions --------------------------------------------------------------------------------


class OtherLabels(kgan.ConditionalGAN):
    """Fakes of the next class to that of the real image in their place."""

    def sample_inputs(self, real, seeds):
        return {**super().sample_inputs(real, seeds), "label": (real["label"] + 1) % 3}

    def update_discriminator(self, real, fake, number=0):
        self.seen = real, fake
        super().update_discriminator(real, fake, number)


def penalty_by_hand(discriminator, images, labels):
    images = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = discriminator({"image": images, "label": labels}, training=True)
    gradients = tape.gradient(logits, images)
    return 0.5 * float(tf.reduce_mean(tf.reduce_sum(gradients**2, (1, 2, 3))))


def test_a_penalty_sees_each_example_with_its_own_condition():
    gan = OtherLabels((8, 8, 1), classes=3, latent_dim=4, width=2, networks="mlp")
    both = [penalties.R1(1.0), penalties.R2(1.0)]
    gan.compile(penalties=both, run_eagerly=True, **descent(0.0))
    # Weights with which the class matters.
    for weight in gan.discriminator.trainable_variables:
        weight.assign(RANDOM.normal(size=weight.shape))
    history = gan.fit((IMAGES, LABELS), batch_size=16, verbose=0).history
    real, fake = gan.seen
    np.testing.assert_array_equal(fake["label"], (real["label"] + 1) % 3)
    expected = penalty_by_hand(gan.discriminator, fake["image"], fake["label"])
    assert history["r2"][0] == pytest.approx(expected, rel=1e-4)
    under_the_reals = penalty_by_hand(gan.discriminator, fake["image"], real["label"])
    assert history["r2"][0] != pytest.approx(under_the_reals, rel=1e-2)
    expected = penalty_by_hand(gan.discriminator, real["image"], real["label"])
    assert history["r1"][0] == pytest.approx(expected, rel=1e-4)


# -- further networks and buffers --------------------------------------------------------------


def features_network():
    keras.utils.set_random_seed(5)
    return keras.Sequential(
        [keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(6, "tanh")], name="features"
    )


@keras.saving.register_keras_serializable("test_adversarial")
class FeatureMatching(kgan.GAN):
    """A third network, on the discriminator's side, tells batches apart by their mean features.

    The generator brings these together (mean matching: Mroueh et al., "McGan", 2017,
    arXiv:1702.08398).
    """

    def __init__(self, generator, discriminator, features, **arguments):
        super().__init__(generator, discriminator, **arguments)
        self.add_networks("discriminator", features=features)

    def losses(self, player, real, fake):
        means = [ops.mean(self.features(batch["image"]), axis=0) for batch in (real, fake)]
        distance = ops.sum(ops.square(means[0] - means[1]))
        sign = 1.0 if player == "generator" else -1.0
        return {**super().losses(player, real, fake), f"{player}_features": sign * distance}

    def get_config(self):
        features = keras.saving.serialize_keras_object(self.features)
        return {**super().get_config(), "features": features}


def test_a_third_network_learns_with_its_player():
    gan = made(FeatureMatching, features_network(), run_eagerly=True, **descent())
    generator, discriminator = networks()
    features, loss = features_network(), kgan.losses.losses.get("non_saturating")

    def distance(real, fake):
        means = [ops.mean(features(each), axis=0) for each in (real, fake)]
        return ops.sum(ops.square(means[0] - means[1]))

    gan.training_seeds.begin_step()
    fakes = generator(keras.random.normal((16, 4), seed=gan.training_seeds))
    data = tf.data.Dataset.from_tensor_slices(IMAGES).batch(16, True)
    history = gan.fit(data, verbose=0).history
    # By hand.
    with tf.GradientTape() as tape:
        value = loss.discriminator(discriminator(IMAGES), discriminator(fakes))
        value -= distance(IMAGES, fakes)
    expected = -float(distance(IMAGES, fakes))
    weights = discriminator.trainable_variables + features.trainable_variables
    for variable, gradient in zip(weights, tape.gradient(value, weights), strict=True):
        variable.assign_sub(0.1 * gradient)
    for mine, theirs in ((gan.discriminator, discriminator), (gan.features, features)):
        for a, b in zip(mine.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    assert history["discriminator_features"][0] == pytest.approx(expected, rel=1e-4)
    assert history["generator_features"][0] > 0
    assert "players/discriminator/features" in gan.state()
    assert set(gan.networks_by_name) == {"generator", "discriminator", "features"}


@pytest.mark.slow
def test_a_third_network_is_saved_and_resumed(tmp_path):
    def run(epochs, resume=False):
        gan = made(FeatureMatching, features_network(), run_eagerly=True)
        checkpoint = callbacks.Checkpoint(tmp_path / str(resume), resume=resume)
        gan.fit(IMAGES, batch_size=8, epochs=epochs, verbose=0, callbacks=[checkpoint])
        return gan

    straight = run(2)
    run(1, resume=True)
    assert_same(straight, run(2, resume=True))
    straight.save(tmp_path / "gan.keras")
    loaded = kgan.load_model(tmp_path / "gan.keras")
    assert isinstance(loaded, FeatureMatching)
    for name, network in straight.networks_by_name.items():
        for a, b in zip(
            network.get_weights(), loaded.networks_by_name[name].get_weights(), strict=True
        ):
            np.testing.assert_array_equal(a, b)


@keras.saving.register_keras_serializable("test_adversarial")
class Taught(kgan.GAN):
    """A frozen network says what the fakes shall look like."""

    def __init__(self, generator, discriminator, teacher, **arguments):
        super().__init__(generator, discriminator, **arguments)
        self.frozen["teacher"] = teacher

    def losses(self, player, real, fake):
        found = super().losses(player, real, fake)
        if player == "generator":
            means = [ops.mean(self.frozen["teacher"](x["image"]), axis=0) for x in (real, fake)]
            found["taught"] = ops.sum(ops.square(means[0] - means[1]))
        return found

    def get_config(self):
        teacher = keras.saving.serialize_keras_object(self.frozen["teacher"])
        return {**super().get_config(), "teacher": teacher}


def test_a_frozen_network_teaches_and_does_not_learn(tmp_path):
    taught = made(Taught, features_network(), run_eagerly=True, **descent())
    plain = made(kgan.GAN, run_eagerly=True, **descent())
    history = taught.fit(IMAGES, batch_size=8, verbose=0).history
    plain.fit(IMAGES, batch_size=8, verbose=0)
    assert history["taught"][0] > 0
    moved = zip(taught.generator.get_weights(), plain.generator.get_weights(), strict=True)
    assert any(not np.allclose(a, b, atol=1e-6) for a, b in moved)
    teacher = taught.frozen["teacher"]
    for a, b in zip(teacher.get_weights(), features_network().get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    held = {id(variable) for part in taught.state().values() for variable in part}
    assert not held & {id(variable) for variable in teacher.variables}
    assert list(taught.state()) == list(plain.state())
    assert "teacher" not in taught.networks_by_name
    taught.save(tmp_path / "gan.keras")
    loaded = kgan.load_model(tmp_path / "gan.keras").frozen["teacher"]
    for a, b in zip(teacher.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


class Counting(kgan.GAN):
    """Keeps the mean of the fakes seen so far, and how many batches these were."""

    def __init__(self, *networks, **arguments):
        super().__init__(*networks, **arguments)
        self.seen = self.add_buffer("seen", (2,))
        self.batches = self.add_buffer("batches", (), "int64", initial=100)

    def update_generator(self, tape, real, fake):
        self.seen.assign_add([ops.mean(fake["image"]), 1.0])
        self.batches.assign_add(1)
        super().update_generator(tape, real, fake)


@pytest.mark.slow
def test_a_buffer_is_state_and_comes_back_from_a_checkpoint(tmp_path):
    def run(epochs, resume=True):
        gan = made(Counting)
        assert int(gan.batches) == 100 and not gan.seen.trainable
        checkpoint = callbacks.Checkpoint(tmp_path / str(resume), resume=resume)
        gan.fit(IMAGES, batch_size=8, epochs=epochs, verbose=0, callbacks=[checkpoint])
        return gan

    first = run(1)
    (held,) = first.state()["buffers/seen"]
    assert held is first.seen and int(first.batches) == 102
    resumed = run(2)
    assert int(resumed.batches) == 104 and float(resumed.seen[1]) == 4.0
    assert_same(run(2, resume=False), resumed)


# -- checkpoints of before ---------------------------------------------------------------------


def test_a_checkpoint_of_before_the_fingerprint_is_refused_in_words(tmp_path):
    gan = made(kgan.GAN, run_eagerly=True)
    gan.fit(IMAGES, batch_size=8, verbose=0, callbacks=[callbacks.Checkpoint(tmp_path)])
    path = callbacks.checkpoint.files(tmp_path)[0]
    content = dict(np.load(path))
    meta = json.loads(str(content["meta"]))
    old = {"step": meta["step"], "description": meta["fingerprint"]}
    buffer = io.BytesIO()
    np.savez(buffer, **{**content, "meta": np.array(json.dumps(old))})
    for each in callbacks.checkpoint.files(tmp_path):
        each.unlink()
    checksum = hashlib.sha256(buffer.getbuffer()).hexdigest()[:16]
    (tmp_path / f"step-{meta['step']:08d}-{checksum}.npz").write_bytes(buffer.getbuffer())
    before = arrays(gan)
    with pytest.raises(
        kgan.errors.UsageError,
        match=r"Checkpoint .*\.npz was written by an older kgan, .*start a new one in another",
    ):
        gan.fit(
            IMAGES,
            batch_size=8,
            epochs=2,
            verbose=0,
            callbacks=[callbacks.Checkpoint(tmp_path, resume=True)],
        )
    for part, values in arrays(gan).items():
        for a, b in zip(values, before[part], strict=True):
            np.testing.assert_array_equal(a, b)
