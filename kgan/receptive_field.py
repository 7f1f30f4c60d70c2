"""What an output pixel of a network depends on, as exported files hold it."""

from __future__ import annotations

import dataclasses
import json


@dataclasses.dataclass(frozen=True)
class ReceptiveField:
    """What an output pixel of a network depends on.

    `radius` is the number of input pixels around its place, on each side; None where that is the
    whole image or unknown, and `reason` says why. Tiles begin at multiples of `multiple` input
    pixels. `scale` is the number of output pixels per input pixel of a side, None where it is
    unknown. `values` is the size of the largest tensor, in numbers per input pixel.
    """

    radius: int | None
    multiple: int = 1
    scale: int | None = 1
    values: float = 0.0
    reason: str | None = None

    def to_json(self) -> str:
        """The fields by name."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ReceptiveField:
        """What `to_json` wrote.

        Raises:
            ValueError: it is something else.
        """
        try:
            found = cls(**json.loads(text))
        except TypeError as error:
            raise ValueError(str(error)) from None
        counts = (found.multiple, found.scale or 1, (found.radius or 0) + 1)
        whole = all(isinstance(count, int) and count > 0 for count in counts)
        if not whole or not isinstance(found.values, (int, float)):
            raise ValueError(f"{found} is no receptive field")
        return found
