"""How a model of several players is compiled: what each player wants, and how it learns."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from kgan.augment import Augment, augments
from kgan.checks import check_flag, check_integer
from kgan.errors import UsageError, unknown_name
from kgan.losses import Loss, losses
from kgan.models import optimizers
from kgan.models.both_optimizers import BothOptimizers
from kgan.models.compiled_metrics import CompiledMetrics, check_metrics
from kgan.models.logged_model import LoggedModel
from kgan.penalties import Penalty, penalties as known_penalties
from kgan.precision import compute_dtypes, float32_clone


class CompiledModel(LoggedModel):
    """Base class: players that `compile` gives losses, optimizers and regularizers."""

    two_player_loss: Loss
    augment: Augment | None
    # Examples that the discriminator judges together.
    pack: int = 1
    # Whether the parts of a batch belong together, as images and their labels do.
    paired: bool = True

    def __init__(self, ema_halflife_images: float | None, seed: int, name: str | None = None):
        super().__init__(ema_halflife_images, seed, name)
        # The train function, once it is traced for what was compiled.
        self._traced: Callable | None = None
        self._compile_arguments: dict[str, Any] = {}

    @property
    def optimizer(self) -> BothOptimizers | None:
        """Both optimizers as one, whose learning rate Keras's callbacks set; None before `compile`.

        Setting it sets the generator's, and the discriminator's in the same ratio.
        """
        return self._optimizers

    @optimizer.setter
    def optimizer(self, value: Any) -> None:
        # Keras sets what its own compile got, which is None here.
        self._optimizers = value

    @property
    def discriminator_steps(self) -> int:
        """Updates of the discriminator in a training step."""
        return self.players["discriminator"].updates

    def plays(self, player: str) -> bool:
        """Whether a player trains, as `compile(players=…)` says."""
        return player in (self._compile_arguments.get("players") or self.players)

    @property
    def judges(self) -> bool:
        """Whether the losses ask the discriminator: the batches hold its logits."""
        return True

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
        loss: str | Loss | tuple[Callable, Callable] | None = None,
        generator_optimizer: str | keras.optimizers.Optimizer | None = None,
        discriminator_optimizer: str | keras.optimizers.Optimizer | None = None,
        penalties: Sequence[str | Penalty] | None = None,
        augment: str | Augment | None = None,
        discriminator_steps: int | None = None,
        players: Sequence[str] | None = None,
        jit_compile: bool | str = "auto",
        steps_per_execution: int = 1,
        run_eagerly: bool = False,
        metrics: Sequence[str | keras.metrics.Metric] = (),
        optimizer: None = None,
    ) -> None:
        """Choose what the players want and how they learn; build everything that holds state.

        None stands for what the paper of the class has (`compile_defaults`).

        Args:
            loss: short name or object, see `kgan.losses`; or two functions of your own,
                `(generator_loss, discriminator_loss)`, of `(real_logits, fake_logits)`.
            generator_optimizer: Keras optimizer. The model trains with a copy of it,
                `gan.generator_optimizer`, and scales its loss if a network computes in float16.
            discriminator_optimizer: the same for the discriminator.
            penalties: short names or objects, see `kgan.penalties`; computed in float32; `()` for
                none.
            augment: short name or object, see `kgan.augment`.
            discriminator_steps: discriminator updates for each generator update, each on its own
                part of the batch.
            players: the names of those that train, for a stage of the training in which others
                wait; None for all.
            jit_compile: XLA; "auto" is on with one GPU, and off on a CPU, where oneDNN is faster,
                and under a strategy.
            steps_per_execution: training steps for each call from Python.
            run_eagerly: run without graphs, to debug.
            metrics: Keras metrics of what the discriminator thinks (`metric_arguments`), in every
                step; and those of `kgan.metrics.streaming`, of the averaged generator's images, in
                `evaluate` and on the `validation_data` of `fit`. Files do not hold them.
            optimizer: none: there are two, above.

        Raises:
            UsageError: an unknown name or an impossible count.
        """
        if optimizer is not None or isinstance(loss, keras.optimizers.Optimizer):
            raise UsageError(
                "optimizer must be left out, since each player has its own: use "
                "gan.compile(generator_optimizer=…, discriminator_optimizer=…).",
                "optimizer",
            )
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
            "players": self._check_players(players),
            "jit_compile": jit_compile,
            "steps_per_execution": check_integer("steps_per_execution", steps_per_execution, 1),
            "run_eagerly": check_flag("run_eagerly", run_eagerly),
        }
        replicas = self.distribute_strategy.num_replicas_in_sync
        if jit_compile == "auto":
            # Keras, too, leaves XLA off under a strategy, where it fails.
            jit_compile = replicas == 1 and bool(tf.config.list_physical_devices("GPU"))
        measured = CompiledMetrics(metrics)
        check_metrics(measured, replicas, bool(jit_compile))
        self.check_compile(chosen)
        self._compile_arguments = chosen
        self.two_player_loss = chosen["loss"]
        self.augment = chosen["augment"]
        self.players["discriminator"].updates = chosen["discriminator_steps"]
        for player in self.players.values():
            own = [penalty for penalty in chosen["penalties"] if penalty.player == player.name]
            player.regularizers = dict(zip(_names(own), own, strict=True))
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
            self._optimizers = BothOptimizers(
                [player.optimizer for player in self.players.values()]
            )
            judge = self.discriminator
            if compute_dtypes(judge) != {"float32"}:
                judge = float32_clone(judge)
            # The bare method: a network would be tracked, and saved a second time.
            self._stateless_discriminator = judge.stateless_call
            self._begin_logs(measured)

    def check_compile(self, arguments: dict[str, Any]) -> None:
        """Refuse what the model cannot train with; `arguments` are those of `compile`, as objects.

        Raises:
            UsageError: names the argument and what to pass instead.
        """

    def _check_players(self, players: Any) -> list[str] | None:
        """The names of players, in the model's order; None for None.

        Raises:
            UsageError: no list of names, or one that no player has.
        """
        if players is None:
            return None
        if isinstance(players, str) or not isinstance(players, (list, tuple)) or not players:
            raise UsageError(
                f"players must be a list of some of {', '.join(self.players)}; received "
                f"{players!r}.",
                "players",
            )
        for name in players:
            if name not in self.players:
                raise unknown_name("players", name, self.players)
        return [name for name in self.players if name in players]

    def get_compile_config(self) -> dict[str, Any]:
        return {
            key: keras.saving.serialize_keras_object(value)
            for key, value in self._compile_arguments.items()
        }

    def save(self, filepath: str | Path, overwrite: bool = True) -> None:
        names = self.two_player_loss.unregistered if self._compile_arguments else []
        if names:
            several = len(names) > 1
            which = f"losses {' and '.join(names)} are" if several else f"loss {names[0]} is"
            them = "them" if several else "it"
            warnings.warn(
                f"The {which} not registered with Keras: the file cannot be loaded in another "
                f"process. Decorate {them} with "
                "@keras.saving.register_keras_serializable(), for which a class needs a method "
                f"get_config, and import {them} before you load.",
                stacklevel=2,
            )
        super().save(filepath, overwrite)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        self.compile(**keras.saving.deserialize_keras_object(config))

    def _bind(self, part):
        """A copy that draws from this model's seeds: a shared object would serve two models."""
        part = type(part).from_config(part.get_config())
        part.seed_generator = self.training_seeds
        return part


def _names(penalties: Sequence[Penalty]) -> list[str]:
    """The penalties' names in the logs: short where there is one, numbered from the second on."""
    short = {cls: name for name, cls in known_penalties.classes.items()}
    names: list[str] = []
    for penalty in penalties:
        name = short.get(type(penalty), type(penalty).__name__.lower())
        count = sum(type(penalty) is type(other) for other in penalties[: len(names)])
        names.append(f"{name}_{count + 1}" if count else name)
    return names
