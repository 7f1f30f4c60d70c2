from .files import Report as Report, process_files as process_files
from .keras_network import KerasNetwork as KerasNetwork
from .loading import load as load
from .masks import read_mask as read_mask
from .network import Network as Network
from .onnx_network import OnnxNetwork as OnnxNetwork
from .picture import Picture as Picture, read as read
from .processing import process as process
from .saving import save as save
