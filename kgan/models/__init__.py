"""The models. Importing this package registers the classes of all its modules with Keras."""

import importlib
import pkgutil

from kgan.checks import check_backend

check_backend()

from kgan.models.gan import GAN as GAN  # noqa: E402
from kgan.models.loading import load_model as load_model  # noqa: E402
from kgan.models.mixing import mix as mix  # noqa: E402

# A variant is one file here and one line in kgan/__init__.pyi.
for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
