"""Parameters that several routes take."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

MOST_SEED = 2**32 - 1  # NumPy's
Model = Annotated[str | None, Query(description="Needed if several models can.")]
Seed = Annotated[
    int, Query(ge=0, le=MOST_SEED, description="Of the latent, where the model takes one.")
]
