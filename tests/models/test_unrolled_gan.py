"""The unrolled gradient against finite differences and the optimizer's real update."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan.layers import LeakyReLU
from kgan.models.optimizers import Functional

SIZES = {"image_shape": (4, 4, 1), "latent_dim": 3, "width": 4, "networks": "mlp"}
REALS = np.random.RandomState(0).uniform(-1, 1, (6, 4, 4, 1)).astype("float32")


def unrolled(steps, rate=0.1, kind=keras.optimizers.SGD, **arguments):
    gan = kgan.UnrolledGAN(**SIZES, unrolling_steps=steps, ema_halflife_images=None)
    gan.compile(
        generator_optimizer=keras.optimizers.SGD(0.1),
        discriminator_optimizer=kind(rate),
        run_eagerly=True,
        **arguments,
    )
    return gan


def test_an_evaluation_does_not_augment():
    plain, augmented = unrolled(1), unrolled(1, augment="diffaugment")
    losses = [
        gan.evaluate(REALS, batch_size=6, verbose=0)["generator_loss"] for gan in (plain, augmented)
    ]
    assert losses[0] == losses[1]
    assert augmented.augment is not None


@pytest.mark.parametrize("loss", ["non_saturating", "relativistic"])
def test_without_unrolling_the_step_is_the_plain_one(loss):
    plain = kgan.DCGAN(**SIZES, ema_halflife_images=None)
    sgd = keras.optimizers.SGD(0.1)
    plain.compile(loss, generator_optimizer=sgd, discriminator_optimizer=sgd, run_eagerly=True)
    none, some = unrolled(0, loss=loss), unrolled(2, loss=loss)
    for gan in (plain, none, some):
        gan.fit(REALS, batch_size=6, verbose=0)
    for a, b in zip(plain.generator.get_weights(), none.generator.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
    for a, b in zip(plain.discriminator.weights, some.discriminator.weights, strict=True):
        np.testing.assert_array_equal(a, b)  # the discriminator itself moves by one
    apart = zip(none.generator.get_weights(), some.generator.get_weights(), strict=True)
    assert max(np.abs(a - b).max() for a, b in apart) > 1e-6


def loss_and_gradient(gan, latents):
    variables = [variable.value for variable in gan.players["generator"].variables]
    with tf.GradientTape() as tape:
        fake = gan.synthesize({"latent": latents}, True)
        judged = gan.unroll({"image": tf.constant(REALS)}, fake, augment=True)
        loss = gan.losses("generator", *judged)["generator_loss"]
    return float(loss), tape.gradient(loss, variables)


@pytest.mark.parametrize("steps", [1, 2])
def test_the_gradient_flows_through_the_updates(steps):
    """Equation 9: by central differences along a random direction of the generator's weights."""
    gan = unrolled(steps, rate=0.1)
    for layer in gan.discriminator.layers:
        if isinstance(layer, LeakyReLU):  # at a kink the update jumps, and differences with it
            layer.negative_slope = 1.0
    random = np.random.RandomState(2)
    for variable in gan.players[
        "generator"
    ].variables:  # fresh biases are zero, where units have a kink
        variable.assign(random.normal(0, 0.5, variable.shape))
    latents = tf.constant(np.random.RandomState(1).normal(size=(6, 3)), tf.float32)
    _, gradients = loss_and_gradient(gan, latents)
    direction = [random.normal(size=gradient.shape) for gradient in gradients]
    expected = sum(
        float((gradient.numpy() * way).sum())
        for gradient, way in zip(gradients, direction, strict=True)
    )
    start, ends = gan.generator.get_weights(), []
    for sign in (1, -1):
        moved = [w + sign * 2e-4 * way for w, way in zip(start, direction, strict=True)]
        gan.generator.set_weights(moved)
        ends.append(loss_and_gradient(gan, latents)[0])
    assert expected == pytest.approx((ends[0] - ends[1]) / 4e-4, rel=0.01)
    # Without the way through the updates the gradient would be another one.
    gan.generator.set_weights(start)
    discriminator = gan.discriminator
    for _ in range(steps):
        fakes = gan.generator(latents)
        with tf.GradientTape() as tape:
            loss = gan.two_player_loss.discriminator(discriminator(REALS), discriminator(fakes))
        values = [variable.value for variable in discriminator.trainable_variables]
        for variable, gradient in zip(
            discriminator.trainable_variables, tape.gradient(loss, values), strict=True
        ):
            variable.assign_sub(0.1 * gradient)
    with tf.GradientTape() as tape:
        loss = gan.two_player_loss.generator(None, discriminator(gan.generator(latents)))
    values = [variable.value for variable in gan.players["generator"].variables]
    short = tape.gradient(loss, values)
    cut = sum(
        float((gradient.numpy() * way).sum())
        for gradient, way in zip(short, direction, strict=True)
    )
    assert abs(cut - expected) > 0.05 * abs(expected)


@pytest.mark.parametrize(
    "optimizer",
    [
        keras.optimizers.Adam(1e-2, 0.5),
        keras.optimizers.RMSprop(1e-2),
        keras.optimizers.RMSprop(1e-2, momentum=0.9),
        keras.optimizers.SGD(0.1),
        keras.optimizers.SGD(0.1, momentum=0.9),
        keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
        keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(1e-2, 1, 0.5)),
    ],
)
def test_the_foreseen_weights_are_those_of_the_optimizers_own_updates(optimizer):
    random = np.random.RandomState(0)
    variables = [keras.Variable(random.normal(size=shape)) for shape in ((3, 2), (2,))]
    variables[1].constraint = keras.constraints.UnitNorm()
    optimizer = type(optimizer).from_config(optimizer.get_config())
    optimizer.build(variables)
    # A first real update, so that the moments are no zeros.
    gradients = [[random.normal(size=v.shape).astype("float32") for v in variables] for _ in "123"]
    optimizer.apply(list(map(tf.constant, gradients[0])), variables)
    before = [variable.numpy() for variable in (*variables, *optimizer.variables)]

    functional = Functional(optimizer, variables)
    weights, state = [variable.value for variable in variables], functional.state
    for step in gradients[1:]:
        weights, state = functional.apply(state, list(map(tf.constant, step)), weights)
    for old, variable in zip(before, (*variables, *optimizer.variables), strict=True):
        np.testing.assert_array_equal(old, variable)  # nothing has moved yet

    for step in gradients[1:]:
        optimizer.apply(list(map(tf.constant, step)), variables)
    for foreseen, variable in zip(
        (*weights, *state), (*variables, *optimizer.variables), strict=True
    ):
        np.testing.assert_allclose(foreseen, variable, rtol=1e-6, atol=1e-7)


def test_bad_arguments():
    for steps in (-1, 0.5, "2", None):
        with pytest.raises(ValueError, match="unrolling_steps must be an integer of at least 0"):
            unrolled(steps)


@pytest.mark.parametrize(
    ("optimizer", "received"),
    [
        (keras.optimizers.Nadam(1e-3), r"Nadam\(\)\."),
        (keras.optimizers.AdamW(weight_decay=0.1), r"AdamW\(weight_decay=0\.1\)\."),
        (keras.optimizers.SGD(clipnorm=1.0), r"SGD\(clipnorm=1\.0\)\."),
        (keras.optimizers.Adam(amsgrad=True), r"Adam\(amsgrad=True\)\."),
        (
            keras.optimizers.Adam(gradient_accumulation_steps=2),
            r"Adam\(gradient_accumulation_steps=2\)\.",
        ),
    ],
)
def test_an_optimizer_that_cannot_be_foreseen(optimizer, received):
    gan = unrolled(1)
    with pytest.raises(ValueError, match=f"discriminator_optimizer must be one .* {received}"):
        gan.compile("hinge", discriminator_optimizer=optimizer)
    assert type(gan.two_player_loss).__name__ == "NonSaturating"
