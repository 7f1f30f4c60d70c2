"""`/generate`: images from latents, as a PNG file."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from kgan.checks import check_integer
from kgan.errors import UsageError
from kgan.images import class_columns, grid, to_pil
from kgan.serving import descriptions
from kgan.serving.answers import Answers, png
from kgan.serving.limits import Limits
from kgan.serving.model import ServedModel, that_can
from kgan.serving.queries import MOST_SEED, Model
from kgan.signature import in_turn

Count = Annotated[int, Query(ge=1, description="How many; several come as one grid.")]
DrawnSeed = Annotated[
    int | None,
    Query(
        ge=0,
        le=MOST_SEED,
        description="Repeats the same images; drawn if not given. The header X-Seed has it.",
    ),
]
Labels = Annotated[
    str | None, Query(description="Classes by number or name, separated by commas, in turn.")
]
Truncation = Annotated[float | None, Query(description="Redraw latents beyond ±truncation.")]


def routes(served: Mapping[str, ServedModel], limits: Limits, answers: Answers) -> APIRouter:
    """The route, if a model can generate."""
    router = APIRouter(tags=["Images"])
    if all(model.model.entry != "generate" for model in served.values()):
        return router

    @router.get("/generate", summary="Generate images", responses=descriptions.PNG)
    async def generate(
        model: Model = None,
        seed: DrawnSeed = None,
        n: Count = 1,
        labels: Labels = None,
        truncation: Truncation = None,
    ) -> Response:
        """The images that `kgan generate` makes for the same seed."""
        chosen = that_can(served, "generate", model)
        check_integer("n", n, 1, limits.rows)
        seed = secrets.randbelow(MOST_SEED + 1) if seed is None else seed
        given, classes = _given(chosen, labels)
        rows = {name: in_turn(values, n) for name, values in given.items()}
        inputs = chosen.model.generator_inputs(n, seed, truncation, **rows)
        made = await chosen.ask(inputs)
        images = next(iter(made.values()))

        def draw() -> bytes:
            return png(to_pil(images[0]) if n == 1 else grid(images, class_columns(classes, n)))

        content = await answers.in_thread(draw)
        return Response(content, headers={"X-Seed": str(seed)}, media_type="image/png")

    return router


def _given(chosen: ServedModel, labels: str | None) -> tuple[dict[str, Any], int | None]:
    """The labels by the model's argument, and how many classes a grid shows in turn.

    Raises:
        UsageError: the model takes none, has no such class, or needs what this route cannot take.
    """
    signature = chosen.model.input_signature
    if signature.required:
        raise UsageError(
            f"model must take latents and classes alone; {chosen.name} needs "
            f"{signature.required[0].argument}. Use /v2/models/{chosen.name}/infer.",
            "model",
        )
    label = signature.label
    if labels is None:
        return {}, None if label is None else label.classes
    if label is None:
        raise UsageError(
            f"labels must be left out: {chosen.name} has no classes; received {labels[:60]!r}.",
            "labels",
        )
    numbers = label.read("labels", labels)
    return {label.argument: numbers}, len(numbers)
