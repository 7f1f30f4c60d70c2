"""Several devices and several processes: every copy ends with the same weights."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

TRAINER = """
import hashlib, json, os, sys
import numpy as np
import tensorflow as tf

folder = sys.argv[1]
strategy = tf.distribute.MultiWorkerMirroredStrategy()
import kgan

images = np.random.RandomState(0).uniform(-1, 1, (128, 16, 16, 1)).astype("float32")
with strategy.scope():
    gan = kgan.DCGAN((16, 16, 1), latent_dim=8, width=8, seed=1)
gan.compile(loss="relativistic", penalties=[kgan.penalties.R1(1.0, interval=2)],
            discriminator_steps=2)
checkpoint = kgan.callbacks.Checkpoint(folder, every_seconds=0)
history = gan.fit(kgan.data.load(images, batch_size=32), epochs=2, verbose=0,
                  callbacks=[checkpoint]).history

def digest(parts):
    values = hashlib.sha256()
    for variable in parts:
        values.update(variable.numpy().tobytes())
    return values.hexdigest()

state = gan.state()
state.pop("log")
print(json.dumps({
    "digests": {part: digest(variables) for part, variables in state.items()},
    "losses": {name: float(np.squeeze(values[-1])) for name, values in history.items()},
    "steps": int(gan.training_seeds.state.numpy()[1]),
    "files": sorted(os.listdir(folder)) if os.path.exists(folder) else [],
}))
"""


# Replicas that agree on everything but one thing: what the last of them overflows with.
OVERFLOW = """
import json, sys
import numpy as np
import tensorflow as tf

if sys.argv[1] == "mirrored":
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
else:
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
import kgan

images = np.random.RandomState(0).uniform(-1, 1, (32, 16, 16, 1)).astype("float32")
with strategy.scope():
    gan = kgan.DCGAN((16, 16, 1), latent_dim=8, width=8, dtype="mixed_float16")
gan.compile()
plain = gan.losses

def overflowing(player, real, fake):
    last = tf.distribute.get_replica_context().replica_id_in_sync_group == 1
    factor = tf.where(last & (player == "discriminator"), float("inf"), 1.0)
    return {name: value * factor for name, value in plain(player, real, fake).items()}

gan.losses = overflowing
before = gan.discriminator.trainable_variables[0].numpy()
scale = float(gan.discriminator_optimizer.dynamic_scale.numpy())
gan.fit(kgan.data.load(images, batch_size=16), verbose=0)
after = gan.discriminator.trainable_variables[0].numpy()
print(json.dumps({
    "discriminator unchanged": bool(np.array_equal(before, after)),
    "scale by": float(gan.discriminator_optimizer.dynamic_scale.numpy()) / scale,
    "generator finite": all(bool(np.isfinite(w.numpy()).all()) for w in gan.generator.weights),
}))
"""

# Where the latents do not matter and nothing is normalised over a replica's part of the batch in
# the discriminator, two devices compute what one does.
EQUAL = """
import contextlib, json, shutil, sys
import keras
import numpy as np
import tensorflow as tf
from keras import layers

(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
import kgan

images = np.random.RandomState(0).uniform(-1, 1, (64, 8, 8, 1)).astype("float32")
dataset = kgan.data.load(images, batch_size=16)

def build(scope, norm=True):
    keras.utils.set_random_seed(0)
    with scope:
        dense = layers.Dense(64, "tanh", kernel_initializer="zeros", bias_initializer="normal")
        middle = [layers.BatchNormalization(momentum=0.5)] if norm else []
        generator = keras.Sequential([keras.Input((4,)), dense, *middle, layers.Reshape((8, 8, 1))])
        dense.kernel.trainable = False
        discriminator = keras.Sequential(
            [keras.Input((8, 8, 1)), layers.Flatten(), layers.Dense(8, "tanh"), layers.Dense(1)])
        gan = kgan.GAN(generator, discriminator, ema_halflife_images=40.0)
    sgd = keras.optimizers.SGD(0.1)
    gan.compile(penalties=["r1"], generator_optimizer=sgd, discriminator_optimizer=sgd)
    return gan

found = {}
for norm in (True, False):
    one, two = build(contextlib.nullcontext(), norm), build(strategy.scope(), norm)
    one.set_weights(two.get_weights())
    before = two.get_weights()
    for gan in (one, two):
        gan.fit(dataset, epochs=2, verbose=0)
    gap = lambda xs, ys: max(float(np.abs(x - y).max()) for x, y in zip(xs, ys))
    found[f"apart {norm}"] = gap(one.get_weights(), two.get_weights())
    found[f"moved {norm}"] = gap(before, two.get_weights())
losses = [gan.evaluate(dataset, verbose=0)["discriminator_loss"] for gan in (one, two)]
found["evaluated apart"] = float(abs(losses[0] - losses[1]))

class Stop(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.training_seeds.step) == 6:
            raise KeyboardInterrupt

def run(folder, *callbacks):
    with strategy.scope():
        gan = kgan.DCGAN((8, 8, 1), latent_dim=8, width=8, dtype="mixed_bfloat16")
    gan.compile("relativistic", penalties=[kgan.penalties.R1(1.0, interval=2)],
                augment="diffaugment", discriminator_steps=2)
    checkpoint = kgan.callbacks.Checkpoint(f"{sys.argv[1]}/{folder}", every_seconds=0, resume=True)
    with contextlib.suppress(KeyboardInterrupt):
        gan.fit(dataset, epochs=2, verbose=0, callbacks=[checkpoint, *callbacks])
    held = {part: vs for part, vs in gan.state().items() if part not in ("log", "seeds")}
    copies = [[np.asarray(copy) for copy in v.value.values] for vs in held.values() for v in vs]
    found["copies"] = min(map(len, copies))
    found["copies apart"] = gap(*zip(*copies))
    return {part: [np.asarray(v.value.values[0]) for v in vs] for part, vs in held.items()}

whole = run("whole")
run("stopped", Stop())
resumed = run("stopped")
found["resumed apart"] = max(gap(whole[part], resumed[part]) for part in whole)
print(json.dumps(found))
"""


def child(program, *arguments, environment=()):
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])} | dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def result(process):
    out, err = process.communicate(timeout=240)
    assert process.returncode == 0, err[-3000:]
    return json.loads(out.splitlines()[-1])


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def cluster():
    """The environments of two workers on free ports, as Kubeflow and Ray Train set them."""
    workers = [f"127.0.0.1:{port}" for port in free_ports(2)]
    for index in range(2):
        config = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
        yield {"TF_CONFIG": json.dumps(config)}


@pytest.mark.slow
def test_two_devices_compute_what_one_does_and_resume_exactly(tmp_path):
    found = result(child(EQUAL, tmp_path))
    for kind in ("True", "False"):  # with and without moving statistics
        assert found[f"apart {kind}"] < 1e-6 < 1e-2 < found[f"moved {kind}"]
    assert found["evaluated apart"] < 1e-5
    assert found["resumed apart"] == 0.0
    assert found["copies"] == 2 and found["copies apart"] == 0.0


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mirrored", "workers"])
def test_an_overflow_in_the_last_replica_is_skipped_by_all(kind):
    environments = cluster() if kind == "workers" else [{}]
    processes = [child(OVERFLOW, kind, environment=environment) for environment in environments]
    for process in processes:
        assert result(process) == {
            "discriminator unchanged": True,
            "scale by": 0.25,  # halved in each of two steps
            "generator finite": True,
        }


@pytest.mark.slow
def test_two_workers_on_loopback(tmp_path):
    workers = [
        child(TRAINER, tmp_path / f"worker{index}", environment=environment)
        for index, environment in enumerate(cluster())
    ]
    first, second = (result(worker) for worker in workers)
    assert first["digests"] == second["digests"]
    assert first["losses"] == pytest.approx(second["losses"], rel=1e-6)
    assert first["steps"] == 8
    assert len(first["files"]) == 2 and second["files"] == []  # only the chief writes
