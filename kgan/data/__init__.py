"""Training images from one function: packaged, TensorFlow Datasets, folders and arrays."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
