"""Image data sets of TensorFlow Datasets, which also downloads them."""

from __future__ import annotations

import difflib
import os
import socket
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kgan.checks import check_path
from kgan.data import cache
from kgan.data.source import PACKAGED, Source
from kgan.errors import UsageError


def data_dir() -> Path:
    """Where TFDS keeps prepared data: TFDS_DATA_DIR, which is ~/tensorflow_datasets by default."""
    return check_path("TFDS_DATA_DIR", os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")


def from_tfds(
    name: str,
    split: str,
    resolution: int | None,
    channels: int | None,
    strict: bool,
    argument: str = "source",
) -> Source:
    """A split of a data set by its TFDS name (`mnist`, `emnist/letters`); slices are allowed.

    Errors call the name `argument`.

    Raises:
        UsageError: unknown name or split, or no image data set.
        OSError: it is damaged, or not prepared here and cannot be downloaded, or the cache cannot
            be written.
    """
    import tensorflow as tf

    builder = find_builder(name, argument=argument)
    features = _features(name, builder, argument)
    if not builder.is_prepared():
        _download(name, builder)
    try:
        num_images = builder.info.splits[split].num_examples
    except (KeyError, ValueError, AssertionError, AttributeError):
        raise UsageError(
            f"split={split!r} is unknown to {name!r}; expected one of "
            f"{', '.join(sorted(builder.info.splits))}, or a slice such as 'train[:80%]'.",
            "split",
        ) from None
    label = class_feature(features, builder.info.supervised_keys)
    labels = features[label].names if label else None
    try:
        return cache.decoded(
            f"tfds:{name}",
            {
                "tfds": builder.info.full_name,
                "split": split,
                "images": num_images,
                "bytes": int(builder.info.dataset_size),
            },
            lambda: _items(builder, split, label),
            tuple(labels) if labels else None,
            resolution,
            channels,
            strict,
            argument=argument,
        )
    except tf.errors.OpError as error:
        raise _unreadable(name, builder.data_path, error) from error


def find_builder(
    name: str,
    directory: Path | None = None,
    argument: str = "source",
    others: str = f"a packaged set ({', '.join(PACKAGED)}), an existing folder or ",
) -> Any:
    """The TFDS builder of a data set.

    Args:
        name: the data set's name in TFDS.
        directory: where TFDS keeps prepared data; by default `data_dir()`.
        argument: what the errors call the name.
        others: what else they say that it may be.

    Raises:
        UsageError: there is none of that name; says the nearest.
        OSError: it is prepared, but damaged.
    """
    import tensorflow_datasets as tfds

    directory = directory or data_dir()
    try:
        return tfds.builder(name, data_dir=directory)
    except tfds.core.DatasetNotFoundError:
        known = [*PACKAGED, *tfds.list_builders(with_community_datasets=False)]
    # These are of the name's form, its configuration or its version.
    except (ValueError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(
            f"{argument}={name!r} is unknown to TensorFlow Datasets; expected NAME, "
            "NAME/CONFIGURATION or NAME:VERSION as its catalog has them "
            f"(https://www.tensorflow.org/datasets/catalog). {reason}",
            argument,
        ) from error
    # The files of a prepared data set are read here, by parsers with errors of their own.
    except Exception as error:
        raise _unreadable(name, directory, error) from error
    nearest = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.4)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    raise UsageError(
        f"{argument}={name!r} is unknown; expected {others}an image data set of TensorFlow "
        f"Datasets (mnist, cifar10, …).{hint}",
        argument,
    )


def is_tfds_name(name: str) -> bool:
    """Whether TFDS knows the part of a name before its configuration and version."""
    import tensorflow_datasets as tfds

    return name.replace(":", "/").split("/")[0] in tfds.list_builders(with_community_datasets=False)


def _unreachable(builder: Any) -> str | None:
    """The first host of the data set's addresses that has no network address here.

    TFDS itself would try for minutes. Behind a proxy only the proxy knows.
    """
    if urllib.request.getproxies():
        return None
    addresses = [urllib.parse.urlsplit(url) for url in builder.url_infos or ()]
    for host in sorted({address.hostname for address in addresses if address.hostname}):
        try:
            socket.getaddrinfo(host, 443)
        except OSError:
            return host
    return None


def _download(name: str, builder: Any) -> None:
    """Let TFDS download and prepare the data set.

    Raises:
        OSError: it could not; a ConnectionError where there is no network.
    """
    fix = (
        "Connect this machine, or fetch the files elsewhere and run "
        f"`kgan data prepare {name} --from FOLDER`."
    )
    if host := _unreachable(builder):
        raise ConnectionError(
            f"The data set {name!r} is not prepared in {data_dir()} and cannot be downloaded: "
            f"{host} was not found. {fix}"
        )
    try:
        builder.download_and_prepare()
    # Each data set has its own downloads, and so its own errors.
    except Exception as error:
        raise OSError(
            f"The data set {name!r} could not be downloaded and prepared in {data_dir()}: "
            f"{type(error).__name__}: {error} {fix}"
        ) from error


def _features(name: str, builder: Any, argument: str) -> dict[str, Any]:
    """The features of an image data set by name.

    Raises:
        UsageError: it is no image data set.
    """
    import tensorflow_datasets as tfds

    described = builder.info.features
    features = dict(described.items()) if hasattr(described, "items") else {}
    image = features.get("image")
    if not isinstance(image, tfds.features.Image) or np.dtype(image.np_dtype).kind != "u":
        raise UsageError(
            f"{argument}={name!r} must be an image data set, with a feature 'image' of whole "
            f"numbers; received {' '.join(str(described).split())}. Choose another, or load it "
            "with tensorflow_datasets and pass its images as NumPy arrays.",
            argument,
        )
    return features


def class_feature(features: Mapping[str, Any], supervised_keys: Any) -> str | None:
    """The name of the feature that holds the classes.

    It is the target of supervised learning, or else the only feature of classes; None if there is
    neither.
    """
    import tensorflow_datasets as tfds

    classes = [
        name
        for name, feature in features.items()
        if isinstance(feature, tfds.features.ClassLabel) and feature.names
    ]
    target = supervised_keys[1] if supervised_keys else None
    if target in classes:
        return target
    return classes[0] if len(classes) == 1 else None


def _unreadable(name: str, place: str | Path, error: Exception) -> OSError:
    return OSError(
        f"The data set {name!r} in {place} cannot be read ({type(error).__name__}: "
        f"{' '.join(str(error).split())}). If its files are damaged, remove its folder and load or "
        "prepare it again."
    )


def _items(builder: Any, split: str, label: str | None) -> Iterator[cache.Item]:
    """The encoded images; Pillow decodes them as it does those of folders."""
    import tensorflow as tf
    import tensorflow_datasets as tfds

    examples = builder.as_dataset(
        split=split,
        shuffle_files=False,
        decoders={"image": tfds.decode.SkipDecoding()},
        read_config=tfds.ReadConfig(try_autocache=False, interleave_cycle_length=1),
    )
    options = tf.data.Options()
    options.autotune.enabled = False
    for index, example in enumerate(examples.with_options(options)):
        number = int(example[label]) if label else -1  # -1: TFDS does not know it
        yield cache.Item(
            f"{split} {index}", number if number >= 0 else None, example["image"].numpy()
        )
