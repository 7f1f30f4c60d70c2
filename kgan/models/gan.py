"""The two-player model and the only training step."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from kgan import latent
from kgan.augment import Augment, augments
from kgan.checks import check_flag, check_integer, check_number
from kgan.ema import ExponentialMovingAverage, untrained_copy
from kgan.errors import UsageError
from kgan.files import replacing
from kgan.losses import Loss, losses
from kgan.models import optimizers
from kgan.models.feed import Feed, once
from kgan.networks.check import checked
from kgan.penalties import Penalty, penalties as known_penalties
from kgan.precision import compute_dtypes, float32_clone
from kgan.seeds import StepSeedGenerator

if TYPE_CHECKING:
    from kgan.presets import Card


@keras.saving.register_keras_serializable(package="kgan")
class GAN(keras.Model):
    """A generator and a discriminator that train against each other with `fit`.

    `generator` maps latents `(batch, latent_dim)` to images `(batch, height, width, channels)` in
    [-1, 1]; `discriminator` maps such images to logits. Any two Keras models that fit will do, a
    subclassed one after it was called once (to be saved, it must be registered with Keras).

    `averaged_generator` is the generator whose weights are the moving average of the trained
    one's, with a half-life of `ema_halflife_images` real images; sampling, metrics and export use
    it. With None nothing is averaged and it is the generator itself. `seed` (a whole number in
    [0, 2**31)) pins every draw of the training.

    A variant overrides `synthesize`, `discriminate`, `discriminator_loss` or `generator_loss`.

    Raises:
        UsageError: the networks do not fit each other.

    Goodfellow et al., "Generative Adversarial Networks", 2014, arXiv:1406.2661.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        ema_halflife_images: float | None = 10_000.0,
        seed: int = 0,
        name: str | None = None,
    ):
        super().__init__(name=name)
        generator, discriminator = checked(generator, discriminator)
        if ema_halflife_images is not None:
            check_number("ema_halflife_images", ema_halflife_images, 1, ", or None,")
        self.generator = generator
        self.discriminator = discriminator
        self.ema_halflife_images = ema_halflife_images
        self.seed = check_integer("seed", seed, 0, 2**31 - 1)
        self.latent_dim: int = generator.input_shape[-1]
        self.image_shape: tuple[int, int, int] = tuple(generator.output_shape[1:])

        self.averaged_generator = generator
        self._average = None
        if ema_halflife_images is not None:
            self.averaged_generator = untrained_copy(generator)
            self._average = ExponentialMovingAverage(
                generator, self.averaged_generator, ema_halflife_images
            )
        self.training_seeds = StepSeedGenerator(self, self.seed, "training_seeds")
        self.evaluation_seeds = StepSeedGenerator(self, self.seed, "evaluation_seeds")
        # Keras optimizers once `compile` was called.
        self.generator_optimizer: Any = None
        self.discriminator_optimizer: Any = None
        self._trackers: list[keras.metrics.Mean] = []
        self._feed: Feed | None = None
        self._traced: Callable | None = None
        self._compile_arguments: dict[str, Any] = {}
        self.built = True

    # -- Keras's own questions ---------------------------------------------------------------

    def call(self, latents, training=False):
        """Images of the averaged generator, in inference mode."""
        return self.averaged_generator(latents, training=False)

    def build(self, input_shape=None):
        """Nothing: both networks come built."""

    @property
    def metrics(self):
        """The means that `fit` and `evaluate` log."""
        return self._trackers

    def get_config(self) -> dict[str, Any]:
        return {
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "ema_halflife_images": self.ema_halflife_images,
            "seed": self.seed,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> GAN:
        return cls(
            **{
                key: keras.saving.deserialize_keras_object(value)
                if isinstance(value, dict)
                else value
                for key, value in config.items()
            }
        )

    def summary(self, *args, **kwargs) -> None:
        """Print Keras's summary of the generator and of the discriminator."""
        self.generator.summary(*args, **kwargs)
        self.discriminator.summary(*args, **kwargs)

    # -- compile -----------------------------------------------------------------------------

    def compile(
        self,
        loss: str | Loss = "non_saturating",
        generator_optimizer: str | keras.optimizers.Optimizer | None = None,
        discriminator_optimizer: str | keras.optimizers.Optimizer | None = None,
        penalties: Sequence[str | Penalty] | None = (),
        augment: str | Augment | None = None,
        discriminator_steps: int = 1,
        jit_compile: bool | str = "auto",
        steps_per_execution: int = 1,
        run_eagerly: bool = False,
    ) -> None:
        """Choose what the players want and how they learn; build everything that holds state.

        Args:
            loss: short name or object, see `kgan.losses`.
            generator_optimizer: Keras optimizer; the default is Adam(0.0002, β₁ = 0.5) as in
                DCGAN (arXiv:1511.06434). The model trains with a copy of it,
                `gan.generator_optimizer`, and scales its loss if the network computes in float16.
            discriminator_optimizer: the same for the discriminator.
            penalties: short names or objects, see `kgan.penalties`; computed in float32.
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
        check_integer("discriminator_steps", discriminator_steps, 1)
        check_integer("steps_per_execution", steps_per_execution, 1)
        run_eagerly = check_flag("run_eagerly", run_eagerly)
        if jit_compile not in (True, False, "auto"):
            raise UsageError(
                f'jit_compile must be True, False or "auto"; received {jit_compile!r}.'
            )
        if isinstance(penalties, (str, Penalty)):
            penalties = (penalties,)
        if not isinstance(penalties, (list, tuple, type(None))):
            raise UsageError(
                f"penalties must be a list of names or kgan.penalties objects; received "
                f'{penalties!r}. Use penalties=[kgan.penalties.R1(weight=1.0)] or ["r1"], say.'
            )
        self.two_player_loss = losses.get(loss)
        self.penalties = [self._bind(known_penalties.get(penalty)) for penalty in penalties or ()]
        self._penalty_names = _names(self.penalties)
        self.augment = None if augment is None else self._bind(augments.get(augment))
        self.discriminator_steps = discriminator_steps
        self._compile_arguments = {
            "loss": self.two_player_loss,
            "generator_optimizer": optimizers.get("generator_optimizer", generator_optimizer),
            "discriminator_optimizer": optimizers.get(
                "discriminator_optimizer", discriminator_optimizer
            ),
            "penalties": self.penalties,
            "augment": self.augment,
            "discriminator_steps": discriminator_steps,
            "jit_compile": jit_compile,
            "steps_per_execution": steps_per_execution,
            "run_eagerly": run_eagerly,
        }
        if jit_compile == "auto":
            # Keras, too, leaves XLA off under a strategy, where it fails.
            alone = self.distribute_strategy.num_replicas_in_sync == 1
            jit_compile = alone and bool(tf.config.list_physical_devices("GPU"))
        super().compile(
            optimizer=None,
            loss=None,
            jit_compile=jit_compile and not run_eagerly,
            steps_per_execution=steps_per_execution,
            run_eagerly=run_eagerly,
        )
        self._traced = None
        # tf.distribute and checkpoints need the optimizers' variables before the first step.
        with self.distribute_strategy.scope():
            self.generator_optimizer = optimizers.built(
                self._compile_arguments["generator_optimizer"],
                self.generator,
                self.generator_variables,
            )
            self.discriminator_optimizer = optimizers.built(
                self._compile_arguments["discriminator_optimizer"],
                self.discriminator,
                self.discriminator_variables,
            )
            critic = self.discriminator
            if self.penalties and compute_dtypes(critic) != {"float32"}:
                critic = float32_clone(critic)
            # The bare method: a network would be tracked, and saved a second time.
            self._critic_call = critic.stateless_call
            self._trackers = [keras.metrics.Mean(name=name) for name in self._logged()]

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

    def _logged(self) -> list[str]:
        """Names of the logged means, in the order in which a step computes them."""
        return [
            *self._penalty_names,
            "discriminator_loss",
            "generator_loss",
            "real_logits",
            "fake_logits",
        ]

    # -- the game: what a variant overrides --------------------------------------------------

    @property
    def generator_variables(self) -> list[keras.Variable]:
        """What the generator's player trains."""
        return self.generator.trainable_variables

    @property
    def discriminator_variables(self) -> list[keras.Variable]:
        """What the discriminator's player trains."""
        return self.discriminator.trainable_variables

    def synthesize(self, latents, training: bool):
        """Images in float32 for latents."""
        return tf.cast(self.generator(latents, training=training), tf.float32)

    def discriminate(self, images, training: bool):
        """Logits in float32 for images, augmented while training."""
        if training and self.augment is not None:
            images = self.augment(images)
        return tf.cast(self.discriminator(images, training=training), tf.float32)

    def discriminator_loss(self, real_logits, fake_logits):
        """The scalar that the discriminator minimises, penalties not included."""
        return self.two_player_loss.discriminator(real_logits, fake_logits)

    def generator_loss(self, real_logits, fake_logits):
        """The scalar that the generator minimises; `real_logits` is None if not needed."""
        return self.two_player_loss.generator(real_logits, fake_logits)

    # -- the step ----------------------------------------------------------------------------

    def train_step(self, images):
        """One update of the averaged generator, one of the generator, n of the discriminator."""
        self.training_seeds.begin_step()
        # Every discriminator update sees fresh reals.
        *early, images = tf.split(images, self.discriminator_steps)
        for number, part in enumerate(early):
            fakes = self.synthesize(self._latents(part, self.training_seeds), training=True)
            self._update_discriminator(part, fakes, number)

        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in self.generator_variables])
            fakes = self.synthesize(self._latents(images, self.training_seeds), training=True)
            # The discriminator learns from the same fakes; they end at its tape.
            with tape.stop_recording():
                self._update_discriminator(images, fakes, len(early))
            real_logits = None
            if self.two_player_loss.needs_real_logits:
                real_logits = tf.stop_gradient(self.discriminate(images, training=True))
            loss = self.generator_loss(real_logits, self.discriminate(fakes, training=True))
            scaled = self._scaled(loss, self.generator_optimizer)
        self._apply(tape, scaled, self.generator_optimizer, self.generator_variables)
        self._track(generator_loss=loss)

        self._share_statistics()
        self.training_seeds.advance()
        if self._average is not None:
            replicas = self.distribute_strategy.num_replicas_in_sync
            batch = tf.shape(images)[0] * self.discriminator_steps * replicas
            seen = tf.cast(batch, tf.int64) * self.training_seeds.step
            self._average.update(batch, seen)
        return self._results([tracker.name for tracker in self._trackers])

    def test_step(self, images):
        """The losses on held-out images, in inference mode, nothing updated."""
        self.evaluation_seeds.begin_step()
        fakes = self(self._latents(images, self.evaluation_seeds))
        real_logits = self.discriminate(images, training=False)
        fake_logits = self.discriminate(fakes, training=False)
        self.evaluation_seeds.advance()
        self._track(
            discriminator_loss=self.discriminator_loss(real_logits, fake_logits),
            generator_loss=self.generator_loss(real_logits, fake_logits),
            real_logits=tf.reduce_mean(real_logits),
            fake_logits=tf.reduce_mean(fake_logits),
        )
        return self._results(["discriminator_loss", "generator_loss", "real_logits", "fake_logits"])

    def _latents(self, images, seeds: StepSeedGenerator):
        return keras.random.normal((tf.shape(images)[0], self.latent_dim), seed=seeds)

    def _update_discriminator(self, images, fakes, number: int) -> None:
        """Update number `number` of this step."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in self.discriminator_variables])
            # Two passes, since batch normalisation of a mixed batch would tell them apart.
            real_logits = self.discriminate(images, training=True)
            fake_logits = self.discriminate(fakes, training=True)
            loss = total = self.discriminator_loss(real_logits, fake_logits)
            for name, penalty in zip(self._penalty_names, self.penalties, strict=True):
                value = self._penalty(penalty, images, fakes, number)
                self._track(**{name: value})
                total += value
            scaled = self._scaled(total, self.discriminator_optimizer)
        self._apply(tape, scaled, self.discriminator_optimizer, self.discriminator_variables)
        self._track(
            discriminator_loss=loss,
            real_logits=tf.reduce_mean(real_logits),
            fake_logits=tf.reduce_mean(fake_logits),
        )

    def _penalty(self, penalty: Penalty, images, fakes, number: int):
        weights = self.discriminator.trainable_variables
        state = self.discriminator.non_trainable_variables

        def critic(inputs):
            if self.augment is not None:
                inputs = self.augment(inputs)
            # Stateless: the discriminator's own variables in a float32 network, and its moving
            # statistics stay as the two passes above left them.
            logits, _ = self._critic_call(
                [weight.value for weight in weights],
                [value.value for value in state],
                inputs,
                training=True,
            )
            return logits

        if penalty.interval == 1:
            return penalty(critic, images, fakes)
        update = self.training_seeds.step * self.discriminator_steps + number
        return tf.cond(
            update % penalty.interval == 0,
            lambda: penalty.interval * penalty(critic, images, fakes),
            lambda: 0.0,
        )

    def _scaled(self, loss, optimizer):
        """The loss whose gradients the optimizer expects: scaled, and averaged by the sum."""
        return optimizer.scale_loss(loss / self.distribute_strategy.num_replicas_in_sync)

    def _apply(self, tape, loss, optimizer, variables) -> None:
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        scaled = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
        if scaled and self.distribute_strategy.num_replicas_in_sync > 1:
            gradients = _finite_in_all_replicas(gradients)
        optimizer.apply(gradients, variables)

    def _share_statistics(self) -> None:
        """Average the moving statistics over the replicas, which Keras lets drift apart."""
        if self.distribute_strategy.num_replicas_in_sync == 1:
            return
        statistics = [
            variable
            for variable in self.generator.variables + self.discriminator.variables
            if not variable.trainable and variable.dtype.startswith(("float", "bfloat"))
        ]
        if not statistics:
            return
        shared = tf.distribute.get_replica_context().all_reduce(
            tf.distribute.ReduceOp.MEAN, [tf.identity(variable.value) for variable in statistics]
        )
        for variable, value in zip(statistics, shared, strict=True):
            variable.assign(value)

    def _track(self, **values) -> None:
        for tracker in self._trackers:
            if tracker.name in values:
                tracker.update_state(values[tracker.name])

    def _results(self, names: list[str]) -> dict[str, Any]:
        results = {tracker.name: tracker.result() for tracker in self._trackers}
        strategy = self.distribute_strategy
        several = strategy.num_replicas_in_sync > 1
        if several and isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
            # Keras averages over workers along axis 0, which a scalar lacks.
            results = {name: tf.reshape(value, (1,)) for name, value in results.items()}
        return {name: results[name] for name in names}

    # -- fit, evaluate, generate, save --------------------------------------------------------

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
        """Train on real images.

        Args:
            x: what `kgan.data.load` returns, a `tf.data.Dataset` of float32 batches
                `(batch, height, width, channels)` in [-1, 1], or an array of such images.
            batch_size: images for each step where `x` is an array (64 by default).
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
            UsageError: images or counts that cannot work, said before the first step.
        """
        if not self.compiled:
            raise UsageError("Call gan.compile() before gan.fit(): it chooses loss and optimizers.")
        from kgan.callbacks.checkpoint import Checkpoint

        check_integer("epochs", epochs, 1)
        check_integer("initial_epoch", initial_epoch, 0)
        check_integer("validation_freq", validation_freq, 1)
        feed = Feed(self, x, batch_size, steps_per_epoch)
        callbacks = list(callbacks or ())
        self._feed = feed
        feed.start = initial_epoch * feed.steps_per_epoch
        for callback in callbacks:
            if isinstance(callback, Checkpoint):
                feed.start = max(feed.start, callback.restore(self, feed))
        if validation_data is not None:
            size = batch_size if isinstance(validation_data, np.ndarray) else None
            validation_data = once(self, validation_data, size, "validation_data")
        return super().fit(
            feed.stream(),
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            shuffle=False,
            validation_data=validation_data,
            validation_freq=validation_freq,
            initial_epoch=feed.start // feed.steps_per_epoch,
            steps_per_epoch=feed.steps_per_epoch,
        )

    def make_train_function(self, force=False):
        """Keras's train function, traced once, behind the feed's count of steps to pass over."""
        if self._traced is None or force:
            super().make_train_function(force=True)
            self._traced = self.train_function
        self.train_function: Callable | None = self._traced
        if self._feed is not None:
            self.train_function = self._feed.skipping(self._traced)
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
        """The losses and logits on held-out images, a dict by name; see `fit` for `x`.

        The latents are the same in every evaluation.
        """
        if not self.compiled:
            raise UsageError("Call gan.compile() before gan.evaluate(): it chooses the losses.")
        if not keras_internal:  # a validation within fit brings the data checked
            if steps is not None:
                check_integer("steps", steps, 1)
            x = once(self, x, batch_size, "x")
            if steps is None and x.cardinality() == tf.data.INFINITE_CARDINALITY:
                raise UsageError("steps must be given: the data set never ends.")
        self.evaluation_seeds.state.assign([self.seed, 0])
        return super().evaluate(
            x,
            verbose=verbose,
            steps=steps,
            callbacks=callbacks,
            return_dict=return_dict,
            **keras_internal,
        )

    def generate(
        self,
        n: int,
        seed: int | None = None,
        labels=None,
        truncation: float | None = None,
        batch_size: int = 64,
    ) -> np.ndarray:
        """Images of the averaged generator: float32, `(n, height, width, channels)`, in [-1, 1].

        The latents are `kgan.latent.sample(n, gan.latent_dim, seed, truncation)`; the same seed
        gives the same images whatever the `batch_size`, up to rounding.

        Raises:
            UsageError: a count, seed or truncation out of range, or labels for a model without.
        """
        if labels is not None:
            raise UsageError(
                f"labels must be None, since {type(self).__name__} knows no classes; "
                f"received {type(labels).__name__}."
            )
        check_integer("batch_size", batch_size, 1)
        latents = latent.sample(n, self.latent_dim, seed, truncation)
        parts = [
            np.asarray(self(latents[start : start + batch_size]), np.float32)
            for start in range(0, n, batch_size)
        ]
        return np.concatenate(parts)

    def save(self, filepath: str | Path, overwrite: bool = True) -> None:
        """Write a `.keras` file with networks, `compile` and optimizers, whole or not at all.

        Raises:
            UsageError: another suffix, or a file that is there with `overwrite=False`.
            OSError: the file cannot be written; an older one is still there.
        """
        path = Path(filepath)
        if path.suffix != ".keras":
            raise UsageError(f"filepath={str(path)!r} must end in .keras.")
        if not overwrite and path.exists():
            raise UsageError(f"filepath={str(path)!r} exists; pass overwrite=True to replace it.")
        with replacing(path) as temporary:
            super().save(temporary)

    def save_to_preset(self, folder: str | Path, card: Card | str | None = None) -> None:
        """Write config, weights, card, samples and ONNX file to a folder; see `kgan.presets`."""
        from kgan import presets

        presets.save(self, folder, card)

    @classmethod
    def from_preset(cls, folder: str | Path) -> GAN:
        """The GAN of a preset folder, or of a preset that comes with kgan, by its name."""
        from kgan import presets

        gan = presets.load(folder)
        if not isinstance(gan, cls):
            raise UsageError(
                f"{folder!s} holds a {type(gan).__name__}, not a {cls.__name__}; load it with "
                f"kgan.{type(gan).__name__}.from_preset."
            )
        return gan

    def state(self) -> dict[str, list[keras.Variable]]:
        """Everything that training changes, by part, in a fixed order: what a checkpoint holds."""
        return {
            "networks": self.generator.variables + self.discriminator.variables,
            "average": [] if self._average is None else self.averaged_generator.variables,
            "generator_optimizer": self.generator_optimizer.variables,
            "discriminator_optimizer": self.discriminator_optimizer.variables,
            "seeds": [self.training_seeds.state],
            "metrics": [variable for tracker in self._trackers for variable in tracker.variables],
        }

    def description(self) -> dict[str, Any]:
        """What a checkpoint's run must have in common with this one, as JSON-able values."""
        networks = {"generator": self.generator, "discriminator": self.discriminator}
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


def _finite_in_all_replicas(gradients):
    """The gradients, or NaN in every replica if they overflow in one.

    Keras skips a step that overflows by what the first replica sees alone; the others' overflow
    would reach the weights, and workers that disagree would wait for each other for ever.
    """
    broken = 1.0 - tf.cast(
        tf.reduce_all([tf.reduce_all(tf.math.is_finite(gradient)) for gradient in gradients]),
        tf.float32,
    )
    anywhere = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, broken)
    factor = tf.where(anywhere > 0, float("nan"), 1.0)
    return [gradient * tf.cast(factor, gradient.dtype) for gradient in gradients]


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
