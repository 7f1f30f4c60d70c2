import gc
import subprocess
import sys
import weakref

import numpy as np
import pytest
import tensorflow as tf

import kgan.data
from kgan.errors import UsageError

NUM_IMAGES, BATCH = 22, 4
# Image i has the value i everywhere.
PIXELS = np.broadcast_to(np.arange(NUM_IMAGES)[:, None, None, None], (NUM_IMAGES, 4, 4, 1)).astype(
    np.uint8
)


def loaded(seed=0, **options):
    return kgan.data.load(PIXELS, batch_size=BATCH, seed=seed, **options)


def numbers(dataset, batches=None):
    """Which images each batch holds."""
    return [
        np.rint(batch[:, 0, 0, 0] * 127.5 + 127.5).astype(int).tolist()
        for batch in dataset.take(batches or -1).as_numpy_iterator()
    ]


def flat(parts):
    return [number for part in parts for number in part]


def test_an_epoch_holds_each_image_once_but_for_the_remainder():
    for dataset in (loaded(), loaded().from_step(10)):
        epoch = flat(numbers(dataset, 5))
        assert len(epoch) == len(set(epoch)) == 20
        assert epoch != sorted(epoch)


def test_the_order_is_numpys_permutation_of_seed_and_epoch():
    for epoch in (0, 3):
        expected = np.random.default_rng((7, epoch)).permutation(NUM_IMAGES)[:20]
        assert flat(numbers(loaded(7).from_step(5 * epoch), 5)) == expected.tolist()


def test_from_any_step_the_batches_are_those_that_would_have_come():
    whole = numbers(loaded().from_step(0), 17)
    assert numbers(loaded()) == whole[:5]
    for step in (1, 4, 5, 13):
        assert numbers(loaded().from_step(step), 17 - step) == whole[step:]


def test_all_images_stand_beside_their_labels():
    dataset = kgan.data.load((PIXELS, np.arange(NUM_IMAGES)), batch_size=BATCH, labels=True)
    assert dataset.images.dtype == np.float32
    np.testing.assert_allclose(dataset.images, PIXELS / 127.5 - 1, atol=1e-6)
    np.testing.assert_array_equal(dataset.labels, np.arange(NUM_IMAGES))


def test_epochs_and_seeds_differ():
    epochs = numbers(loaded().from_step(0), 10)
    assert epochs[:5] != epochs[5:]
    assert numbers(loaded(1)) != numbers(loaded(0))


def test_it_starts_at_once_at_a_late_step():
    assert len(numbers(loaded().from_step(10**12), 1)[0]) == BATCH


def test_it_is_a_dataset_that_knows_its_length():
    dataset = loaded()
    assert isinstance(dataset, tf.data.Dataset)
    assert len(dataset) == 5
    assert dataset.element_spec == tf.TensorSpec((BATCH, 4, 4, 1), tf.float32)
    assert dataset.map(lambda images: images[:2]).element_spec.shape == (2, 4, 4, 1)
    assert dataset.from_step(3).cardinality() == tf.data.INFINITE_CARDINALITY
    assert dataset.options().autotune.enabled is False
    assert dataset.from_step(0).options().autotune.enabled is False


def test_wrong_steps():
    with pytest.raises(UsageError, match=r"step must be an integer of at least 0; received -1"):
        loaded().from_step(-1)


def test_arrays_are_freed_with_the_last_of_their_data_sets():
    pixels = PIXELS.copy()
    alive = weakref.ref(pixels)
    stream = kgan.data.load(pixels, batch_size=BATCH).from_step(3).map(lambda images: images + 0)
    del pixels
    gc.collect()
    # The data set that `load` returned is gone, what was made of it is not.
    assert numbers(stream, 2) == numbers(loaded().from_step(3), 2)
    del stream
    gc.collect()
    assert alive() is None


class Workers:
    """A strategy of which only the input pipelines are real: two workers with three replicas."""

    num_replicas_in_sync = 6

    def distribute_datasets_from_function(self, function):
        return [function(tf.distribute.InputContext(2, worker, 6)) for worker in range(2)]


def test_workers_share_each_batch_out():
    dataset = kgan.data.load(PIXELS, batch_size=12, seed=3)
    first, second = (numbers(part, 6) for part in dataset.distributed(Workers(), 5))
    batches = numbers(dataset.from_step(5), 2)
    assert [len(part) for part in first] == [2] * 6
    for step in range(2):
        mine, theirs = (parts[3 * step : 3 * step + 3] for parts in (first, second))
        assert flat(mine + theirs) == batches[step]


def test_a_batch_that_replicas_cannot_share():
    with pytest.raises(UsageError, match=r"batch_size=4 must be divisible by the 6 replicas.*=6"):
        loaded().distributed(Workers(), 0)


MIRRORED = """
import gc, keras, numpy as np, tensorflow as tf
import kgan.data

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
pixels = np.random.default_rng(0).integers(0, 256, (22, 4, 4, 1), np.uint8)
dataset = kgan.data.load((pixels, np.arange(22)), batch_size=4, labels=True)

shared = dataset.distributed(strategy, 3)
for (images, labels), (whole, numbers) in zip(shared, dataset.from_step(3).take(9)):
    parts = strategy.experimental_local_results(images)
    assert len(parts) == 2
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    np.testing.assert_array_equal(
        np.concatenate(strategy.experimental_local_results(labels)), numbers)

with strategy.scope():
    layers = [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]
    model = keras.Sequential(layers)
    model.compile("sgd", "mse", jit_compile=False)
history = model.fit(dataset.distributed(strategy, 0), epochs=2, steps_per_epoch=5, verbose=0)
assert len(history.history["loss"]) == 2
assert np.isfinite(model.evaluate(dataset, verbose=0))

# Nothing but what the strategy made holds the images.
shared = kgan.data.load(pixels, batch_size=4).distributed(strategy, 0)
given = strategy.experimental_distribute_dataset(kgan.data.load(pixels, batch_size=4))
gc.collect()
assert len(list(zip(shared, range(7)))) == 7 and len(list(given)) == 5
print("all is well")
"""


@pytest.mark.slow
def test_two_replicas_share_a_batch_and_keras_fits():
    result = subprocess.run(
        [sys.executable, "-c", MIRRORED], capture_output=True, text=True, timeout=300
    )
    assert "all is well" in result.stdout, result.stderr
