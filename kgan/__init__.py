"""Generative adversarial networks in Keras 3. The public names; each loads when first used."""

import os
import sys
from pathlib import Path

import lazy_loader

# oneDNN speeds convolutions up by half or more on CPUs where TensorFlow leaves it off;
# TensorFlow reads the variable when it is imported, so the choice must come before.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

# In a checkout zoo/ and export/ stand beside this folder; installed, they are inside it.
_root = Path(__file__).parent.parent
if not (Path(__file__).parent / "zoo").exists() and (_root / "zoo" / "registry.py").exists():
    __path__.append(str(_root))

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

# Keras finds a class in a .keras file only if it is registered, that is, imported.
if "keras" in sys.modules:
    from kgan import models as models
