"""What every model keeps, whatever its paper: a new class fails here until it has its row.

The networks are the smallest there are. `fit` runs as a graph where a model changes what happens in
the step; elsewhere eagerly, which costs a fifth of the tracing. Graphs of every loss and penalty,
in each precision and under strategies, are in the tests of GAN and DCGAN.
"""

import functools
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf

import kgan
from kgan import networks
from kgan.batches import in_batches
from kgan.models.adversarial import AdversarialModel
from kgan.models.translation import Translation
from kgan.precision import compute_dtypes
from kgan.signature import Image, Latent, Signature

SHAPE, LATENT, WIDTH, BATCH, CLASSES = (8, 8, 1), 4, 2, 8, 3


# A generator whose features can be contrasted.
ENCODING = networks.ResNetTranslator(width=WIDTH, blocks=1)
LOGGED = ("discriminator_loss", "generator_loss", "real_logits", "fake_logits")


class Row(NamedTuple):
    """How to make one model, and the kind of its data; `steps`: critic updates, where they are
    many by default."""

    arguments: dict
    data: str = "images"
    steps: int | None = None


ROWS = {
    "ACGAN": Row({"classes": CLASSES}, "labels"),
    "BiGAN": Row({}),
    "Colorization": Row({"latent_dim": 2}, "colors"),
    "ConditionalGAN": Row({"classes": CLASSES}, "labels"),
    "ConditionalGAN projection": Row(
        {"classes": CLASSES, "conditioning": "projection"}, "labels", steps=1
    ),
    "ConditionalGAN vector": Row(
        {"condition_dim": 2, "conditioning": "projection"}, "conditions", steps=1
    ),
    "CUT": Row({"channels": 1, "patches": 8, "generator_network": ENCODING}, "pairs"),
    "CycleGAN": Row({"image_shape": SHAPE, "pool_size": 4}, "pairs"),
    "DCGAN": Row({}),
    "DRAGAN": Row({}),
    "GAN": Row({}),
    "InfoGAN": Row({"categorical": (3, 2), "continuous": 1}),
    "Inpainting": Row({"channels": 1}, "masked"),
    "LSGAN": Row({}),
    "PacGAN": Row({"pack": 2}),
    "Pix2Pix": Row({"channels": 1, "latent_dim": 2}, "pairs"),
    "R3GAN": Row({"burn_in_steps": 4}),
    "RelativisticGAN": Row({}),
    "SNGAN": Row({}, steps=2),
    "SRGAN": Row(
        {
            "channels": 1,
            "generator_network": networks.SRVGG(WIDTH, blocks=1, scale=2),
            "discriminator_network": networks.SRGANDiscriminator(WIDTH, halvings=1),
        },
        "low and high",
    ),
    "Segmentation": Row({"classes": CLASSES, "channels": 1}, "label maps"),
    "SemiSupervisedGAN": Row({"classes": CLASSES}, "some labels"),
    "UnrolledGAN": Row({"unrolling_steps": 1}),
    "VanillaGAN": Row({"width": 8}),  # of two rectified units both may be dead
    "WGAN": Row({}, steps=2),
    "WGANGP": Row({}, steps=2),
}


LONG = ("CUT", "CycleGAN", "Colorization", "Inpainting", "Segmentation")


def slow(*names):
    """All rows, of which these run with the slow tests."""
    return [pytest.param(row, marks=[pytest.mark.slow] * (row in names)) for row in ROWS]


def public_classes():
    found = {name: getattr(kgan, name) for name in kgan.__all__}
    return {
        name: kind
        for name, kind in found.items()
        if inspect.isclass(kind) and issubclass(kind, AdversarialModel)
    }


def every_class(kind=None):
    """The model classes of the package, public or not."""
    kind = AdversarialModel if kind is None else kind
    yield kind
    for below in kind.__subclasses__():
        yield from every_class(below)


def built(name, **changes):
    row, kind = ROWS[name], public_classes()[name.split()[0]]
    if kind is kgan.GAN:
        family = networks.architectures.classes[changes.get("networks", "dcgan")]
        dtype = changes.get("dtype")
        generator = family(WIDTH).generator(Signature(Latent(LATENT)), Image(SHAPE), dtype=dtype)
        return kgan.GAN(
            generator, family(WIDTH).discriminator(Signature(Image(SHAPE)), dtype=dtype), 100.0
        )
    if issubclass(kind, Translation):
        sizes = {
            "generator_network": networks.UNet(width=WIDTH, depth=2),
            "discriminator_network": networks.PatchGAN(width=WIDTH, layers=1),
        }
        return kind(**sizes | {"ema_halflife_images": 100.0} | row.arguments | changes)
    sizes = {"image_shape": SHAPE, "latent_dim": LATENT, "width": WIDTH}
    return kind(**sizes | {"ema_halflife_images": 100.0} | row.arguments | changes)


# What belongs to the step.
HOOKS = (
    *("train_step", "test_step", "test_losses", "sample_inputs", "encode_real", "synthesize"),
    *("discriminate", "present", "augmented", "name_outputs", "losses", "diagnostics"),
)


def changes_the_step(name):
    kind = public_classes()[name.split()[0]]
    changed = any(getattr(kind, hook) is not getattr(AdversarialModel, hook) for hook in HOOKS)
    return changed or "conditions" in ROWS[name].data or "labels" in ROWS[name].data


def compiled(name, run_eagerly=True, **changes):
    gan = built(name, **changes)
    gan.compile(discriminator_steps=ROWS[name].steps, run_eagerly=run_eagerly)
    return gan


@pytest.mark.parametrize("name", sorted(ROWS.keys() - {"GAN"}))
def test_numbers_of_numpy_are_numbers(name):
    kinds = {int: np.int64, float: np.float32}
    given = built(name).get_config().items()
    numbers = {key: kinds[type(n)](n) for key, n in given if type(n) in kinds}
    gan = built(name, **numbers)
    found = json.dumps(keras.saving.serialize_keras_object(gan))
    assert keras.saving.deserialize_keras_object(json.loads(found)).get_config() == gan.get_config()


@functools.cache
def data(kind):
    """Arrays of one batch, as `fit` takes them."""
    random = np.random.RandomState(0)
    images = random.uniform(-1, 1, (BATCH, *SHAPE)).astype("float32")
    labels = np.arange(BATCH, dtype="int32") % CLASSES
    return {
        "images": images,
        "labels": (images, labels),
        "some labels": (images, np.where(np.arange(BATCH) % 2, labels, -1)),
        "pairs": (images, -images),
        "low and high": (images[:, ::2, ::2], images),
        "label maps": (images, (images[..., 0] > 0).astype("int32") + (images[..., 0] > 0.5)),
        "masked": (images, kgan.data.free_form_masks(BATCH, SHAPE[:2])),
        "colors": np.tanh(images * np.float32([2, 1, -1])),
        "conditions": (images, random.normal(size=(BATCH, 2)).astype("float32")),
    }[kind]


def fit(gan, name, **arguments):
    return gan.fit(data(ROWS[name].data), batch_size=BATCH, verbose=0, **arguments).history


def samples(gan, n, seed):
    required = gan.input_signature.required
    if isinstance(gan, Translation):
        size = SHAPE[0] // gan.scale
        given = {field.argument: field.examples(n, 0, (size, size)) for field in required}
        inputs = gan.input_signature.sample(n, seed, None, given, type(gan).__name__)
        return in_batches(gan, inputs, batch_size=64)
    given = {field.argument: np.linspace(-1, 1, 2 * n).reshape(n, 2) for field in required}
    return gan.generate(n, seed=seed, **given)


def weights(gan):
    return {name: network.get_weights() for name, network in gan.networks_by_name.items()}


def assert_same_state(first, second):
    for part, variables in first.state().items():
        for a, b in zip(variables, second.state()[part], strict=True):
            np.testing.assert_array_equal(a, b, err_msg=f"{part} {a.path}")


def test_every_model_has_a_row_and_a_public_name():
    named = {name.split()[0] for name in ROWS}
    assert named == set(public_classes())
    inside = {kind.__name__ for kind in every_class() if kind.__module__.startswith("kgan.")}
    bases = {"AdversarialModel", "Translation", "UnpairedTranslation", "BothWays", "Variant"}
    assert inside - named == bases


@pytest.mark.parametrize(
    "name", slow("CUT", "CycleGAN", "Colorization", "Inpainting", "Segmentation")
)
def test_trains_evaluates_and_generates(name):
    """In float32: the weights of all networks move, the numbers are finite."""
    gan = compiled(name)
    gan.run_eagerly = not changes_the_step(name)
    before = {
        name: [variable.numpy() for variable in network.trainable_variables]
        for name, network in gan.networks_by_name.items()
    }
    history = fit(gan, name, epochs=2)
    penalties = set(gan.players["discriminator"].regularizers)
    assert {*LOGGED, *penalties} <= set(history)
    assert np.isfinite(list(history.values())).all()
    for network, old in before.items():
        variables = gan.networks_by_name[network].trainable_variables
        for variable, value in zip(variables, old, strict=True):
            # The bias of a critic whose loss is a difference has no gradient.
            if len(variable.shape) > 1:
                assert (variable.numpy() != value).any(), f"{network} {variable.path}"

    gan.run_eagerly = True
    losses = gan.evaluate(data(ROWS[name].data), batch_size=BATCH, verbose=0)
    assert set(losses) == set(history) - penalties
    assert np.isfinite(list(losses.values())).all()
    assert losses == gan.evaluate(data(ROWS[name].data), batch_size=BATCH, verbose=0)

    images = samples(gan, 5, seed=3)
    channels = gan.output_signature[gan.output_name].shape[-1]
    assert images.shape == (5, *SHAPE[:2], channels) and images.dtype == np.float32
    assert np.abs(images).max() <= 1 and images.std(0).max() > 0
    np.testing.assert_array_equal(images, samples(gan, 5, seed=3))
    drawn = any(field.has_default for field in gan.input_signature.values())
    assert drawn != np.array_equal(images, samples(gan, 5, seed=4))


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("name", slow(*ROWS.keys() - {"DCGAN", "Pix2Pix", "WGANGP"}))
def test_half_precision_inside_float32_outside(name, dtype):
    gan = compiled(name, dtype=dtype)
    half = dtype.removeprefix("mixed_")
    for network in gan.networks_by_name.values():
        assert half in compute_dtypes(network)
        assert {weight.dtype for weight in network.weights} == {"float32"}
    optimizers = (gan.generator_optimizer, gan.discriminator_optimizer)
    for optimizer in optimizers:
        scales = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
        assert scales == (half == "float16")
    before = weights(gan)
    # The scale of float16 begins too high for terms of great weight: up to nine steps are skipped.
    history = fit(gan, name, epochs=10 if isinstance(gan, Translation) else 1)
    assert np.isfinite(list(history.values())).all()
    for network, old in before.items():
        pairs = zip(old, weights(gan)[network], strict=True)
        assert any((a != b).any() for a, b in pairs), network
        assert all(np.isfinite(weight).all() for weight in weights(gan)[network])
    images = samples(gan, 2, seed=0)
    assert images.dtype == np.float32 and np.isfinite(images).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", ROWS)
def test_saved_and_resumed_it_ends_as_if_nothing_had_happened(name, tmp_path):
    """A run goes on in memory, from its file, and from its folder of checkpoints: all alike."""

    def checkpoint():
        return [kgan.callbacks.Checkpoint(tmp_path / "run", resume=True)]

    # What a model keeps beside its networks is at stake; convolutions are slower.
    own = changes_the_step(name) or name in ("GAN", "DCGAN")
    changes = {} if own else {"networks": "mlp"}
    whole = compiled(name, **changes)
    fit(whole, name, callbacks=checkpoint())
    whole.save(tmp_path / "gan.keras")
    start, made = whole.generator.get_weights(), samples(whole, 3, seed=1)
    fit(whole, name, epochs=2, initial_epoch=1)
    moved = zip(start, whole.generator.get_weights(), strict=True)
    assert any((a != b).any() for a, b in moved)

    loaded = kgan.load_model(tmp_path / "gan.keras")
    assert type(loaded) is type(whole)
    assert loaded.fingerprint() == whole.fingerprint()
    np.testing.assert_array_equal(samples(loaded, 3, seed=1), made)
    fit(loaded, name, epochs=2, initial_epoch=1)
    assert_same_state(whole, loaded)

    resumed = compiled(name, **changes)
    fit(resumed, name, epochs=2, callbacks=checkpoint())
    assert_same_state(whole, resumed)


def other_families():
    """Each model with the networks that are not its own, with which all other tests play."""
    own = {"R3GAN": "r3gan", "VanillaGAN": "mlp"}
    for name in (name for name in ROWS if issubclass(public_classes()[name.split()[0]], kgan.GAN)):
        yield from (
            (name, other)
            for other in networks.architectures.classes
            if other != own.get(name, "dcgan")
        )


@pytest.mark.parametrize(("name", "networks"), list(other_families()))
def test_every_family_of_networks_fits_every_game(name, networks):
    gan = built(name, networks=networks, ema_halflife_images=None)
    parts = data(ROWS[name].data)
    parts = parts if isinstance(parts, tuple) else (parts,)
    parts = dict(zip(gan.batch_signature, map(tf.constant, parts), strict=True))
    real = gan.encode_real(parts, training=False)
    fake = gan.synthesize(gan.sample_inputs(real, gan.training_seeds), training=False)
    assert fake["image"].shape == (BATCH, *SHAPE) and fake["image"].dtype == "float32"
    assert np.abs(fake["image"]).max() <= 1
    for side in (real, fake):
        judged = gan.discriminate(side, training=False)
        assert judged["logit"].shape == (BATCH // gan.pack, 1)
        assert all(np.isfinite(values).all() for values in judged.values())


# In one process, since TensorFlow's start costs more than a model's step; eagerly, since two
# traces of each model would cost three times as much as all else (test_strategies.py has graphs).
MIRRORED = """
import importlib.util, json, sys
import numpy as np
import tensorflow as tf

(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
spec = importlib.util.spec_from_file_location("contract", sys.argv[1])
contract = importlib.util.module_from_spec(spec)
spec.loader.exec_module(contract)

def copies(variable):
    value = variable.value
    mirrored = isinstance(value, tf.distribute.DistributedValues)
    return [copy.numpy() for copy in value.values] if mirrored else [value.numpy()]

found = {}
for name in contract.ROWS:
    with strategy.scope():
        gan = contract.built(name)
    gan.compile(discriminator_steps=1, run_eagerly=True)
    before = contract.weights(gan)
    history = contract.fit(gan, name)
    variables = [v for part, held in gan.state().items() if part != "log" for v in held]
    found[name] = {
        "two copies": all(len(copies(v)) == 2 for n in gan.networks_by_name.values()
                          for v in n.variables),
        "apart": [v.path for v in variables if len({c.tobytes() for c in copies(v)}) > 1],
        "finite": bool(np.isfinite(list(history.values())).all()),
        "still": [n for n, old in before.items() if all(
            np.array_equal(a, b) for a, b in zip(old, contract.weights(gan)[n]))],
    }
print(json.dumps(found))
"""


@pytest.mark.slow
def test_two_devices_end_with_the_same_weights():
    ran = subprocess.run(
        [sys.executable, "-c", MIRRORED, __file__],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    good = {"two copies": True, "apart": [], "finite": True, "still": []}
    assert json.loads(ran.stdout.splitlines()[-1]) == dict.fromkeys(ROWS, good)
