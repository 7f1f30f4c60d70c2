"""What a model of several players holds: networks, averages, buffers."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Sequence
from typing import Any

import keras

from kgan.checks import check_integer, check_number
from kgan.ema import ExponentialMovingAverage, untrained_copy
from kgan.errors import UsageError
from kgan.models.entry_point import EntryPoint
from kgan.models.fingerprint import fingerprint
from kgan.models.player import Player
from kgan.seeds import StepSeedGenerator
from kgan.signature import Signature


class PlayersModel(keras.Model):
    """Base class of the models: players, averages and buffers.

    `ema_halflife_images` is None, or the half-life of the averaged networks in real images. `seed`
    (0 to 2**31 - 1) pins every draw of the training.

    Raises:
        UsageError: a half-life below 1, or a seed out of range.

    Attributes:
        players: by name, in the order in which they learn.
        frozen: networks that do not learn, by name; not part of checkpoints.
        input_signature: the fields that the generator takes.
        output_signature: the field that it makes, which the discriminator judges.
        batch_signature: the fields of a training batch, in order.
    """

    input_signature: Signature
    output_signature: Signature
    batch_signature: Signature

    def __init__(self, ema_halflife_images: float | None, seed: int, name: str | None = None):
        if ema_halflife_images is not None:
            ema_halflife_images = check_number(
                "ema_halflife_images", ema_halflife_images, 1, ", or None,"
            )
        seed = check_integer("seed", seed, 0, 2**31 - 1)
        # Keras would round the inputs to a global policy's half precision; networks have their own.
        super().__init__(name=name, dtype="float32")
        self.ema_halflife_images = ema_halflife_images
        self.seed = seed
        self.players: dict[str, Player] = {}
        self.frozen: dict[str, keras.Model] = {}
        self.training_seeds = StepSeedGenerator(self, seed, "training_seeds")
        self.evaluation_seeds = StepSeedGenerator(self, seed, "evaluation_seeds")
        self._averages: dict[str, ExponentialMovingAverage] = {}
        self._buffers: dict[str, keras.Variable] = {}
        self.built = True

    # -- what the constructors of subclasses call ----------------------------------------------

    def add_player(self, name: str, **networks: keras.Model) -> None:
        """Let a player train these networks, which become attributes of their names."""
        self.players[name] = Player(name, networks)
        setattr(self, f"{name}_optimizer", None)
        self.add_networks(name, **networks)

    def add_networks(self, player: str, **networks: keras.Model) -> None:
        """Give a player further networks."""
        self.players[player].networks.update(networks)
        for name, network in networks.items():
            setattr(self, name, network)

    def add_average(self, name: str) -> None:
        """Keep the moving average of the network `name` as `averaged_…`.

        Without `ema_halflife_images` that is the network itself.

        Raises:
            UsageError: Keras cannot copy the network.
        """
        network = getattr(self, name)
        average = network
        if self.ema_halflife_images is not None:
            try:
                average = untrained_copy(network)
            # Whatever the user's constructor raises.
            except Exception as error:
                cause = (str(error).strip() or type(error).__name__).splitlines()[0]
                raise UsageError(
                    f"{network.name} must be a model that Keras can copy, for its average: {cause} "
                    "Let the constructor take **kwargs for super().__init__, write get_config() "
                    "for its own arguments, or pass ema_halflife_images=None."
                ) from error
            self._averages[name] = ExponentialMovingAverage(network, average)
        setattr(self, f"averaged_{name}", average)

    def add_buffer(self, name: str, shape: Sequence[int], dtype: str = "float32", initial=0):
        """A variable that a step keeps, such as an image pool: checkpoints hold it."""
        self._buffers[name] = self.add_weight(
            shape=tuple(shape),
            initializer=keras.initializers.Constant(initial),
            dtype=dtype,
            trainable=False,
            aggregation="only_first_replica",  # whose value all copies take
            name=name,
        )
        return self._buffers[name]

    # -- what it is ----------------------------------------------------------------------------

    @property
    def networks_by_name(self) -> dict[str, keras.Model]:
        """The networks that are trained, by name."""
        found = {}
        for player in self.players.values():
            found.update(player.networks)
        return found

    @property
    def class_names(self) -> list[str] | None:
        """The names of the classes, in the order of their numbers; None where there are none."""
        label = self.batch_signature.classes
        return list(label.names) if label is not None and label.names else None

    def name_classes(self, names: Sequence[str] | None) -> None:
        """Name the classes, as a constructor's `class_names` says; None leaves them without names.

        Raises:
            UsageError: the model has no classes, others, or the names are not different strings.
        """
        if names is None:
            return
        label = self.batch_signature.classes
        if label is None:
            raise UsageError(
                f"class_names must be None, since the {type(self).__name__} has no classes to "
                f"name; received {names!r}.",
                "class_names",
            )
        label.check_names(names)
        self.set_class_names(names)

    def set_class_names(self, names: Sequence[str] | None) -> None:
        """Name the classes, where the model has as many and they have no names yet.

        `fit` takes the names that a data set knows. They travel into saved files and exports.
        """
        label = self.batch_signature.classes
        if label is None or label.names or not names or label.classes not in (None, len(names)):
            return
        named = dataclasses.replace(label, names=tuple(names))
        self.batch_signature = self.batch_signature.replace(named)
        outputs = (field.named(names) for field in self.output_signature.values())
        self.output_signature = Signature(*outputs)
        if label.name in self.input_signature:
            named = dataclasses.replace(named, unlabelled=False)
            self.input_signature = self.input_signature.replace(named)

    def inputs_by_name(self, inputs: Any) -> dict[str, Any]:
        """The inputs of the generator by name: a dict, a tuple in their order, or the only one.

        Raises:
            UsageError: others, or not all of them.
        """
        names = list(self.input_signature)
        if not isinstance(inputs, dict):
            parts = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
            inputs = dict(zip(names, parts, strict=False)) if len(parts) <= len(names) else {}
        if set(inputs) != set(names):
            raise UsageError(
                f"inputs must hold {', '.join(names)}: a dict by these names, or a tuple in this "
                f"order; received {', '.join(map(str, inputs)) or 'too many'}.",
                "inputs",
            )
        return inputs

    def entry_points(self) -> dict[str, EntryPoint]:
        """What can be run and exported, by name, the most used one first."""
        raise NotImplementedError

    def build(self, input_shape=None):
        """Nothing: the networks come built."""

    def summary(self, *args, **kwargs) -> None:
        """Print Keras's summary of each network."""
        for network in self.networks_by_name.values():
            network.summary(*args, **kwargs)

    def __repr__(self) -> str:
        """Two lines of at most 100 columns: inputs and outputs, then sizes."""
        if not self.__dict__.get("players"):  # while it is made
            return f"<{type(self).__name__}>"
        inputs, outputs = (
            ", ".join(field.brief() for field in signature.values())
            for signature in (self.input_signature, self.output_signature)
        )
        sizes = ", ".join(
            f"{name} {network.count_params():,}" for name, network in self.networks_by_name.items()
        )
        first = textwrap.shorten(f"<{type(self).__name__}: {inputs} -> {outputs};", 100)
        return f"{first}\n {textwrap.shorten(f'parameters: {sizes}; {self._trained()}', 98)}>"

    __str__ = __repr__

    def _trained(self) -> str:
        """How far the model has come, in three words."""
        return f"{int(self.training_seeds.step):,} steps"

    # -- state ---------------------------------------------------------------------------------

    def state(self) -> dict[str, list[keras.Variable]]:
        """Everything that training changes, by path, in a fixed order: what a checkpoint holds."""
        found = {}
        for player in self.players.values():
            for name, network in player.networks.items():
                found[f"players/{player.name}/{name}"] = network.variables
            found[f"players/{player.name}/optimizer"] = player.optimizer.variables
        for name, average in self._averages.items():
            found[f"averages/{name}"] = [variable for variable, _ in average.pairs]
        for name, buffer in self._buffers.items():
            found[f"buffers/{name}"] = [buffer]
        found["seeds"] = [self.training_seeds.state]
        return found

    def fingerprint(self) -> dict[str, Any]:
        """What a checkpoint's run must have in common with this one, as JSON-able values."""
        return fingerprint(self, self.networks_by_name)
