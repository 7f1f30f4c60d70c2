"""Models as files that run without kgan, each proved by a run, and as pages for the browser."""

import lazy_loader

if __name__ != "kgan.export":
    raise ImportError(
        f"This folder is the package kgan.export, not {__name__}: `import kgan.export` instead."
    )

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
