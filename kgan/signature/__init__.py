"""What a tensor is: the fields of a model's inputs, outputs and batches.

A field has a name, a shape without the batch, and a dtype. It checks values, makes defaults for
`generate`, draws for training, and describes itself. Other packages ask the field, so that this one
alone distinguishes a latent from a label.
"""

from kgan.signature.field import Bounds as Bounds, Field as Field, in_turn as in_turn
from kgan.signature.images import Image as Image, Mask as Mask, as_json as as_json
from kgan.signature.labels import Label as Label
from kgan.signature.signature import Signature as Signature, of_network as of_network
from kgan.signature.vectors import (
    Code as Code,
    Latent as Latent,
    Vector as Vector,
    read_rows as read_rows,
)
