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
    metrics as metrics,
    models as models,
    networks as networks,
    penalties as penalties,
    photos as photos,
    presets as presets,
    runs as runs,
    runtime as runtime,
    schedules as schedules,
    serving as serving,
    signature as signature,
    terms as terms,
    zoo as zoo,
)
from .models.acgan import ACGAN as ACGAN
from .models.bigan import BiGAN as BiGAN
from .models.colorization import Colorization as Colorization
from .models.conditional_gan import ConditionalGAN as ConditionalGAN
from .models.cut import CUT as CUT
from .models.cyclegan import CycleGAN as CycleGAN
from .models.dcgan import DCGAN as DCGAN
from .models.dragan import DRAGAN as DRAGAN
from .models.gan import GAN as GAN
from .models.info_gan import InfoGAN as InfoGAN
from .models.inpainting import Inpainting as Inpainting
from .models.loading import load_model as load_model
from .models.lsgan import LSGAN as LSGAN
from .models.pacgan import PacGAN as PacGAN
from .models.pix2pix import Pix2Pix as Pix2Pix
from .models.r3gan import R3GAN as R3GAN
from .models.relativistic_gan import RelativisticGAN as RelativisticGAN
from .models.segmentation import Segmentation as Segmentation
from .models.semi_supervised_gan import SemiSupervisedGAN as SemiSupervisedGAN
from .models.sngan import SNGAN as SNGAN
from .models.srgan import SRGAN as SRGAN
from .models.unrolled_gan import UnrolledGAN as UnrolledGAN
from .models.vanilla_gan import VanillaGAN as VanillaGAN
from .models.wgan import WGAN as WGAN
from .models.wgan_gp import WGANGP as WGANGP
from .version import __version__ as __version__
