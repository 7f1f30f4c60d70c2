"""Train the judge of Fashion-MNIST, the packaged classifier that `kgan.metrics.judge` loads.

It learns from the 60,000 images of the training split, flipped and shifted at random, and is
measured on the 10,000 of the test split, on which nothing was chosen. It needs the full data set:

    kgan data prepare fashion_mnist --from /usr/share/datasets/fashion-mnist
    python benchmarks/train_judge.py --json train_judge.json

The default writes the preset anew and its digest to the registry; `--out` writes elsewhere.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import keras
import numpy as np
import tensorflow as tf

import kgan
from kgan.files import atomic_write, check_overwrite
from kgan.metrics import judge
from kgan.networks import classifier
from kgan.zoo import registry

CONFIG: dict[str, Any] = {
    "image_shape": [28, 28, 1],
    "classes": 10,
    "width": 24,
    "feature_dim": 96,
}
BATCH = 128
RATE = 3e-3
SHIFT = 1  # pixels at most, in each direction


def arrays(source: str, split: str = "train") -> tuple[np.ndarray, np.ndarray]:
    """All images and labels of a split."""
    data = kgan.data.load(source, split=split)
    return data.images, data.labels


def batches(
    images: np.ndarray, labels: np.ndarray, epochs: int, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Shuffled batches, each image shifted by up to `SHIFT` pixels and flipped or not."""
    random = np.random.default_rng(seed)
    size = images.shape[1]
    edge = (SHIFT, SHIFT)
    padded = np.pad(images[..., 0], ((0, 0), edge, edge), constant_values=-1)
    # A view: every place where the image can be cut out again.
    cuts = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(1, 2))
    for _ in range(epochs):
        order = random.permutation(len(images))
        for start in range(0, len(images) - BATCH + 1, BATCH):
            chosen = order[start : start + BATCH]
            down, right = random.integers(0, 2 * SHIFT + 1, (2, BATCH))
            batch = cuts[chosen, down, right]
            flipped = random.random((BATCH, 1, 1)) < 0.5
            yield np.where(flipped, batch[:, :, ::-1], batch)[..., np.newaxis], labels[chosen]


def train(images: np.ndarray, labels: np.ndarray, epochs: int, seed: int) -> keras.Model:
    """The trained classifier; the learning rate rises for one epoch and falls by a cosine."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    model = classifier.classifier(**CONFIG, seed=seed)
    steps = len(images) // BATCH
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps * max(epochs - 1, 1), warmup_target=RATE, warmup_steps=steps
    )
    model.compile(
        keras.optimizers.Adam(rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )
    model.fit(
        batches(images, labels, epochs, seed),
        steps_per_epoch=steps,
        epochs=epochs,
        shuffle=False,  # they are shuffled
        verbose=2,
    )
    return model


def accuracy(model: keras.Model, images: np.ndarray, labels: np.ndarray) -> float:
    """The share of the images whose likeliest class is their label."""
    return float((model.predict(images, batch_size=500, verbose=0).argmax(1) == labels).mean())


def write(model: keras.Model, folder: Path, record: dict) -> None:
    """The folder that `kgan.metrics.judge.load` reads; an older one is replaced."""
    check_overwrite("out", folder, {*judge.FILES, judge.SUMS}, judge.SUMS, "a judge")
    metadata = {
        "kgan_version": kgan.__version__,
        "keras_version": keras.__version__,
        "tensorflow_version": tf.__version__,
        "date_saved": datetime.datetime.now(datetime.timezone.utc).isoformat("T", "seconds"),
        "parameter_count": {"classifier": model.count_params()},
        **record,
    }
    with atomic_write(folder) as temporary:
        temporary.mkdir()
        for name, content in (("config.json", CONFIG), ("metadata.json", metadata)):
            (temporary / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        # That of a compiled model would hold the optimizer's, too.
        weights = classifier.classifier(**CONFIG)
        weights.set_weights(model.get_weights())
        weights.save_weights(temporary / "model.weights.h5")
        (temporary / "README.md").write_text(card(folder.name, record), encoding="utf-8")
        (temporary / judge.SUMS).write_text(judge.checksums(temporary), encoding="utf-8")


def card(name: str, record: dict) -> str:
    """The Markdown of README.md."""
    right = record["accuracy"]
    return f"""# {name}

Judge of garments, 28x28 grey: a classifier, right on {right["test"]:.2%} of the test split.

It generates nothing. It says of what class a generated image is, and its {CONFIG["feature_dim"]}
features measure the Fréchet distance and the diversity of sets of images.

| Training | |
|---|---|
| Recipe | `python benchmarks/train_judge.py --epochs {record["epochs"]} --seed {record["seed"]}` \
(cross-entropy, Adam with rates up to {RATE:g} and back to 0, batch {BATCH}, images flipped and \
shifted by up to {SHIFT} pixel) |
| Data | Fashion-MNIST, 60,000 training images (Zalando Research, MIT) |
| Seed | {record["seed"]} |
| Minutes | {record["cpu_seconds"] / 120:.1f} on two cores ({record["cpu_seconds"]:.0f} seconds of \
processor time) |
| Figure | {right["test"]:.2%} of the 10,000 test images; \
{right["packaged"]:.2%} of the 10,000 that come with kgan, which are training images |
| License | Apache-2.0 |

## Judge

```python
from kgan.metrics import judge

referee = judge.load("{name}")
referee.classify(images)  # int32 (n,): the likeliest class
referee.logits(images)  # float32 (n, {CONFIG["classes"]})
referee.features(images)  # float32 (n, {CONFIG["feature_dim"]})
```

`images` are float32 (n, 28, 28, 1) in [-1, 1]. The classes are those of
`kgan.data.load("fashion_mnist", labels=True)`, in its order.

## Files

`config.json` holds the arguments of `kgan.networks.classifier.classifier`. `SHA256SUMS` holds the
SHA-256 of every other file; loading checks them all.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=registry.PRESETS / "judge_fashion_mnist")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()

    images, labels = arrays("tfds:fashion_mnist")
    began, cpu_began = time.perf_counter(), time.process_time()
    model = train(images, labels, arguments.epochs, arguments.seed)
    record = {
        "epochs": arguments.epochs,
        "seed": arguments.seed,
        "seconds": round(time.perf_counter() - began),
        "cpu_seconds": round(time.process_time() - cpu_began),
        "accuracy": {
            "test": accuracy(model, *arrays("tfds:fashion_mnist", "test")),
            "packaged": accuracy(model, *arrays("fashion_mnist")),
        },
    }
    write(model, arguments.out, record)
    if arguments.out.resolve().parent == registry.PRESETS.resolve():
        registry.write_registry()
    print(f"{'images':28s} accuracy")
    for name, value in record["accuracy"].items():
        print(f"{name:28s} {value:8.2%}")
    print(f"{record['seconds']} s, {record['cpu_seconds']} s of processor time: {arguments.out}")
    if arguments.json:
        arguments.json.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
