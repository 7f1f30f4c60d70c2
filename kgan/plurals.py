"""Numbers with their nouns, for messages."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """The number with its noun in the singular or the plural: "1 image", "1,733 images"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
