"""Models as onnxruntime runs them: the answers of kgan's models without TensorFlow and Keras.

`load` takes the name of a packaged preset, a preset's folder or a file that
`kgan.export.to_onnx` wrote.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
