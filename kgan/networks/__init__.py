"""Networks, one paper a module, and `get`, which finds them by their short name."""

from kgan.errors import UsageError as _UsageError, unknown_name as _unknown_name
from kgan.networks import dcgan as dcgan, mlp as mlp, r3gan as r3gan, resnet as resnet
from kgan.networks.family import Condition as Condition, Family as Family

families = {module.FAMILY.name: module.FAMILY for module in (dcgan, mlp, r3gan, resnet)}


def get(name: str) -> Family:
    """The networks that a short name stands for: one of `families`.

    Raises:
        UsageError: there are none of this name; says the nearest.
    """
    if not isinstance(name, str):
        raise _UsageError(
            f"networks must be a short name ({', '.join(sorted(families))}); received {name!r}. "
            "For networks of your own use kgan.GAN(generator, discriminator)."
        )
    if name not in families:
        raise _unknown_name("networks", name, families)
    return families[name]
