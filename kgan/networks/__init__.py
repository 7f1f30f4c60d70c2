"""Networks, one paper per module; `architectures.get` finds them by their short name."""

from kgan.networks.architecture import Architecture as Architecture, architectures as architectures
from kgan.networks.coloring import Coloring as Coloring
from kgan.networks.dcgan import DCGAN as DCGAN
from kgan.networks.efficientnet_unet import EfficientNetUNet as EfficientNetUNet
from kgan.networks.filling import Filling as Filling
from kgan.networks.gated import Gated as Gated
from kgan.networks.mlp import MLP as MLP
from kgan.networks.own import OwnNetworks as OwnNetworks
from kgan.networks.patch_projection import PatchProjection as PatchProjection
from kgan.networks.patchgan import PatchGAN as PatchGAN
from kgan.networks.r3gan import R3GAN as R3GAN
from kgan.networks.receptive_fields import (
    ReceptiveField as ReceptiveField,
    receptive_field as receptive_field,
)
from kgan.networks.resnet import ResNet as ResNet
from kgan.networks.resnet_translator import ResNetTranslator as ResNetTranslator
from kgan.networks.rrdbnet import RRDBNet as RRDBNet
from kgan.networks.segmenting import Segmenting as Segmenting
from kgan.networks.sn_patchgan import SNPatchGAN as SNPatchGAN
from kgan.networks.srgan import SRGANDiscriminator as SRGANDiscriminator
from kgan.networks.srresnet import SRResNet as SRResNet
from kgan.networks.srvgg import SRVGG as SRVGG
from kgan.networks.translator import (
    ImageDiscriminator as ImageDiscriminator,
    Translator as Translator,
    discriminators as discriminators,
    translators as translators,
)
from kgan.networks.unet import UNet as UNet
from kgan.networks.upscaler import Upscaler as Upscaler
