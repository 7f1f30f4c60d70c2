"""What a run is, in lines for people and in the words of its `config.json`."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgan.plurals import counted
from kgan.runs.stages import Stage, described

if TYPE_CHECKING:
    from kgan.data import ImageDataset
    from kgan.models.adversarial import AdversarialModel


def lines(
    arguments: dict[str, Any],
    dataset: ImageDataset,
    gan: AdversarialModel,
    replicas: int,
    folder: Path,
    stages: list[Stage],
) -> list[str]:
    """A line each for data, classes, model, training and folder, with its heading."""
    height, width, channels = dataset.image_shape
    steps = arguments["steps"] or dataset.steps_per_epoch
    first, *others = [
        (f"{network.count_params():,}", name) for name, network in gan.networks_by_name.items()
    ]
    counts = [f"{first[0]} parameters in the {first[1]}"]
    counts += [f"{count} in the {name}" for count, name in others]
    found = [
        f"data        {arguments['data']}: {counted(dataset.num_images, 'image')} of "
        f"{height}x{width}x{channels}, {counted(steps, 'step')} of {dataset.batch_size} per epoch"
    ]
    if gan.class_names:
        found.append(f"classes     {', '.join(gan.class_names)}")
    return [
        *found,
        f"model       {type(gan).__name__}: {', '.join(counts)}",
        f"training    {described(stages)}, {arguments['precision']}, seed {arguments['seed']}, "
        f"{counted(replicas, 'device')}",
        f"run folder  {folder}",
    ]


def model(gan: AdversarialModel) -> dict[str, Any]:
    """The model together with its `compile` configuration."""
    import keras

    return keras.saving.serialize_keras_object(gan)


def config(dataset: ImageDataset, gan: AdversarialModel) -> dict[str, Any]:
    """What defines a run besides its recipe and its arguments: data, model, versions, machine."""
    import keras
    import numpy as np
    import tensorflow as tf

    from kgan import __version__

    devices = [
        tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
        for gpu in tf.config.list_physical_devices("GPU")
    ]
    return {
        "data": dataset.config,
        "model": model(gan),
        "versions": {
            "kgan": __version__,
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "machine": {
            "system": platform.platform(),
            "processor": platform.machine(),
            "cpus": os.cpu_count(),
            "gpus": devices,
            "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS"),
        },
    }
