"""What a model writes and is read from: `.keras` files, exports, presets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kgan.errors import UsageError
from kgan.files import atomic_write
from kgan.models.players_model import PlayersModel
from kgan.registry import deserialized


class StoredModel(PlayersModel):
    """Base class: a model of players that files, exports and presets hold."""

    @classmethod
    def from_config(cls, config: dict[str, Any]):
        return cls(**deserialized(config))

    def save(self, filepath: str | Path, overwrite: bool = True) -> None:
        """Write a `.keras` file with networks, `compile` and optimizers, whole or not at all.

        Raises:
            UsageError: another suffix, or a file that is there with `overwrite=False`.
            OSError: the file cannot be written; an older one is still there.
        """
        path = Path(filepath)
        if path.suffix != ".keras":
            raise UsageError(f"filepath={str(path)!r} must end in .keras.", "filepath")
        if not overwrite and path.exists():
            raise UsageError(
                f"filepath={str(path)!r} exists; pass overwrite=True to replace it.", "filepath"
            )
        with atomic_write(path) as temporary:
            super().save(temporary)

    def export(self, filepath: str | Path, format: str | None = None, entry: str | None = None):
        """Write an entry point as an ONNX file or a SavedModel, and prove it; see `kgan.export`.

        Args:
            filepath: a name that ends in `.onnx` or `.tflite`, or the folder of a SavedModel, a
                bundle or a page.
            format: "onnx", "onnx-fp16", "litert", "saved_model", "bundle" for all of them, or "web"
                for a page that runs the model in the browser; by default what `filepath` says.
            entry: a name in `entry_points()`; the first one by default. A bundle has all.

        Returns:
            `kgan.export.Export`: path, bytes and the largest difference to Keras.

        Raises:
            UsageError: an unknown format or entry, or a `filepath` that holds something else.
            kgan.export.ExportError: the file does not give what Keras gives.
        """
        from kgan import export

        return export.export(self, filepath, format, entry)

    def save_to_preset(self, folder: str | Path, card: Any = None) -> None:
        """Write config, weights, card, samples and ONNX file to a folder; see `kgan.presets`."""
        from kgan.presets.writing import save

        save(self, folder, card)

    @classmethod
    def from_preset(cls, folder: str | Path) -> StoredModel:
        """The model of a preset folder, or of a preset that comes with kgan, by its name.

        Raises:
            UsageError: no such preset, or one of another class.
        """
        from kgan import zoo

        gan = zoo.load(folder)
        if not isinstance(gan, cls):
            raise UsageError(
                f"{folder!s} holds a {type(gan).__name__}, not a {cls.__name__}; load it with "
                f"kgan.{type(gan).__name__}.from_preset."
            )
        return gan
