"""The rails of the folder `zoo/`."""

import importlib.util
import subprocess
import sys

import pytest

import kgan.zoo


def test_the_bare_name_is_refused():
    spec = importlib.util.spec_from_file_location("zoo", kgan.zoo.__file__)
    with pytest.raises(ImportError, match=r"import kgan.zoo"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def test_listing_does_not_import_tensorflow():
    code = (
        "import sys, kgan.zoo\n"
        "assert 'dcgan_fashion_mnist' in kgan.zoo.list_recipes()\n"
        "kgan.zoo.list_presets(), kgan.zoo.registry.recipe_path('dcgan_fashion_mnist')\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
