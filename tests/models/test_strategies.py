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

kind, dtype, folder = sys.argv[1:]
if kind == "mirrored":
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
elif kind == "workers":
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
else:
    strategy = tf.distribute.get_strategy()
import kgan

images = np.random.RandomState(0).uniform(-1, 1, (128, 16, 16, 1)).astype("float32")
with strategy.scope():
    gan = kgan.DCGAN((16, 16, 1), latent_dim=8, width=8, seed=1, dtype=dtype)
gan.compile(loss="relativistic", penalties=[kgan.penalties.R1(1.0, interval=2)],
            augment="diffaugment", discriminator_steps=2)
checkpoint = kgan.callbacks.Checkpoint(folder, every_seconds=0)
history = gan.fit(kgan.data.load(images, batch_size=32), epochs=2, verbose=0,
                  callbacks=[checkpoint]).history

def digest(parts):
    values = hashlib.sha256()
    for variable in parts:
        value = variable.value
        if isinstance(value, tf.distribute.DistributedValues):
            copies = [copy.numpy() for copy in value.values]
            assert all(np.array_equal(copies[0], copy) for copy in copies), variable.path
            values.update(copies[0].tobytes())
        else:
            values.update(value.numpy().tobytes())
    return values.hexdigest()

state = gan.state()
state.pop("metrics")
print(json.dumps({
    "digests": {part: digest(variables) for part, variables in state.items()},
    "losses": {name: float(np.squeeze(values[-1])) for name, values in history.items()},
    "steps": int(gan.training_seeds.state.numpy()[1]),
    "files": sorted(os.listdir(folder)) if os.path.exists(folder) else [],
}))
"""


def start(kind, dtype, folder, environment=()):
    return subprocess.Popen(
        [sys.executable, "-c", TRAINER, kind, dtype, str(folder)],
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


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "mixed_float16"])
def test_two_logical_devices(tmp_path, dtype):
    one = result(start("one", dtype, tmp_path / "one"))
    two = result(start("mirrored", dtype, tmp_path / "two"))  # asserts that the copies are equal
    assert two["steps"] == one["steps"] == 8
    # The same images, other latents: losses agree about, weights need not.
    assert two["losses"]["generator_loss"] == pytest.approx(
        one["losses"]["generator_loss"], rel=0.2
    )
    assert two["digests"] == result(start("mirrored", dtype, tmp_path / "again"))["digests"]


@pytest.mark.slow
def test_two_workers_on_loopback(tmp_path):
    cluster = {"worker": [f"127.0.0.1:{port}" for port in free_ports(2)]}
    workers = [
        start(
            "workers",
            "float32",
            tmp_path / f"worker{index}",
            {
                "TF_CONFIG": json.dumps(
                    {"cluster": cluster, "task": {"type": "worker", "index": index}}
                )
            },
        )
        for index in (0, 1)
    ]
    first, second = (result(worker) for worker in workers)
    assert first["digests"] == second["digests"]
    assert first["losses"] == pytest.approx(second["losses"], rel=1e-6)
    assert first["steps"] == 8
    assert len(first["files"]) == 2 and second["files"] == []  # only the chief writes
