from .bundle import to_bundle as to_bundle, verify as verify
from .exporting import export as export
from .litert import to_litert as to_litert
from .proof import Export as Export, ExportError as ExportError
from .saved_model import to_saved_model as to_saved_model
from .to_onnx import to_onnx as to_onnx
from .to_web import to_web as to_web
from .web import write_page as write_page
