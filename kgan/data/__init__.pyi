from .bicubic import shrink as shrink
from .catalog import available as available
from .cut import patches as patches
from .dataset import ImageDataset as ImageDataset
from .decode import FORMATS as FORMATS
from .loader import load as load
from .paired import pairs as pairs
from .preparation import prepare as prepare
