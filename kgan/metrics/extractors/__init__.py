"""Networks that turn images into features: the canonical Inception, EfficientNet, your own."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
