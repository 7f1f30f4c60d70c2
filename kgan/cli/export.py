"""`kgan export`: a trained generator as a file that serves without kgan."""

from __future__ import annotations

from pathlib import Path

import click

from kgan.cli import models, pages
from kgan.cli.main import OneOf
from kgan.cli.terminal import say
from kgan.errors import UsageError
from kgan.files import folder_bytes


@click.command(
    epilog="\b\nExample:\n  kgan export dcgan_fashion_mnist --format onnx --out dcgan.onnx"
)
@models.model_argument
@click.option(
    "--format",
    "form",
    type=OneOf("--format", ["saved_model", "onnx", "onnx-fp16", "litert", "bundle", "web"]),
    required=True,
    help="A SavedModel folder, an ONNX file in single or half precision, a LiteRT file (.tflite), "
    "a folder with all of them for every entry point, or a page that runs the model in the "
    "browser.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, metavar="PATH", help="What to write."
)
@click.option(
    "--opset", type=int, metavar="N", help="The ONNX operator set, 9 to 18.  [default: 18]"
)
@click.option(
    "--entry",
    metavar="NAME",
    help="What the model does: generate, encode, classify, codes, translate, translate_back, "
    "upscale, inpaint, colorize or segment.  [default: the first that it has]",
)
@click.option(
    "--cdn",
    is_flag=True,
    help="Of a page: load onnxruntime-web (14 MB) from cdn.jsdelivr.net instead of copying it.",
)
@pages.runtime_option
def export(
    model: str,
    recipe: Path | None,
    form: str,
    out: Path,
    opset: int | None,
    entry: str | None,
    cdn: bool,
    onnxruntime_web: Path | None,
) -> None:
    """Export MODEL: a run folder, a .keras file, a preset folder or its name.

    By default that is `generate`: the averaged generator in float32, from inputs by name to
    `image`. The export is run in a fresh process, and kept only if it agrees with Keras. A page
    takes the ONNX file that a preset has, or MODEL is one.
    """
    if opset is not None and not form.startswith("onnx"):  # before there is work to lose
        raise UsageError(f"--opset is for --format onnx only; received --format {form}.")
    if entry is not None and form == "bundle":
        raise UsageError("--entry must be left out: a bundle has every entry point.")
    for option, given in {"--cdn": cdn, "--onnxruntime-web": onnxruntime_web}.items():
        if given and form != "web":
            raise UsageError(f"{option} is for --format web only; received --format {form}.")
    if form == "web":
        pages.write(model, out, recipe, entry, cdn, onnxruntime_web)
        say(f"{out}: {folder_bytes(out) / 1e6:.1f} MB; `python -m http.server -d {out}` shows it")
        return
    found = models.find(model)
    gan = models.load(found, recipe)
    import kgan

    made = kgan.export.export(gan, out, form, entry, opset)
    say(
        f"{made.path}: {made.bytes / 1e6:.1f} MB, differs from Keras by {made.max_difference:.1e} "
        "at most"
    )
