"""The two-player model that users meet: compile, fit, evaluate, generate, save."""

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
from kgan.batches import in_batches
from kgan.checks import check_flag, check_integer, check_number
from kgan.data.validate import check_images, check_labels, check_vectors
from kgan.ema import ExponentialMovingAverage, untrained_copy
from kgan.errors import UsageError
from kgan.files import replacing
from kgan.latent.priors import check_prior
from kgan.losses import Loss, losses
from kgan.models import optimizers
from kgan.models.feed import Feed, guard_said_plainly, once
from kgan.models.game import Game
from kgan.networks.check import answer, checked, classes_of, input_shapes
from kgan.penalties import Penalty, penalties as known_penalties
from kgan.precision import compute_dtypes, float32_clone
from kgan.seeds import StepSeedGenerator

if TYPE_CHECKING:
    from kgan.presets import Card


@keras.saving.register_keras_serializable(package="kgan")
class GAN(Game):
    """A generator and a discriminator that train against each other with `fit`.

    `generator` maps latents `(batch, latent_dim)` to images `(batch, height, width, channels)` in
    [-1, 1]; `discriminator` maps such images to logits. Any two Keras models that fit will do, a
    subclassed one after it was called once. For its average and to be saved it must be one that
    Keras can build from its `get_config()`; to be saved, registered with Keras as well.

    `averaged_generator` is the generator whose weights are the moving average of the trained
    one's, with a half-life of `ema_halflife_images` real images; sampling, metrics and export use
    it. With None nothing is averaged and it is the generator itself. `seed` (a whole number in
    [0, 2**31)) pins every draw of the training. Latents come from the `prior`, a name in
    `kgan.latent.PRIORS`.

    Networks with several inputs take them as a dict: `latent` and a condition, `label` or
    `condition`, in the generator, `image` and the condition in the discriminator. `fit` then takes
    batches `(images, labels)` or `(images, conditions)`.

    A variant says by `generator_networks` and `discriminator_networks` who plays with whom, by
    `compile_defaults` how they learn, and overrides hooks of `kgan.models.game.Game`.

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
        prior: str = "normal",
    ):
        super().__init__(name=name)
        generator, discriminator = checked(
            generator,
            discriminator,
            presented=type(self).present is not GAN.present,
            named=type(self).judgement is not GAN.judgement,
        )
        if ema_halflife_images is not None:
            ema_halflife_images = check_number(
                "ema_halflife_images", ema_halflife_images, 1, ", or None,"
            )
        self.generator = generator
        self.discriminator = discriminator
        self.ema_halflife_images = ema_halflife_images
        self.seed = check_integer("seed", seed, 0, 2**31 - 1)
        self.prior = check_prior(prior)
        inputs = input_shapes(generator, "latent")
        self.latent_dim: int = inputs["latent"][-1]
        self.image_shape: tuple[int, int, int] = tuple(generator.output_shape[1:])
        self.generator_inputs = tuple(inputs)
        judged = input_shapes(discriminator, "image")
        self._check_inputs(inputs, judged)
        conditions = {**inputs, **judged}
        if self.classes is None:
            self.classes = classes_of(generator) or classes_of(discriminator)
        self.batch_parts = (
            "image",
            *(name for name in ("label", "condition") if name in (*conditions, *self.needed)),
        )
        self.condition_dim: int | None = conditions.get("condition", (None,))[-1]

        self._averages: list[ExponentialMovingAverage] = []
        self.averaged_generator = self._averaged(generator)
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

    def _check_inputs(self, generator_inputs, discriminator_inputs) -> None:
        """Check that the sides will have what the networks take."""
        for argument, name, hook, received in (
            ("generator", "code", "draw", generator_inputs),
            ("discriminator", "latent", "observe", discriminator_inputs),
        ):
            if name in received and getattr(type(self), hook) is getattr(GAN, hook):
                raise UsageError(
                    f"{argument} must not have an input {name!r}: {type(self).__name__} has none "
                    f"to give; received inputs {', '.join(received)}. Write a subclass whose "
                    f"`{hook}` gives it."
                )
        pair = (generator_inputs.get("condition"), discriminator_inputs.get("condition"))
        if None not in pair and pair[0] != pair[1]:
            raise UsageError(
                "generator and discriminator must take the same condition; received the shapes "
                f"{pair[0]} and {pair[1]}."
            )
        if {"label", "condition"} <= {*generator_inputs, *discriminator_inputs}:
            raise UsageError(
                "generator and discriminator must take a label or a condition; received both. "
                "Concatenate a one-hot vector of the label to the condition."
            )
        alone = {"label", "condition"} & {*discriminator_inputs} - {*generator_inputs}
        if alone and type(self).draw is GAN.draw:
            (name,) = alone
            raise UsageError(
                f"discriminator must not have an input {name!r} that the generator lacks: the "
                f"fakes have no {name}. Give the generator one, or write a subclass whose `draw` "
                "gives it."
            )

    def _averaged(self, network: keras.Model) -> keras.Model:
        """The network's moving average, kept from now on; the network itself if there is none."""
        if self.ema_halflife_images is None:
            return network
        try:
            average = untrained_copy(network)
        # Whatever the user's constructor raises.
        except Exception as error:
            cause = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise UsageError(
                f"{network.name} must be a model that Keras can copy, for its average: {cause} "
                "Let the constructor take **kwargs for super().__init__, write get_config() for "
                "its own arguments, or pass ema_halflife_images=None."
            ) from error
        self._averages.append(ExponentialMovingAverage(network, average))
        return average

    # -- Keras's own questions ---------------------------------------------------------------

    def call(self, inputs, training=False):
        """Images of the averaged generator, in inference mode, for latents or a dict of inputs."""
        if not isinstance(inputs, dict):
            inputs = {"latent": inputs}
        return answer(self.averaged_generator, inputs, training=False)

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
            "prior": self.prior,
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
        """Print Keras's summary of each network."""
        for network in self.trained_networks.values():
            network.summary(*args, **kwargs)

    # -- compile -----------------------------------------------------------------------------

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
        discriminator_steps = check_integer("discriminator_steps", discriminator_steps, 1)
        steps_per_execution = check_integer("steps_per_execution", steps_per_execution, 1)
        run_eagerly = check_flag("run_eagerly", run_eagerly)
        if jit_compile not in (True, False, "auto"):
            raise UsageError(
                f'jit_compile must be True, False or "auto"; received {jit_compile!r}.'
            )
        if isinstance(penalties, (str, Penalty)):
            penalties = (penalties,)
        if not isinstance(penalties, (list, tuple)):
            raise UsageError(
                f"penalties must be a list of names or kgan.penalties objects; received "
                f'{penalties!r}. Use penalties=[kgan.penalties.R1(weight=1.0)] or ["r1"], say.'
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
            "discriminator_steps": discriminator_steps,
            "jit_compile": jit_compile,
            "steps_per_execution": steps_per_execution,
            "run_eagerly": run_eagerly,
        }
        self.check_compile(chosen)
        self._compile_arguments = chosen
        self.two_player_loss = chosen["loss"]
        self.penalties = chosen["penalties"]
        self._penalty_names = _names(self.penalties)
        self.augment = chosen["augment"]
        self.discriminator_steps = discriminator_steps
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
                [getattr(self, name) for name in self.generator_networks],
            )
            self.discriminator_optimizer = optimizers.built(
                self._compile_arguments["discriminator_optimizer"],
                [getattr(self, name) for name in self.discriminator_networks],
            )
            critic = self.discriminator
            if (self.penalties or self.calls_critic) and compute_dtypes(critic) != {"float32"}:
                critic = float32_clone(critic)
            # The bare method: a network would be tracked, and saved a second time.
            self._critic_call = critic.stateless_call
            self._trackers = [keras.metrics.Mean(name=name) for name in self._logged()]

    def check_compile(self, arguments: dict[str, Any]) -> None:
        """Refuse what the game cannot play with; `arguments` are those of `compile`, as objects.

        Raises:
            UsageError: says what to pass instead.
        """
        if arguments["penalties"] and not self.takes_penalties:
            raise UsageError(
                f"penalties must be (): they are made for a critic of images alone, and "
                f"{type(self).__name__}'s judges more; received {arguments['penalties']!r}. "
                'Use normalization="spectral".'
            )

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
                `(batch, height, width, channels)` in [-1, 1], or an array of such images. For a
                model with a condition each batch is `(images, labels)`, the labels int32
                `(batch,)`, or `(images, conditions)`, float32 `(batch, condition_dim)`; a tuple
                of two arrays will do.
            batch_size: images for each step where `x` are arrays (64 by default).
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

        epochs = check_integer("epochs", epochs, 1)
        initial_epoch = check_integer("initial_epoch", initial_epoch, 0)
        validation_freq = check_integer("validation_freq", validation_freq, 1)
        if not isinstance(callbacks, (list, tuple, type(None))):
            raise UsageError(
                f"callbacks must be a list; received a {type(callbacks).__name__}. "
                "Use callbacks=[…]."
            )
        callbacks = list(callbacks or ())
        for callback in callbacks:
            if not isinstance(callback, keras.callbacks.Callback):
                raise UsageError(
                    "callbacks must be a list of keras.callbacks.Callback objects; it holds "
                    f"{callback!r}. Make the objects first, as in callbacks=[StopOnNaN()]."
                )
        feed = Feed(self, x, batch_size, steps_per_epoch)
        # Those that add to an epoch's logs come before those that write them down.
        callbacks.sort(key=lambda callback: not getattr(callback, "adds_logs", False))
        if validation_data is not None:
            arrays = isinstance(validation_data, (np.ndarray, tuple))
            size = batch_size if arrays else None
            validation_data = once(self, validation_data, size, "validation_data")
        feed.start = initial_epoch * feed.steps_per_epoch
        for callback in callbacks:
            if isinstance(callback, Checkpoint):
                feed.start = max(feed.start, callback.restore(self, feed))
        self._feed = feed
        try:
            with guard_said_plainly():
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
        finally:  # the model would hold the images for as long as it lives
            self._feed, self.train_function = None, self._traced
            self._eval_epoch_iterator = None  # an error leaves Keras's, for the next fit to use
            for callback in callbacks:
                if isinstance(callback, Checkpoint):
                    callback.release()

    def make_train_function(self, force=False):
        """Keras's train function, traced once, behind the feed's count of steps to pass over."""
        if self._traced is None or force:
            super().make_train_function(force=True)
            self._traced = self.train_function
        self.train_function = self._traced
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
                steps = check_integer("steps", steps, 1)
            x = once(self, x, batch_size, "x")
            if steps is None and x.cardinality() == tf.data.INFINITE_CARDINALITY:
                raise UsageError("steps must be given: the data set never ends.")
        self.evaluation_seeds.state.assign([self.seed, 0])
        with guard_said_plainly():
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
        n: int | None = None,
        seed: int | None = None,
        labels=None,
        truncation: float | None = None,
        batch_size: int = 64,
        codes=None,
        conditions=None,
    ) -> np.ndarray:
        """Images of the averaged generator: float32, `(n, height, width, channels)`, in [-1, 1].

        The latents are `kgan.latent.sample(n, gan.latent_dim, seed, truncation, gan.prior)`; the
        same seed gives the same images whatever the `batch_size`, up to rounding. `n` may be left
        out where labels, codes or conditions say how many.

        Args:
            n: how many images.
            seed: 0 to 2**32 - 1; None draws others each time.
            labels: class of each image, `(n,)`; by default each class in turn.
            truncation: latents beyond ±truncation are drawn again.
            batch_size: images at a time.
            codes: of an InfoGAN, `(n, code_dim)`; see there.
            conditions: vectors of each image, `(n, condition_dim)`.

        Raises:
            UsageError: a count, seed or truncation out of range, labels out of range, or a
                condition that the generator does not take, or needs.
        """
        inputs = self.sample_inputs(n, seed, truncation, labels, codes, conditions)
        return in_batches(self, inputs, batch_size)

    def sample_inputs(
        self,
        n: int | None = None,
        seed: int | None = None,
        truncation: float | None = None,
        labels=None,
        codes=None,
        conditions=None,
    ) -> dict[str, np.ndarray]:
        """The generator's inputs by name that `generate` takes for these arguments."""
        given = {"label": labels, "code": codes, "condition": conditions}
        given = {name: value for name, value in given.items() if value is not None}
        for name, value in given.items():
            if name not in self.generator_inputs:
                unknown = name == "label" and self.classes is None
                what = "knows no classes" if unknown else f"makes images without {name}s"
                raise UsageError(
                    f"{name}s must be None, since {type(self).__name__} {what}; "
                    f"received {type(value).__name__}."
                )
        if n is None and given:
            first = next(iter(given.values()))
            n = len(list(first)) if np.iterable(first) else 1
        n = check_integer("n", n, 1)
        inputs = {"latent": latent.sample(n, self.latent_dim, seed, truncation, self.prior)}
        for name in self.generator_inputs[1:]:
            inputs[name] = self._input(name, given.get(name), len(inputs["latent"]), seed)
        return inputs

    def _input(self, name: str, values, n: int, seed: int | None) -> np.ndarray:
        """The generator's input `name` for n images, checked, or a choice where None is given."""
        if name == "label":
            if values is None:
                return np.arange(n, dtype=np.int32) % (self.classes or 1)
            return check_labels(values, n, self.classes, asked=True)
        width = input_shapes(self.generator, "latent")[name][-1]
        if values is None:
            raise UsageError(
                f"{name}s must be given: an array ({n}, {width}), since the generator takes one "
                "for each image."
            )
        return check_vectors(f"{name}s", values, (n, width))

    def judged(self, images, batch_size: int = 64) -> dict[str, np.ndarray]:
        """The discriminator's outputs by name for images, in inference mode.

        Raises:
            UsageError: images of another shape or range, or a discriminator that does not judge
                each image alone.
        """
        if self.pack > 1 or set(input_shapes(self.discriminator, "image")) != {"image"}:
            raise UsageError(
                f"judged() takes images alone, each by itself; {type(self).__name__}'s "
                "discriminator judges more. Call gan.discriminator on what it takes."
            )
        images = check_images(images, self.image_shape)

        def judgement(side):
            return self.judgement(answer(self.discriminator, side, training=False))

        return in_batches(judgement, {"image": images}, batch_size)

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
            "networks": [
                variable
                for network in self.trained_networks.values()
                for variable in network.variables
            ],
            "average": [variable for average in self._averages for variable, _ in average.pairs],
            "generator_optimizer": self.generator_optimizer.variables,
            "discriminator_optimizer": self.discriminator_optimizer.variables,
            "seeds": [self.training_seeds.state],
            "metrics": [variable for tracker in self._trackers for variable in tracker.variables],
        }

    def description(self) -> dict[str, Any]:
        """What a checkpoint's run must have in common with this one, as JSON-able values."""
        networks = self.trained_networks
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
