"""The judge: a packaged classifier, which labels images and compares two sets of images.

It judges conditional GANs (does it see the class that was asked for?) and gives features for the
Fréchet distance (`kgan.metrics.frechet`) and for diversity (`kgan.metrics.diversity`). A judge is
a preset folder with a network but no GAN; `benchmarks/train_judge.py` makes it. Figures of two
judges are not comparable: state the name and `sha256` of the one you used.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from kgan.checksums import checksums as list_checksums
from kgan.errors import UsageError, unknown_name
from kgan.files import restore, sha256
from kgan.metrics.extractors.extractor import Extractor, in_inference

if TYPE_CHECKING:
    import keras

FILES = ("README.md", "config.json", "metadata.json", "model.weights.h5")
SUMS = "SHA256SUMS"


class Judge(Extractor):
    """A trained classifier whose features are its last hidden activations; `load` makes it.

    Attributes:
        name: of its preset.
        sha256: of its weights' file.
        image_shape: `(height, width, channels)` of the images that it takes.
        classes: of its logits.
        feature_dim: of its features, which are not negative.

    Example:
        >>> judge = kgan.metrics.judge.load("judge_fashion_mnist")
        >>> accuracy = np.mean(judge.classify(images) == labels)
        >>> features = judge.features(images)
    """

    def __init__(self, model: keras.Model, name: str, sha256: str):
        import keras

        features = keras.Model(model.input, model.get_layer("features").output)
        super().__init__(
            name,
            in_inference(features),
            features.output_shape[-1],
            sha256=sha256,
            image_shape=model.input_shape[1:],
            classify=in_inference(model),
            classes=model.output_shape[-1],
            # `judge_fashion_mnist` knows the classes of "fashion_mnist" and "tfds:fashion_mnist".
            classes_of=name.removeprefix("judge_"),
            batch_size=500,
        )


def load(folder_or_name: str | Path = "judge_fashion_mnist") -> Judge:
    """The packaged judge of a name, or the judge in a folder; every file is verified first.

    The network is built by `kgan.networks.classifier` from the numbers in `config.json`, and its
    weights are read from HDF5: nothing in the folder is run.

    Raises:
        UsageError: no such folder or name, or a folder that is no judge.
        kgan.presets.PresetError: a file is missing or has another SHA-256 than `SHA256SUMS` says,
            or that of a packaged judge another one than the registry says.
    """
    from kgan.zoo import registry

    name = str(folder_or_name)
    packaged = name in registry.list_judges()
    folder = registry.PRESETS / name if packaged else Path(folder_or_name)
    restore(folder)
    if not folder.is_dir():
        raise unknown_name("judge", name, registry.list_judges())
    _verify(name, folder, registry.preset_sha256(name) if packaged else None)
    weights = folder / "model.weights.h5"
    from kgan.networks import classifier

    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        model = classifier.classifier(**config)
        model.load_weights(weights)
    except Exception as error:
        cause = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".:")
        raise UsageError(
            f"judge={name!r} cannot be built from its files: {cause}. Use a folder that "
            "benchmarks/train_judge.py made.",
            "judge",
        ) from error
    return Judge(model, folder.name, sha256(weights))


def checksums(folder: Path) -> str:
    """The content of a judge's SHA256SUMS."""
    return list_checksums(folder, FILES)


def _verify(name: str, folder: Path, digest: str | None) -> None:
    """Compare every file with SHA256SUMS, and SHA256SUMS with the digest if there is one."""
    from kgan.presets import PresetError

    def damaged(file: str, what: str) -> PresetError:
        return PresetError(f"Judge {name!r} is damaged: {file} {what}. Install kgan again.")

    if not (folder / SUMS).is_file():
        raise UsageError(
            f"judge={name!r} must be the folder of a judge, but holds no {SUMS}.", "judge"
        )
    for file in FILES:
        if not (folder / file).is_file():
            raise damaged(file, "is missing")
    if digest is not None and sha256(folder / SUMS) != digest:
        raise damaged(SUMS, "is not the one that came with kgan")
    listed = (folder / SUMS).read_bytes().decode("utf-8", "replace")
    for line in checksums(folder).splitlines(keepends=True):
        if line not in listed:
            raise damaged(line.split()[1], f"has another SHA-256 than {SUMS} says")
