"""GANs that build their own networks; the arguments that they share, written once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypedDict

import keras

from kgan.checks import check_integer, check_precision
from kgan.errors import UnknownArgument, UsageError, unknown_name
from kgan.models.gan import GAN
from kgan.networks import Architecture, OwnNetworks, architectures
from kgan.priors import check_prior
from kgan.signature import Field, Image, Latent, Signature

if TYPE_CHECKING:
    from typing_extensions import Unpack as Unpack


class Shared(TypedDict, total=False):
    """The arguments that every variant takes besides `image_shape` and its own.

    latent_dim: length of a latent.
    networks: a `kgan.networks` object, or its short name: "dcgan", "resnet", "r3gan" or "mlp". For
        networks of your own pass `(generator, discriminator)` in place of the image shape.
    width: of the networks, where `networks` is a short name.
    normalization: the discriminator's ("batch", "layer", "spectral" or "none", as far as the
        networks have it), where `networks` is a short name. None is what the paper of the model or
        else of the networks has.
    prior: of the latents, a name in `kgan.latent.PRIORS`: "normal", "uniform" or "spherical".
    ema_halflife_images: half-life of the averaged networks in real images; None for none.
    seed: pins the initial weights and every draw of the training, 0 to 2**31 - 1.
    dtype: a Keras precision policy ("float32", "mixed_float16", "mixed_bfloat16"), by default the
        global one.
    name: of the model.
    class_names: names of the classes, in the order of their numbers. `fit` takes them from the data
        set where they are None.
    """

    latent_dim: int
    networks: str | Architecture
    width: int | None
    normalization: str | None
    prior: str
    ema_halflife_images: float | None
    seed: int
    dtype: str | None
    name: str | None
    class_names: Sequence[str] | None


# A generator stands there with a discriminator beside it.
ImageShape: TypeAlias = "tuple[int, int, int] | keras.Model"

_DEFAULTS: dict[str, Any] = {
    "latent_dim": 100,
    "networks": "dcgan",
    "width": None,
    "normalization": None,
    "prior": "normal",
    "ema_halflife_images": 10_000.0,
    "seed": 0,
    "dtype": None,
    "name": None,
    "class_names": None,
}


class Variant(GAN):
    """Base class: a GAN whose constructor's arguments are its configuration.

    A subclass writes a constructor of `image_shape`, its own arguments and `**shared`
    (`kgan.models.variant.Shared`), and passes `shared` on as a dict.

    Args:
        image_shape: `(height, width, channels)`.
        shared: as in `Shared`; what is left out is the class's default.
        conditions: what the generator takes besides the latent.
        batch: what a training batch holds besides images; by default the conditions.
        judged: what the discriminator takes besides images.
        generator: further arguments of `Architecture.generator`.
        discriminator: further arguments of `Architecture.discriminator`.
        normalizations: the discriminator's, preferred ones first, where the argument is None.

    Example:
        >>> class SpectralGAN(kgan.models.variant.Variant):
        ...     def __init__(self, image_shape=(28, 28, 1), **shared):
        ...         super().__init__(image_shape, shared, normalizations=("spectral",))
        >>> images = SpectralGAN(latent_dim=32, width=16).generate(4)

    Raises:
        UsageError: an unknown argument, or one that the networks refuse.
    """

    # Where a paper differs from `_DEFAULTS`.
    shared_defaults: ClassVar[Mapping[str, Any]] = {}
    # The discriminator's normalization where the argument is None: the first that the networks
    # have, or else their own.
    paper_normalizations: ClassVar[tuple[str, ...]] = ()
    # Those that the discriminator must not have, and why.
    refused_normalizations: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **arguments: Any):
        """Show all arguments in `help()` and editors, the shared ones with the class's defaults.

        A constructor also takes a generator and a discriminator in place of the image shape.
        """
        super().__init_subclass__(**arguments)
        if "__init__" in cls.__dict__:
            cls.__init__ = _taking_networks(cls.__dict__["__init__"])  # type: ignore[method-assign]
        parameters = inspect.signature(cls.__init__).parameters.values()
        own = [each for each in parameters if each.name != "self" and each.kind != each.VAR_KEYWORD]
        shared = {**_DEFAULTS, **cls.shared_defaults}
        cls.__signature__ = inspect.Signature(
            [
                *own,
                *(
                    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
                    for name, default in shared.items()
                ),
            ]
        )

    def __init__(
        self,
        image_shape: ImageShape,
        shared: Mapping[str, Any],
        *,
        conditions: Sequence[Field] = (),
        batch: Sequence[Field] | None = None,
        judged: Sequence[Field] = (),
        generator: Mapping[str, Any] | None = None,
        discriminator: Mapping[str, Any] | None = None,
        normalizations: tuple[str, ...] | None = None,
    ):
        settings = {**_DEFAULTS, **self.shared_defaults, **shared}
        for argument in settings.keys() - _DEFAULTS.keys():
            known = inspect.signature(type(self)).parameters
            error = unknown_name(f"argument of {type(self).__name__}", argument, known)
            raise UnknownArgument(str(error), argument)
        if normalizations is None:
            normalizations = self.paper_normalizations
        networks = architecture(shared, type(self)).with_normalization(*normalizations)
        self._check_normalization(networks)
        dtype = check_precision("dtype", settings["dtype"] or keras.config.dtype_policy().name)
        seed = check_integer("seed", settings["seed"], 0, 2**31 - 1)
        latent_dim = check_integer("latent_dim", settings["latent_dim"], 1)
        image = Image(networks.check_shape(image_shape))
        latent = Latent(latent_dim, prior=check_prior(settings["prior"]))
        inputs = Signature(latent, *conditions)
        super().__init__(
            networks.generator(inputs, image, seed, dtype, **(generator or {})),
            networks.discriminator(
                Signature(image, *judged), seed=seed, dtype=dtype, **(discriminator or {})
            ),
            settings["ema_halflife_images"],
            seed,
            settings["name"],
            settings["prior"],
            inputs,
            Signature(image, *(conditions if batch is None else batch)),
        )
        self.name_classes(settings["class_names"])
        self.networks = networks
        self.precision = dtype

    def _check_normalization(self, networks: Architecture) -> None:
        refused = self.refused_normalizations
        chosen = networks.normalization or networks.normalizations[0]
        if chosen in refused and isinstance(networks, OwnNetworks):
            raise UsageError(
                f"discriminator must not have {chosen} normalization for {type(self).__name__}, "
                f"since {refused[chosen]}. Take those layers out.",
                "discriminator",
            )
        if chosen in refused:
            others = [name for name in networks.normalizations if name not in refused]
            raise UsageError(
                f"normalization must be one of {', '.join(others)} for {type(self).__name__}, "
                f"since {refused[chosen]}; received {chosen!r}.",
                "normalization",
            )

    def get_config(self) -> dict[str, Any]:
        config = {
            name: getattr(self, name)
            for name in inspect.signature(type(self)).parameters
            if name not in ("discriminator", "width", "normalization", "dtype", "networks")
        }
        config = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in config.items()
        }
        networks = keras.saving.serialize_keras_object(self.networks)
        own = isinstance(self.networks, OwnNetworks)
        return config | {"networks": networks, "dtype": None if own else self.precision}


def _taking_networks(constructor: Callable[..., None]) -> Callable[..., None]:
    """A constructor that also takes custom networks, and infers shape and latent size."""

    @functools.wraps(constructor)
    def construct(self, *arguments: Any, **named: Any) -> None:
        given = {"generator", "discriminator"} & named.keys()
        if given or (arguments and isinstance(arguments[0], keras.Model)):
            networks, arguments = arguments[: 2 - len(given)], arguments[2 - len(given) :]
            if len(networks) + len(given) < 2 or arguments or "networks" in named:
                raise UsageError(
                    f"generator and discriminator must be the first two arguments of "
                    f"{type(self).__name__}, without an image shape and networks, and the others "
                    f"named: kgan.{type(self).__name__}(generator, discriminator, seed=1).",
                    "generator",
                )
            named["networks"] = OwnNetworks(*networks, **{name: named.pop(name) for name in given})
        own = named.get("networks")
        if isinstance(own, OwnNetworks):
            for argument in ("width", "normalization", "dtype"):
                if named.get(argument) is not None:
                    raise UsageError(
                        f"{argument} must be left out: the networks are given; received "
                        f"{named[argument]!r}.",
                        argument,
                    )
            named |= dict(zip(("image_shape",), arguments, strict=False))
            arguments = ()
            for name, known in (("image_shape", own.image_shape), ("latent_dim", own.latent_dim)):
                value = named.get(name, known)
                if (tuple(value) if isinstance(value, (list, tuple)) else value) != known:
                    raise UsageError(
                        f"{name} must be left out, since the networks have {known}; received "
                        f"{value!r}.",
                        name,
                    )
                named[name] = known
        constructor(self, *arguments, **named)

    # Keras, which does not look behind wrappers, asks for the arguments.
    construct.__signature__ = inspect.signature(constructor)  # type: ignore[attr-defined]
    return construct


def architecture(shared: Mapping[str, Any], kind: type[Variant]) -> Architecture:
    """The networks that the shared arguments of a class mean.

    Raises:
        UsageError: an unknown name, or a width or normalization beside an object.
    """
    settings = {**_DEFAULTS, **kind.shared_defaults, **shared}
    networks = settings["networks"]
    given = {
        name: settings[name] for name in ("width", "normalization") if settings[name] is not None
    }
    if isinstance(networks, str) and networks in architectures.classes:
        return architectures.classes[networks](**given)
    if given and isinstance(networks, Architecture):
        name = next(iter(given))
        raise UsageError(
            f"{name} must be left out where networks is an object; received {given[name]!r}. Use "
            f"networks=kgan.networks.{type(networks).__name__}({name}={given[name]!r}).",
            name,
        )
    return architectures.get(networks)
