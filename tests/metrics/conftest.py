import importlib
import sys
import types

import pytest


@pytest.fixture(scope="session")
def oracle():
    """A function that imports a module of a reference implementation: `oracle("prdc")`."""
    # torchvision looks for its CUDA operators when it is imported; beside a torch without CUDA
    # they are missing, and no oracle here uses them.
    sys.modules.setdefault(
        "torchvision._meta_registrations", types.ModuleType("torchvision._meta_registrations")
    )
    return importlib.import_module
