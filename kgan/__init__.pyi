from . import (
    augment as augment,
    callbacks as callbacks,
    data as data,
    errors as errors,
    export as export,
    images as images,
    latent as latent,
    layers as layers,
    losses as losses,
    models as models,
    networks as networks,
    penalties as penalties,
    presets as presets,
    zoo as zoo,
)
from .models import DCGAN as DCGAN, GAN as GAN, load_model as load_model
from .version import __version__ as __version__
