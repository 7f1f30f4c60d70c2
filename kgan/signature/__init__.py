"""What a tensor is: the fields of a model's inputs, outputs and batches.

A field has a name, a shape without the batch, and a dtype. It checks values, makes defaults for
`generate`, draws for training, and describes itself. Other packages ask the field, so that this one
alone distinguishes a latent from a label.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
