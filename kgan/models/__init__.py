"""The models. Importing this package registers their classes with Keras."""

from kgan.models.dcgan import DCGAN as DCGAN
from kgan.models.gan import GAN as GAN
from kgan.models.loading import load_model as load_model
