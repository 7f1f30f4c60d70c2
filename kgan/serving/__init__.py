"""Models over HTTP: the Open Inference Protocol, and plain routes that answer with PNG files.

`create_app` makes the ASGI application that `kgan serve` runs. onnxruntime answers; TensorFlow and
Keras are not imported.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
