"""Figures of quality: pure NumPy functions on features, and the judge that gives the features."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["assignment", "diversity", "frechet", "judge", "modes", "neighbours"],
)
