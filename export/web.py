"""A static page that runs an ONNX file in the browser. Needs neither TensorFlow nor Keras."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import kgan
from kgan.errors import UsageError
from kgan.files import atomic_write, check_overwrite, sha256
from kgan.images import to_pil
from kgan.runtime import OnnxModel
from kgan.signature import Signature

from . import onnxruntime_web as runtime
from .onnxruntime_web import FILES, VERSION, RuntimeFile
from .principal_directions import principal_directions

PAGE = Path(__file__).parent / "page"
INDEX, NETWORK, EXAMPLES, RUNTIME = "model.json", "model.onnx", "examples", "onnxruntime-web"
CONTENT = frozenset({INDEX, NETWORK, EXAMPLES, RUNTIME, *(file.name for file in PAGE.iterdir())})
_MOST_EXAMPLES = 8
_CHANNELS = (1, 3, 4)


def write_page(
    network: str | Path,
    path: str | Path,
    name: str | None = None,
    examples: np.ndarray | None = None,
    cdn: bool = False,
    onnxruntime_web: str | Path | None = None,
) -> Path:
    """Write a folder with a page that runs an ONNX file in the browser; any web server serves it.

    The page of a generator makes the images of a seed, the pixels of `model.generate`. It has a
    control for each input, sliders along the principal components of the images, paths between
    two images and A − B + C. The page of a model from images to images takes a picture and shows
    it beside the result. `model.json` holds what the page knows of the model. An older page is
    replaced.

    Args:
        network: the file, from `kgan.export.to_onnx` or a preset.
        path: the folder.
        name: what the page calls the model; by default the name of the file.
        examples: source images (n, height, width, channels) in [-1, 1] that the page offers.
        cdn: leave onnxruntime-web (14 MB) out; the page loads it from cdn.jsdelivr.net, and refuses
            a file with another hash. Otherwise the page makes no outside request.
        onnxruntime_web: the folder of this npm package. By default `node_modules` in the current
            folder or above is searched, then NODE_PATH, then KGAN_HOME, into which it is
            downloaded once.

    Example:
        >>> file = kgan.export.to_onnx(gan, "generator.onnx").path
        >>> page = kgan.export.write_page(file, "page", cdn=True)
        >>> (page / "index.html").is_file()
        True

    Raises:
        UsageError: the file is no export of kgan's, no page shows what it takes or gives, `path`
            holds something else than a page, or `onnxruntime_web` is another folder or version.
        OSError: `path` cannot be written, or onnxruntime-web cannot be downloaded.
    """
    path, network = Path(path), Path(network)
    check_place(path, cdn, onnxruntime_web)
    model = OnnxModel(network, name)
    check_fits("network", model.entry, model.input_signature, model.output_signature)
    files = [] if cdn else runtime.find(onnxruntime_web)
    with atomic_write(path) as temporary:
        shutil.copytree(PAGE, temporary)
        shutil.copyfile(network, temporary / NETWORK)
        (temporary / RUNTIME).mkdir()
        for file in files:
            shutil.copyfile(file, temporary / RUNTIME / file.name)
        facts = _facts(model, name or network.stem, network, cdn)
        facts["examples"] = _write_examples(temporary, model, examples)
        text = json.dumps(facts, ensure_ascii=False) + "\n"
        (temporary / INDEX).write_text(text, encoding="utf-8")
    return path


def check_place(path: Path, cdn: bool, onnxruntime_web: str | Path | None) -> None:
    """Check, before there is work to lose, that a page may be written to `path`.

    Raises:
        UsageError: something else is there, or `cdn` and a folder of the runtime are both given.
    """
    check_overwrite("path", path, CONTENT, INDEX, "a page of kgan's")
    if cdn and onnxruntime_web is not None:
        raise UsageError(
            f"onnxruntime_web={str(onnxruntime_web)!r} must be left out with cdn=True, which "
            "copies no file.",
            "onnxruntime_web",
        )


def check_fits(argument: str, entry: str, inputs: Signature, outputs: Signature) -> None:
    """Check that the page has controls for these inputs, and can show the first output.

    Raises:
        UsageError: it has not; the message begins with `argument`.
    """
    kinds = sorted(field.kind for field in inputs.values())
    sources = {"image", *(("mask",) if "mask" in kinds else ())}
    of_images = sources <= {*kinds} <= {*sources, "latent"}
    of_latents = {"latent"} <= {*kinds} <= {"latent", "label", "code"}
    output = next(iter(outputs.values()))
    shown = output.kind == "image" or (of_images and output.kind == "probabilities")
    colors = [field.shape[-1] for field in (*inputs.images, output) if field.kind == "image"]
    once = len(kinds) == len({*kinds})
    if not (once and shown and (of_images or of_latents) and {*colors} <= {*_CHANNELS}):
        fields = [", ".join(field.brief() for field in side.values()) for side in (inputs, outputs)]
        raise UsageError(
            f"{argument} must be a model of latents, labels and codes, or of one picture, that "
            f"gives an image with 1, 3 or 4 channels; {entry} takes {fields[0]} and gives "
            f"{fields[1]}. Export another entry point, or use format='onnx'.",
            argument,
        )


def _facts(model: OnnxModel, name: str, network: Path, cdn: bool) -> dict[str, Any]:
    """What `model.json` says of the model; `_write_examples` adds the examples."""
    directions, shares = np.zeros((0, 0)), np.zeros(0)
    if not model.input_signature.images:
        directions, shares = principal_directions(model)
    file = RuntimeFile(NETWORK, network.stat().st_size, sha256(network))
    return {
        "name": name,
        "model": model.model,
        "entry": model.entry,
        "kgan_version": kgan.__version__,
        "inputs": json.loads(model.metadata["inputs"]),
        "outputs": json.loads(model.metadata["outputs"]),
        "class_names": json.loads(model.metadata.get("class_names", "[]")),
        "directions": directions.astype(float).round(6).tolist(),
        "shares": shares.astype(float).round(4).tolist(),
        "network": _file(file, NETWORK),
        "runtime": {
            "version": VERSION,
            "bytes": sum(file.bytes for file in FILES.values()),
            **{
                role: _file(file, file.url if cdn else f"{RUNTIME}/{file.name}")
                for role, file in FILES.items()
            },
        },
    }


def _file(file: RuntimeFile, url: str) -> Mapping[str, Any]:
    return {"url": url, "bytes": file.bytes, "integrity": file.integrity}


def _write_examples(folder: Path, model: OnnxModel, examples: np.ndarray | None) -> list[str]:
    """The addresses of the pictures, which it writes; none for a generator."""
    (folder / EXAMPLES).mkdir()
    if examples is None or not model.input_signature.images:
        return []
    names = []
    for number, image in enumerate(examples[:_MOST_EXAMPLES]):
        names.append(f"{EXAMPLES}/{number}.png")
        to_pil(image).save(folder / names[-1], format="PNG")
    return names
