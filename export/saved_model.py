"""Generators as SavedModels, for TensorFlow Serving and every other TensorFlow runtime."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import tensorflow as tf

from kgan.files import atomic_write, check_overwrite, folder_bytes
from kgan.models.players_model import PlayersModel

from .proof import Export, prove
from .signature import Serving
from .signatures import signatures

CONTENT = frozenset({"saved_model.pb", "fingerprint.pb", "variables", "assets", "assets.extra"})


def to_saved_model(gan: PlayersModel, path: str | Path, entry: str | None = None) -> Export:
    """Write an entry point as a SavedModel folder, by default `generate`: the averaged generator.

    The signature `serving_default` (also the attribute `serve`) takes `latent`, float32
    (batch, latent_dim) from `kgan.latent.sample`, and gives `image`, float32
    (batch, height, width, channels) in [-1, 1]; the batch is free. It takes, where the generator
    does, `label`, int32 (batch,), `condition` or `code`, float32 (batch, n). Check labels before:
    one that is not in 0..classes-1 raises no error, but gives a meaningless image.

    Further signatures, also attributes: `uint8`, of images as uint8 0..255; `png`, of the bytes of
    PNG files; `sample(seed, count)` and, with classes, `sample(seed, count, label)`, which draws
    the latents in the graph, the same ones for the same seed.

    `assets.extra/kgan.json` holds the same metadata as an ONNX file, class names among them. The
    folder is kept only if a fresh process without kgan runs it and agrees with Keras to 1e-4. An
    older SavedModel is replaced.

    Example:
        >>> kgan.export.to_saved_model(gan, "generator").max_difference < 1e-4
        True

    Raises:
        UsageError: `gan` is not a model of kgan, or `path` holds something else than a SavedModel.
        ExportError: the export does not run or differs from Keras; nothing is left behind.
        OSError: `path` cannot be written.
    """
    return write_saved_model(Serving(gan, entry), Path(path))


def write_saved_model(serving: Serving, path: Path) -> Export:
    """Write a traced entry point."""
    check_overwrite("path", path, CONTENT, "saved_model.pb", "a SavedModel")
    cases = serving.cases  # of the weights before TensorFlow had them
    asked = signatures(serving)
    with atomic_write(path) as temporary:
        try:
            tf.saved_model.save(_module(serving, asked), str(temporary), signatures=asked)
        except tf.errors.ResourceExhaustedError as error:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
        # Where SavedModels keep what is not TensorFlow's: class names, the prior and the like.
        extra = temporary / "assets.extra" / "kgan.json"
        extra.parent.mkdir()
        text = json.dumps(serving.metadata, indent=2) + "\n"
        extra.write_text(text, encoding="utf-8")
        difference = prove("saved_model", temporary, *cases)
    return Export(path, folder_bytes(path), difference)


def _module(serving: Serving, asked: Mapping[str, Callable]) -> tf.Module:
    """What is saved: the weights, and each signature as a function; `serve` is the default one."""
    module = tf.Module(name=serving.name)
    module.weights, module.serve = serving.weights, serving.serve
    for name, function in asked.items():
        if function is not serving.serve:
            setattr(module, name, function)
    return module
