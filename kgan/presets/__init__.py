"""Trained models as folders that can be read, checked and loaded without running their code."""

from kgan.presets.card import Card as Card
from kgan.presets.files import (
    FILES as FILES,
    GIVEN as GIVEN,
    SUMS as SUMS,
    PresetError as PresetError,
    damaged as damaged,
)
from kgan.presets.reading import load as load, read as read
from kgan.presets.writing import save as save
