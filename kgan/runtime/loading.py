"""The ONNX file of a preset or a path, checked and opened."""

from __future__ import annotations

from pathlib import Path

from kgan.errors import UsageError, unknown_name
from kgan.files import sha256
from kgan.runtime.onnx_model import OnnxModel, available

FILE, SUMS = "generator.onnx", "SHA256SUMS"  # of a preset


def load(model: str | Path, threads: int | None = None) -> OnnxModel:
    """The model of a preset's name or folder, or of an ONNX file, run by onnxruntime alone.

    Args:
        model: the name of a packaged preset; or the path of a preset's folder, or of an `.onnx`
            file that `kgan.export.to_onnx` wrote.
        threads: how many onnxruntime may use for one call, which sleep between calls; by default
            one per core, which for a while wait busily for the next call.

    Example:
        >>> model = kgan.runtime.load("dcgan_fashion_mnist")
        >>> model.generate(16, seed=7).shape
        (16, 28, 28, 1)

    Raises:
        UsageError: there is no such preset or file, it is no export of kgan's, or onnxruntime is
            missing.
        kgan.presets.PresetError: a preset's file is not the one that was saved.
    """
    name = str(model)
    if Path(model).suffix == ".onnx":
        return OnnxModel(model, threads=threads)
    from kgan import zoo

    packaged = name in zoo.list_presets()
    if not packaged and not Path(model).is_dir():
        zoo.registry.refuse_judge("model", name)
        raise unknown_name("model", name, zoo.list_presets())
    folder = preset_folder(name, packaged)
    if not (folder / SUMS).is_file():
        from kgan import presets

        raise presets.damaged(name, SUMS, "is missing")
    # Where there is no file that can be run, OnnxModel says why.
    return OnnxModel(preset_file(name, packaged) or folder / FILE, name, threads)


def preset_folder(name: str, packaged: bool) -> Path:
    """The folder of a preset."""
    from kgan.zoo import registry

    return registry.PRESETS / name if packaged else Path(name)


def preset_file(name: str, packaged: bool) -> Path | None:
    """The ONNX file of a preset, checked against its SHA-256; None where it cannot be run.

    Raises:
        kgan.presets.PresetError: it is not the file that was saved.
    """
    from kgan.zoo import registry

    folder = preset_folder(name, packaged)
    sums, file = folder / SUMS, folder / FILE
    if not available() or not sums.is_file() or not file.is_file():
        return None
    listed = f"{sha256(file)}  {FILE}" in sums.read_text("utf-8", "replace").splitlines()
    if not listed or (packaged and sha256(sums) != registry.preset_sha256(name)):
        from kgan import presets  # with Keras, which a damaged file may cost

        raise presets.damaged(name, FILE, f"has another SHA-256 than {sums.name} says")
    return file


def of_preset(name: str, packaged: bool) -> OnnxModel | None:
    """The model of a preset's ONNX file; None where that cannot be run.

    Raises:
        kgan.presets.PresetError: it is not the file that was saved.
    """
    file = preset_file(name, packaged)
    try:
        return None if file is None else OnnxModel(file, name)
    except UsageError:  # of an older kgan
        return None
