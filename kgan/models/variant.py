"""GANs that build their own networks."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import keras

from kgan import networks as families
from kgan.batches import in_batches
from kgan.checks import check_integer, check_precision
from kgan.data.validate import check_images
from kgan.models.gan import GAN
from kgan.networks import Family


class Blueprint:
    """The settings that all networks of a variant share, checked, and its prior.

    The discriminator's `normalization` is None for the first of `paper_normalizations` that the
    networks have, or else for the networks' own.

    Raises:
        UsageError: unknown networks, a width below 1, another precision or seed.
    """

    def __init__(
        self,
        networks: str,
        image_shape,
        width: int,
        normalization: str | None,
        prior: str,
        seed: int,
        dtype: str | None,
        paper_normalizations: tuple[str, ...] = (),
    ):
        self.networks = networks
        self.family: Family = families.get(networks)
        self.image_shape = image_shape
        self.width = check_integer("width", width, 1)
        self.seed = check_integer("seed", seed, 0, 2**31 - 1)
        fitting = [name for name in paper_normalizations if name in self.family.normalizations]
        if normalization is None and fitting:
            normalization = fitting[0]
        self.normalization = self.family.normalization(normalization)
        self.prior = prior
        self.dtype = check_precision("dtype", dtype or keras.config.dtype_policy().name)

    def generator(self, latent_dim: int, **settings: Any) -> keras.Model:
        return self.family.generator(
            self.image_shape, latent_dim, self.width, self.seed, self.dtype, **settings
        )

    def discriminator(self, **settings: Any) -> keras.Model:
        return self.family.discriminator(
            self.image_shape, self.width, self.seed, self.dtype, self.normalization, **settings
        )

    def encoder(self, latent_dim: int) -> keras.Model:
        return self.family.encoder(self.image_shape, latent_dim, self.width, self.seed, self.dtype)


class Variant(GAN):
    """Base class: a GAN made of a blueprint; its constructor's arguments are its configuration."""

    def __init__(
        self,
        blueprint: Blueprint,
        generator: keras.Model,
        discriminator: keras.Model,
        ema_halflife_images: float | None,
        name: str | None,
    ):
        super().__init__(
            generator, discriminator, ema_halflife_images, blueprint.seed, name, blueprint.prior
        )
        self.networks = blueprint.networks
        self.normalization = blueprint.normalization
        self.width = blueprint.width
        self.precision = blueprint.dtype

    def _answered(self, network: keras.Model, images, batch_size: int):
        """What a network of images gives in inference mode, as arrays; the images are checked."""
        images = check_images(images, self.image_shape)
        return in_batches(functools.partial(network, training=False), images, batch_size)

    def get_config(self) -> dict[str, Any]:
        values = {
            argument: getattr(self, "precision" if argument == "dtype" else argument)
            for argument in inspect.signature(type(self)).parameters
        }
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
        }
