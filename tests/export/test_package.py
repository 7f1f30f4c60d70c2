"""The rails of the folder `export/`."""

import importlib.util

import pytest

import kgan.export


def test_the_bare_name_is_refused():
    spec = importlib.util.spec_from_file_location("export", kgan.export.__file__)
    with pytest.raises(ImportError, match=r"import kgan.export"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
