from .loading import load as load
from .onnx_model import OnnxModel as OnnxModel
