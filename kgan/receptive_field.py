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
        least = {"radius": 0, "multiple": 1, "scale": 1}
        counts = {name: getattr(found, name) for name in least}
        for name, count in counts.items():
            optional = count is None and name != "multiple"
            if not optional and (not isinstance(count, int) or count < least[name]):
                raise ValueError(f"{name} {count!r}")
        if not isinstance(found.values, (int, float)):
            raise ValueError(f"values {found.values!r}")
        return found
