"""The models. Importing this package registers their classes with Keras."""

from kgan.checks import check_backend

check_backend()

from kgan.models.dcgan import DCGAN as DCGAN  # noqa: E402
from kgan.models.gan import GAN as GAN  # noqa: E402
from kgan.models.loading import load_model as load_model  # noqa: E402
