"""The models. Importing this package registers their classes with Keras."""

from kgan.checks import check_backend

check_backend()

from kgan.models.acgan import ACGAN as ACGAN  # noqa: E402
from kgan.models.bigan import BiGAN as BiGAN  # noqa: E402
from kgan.models.conditional_gan import ConditionalGAN as ConditionalGAN  # noqa: E402
from kgan.models.dcgan import DCGAN as DCGAN  # noqa: E402
from kgan.models.dragan import DRAGAN as DRAGAN  # noqa: E402
from kgan.models.gan import GAN as GAN  # noqa: E402
from kgan.models.info_gan import InfoGAN as InfoGAN  # noqa: E402
from kgan.models.loading import load_model as load_model  # noqa: E402
from kgan.models.lsgan import LSGAN as LSGAN  # noqa: E402
from kgan.models.pacgan import PacGAN as PacGAN  # noqa: E402
from kgan.models.r3gan import R3GAN as R3GAN  # noqa: E402
from kgan.models.relativistic_gan import RelativisticGAN as RelativisticGAN  # noqa: E402
from kgan.models.semi_supervised_gan import SemiSupervisedGAN as SemiSupervisedGAN  # noqa: E402
from kgan.models.sngan import SNGAN as SNGAN  # noqa: E402
from kgan.models.unrolled_gan import UnrolledGAN as UnrolledGAN  # noqa: E402
from kgan.models.vanilla_gan import VanillaGAN as VanillaGAN  # noqa: E402
from kgan.models.wgan import WGAN as WGAN  # noqa: E402
from kgan.models.wgan_gp import WGANGP as WGANGP  # noqa: E402
