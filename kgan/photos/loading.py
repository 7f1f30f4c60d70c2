"""The network for an entry point of a model: its ONNX file where there is one, else Keras."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgan.errors import UsageError
from kgan.photos.network import Network, command, words
from kgan.photos.onnx_network import OnnxNetwork
from kgan.runtime.loading import preset_file

if TYPE_CHECKING:
    from kgan.models.stored_model import StoredModel


def load(model: str | Path | StoredModel, entry: str | None = None) -> Network:
    """The network that processes photographs, of a model, a file, a preset or its name.

    A preset runs by its ONNX file, if onnxruntime is installed and the file holds that entry point;
    TensorFlow and Keras are not imported then.

    Args:
        model: a model; or the path of an `.onnx` file, a `.keras` file, a preset folder or a run;
            or the name of a packaged preset.
        entry: "upscale", "translate", "translate_back", "inpaint", "colorize" or "segment"; by
            default the first that the model has.

    Example:
        >>> kgan.photos.load("pix2pix_emoji").entry
        'translate'

    Raises:
        UsageError: there is no such model, or it has no such entry point.
        kgan.presets.PresetError: a preset's file is not the one that was saved.
    """
    from kgan.photos.keras_network import KerasNetwork

    if not isinstance(model, (str, Path)):
        return KerasNetwork(model, entry)
    name = str(model)
    if Path(model).suffix == ".onnx":
        return check_entry(OnnxNetwork(model, name), entry)
    from kgan import zoo

    packaged = name in zoo.list_presets()
    if packaged or (Path(model) / "metadata.json").is_file():
        return of_preset(name, packaged, entry) or KerasNetwork(zoo.load(name), entry, name)
    from kgan.models.loading import load_model
    from kgan.runs import load as load_run

    gan: Any = load_run(model).model() if Path(model).is_dir() else load_model(model)
    return KerasNetwork(gan, entry, name)


def of_preset(name: str, packaged: bool, entry: str | None) -> Network | None:
    """A preset's ONNX file, checked against its SHA-256; None if it cannot run that entry point.

    Raises:
        kgan.presets.PresetError: it is not the file that was saved.
    """
    file = preset_file(name, packaged)
    if file is None:
        return None
    try:
        return check_entry(OnnxNetwork(file, name), entry)
    except UsageError:  # of an older kgan, or another entry point
        return None


def check_entry(network: Network, entry: str | None) -> Network:
    """The network, if it has that entry point.

    Raises:
        UsageError: it has another.
    """
    if entry not in (None, network.entry):
        raise UsageError(
            f"MODEL={network.name!r} cannot {words(entry)}; use `{command(network.entry)}`."
        )
    return network
