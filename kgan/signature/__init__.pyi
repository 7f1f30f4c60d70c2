from .facts import Other as Other
from .field import Bounds as Bounds, Field as Field, in_turn as in_turn
from .images import Image as Image, Mask as Mask, as_json as as_json
from .label_maps import LabelMap as LabelMap, Probabilities as Probabilities
from .labels import Label as Label
from .signature import Signature as Signature, of_network as of_network
from .vectors import (
    Code as Code,
    Latent as Latent,
    Vector as Vector,
    read_rows as read_rows,
)
