import pytest

from kgan.errors import UsageError
from kgan.registry import Configured, Registry


class Shape(Configured):
    def __init__(self, sides: int = 3):
        self.sides = sides


def test_names_objects_and_errors():
    shapes = Registry("shape", Shape)
    shapes.register("triangle")(Shape)
    assert shapes.get("triangle").sides == 3
    square = Shape(4)
    assert shapes.get(square) is square
    assert repr(square) == "Shape(sides=4)"
    assert Shape.from_config(square.get_config()).sides == 4
    with pytest.raises(UsageError, match="shape='triangl' is unknown.*Did you mean 'triangle'"):
        shapes.get("triangl")
    with pytest.raises(UsageError, match=r"shape must be a short name \(triangle\)"):
        shapes.get(None)
