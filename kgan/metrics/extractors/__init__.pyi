from . import (
    efficientnet as efficientnet,
    inception as inception,
    own as own,
)
from .extractor import Extractor as Extractor
from .names import (
    NAMES as NAMES,
    default as default,
    get as get,
)
