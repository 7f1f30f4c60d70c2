"""An evaluation as one HTML file: scores, protocols, pictures and curves, readable offline."""

from __future__ import annotations

import base64
import html
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgan import latent
from kgan.files import atomic_write
from kgan.images import class_columns, grid
from kgan.latent import synthesis
from kgan.metrics import neighbours
from kgan.metrics.evaluation import Evaluation
from kgan.metrics.protocol import Score
from kgan.signature import Latent

if TYPE_CHECKING:
    from PIL import Image

    from kgan.data import ImageDataset
    from kgan.models import GAN

_SAMPLES = 64
_WAYS, _STEPS = 6, 9
_COPIES, _NEAREST = 8, 7  # generated images, and real ones beside each

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --bar: #4a7dbd; --other: #bbb; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 2.5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); }
td.number, td.number + td, summary { white-space: nowrap; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
code { font-size: .8rem; word-break: break-all; white-space: normal; }
img { max-width: 100%; image-rendering: pixelated; }
img.plot { image-rendering: auto; background: white; }
pre { overflow-x: auto; font-size: .8rem; }
.bar { background: var(--bar); height: .7rem; } .bar.real { background: var(--other); }
.bars { width: 14rem; }
p.note { color: #888; margin-top: 0; }
""".strip()


def write(
    path: str | Path,
    evaluation: Evaluation,
    gan: GAN,
    data: ImageDataset | None = None,
    title: str | None = None,
    history: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Write the report, whole or not at all: one file that fetches nothing.

    Args:
        path: of the .html file.
        evaluation: what `Evaluator` found.
        gan: the model that was evaluated.
        data: the real images; without them no nearest neighbours are shown.
        title: the model's name; its class by default.
        history: rows of the training's `history.csv`, for the curves; see
            `kgan.callbacks.history.read`.

    Raises:
        OSError: the file cannot be written.
    """
    title = title or type(gan).__name__
    names = None if data is None else data.label_names
    sections = [
        ("Scores", _scores(evaluation.scores)),
        ("Samples", _samples(gan, evaluation)),
        ("Nearest real images", _nearest(gan, evaluation, data)),
        ("Ways through the latent space", _ways(gan, evaluation)),
        ("Classes", _classes(evaluation.by_class, names)),
        ("Curves of the run", _curves(history)),
        ("Protocols", _protocols(evaluation.scores)),
    ]
    body = "\n".join(f"<h2>{heading}</h2>\n{content}" for heading, content in sections if content)
    counts = ", ".join(
        f"{network.count_params():,} parameters in the {name}"
        for name, network in gan.networks_by_name.items()
    )
    from kgan.version import __version__

    text = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{html.escape(title)}: evaluation</title>
<style>
{_STYLE}
</style>
</head>
<body>
<h1>{html.escape(title)}</h1>
<p class="note">{type(gan).__name__}: {counts}. Measured by kgan {__version__}.</p>
{body}
</body>
</html>
"""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _scores(scores: Sequence[Score]) -> str:
    """A table of the scores."""
    rows = [
        (
            f"<b>{html.escape(score.name)}</b>",
            f"{score.value:.4g}",
            "" if score.deviation is None else f"± {score.deviation:.2g}",
            "" if score.error is None else f"{score.error:.2g}",
            score.direction,
            f"<code>{html.escape(str(score.protocol))}</code>",
        )
        for score in scores
    ]
    repeats = max((len(score.values) for score in scores), default=1)
    note = f"Means of {repeats} repeats with other latents, ± their standard deviation."
    headings = ("score", "value", "", "error", "", "measured with")
    return _table(headings, rows, numbers=(1, 2, 3)) + (
        f'<p class="note">{note}</p>' if repeats > 1 else ""
    )


def _samples(gan: GAN, evaluation: Evaluation) -> str:
    label = gan.input_signature.label
    columns = class_columns(label.classes, _SAMPLES) if label else None
    picture = grid(evaluation.images(gan, _SAMPLES), columns)
    return _picture(picture, f"{_SAMPLES} samples of seed {evaluation.seed}, not picked.")


def _nearest(gan: GAN, evaluation: Evaluation, data: ImageDataset | None) -> str:
    """Generated images, each beside the real ones whose features are nearest."""
    real, extractor = evaluation.reference, evaluation.extractor
    if data is None or real is None or extractor is None:
        return ""
    fakes = evaluation.images(gan, _COPIES)
    nearest = min(_NEAREST, len(real.features))
    picture = neighbours.picture(fakes, extractor.features(fakes), data, real.features, nearest)
    return _picture(
        picture,
        "Left a generated image, then the real ones nearest to it in the features of "
        f"{html.escape(extractor.name)}. Pairs that are the same would be copies.",
    )


def _ways(gan: GAN, evaluation: Evaluation) -> str:
    if gan.input_signature.required:  # no image has latents alone
        return ""
    path = latent.spherical if gan.prior == "normal" else latent.linear
    drawn = gan.generator_inputs(2 * _WAYS, evaluation.seed, evaluation.truncation)
    ends = drawn[Latent.name]
    ways = path(ends[::2], ends[1::2], _STEPS).swapaxes(0, 1)
    images = synthesis.images(gan, ways.reshape(-1, gan.latent_dim))
    return _picture(grid(images, _STEPS), "From the image on the left to that on the right.")


def _classes(by_class: Mapping[str, Mapping[int, float]], names: Sequence[str] | None) -> str:
    """A table with a row for each class; shares are bars."""
    if not by_class:
        return ""
    classes = sorted({label for values in by_class.values() for label in values})
    shares = [max(values.values()) for name, values in by_class.items() if "share" in name]
    most = max(shares, default=0) or 1

    def cell(name: str, label: int) -> str:
        value = by_class[name].get(label)
        if value is None:
            return ""
        if "share" not in name:
            return f"{value:.4g}"
        kind = "bar real" if name.endswith("reals") else "bar"
        width = 100 * value / most
        return f'{100 * value:.1f} %<div class="{kind}" style="width:{width:.1f}%"></div>'

    def title(label: int) -> str:
        known = names is not None and label < len(names)
        return html.escape(names[label]) if names and known else str(label)

    rows = [(title(label), *(cell(name, label) for name in by_class)) for label in classes]
    return _table(("class", *by_class), rows)


def _curves(history: Sequence[Mapping[str, Any]]) -> str:
    if not history:
        return ""
    from kgan.callbacks.history import curves

    buffer = io.BytesIO()
    curves(history).savefig(buffer, format="png")
    return _image(buffer.getvalue(), "The training's losses and scores by epoch.", "plot")


def _protocols(scores: Sequence[Score]) -> str:
    described = {str(score.protocol): score.protocol.to_json() for score in scores}
    return "\n".join(
        f"<details><summary><code>{html.escape(short)}</code></summary>"
        f"<pre>{html.escape(json.dumps(whole, indent=2))}</pre></details>"
        for short, whole in described.items()
    )


def _table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()
) -> str:
    """A table of cells that are HTML already."""

    def row(tag: str, cells: Sequence[str]) -> str:
        return "".join(
            f"<{tag}{' class=number' if place in numbers else ''}>{cell}</{tag}>"
            for place, cell in enumerate(cells)
        )

    lines = [row("th", [html.escape(heading) for heading in headings])]
    lines += [row("td", cells) for cells in rows]
    return "<table>\n" + "\n".join(f"<tr>{line}</tr>" for line in lines) + "\n</table>"


def _picture(picture: Image.Image, caption: str) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return _image(buffer.getvalue(), caption)


def _image(png: bytes, caption: str, kind: str = "") -> str:
    data = base64.b64encode(png).decode("ascii")
    return (
        f'<figure style="margin:0"><img class="{kind}" src="data:image/png;base64,{data}" '
        f'alt="{caption}"><figcaption>{caption}</figcaption></figure>'
    )
