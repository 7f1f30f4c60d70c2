from .bicubic import shrink as shrink
from .catalog import available as available
from .composing import composites as composites
from .cut import patches as patches
from .dataset import ImageDataset as ImageDataset
from .decode import FORMATS as FORMATS
from .loader import load as load
from .masks import free_form_masks as free_form_masks, masked as masked
from .paired import pairs as pairs
from .preparation import prepare as prepare
from .unpaired import unpaired as unpaired
