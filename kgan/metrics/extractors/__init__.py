"""Networks that turn images into features: the canonical Inception, EfficientNet, one's own."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["efficientnet", "inception", "own"],
    submod_attrs={"extractor": ["Extractor"], "names": ["NAMES", "default", "get"]},
)
