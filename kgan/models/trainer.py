"""How an adversarial model is compiled, trained by `fit`, saved and resumed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from kgan.augment import Augment, augments
from kgan.checks import check_flag, check_integer
from kgan.ema import ExponentialMovingAverage, untrained_copy
from kgan.errors import UsageError
from kgan.files import replacing
from kgan.losses import Loss, losses
from kgan.models import optimizers
from kgan.models.player import Player
from kgan.models.step_log import StepLog
from kgan.models.training_data import TrainingData, one_pass, reraise_guard
from kgan.penalties import Penalty, penalties as known_penalties
from kgan.precision import compute_dtypes, float32_clone
from kgan.registry import deserialized
from kgan.seeds import StepSeedGenerator
from kgan.signature import Label, Signature

if TYPE_CHECKING:
    from kgan.presets import Card


class Trainer(keras.Model):
    """Base class of the models: players that `compile` equips and `fit` trains.

    `ema_halflife_images` is None, or the half-life of the averaged networks in real images. `seed`
    (0 to 2**31 - 1) pins every draw of the training.

    Attributes:
        players: by name, in the order in which they learn.
        frozen: networks that do not learn, by name; not part of checkpoints.
        batch_signature: the fields of a training batch, in order.
    """

    input_signature: Signature
    batch_signature: Signature
    two_player_loss: Loss
    augment: Augment | None
    # Examples that the discriminator judges together.
    pack: int = 1

    def __init__(self, ema_halflife_images: float | None, seed: int, name: str | None = None):
        super().__init__(name=name)
        self.ema_halflife_images = ema_halflife_images
        self.seed = seed
        self.players: dict[str, Player] = {}
        self.frozen: dict[str, keras.Model] = {}
        self.training_seeds = StepSeedGenerator(self, seed, "training_seeds")
        self.evaluation_seeds = StepSeedGenerator(self, seed, "evaluation_seeds")
        self._averages: dict[str, ExponentialMovingAverage] = {}
        self._buffers: dict[str, keras.Variable] = {}
        # A StepLog each once `compile` was called.
        self._train_log: Any = None
        self._test_log: Any = None
        self._data: TrainingData | None = None
        self._traced: Callable | None = None
        self._compile_arguments: dict[str, Any] = {}
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
            name=name,
        )
        return self._buffers[name]

    @property
    def class_names(self) -> list[str] | None:
        """The names of the classes, in the order of their numbers; None where there are none."""
        label = self.batch_signature.of(Label)
        return list(label.names) if label is not None and label.names else None

    def set_class_names(self, names: Sequence[str] | None) -> None:
        """Name the classes, where the model has as many and they have no names yet.

        `fit` takes the names that a data set knows. They travel into saved files and exports.
        """
        label = self.batch_signature.of(Label)
        if label is None or label.names or not names or label.classes not in (None, len(names)):
            return
        named = dataclasses.replace(label, names=tuple(names))
        self.batch_signature = self.batch_signature.replace(named)
        if label.name in self.input_signature:
            named = dataclasses.replace(named, unlabelled=False)
            self.input_signature = self.input_signature.replace(named)

    # -- Keras's own questions -----------------------------------------------------------------

    @property
    def networks_by_name(self) -> dict[str, keras.Model]:
        """The networks that are trained, by name."""
        found = {}
        for player in self.players.values():
            found.update(player.networks)
        return found

    def build(self, input_shape=None):
        """Nothing: the networks come built."""

    @property
    def metrics(self):
        """The means that `fit` and `evaluate` log."""
        return [log for log in (self._train_log, self._test_log) if log is not None]

    @property
    def logged(self) -> list[str]:
        """The names that a training step logs, in the order in which it computes them."""
        return [] if self._train_log is None else list(self._train_log.names)

    def summary(self, *args, **kwargs) -> None:
        """Print Keras's summary of each network."""
        for network in self.networks_by_name.values():
            network.summary(*args, **kwargs)

    # -- compile -------------------------------------------------------------------------------

    @property
    def discriminator_steps(self) -> int:
        """Updates of the discriminator in a training step."""
        return self.players["discriminator"].updates

    @property
    def penalties(self) -> list[Penalty]:
        """The regularizers of all players."""
        return [each for player in self.players.values() for each in player.regularizers.values()]

    def compile_defaults(self) -> dict[str, Any]:
        """What `compile` takes where an argument is None: DCGAN's (arXiv:1511.06434)."""
        return {
            "loss": "non_saturating",
            "generator_optimizer": keras.optimizers.Adam(2e-4, beta_1=0.5),
            "discriminator_optimizer": keras.optimizers.Adam(2e-4, beta_1=0.5),
            "penalties": (),
            "discriminator_steps": 1,
        }

    def compile(
        self,
        loss: str | Loss | None = None,
        generator_optimizer: str | keras.optimizers.Optimizer | None = None,
        discriminator_optimizer: str | keras.optimizers.Optimizer | None = None,
        penalties: Sequence[str | Penalty] | None = None,
        augment: str | Augment | None = None,
        discriminator_steps: int | None = None,
        jit_compile: bool | str = "auto",
        steps_per_execution: int = 1,
        run_eagerly: bool = False,
    ) -> None:
        """Choose what the players want and how they learn; build everything that holds state.

        None stands for what the paper of the class has (`compile_defaults`).

        Args:
            loss: short name or object, see `kgan.losses`.
            generator_optimizer: Keras optimizer. The model trains with a copy of it,
                `gan.generator_optimizer`, and scales its loss if a network computes in float16.
            discriminator_optimizer: the same for the discriminator.
            penalties: short names or objects, see `kgan.penalties`; computed in float32; `()` for
                none.
            augment: short name or object, see `kgan.augment`.
            discriminator_steps: discriminator updates for each generator update, each on its own
                part of the batch.
            jit_compile: XLA; "auto" is on with one GPU, and off on a CPU, where oneDNN is faster,
                and under a strategy.
            steps_per_execution: training steps for each call from Python.
            run_eagerly: run without graphs, to debug.

        Raises:
            UsageError: an unknown name or an impossible count.
        """
        defaults = self.compile_defaults()
        loss = defaults["loss"] if loss is None else loss
        if generator_optimizer is None:
            generator_optimizer = defaults["generator_optimizer"]
        if discriminator_optimizer is None:
            discriminator_optimizer = defaults["discriminator_optimizer"]
        penalties = defaults["penalties"] if penalties is None else penalties
        if discriminator_steps is None:
            discriminator_steps = defaults["discriminator_steps"]
        if jit_compile not in (True, False, "auto"):
            raise UsageError(
                f'jit_compile must be True, False or "auto"; received {jit_compile!r}.',
                "jit_compile",
            )
        if isinstance(penalties, (str, Penalty)):
            penalties = (penalties,)
        if not isinstance(penalties, (list, tuple)):
            raise UsageError(
                f"penalties must be a list of names or kgan.penalties objects; received "
                f'{penalties!r}. Use penalties=[kgan.penalties.R1(weight=1.0)] or ["r1"].',
                "penalties",
            )
        # All of it before any of it: a refused `compile` leaves the model as it was.
        chosen = {
            "loss": losses.get(loss),
            "generator_optimizer": optimizers.get("generator_optimizer", generator_optimizer),
            "discriminator_optimizer": optimizers.get(
                "discriminator_optimizer", discriminator_optimizer
            ),
            "penalties": [self._bind(known_penalties.get(penalty)) for penalty in penalties],
            "augment": None if augment is None else self._bind(augments.get(augment)),
            "discriminator_steps": check_integer("discriminator_steps", discriminator_steps, 1),
            "jit_compile": jit_compile,
            "steps_per_execution": check_integer("steps_per_execution", steps_per_execution, 1),
            "run_eagerly": check_flag("run_eagerly", run_eagerly),
        }
        self.check_compile(chosen)
        self._compile_arguments = chosen
        self.two_player_loss = chosen["loss"]
        self.augment = chosen["augment"]
        self.players["discriminator"].updates = chosen["discriminator_steps"]
        for player in self.players.values():
            own = [penalty for penalty in chosen["penalties"] if penalty.player == player.name]
            player.regularizers = dict(zip(_names(own), own, strict=True))
        if jit_compile == "auto":
            # Keras, too, leaves XLA off under a strategy, where it fails.
            alone = self.distribute_strategy.num_replicas_in_sync == 1
            jit_compile = alone and bool(tf.config.list_physical_devices("GPU"))
        super().compile(
            optimizer=None,
            loss=None,
            jit_compile=jit_compile and not run_eagerly,
            steps_per_execution=chosen["steps_per_execution"],
            run_eagerly=run_eagerly,
        )
        self._traced = None
        # tf.distribute and checkpoints need the optimizers' variables before the first step.
        with self.distribute_strategy.scope():
            for player in self.players.values():
                argument = f"{player.name}_optimizer"
                player.optimizer = optimizers.built(
                    chosen[argument], list(player.networks.values())
                )
                # Keras saves what is an attribute.
                setattr(self, argument, player.optimizer)
            judge = self.discriminator
            if compute_dtypes(judge) != {"float32"}:
                judge = float32_clone(judge)
            # The bare method: a network would be tracked, and saved a second time.
            self._stateless_discriminator = judge.stateless_call
            self._train_log, self._test_log = StepLog("train_log"), StepLog("test_log")

    def check_compile(self, arguments: dict[str, Any]) -> None:
        """Refuse what the model cannot train with; `arguments` are those of `compile`, as objects.

        Raises:
            UsageError: names the argument and what to pass instead.
        """

    def get_compile_config(self) -> dict[str, Any]:
        return {
            key: keras.saving.serialize_keras_object(value)
            for key, value in self._compile_arguments.items()
        }

    def compile_from_config(self, config: dict[str, Any]) -> None:
        self.compile(**keras.saving.deserialize_keras_object(config))

    def _bind(self, part):
        """A copy that draws from this model's seeds: a shared object would serve two models."""
        part = type(part).from_config(part.get_config())
        part.seed_generator = self.training_seeds
        return part

    # -- fit and evaluate ----------------------------------------------------------------------

    def fit(
        self,
        x=None,
        *,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: str | int = "auto",
        callbacks: Sequence[keras.callbacks.Callback] | None = None,
        validation_data=None,
        validation_freq: int = 1,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
    ) -> keras.callbacks.History:
        """Train on real examples.

        Args:
            x: what `kgan.data.load` returns, a `tf.data.Dataset` of batches, or arrays. A batch has
                the fields of `batch_signature`, in order: for a GAN float32 images
                `(batch, height, width, channels)` in [-1, 1], and what conditions them (labels
                int32 `(batch,)`, vectors float32 `(batch, n)`). Several arrays come as a tuple.
            batch_size: examples for each step where `x` are arrays (64 by default).
            epochs: number of the last epoch, counted from 1.
            verbose: "auto", 0, 1 or 2 as in Keras.
            callbacks: Keras callbacks and those of `kgan.callbacks`. A `Checkpoint` with
                `resume=True` continues its run where the newest good checkpoint stands.
            validation_data: like `x`; its losses are logged with the prefix `val_`.
            validation_freq: epochs between validations.
            initial_epoch: epochs that already lie behind.
            steps_per_epoch: training steps for each epoch; by default once through `x`.

        Returns:
            Keras's `History`.

        Raises:
            UsageError: examples or counts that cannot work, before the first step.
        """
        if not self.compiled:
            raise UsageError("Call gan.compile() before gan.fit(): it chooses loss and optimizers.")
        epochs = check_integer("epochs", epochs, 1)
        initial_epoch = check_integer("initial_epoch", initial_epoch, 0)
        validation_freq = check_integer("validation_freq", validation_freq, 1)
        if not isinstance(callbacks, (list, tuple, type(None))):
            raise UsageError(
                f"callbacks must be a list; received a {type(callbacks).__name__}. "
                "Use callbacks=[…].",
                "callbacks",
            )
        callbacks = list(callbacks or ())
        for callback in callbacks:
            if not isinstance(callback, keras.callbacks.Callback):
                raise UsageError(
                    "callbacks must be a list of keras.callbacks.Callback objects; it holds "
                    f"{callback!r}. Make the objects first, as in callbacks=[StopOnNaN()].",
                    "callbacks",
                )
        data = TrainingData(self, x, batch_size, steps_per_epoch)
        self.set_class_names(getattr(x, "label_names", None))
        # Those that add to an epoch's logs come before those that write them down.
        callbacks.sort(key=lambda callback: not getattr(callback, "adds_logs", False))
        if validation_data is not None:
            arrays = isinstance(validation_data, (np.ndarray, tuple))
            size = batch_size if arrays else None
            validation_data = one_pass(self, validation_data, size, "validation_data")
        data.start = initial_epoch * data.steps_per_epoch
        for callback in callbacks:
            if hasattr(callback, "where_to_start"):
                data.start = max(data.start, callback.where_to_start(self, data))
        self._data = data
        try:
            with reraise_guard():
                return super().fit(
                    data.stream(),
                    epochs=epochs,
                    verbose=verbose,
                    callbacks=callbacks,
                    shuffle=False,
                    validation_data=validation_data,
                    validation_freq=validation_freq,
                    initial_epoch=data.start // data.steps_per_epoch,
                    steps_per_epoch=data.steps_per_epoch,
                )
        finally:  # the model would hold the examples for as long as it lives
            self._data, self.train_function = None, self._traced
            self._eval_epoch_iterator = None  # an error leaves Keras's, for the next fit to use
            for callback in callbacks:
                if hasattr(callback, "release"):
                    callback.release()

    def make_train_function(self, force=False):
        """Keras's train function, traced once, behind the data's count of steps to pass over."""
        if self._traced is None or force:
            super().make_train_function(force=True)
            self._traced = self.train_function
        self.train_function = self._traced
        if self._data is not None:
            self.train_function = self._data.skipping(self._traced)
        return self.train_function

    def evaluate(
        self,
        x=None,
        *,
        batch_size: int | None = None,
        verbose: str | int = "auto",
        steps: int | None = None,
        callbacks=None,
        return_dict: bool = True,
        **keras_internal,
    ):
        """The losses and logits on held-out examples, a dict by name; see `fit` for `x`.

        The latents are the same in every evaluation.
        """
        if not self.compiled:
            raise UsageError("Call gan.compile() before gan.evaluate(): it chooses the losses.")
        if not keras_internal:  # a validation within fit brings the data checked
            if steps is not None:
                steps = check_integer("steps", steps, 1)
            x = one_pass(self, x, batch_size, "x")
            if steps is None and x.cardinality() == tf.data.INFINITE_CARDINALITY:
                raise UsageError("steps must be given: the data set never ends.", "steps")
        self.evaluation_seeds.state.assign([self.seed, 0])
        with reraise_guard():
            return super().evaluate(
                x,
                verbose=verbose,
                steps=steps,
                callbacks=callbacks,
                return_dict=return_dict,
                **keras_internal,
            )

    # -- saving --------------------------------------------------------------------------------

    @classmethod
    def from_config(cls, config: dict[str, Any]):
        return cls(**deserialized(config))

    def save(self, filepath: str | Path, overwrite: bool = True) -> None:
        """Write a `.keras` file with networks, `compile` and optimizers, whole or not at all.

        Raises:
            UsageError: another suffix, or a file that is there with `overwrite=False`.
            OSError: the file cannot be written; an older one is still there.
        """
        path = Path(filepath)
        if path.suffix != ".keras":
            raise UsageError(f"filepath={str(path)!r} must end in .keras.", "filepath")
        if not overwrite and path.exists():
            raise UsageError(
                f"filepath={str(path)!r} exists; pass overwrite=True to replace it.", "filepath"
            )
        with replacing(path) as temporary:
            super().save(temporary)

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
        found["log"] = [] if self._train_log is None else self._train_log.variables
        return found

    def fingerprint(self) -> dict[str, Any]:
        """What a checkpoint's run must have in common with this one, as JSON-able values."""
        networks = self.networks_by_name
        described = {
            "model": {"class": type(self).__name__}
            | {key: value for key, value in self.get_config().items() if key not in networks},
            "layers": {
                name: [
                    {type(layer).__name__: layer.get_config()}
                    for layer in network._flatten_layers(include_self=False)
                ]
                for name, network in networks.items()
            },
            "compile": self.get_compile_config(),
        }
        # Keras numbers its names anew in every process.
        return _without_names(json.loads(json.dumps(described, default=str)))

    # -- presets -------------------------------------------------------------------------------

    def save_to_preset(self, folder: str | Path, card: Card | str | None = None) -> None:
        """Write config, weights, card, samples and ONNX file to a folder; see `kgan.presets`."""
        from kgan import presets

        presets.save(self, folder, card)

    @classmethod
    def from_preset(cls, folder: str | Path) -> Trainer:
        """The model of a preset folder, or of a preset that comes with kgan, by its name."""
        from kgan import presets

        gan = presets.load(folder)
        if not isinstance(gan, cls):
            raise UsageError(
                f"{folder!s} holds a {type(gan).__name__}, not a {cls.__name__}; load it with "
                f"kgan.{type(gan).__name__}.from_preset."
            )
        return gan


def _without_names(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_names(item) for key, item in value.items() if key != "name"}
    return [_without_names(item) for item in value] if isinstance(value, list) else value


def _names(penalties: Sequence[Penalty]) -> list[str]:
    """The penalties' names in the logs: short where there is one, numbered from the second on."""
    short = {cls: name for name, cls in known_penalties.classes.items()}
    names: list[str] = []
    for penalty in penalties:
        name = short.get(type(penalty), type(penalty).__name__.lower())
        count = sum(type(penalty) is type(other) for other in penalties[: len(names)])
        names.append(f"{name}_{count + 1}" if count else name)
    return names
