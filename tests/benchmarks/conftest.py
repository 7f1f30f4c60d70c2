"""The scripts of benchmarks/ as modules."""

import importlib.util
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def benchmark(request):
    """The script whose name the test's module has: test_modes.py tests modes.py."""
    name = request.module.__name__.rpartition(".test_")[2].removeprefix("test_")
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    sys.modules[spec.name] = module
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)  # a script imports others
        spec.loader.exec_module(module)
    return module
