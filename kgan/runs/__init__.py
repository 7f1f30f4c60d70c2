"""Training runs from Python: start one, resume it, load what its folder holds."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
