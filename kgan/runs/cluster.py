"""The devices and machines of a run: the `tf.distribute` strategy and TF_CONFIG."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from kgan.errors import UsageError

if TYPE_CHECKING:
    import tensorflow as tf

STRATEGIES = ("none", "mirrored", "multiworker")


def strategy(name: str | None) -> tf.distribute.Strategy:
    """The `tf.distribute` strategy of a name; must come before any other TensorFlow operation."""
    import tensorflow as tf

    if name == "multiworker":
        return tf.distribute.MultiWorkerMirroredStrategy()
    if name == "mirrored":
        kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
        return tf.distribute.MirroredStrategy(
            [device.name for device in tf.config.list_logical_devices(kind)]
        )
    return tf.distribute.get_strategy()


def is_chief() -> bool:
    """Whether TF_CONFIG makes this worker the one that writes: `kgan.callbacks.chief`, before TF.

    Raises:
        UsageError: TF_CONFIG is missing or is not what TensorFlow needs.
    """
    text = os.environ.get("TF_CONFIG")
    try:
        config = json.loads(text or "")
        cluster, task = config["cluster"], config["task"]
        kind, index = task["type"], int(task["index"])
        hosts = cluster[kind]
        if not (isinstance(hosts, list) and 0 <= index == task["index"] < len(hosts)):
            raise IndexError(index)
        if kind not in ("chief", "worker") or not all(":" in str(host) for host in hosts):
            raise ValueError(hosts)
        return kind == "chief" or ("chief" not in cluster and (kind, index) == ("worker", 0))
    except (ValueError, KeyError, TypeError, IndexError):
        raise UsageError(
            "strategy='multiworker' needs the environment variable TF_CONFIG, JSON as Kubeflow and "
            "Ray Train set it (under SLURM set it in the job script), such as "
            '{"cluster": {"worker": ["host0:2222", "host1:2222"]}, '
            '"task": {"type": "worker", "index": 0}}; '
            + ("it is not set." if text is None else f"received {text!r}."),
            "strategy",
        ) from None
