"""One way in to training images: packaged, from TensorFlow Datasets, folders and arrays."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "catalog": ["available"],
        "dataset": ["ImageDataset"],
        "loader": ["load"],
        "preparation": ["prepare"],
        "validate": ["check_images"],
    },
)
