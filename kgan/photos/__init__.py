"""Photographs through models: any size, in tiles, with all that their files say kept.

`load` gives the network of a model, a preset or an ONNX file, `process` what it makes of one
picture, `process_files` of files and folders. Presets run by ONNX, without TensorFlow.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
