"""`kgan train`: a recipe's training run, which can be killed and resumed at any moment."""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import platform
import shlex
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import click

from kgan import locks
from kgan.checks import PRECISIONS
from kgan.cli import own_recipes, run_folder
from kgan.cli.evaluate import Metrics
from kgan.cli.main import Interrupted, OneOf, import_tensorflow
from kgan.cli.terminal import printable, say
from kgan.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from kgan.data import ImageDataset
    from kgan.models import GAN

DEFAULT_RECIPE = "dcgan_fashion_mnist"
STRATEGIES = ("none", "mirrored", "multiworker")
CONTENTS = {
    "model.keras": "the trained GAN; `kgan {entry} {out}` and `kgan export {out}` read it",
    "best.keras": "the GAN of the epoch with the best score, told in best.json",
    "samples.gif": "the samples of all epochs as an animation",
    "samples/": "a grid of samples after each epoch",
    "curves.png": "losses and logits over the epochs",
    "history.csv": "the same as numbers",
    "config.json": "everything that defines the run, versions included",
    "health.json": "the signs by which the run was watched",
    "checkpoints/": "what `kgan train --resume --out {out}` goes on from",
}


@click.command(epilog="\b\nExample:\n  kgan train dcgan_fashion_mnist --epochs 5 --out runs/first")
@click.argument("recipe", required=False)
@click.option(
    "--data", metavar="NAME|FOLDER", help="A data set (`kgan data list`) or a folder of images."
)
@click.option("--epochs", type=click.IntRange(1), metavar="N", help="Passes over the data.")
@click.option(
    "--steps", type=click.IntRange(1), metavar="N", help="Training steps an epoch, if not all."
)
@click.option(
    "--batch-size", type=click.IntRange(1), metavar="N", help="Images a step, over all devices."
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    metavar="S",
    help="The same seed gives the same run.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The run folder.  [default: runs/RECIPE, runs/RECIPE-2, …]",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Continue a run: that of --out, or the newest.",
)
@click.option("--precision", type=OneOf("--precision", PRECISIONS), help="[default: float32]")
@click.option(
    "--strategy",
    type=OneOf("--strategy", STRATEGIES),
    help="Several devices (mirrored) or machines (multiworker).  [default: none]",
)
@click.option(
    "--resolution",
    type=click.IntRange(1),
    metavar="N",
    help="Height and width that images are resized to.",
)
@click.option(
    "--channels",
    type=click.IntRange(1, 4),
    metavar="N",
    help="1 grey, 3 colour, 2 and 4 with transparency.",
)
@click.option(
    "--evaluate",
    type=Metrics(),
    help="Scores after each epoch (`kgan evaluate --help` names them), and the best model kept.",
)
@click.option(
    "--strict",
    is_flag=True,
    default=None,
    help="Stop at an image file that cannot be read instead of skipping it.",
)
def train(recipe: str | None, out: Path | None, resume: bool, **given: Any) -> None:
    """Train RECIPE: the name of a recipe (`kgan zoo list`) or a Python file.

    Options that are not given are the recipe's own. The first recipe is
    dcgan_fashion_mnist: small images of garments, in a few minutes on two cores.
    """
    from rich.console import Console

    given["data"] = _absolute(given["data"])
    if resume:
        out, config = _resumed(recipe, out, given)
    else:
        config = {"recipe": run_folder.recipe(recipe or DEFAULT_RECIPE), "arguments": given}
    many = config["arguments"]["strategy"] == "multiworker"
    if many and out is None:
        raise UsageError("--strategy multiworker needs --out, a folder that all workers see.")
    chief = not many or _is_chief()
    fresh = out is None or not out.exists()
    if chief and not resume:
        out = run_folder.new(out, config["recipe"]["name"])
    assert out is not None
    epochs = config["arguments"]["epochs"] or float("inf")
    if config.get("trained_epochs", 0) >= epochs and (out / "model.keras").exists():
        say(f"{out} has all its {config['trained_epochs']} epochs; --epochs N trains on.")
        return
    console = Console(quiet=not chief, highlight=False, markup=False, soft_wrap=True)
    if chief:
        locks.hold(out, "--out")
        if not resume:
            run_folder.new(out, "")  # once more, for another process may have been faster
    try:
        if recipe is not None:
            own_recipes.remember(run_folder.recipe(recipe))
        # Before anything slow: a run that is killed from now on can be resumed.
        if chief and not resume:
            run_folder.write(out, config)
        _run(config, out, resume, chief, console)
    except KeyboardInterrupt as error:
        raise Interrupted(
            f"interrupted; continue with `kgan train --resume --out {shlex.quote(str(out))}`."
        ) from error
    except Exception:
        if chief and not resume:
            run_folder.forget(out, fresh)
        raise
    finally:
        locks.release(out)


def _absolute(data: str | None) -> str | None:
    """A folder's whole path, so that a run can be resumed from anywhere; names as they are."""
    from kgan.data.source import PACKAGED

    if data == "":
        raise UsageError("--data='' must be the name of a data set, or a folder of images.")
    if data is None or data in PACKAGED or not Path(data).is_dir():
        return data
    return str(Path(data).resolve())


def _resumed(recipe: str | None, out: Path | None, given: dict) -> tuple[Path, dict[str, Any]]:
    """The folder and the configuration of the run to continue."""
    if out is None:
        out = run_folder.newest(None if recipe is None else run_folder.recipe(recipe)["name"])
    if not out.exists():
        raise UsageError(f"--resume: nothing to resume, {out} does not exist; leave --resume out.")
    config = run_folder.read(out, "--resume")
    if (out / "history.csv").exists() and not any((out / "checkpoints").glob("step-*.npz")):
        raise UsageError(
            f"--resume: nothing to resume, {out / 'checkpoints'} holds no checkpoint that can be "
            "read; restore it, or start a new run with another --out."
        )
    now = run_folder.recipe(recipe or config["recipe"]["argument"])
    if recipe is None and not own_recipes.known(now):
        raise UsageError(
            f"--resume: this run's recipe, {now['path']}, has not been run on this machine as it "
            f"is; if you trust it, `kgan train {shlex.quote(now['path'])} --resume --out "
            f"{shlex.quote(str(out))}`."
        )
    # Not the path: that of a recipe that comes with kgan is another in another environment, and
    # that of one's own once it was moved.
    then = config["recipe"]
    same = (now["name"], now["sha256"]) == (then["name"], then["sha256"])
    if now["argument"] != then["argument"] and not same:
        raise UsageError(
            f"RECIPE={recipe} differs from the run's, which is {then['argument']}; "
            "leave it out, or start a new run with another --out."
        )
    if not same:
        say(f"Warning: {now['path']} has changed since the run began.", err=True)
    return out, {
        **config,
        "recipe": now if same else then,
        "arguments": run_folder.merged(given, config),
    }


def _run(config: dict, out: Path, resume: bool, chief: bool, console: Console) -> None:
    began = time.monotonic()
    arguments = config["arguments"]
    console.print(f"recipe      {printable(config['recipe']['argument'])}")
    with console.status("loading TensorFlow"):
        import_tensorflow()
    import keras
    import tensorflow as tf

    from kgan import callbacks, data, zoo
    from kgan.models.trainer import Trainer

    strategy = _strategy(arguments["strategy"])
    recipe = zoo.recipe(config["recipe"]["argument"])
    arguments = _complete(arguments, recipe)
    keras.config.set_dtype_policy(arguments["precision"])
    keras.utils.set_random_seed(arguments["seed"])
    if tf.config.list_physical_devices("GPU"):
        # Else a GPU adds in another order each time, and no run equals the next.
        tf.config.experimental.enable_op_determinism()
    seed = {"seed": arguments["seed"]}
    if arguments["resolution"]:
        # Refuses a size that the networks cannot make before every image is brought to it.
        size = arguments["resolution"]
        _made(recipe, "model", Trainer, (size, size, arguments["channels"] or 1), **seed)
    with console.status("reading the data"):
        dataset = _made(recipe, "data", data.ImageDataset, **_data_arguments(arguments, recipe))
    with strategy.scope():
        gan = _made(recipe, "model", Trainer, dataset.image_shape, **seed)
    gan.set_class_names(dataset.label_names)
    _describe(console, arguments, dataset, gan, strategy.num_replicas_in_sync, out)
    progress = callbacks.RichProgress(batch_size=dataset.batch_size, console=console)
    config |= {"arguments": arguments, **_full_config(dataset, gan)}

    def accept(logs):
        """Called once the checkpoint fits: a run that cannot be resumed stays as it was."""
        if chief:
            run_folder.sweep(out)
            run_folder.write(out, config)

    begin = keras.callbacks.LambdaCallback(on_train_begin=accept)
    # The checkpoint comes after what an epoch leaves behind: a kill between them repeats the epoch.
    listeners = [
        callbacks.History(out),
        begin,
        callbacks.StopOnNaN(),
        *_watchers(dataset, gan, out, arguments["evaluate"]),
        callbacks.Checkpoint(out / "checkpoints", resume=resume),
        progress,
    ]
    try:
        with _interrupts() as stop_if_asked:
            listeners.append(keras.callbacks.LambdaCallback(on_train_batch_end=stop_if_asked))
            gan.fit(
                dataset,
                epochs=arguments["epochs"],
                steps_per_epoch=arguments["steps"],
                callbacks=listeners,
                verbose=0,
            )
    finally:
        progress.close()
    if chief:
        gan.save(out / "model.keras")
        run_folder.write(out, config | {"trained_epochs": arguments["epochs"]})
    console.print(
        f"\nDone in {_duration(time.monotonic() - began)}. Everything is in {printable(out)}:"
    )
    entry = next(iter(gan.entry_points()))
    for name, what in CONTENTS.items():
        if (out / name).exists():
            line = f"  {name:<13} {what.format(out=shlex.quote(str(out)), entry=entry)}"
            console.print(printable(line))


@contextlib.contextmanager
def _interrupts() -> Iterator[Callable[..., None]]:
    """Let Ctrl-C wait for the next call of the function given; a second one does not wait.

    Python's own handler may raise where exceptions are dropped, as in a finalizer; the training
    would go on.
    """
    pressed = False

    def handle(number, frame):
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True

    def stop_if_asked(batch=None, logs=None):
        if pressed:
            raise KeyboardInterrupt

    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # else it is ignored, as in a script's background
        signal.signal(signal.SIGINT, handle)
    try:
        yield stop_if_asked
        stop_if_asked()
    finally:
        signal.signal(signal.SIGINT, before)


def _made(recipe: ModuleType, function: str, kind: type, *arguments: Any, **named: Any) -> Any:
    """What a recipe's function returns.

    Raises:
        UsageError: it is of another kind, or the function ended the program.
    """
    try:
        received = getattr(recipe, function)(*arguments, **named)
    except SystemExit as error:
        raise UsageError(
            f"RECIPE: {function}() in {recipe.__file__} must not end the program; it called "
            f"sys.exit({error.code!r})."
        ) from error
    if not isinstance(received, kind):
        expected = {
            "data": "kgan.data.ImageDataset",
            "model": "kgan.models.GAN or another model of kgan",
        }[function]
        raise UsageError(
            f"RECIPE: {function}() must return a {expected}; received {type(received).__name__}."
        )
    return received


def _watchers(dataset: ImageDataset, gan: GAN, out: Path, metrics: list[str] | None) -> list[Any]:
    """The callbacks that look at generated images: their health, grids, and scores if asked for.

    They show what the first batch gives where the model needs inputs without a default; none if the
    data lack them, which `fit` is about to refuse. Health and scores are of images that are made of
    latents.

    Raises:
        UsageError: scores of a model that makes images of images.
    """
    from kgan.callbacks import Evaluate, Health, SampleGrid
    from kgan.callbacks.health import FEWEST
    from kgan.signature import Image
    from kgan.validate import fits

    first = next(iter(dataset.take(1)))
    parts = first if isinstance(first, tuple) else (first,)
    if len(parts) != len(gan.batch_signature):
        return []
    batch = dict(zip(gan.batch_signature, parts, strict=True))
    required = gan.input_signature.required
    if not all(fits(batch[field.name].shape[1:], field.shape) for field in required):
        return []
    translates = any(isinstance(field, Image) for field in required)
    if translates and metrics:
        raise UsageError(
            f"--evaluate scores images that are made of latents; a {type(gan).__name__} makes them "
            "of images. Leave it out; the loss l1 tells the distance from the true ones."
        )
    truths = gan.output_signature.values() if translates else ()
    inputs = {field.argument: batch[field.name].numpy() for field in (*required, *truths)}
    found: list[Any] = [SampleGrid(out / "samples", gif=out / "samples.gif", inputs=inputs)]
    if not translates and dataset.num_images >= max(FEWEST, 2 * gan.pack):
        found.append(Health(folder=out))
    if metrics:
        scores = Evaluate(dataset, metrics, inputs=inputs)
        if scores.evaluator.directions[scores.monitor] is not None:
            scores.best = out / "best.keras"
        found.append(scores)
    return found


def _complete(arguments: dict[str, Any], recipe: ModuleType) -> dict[str, Any]:
    """The arguments with the recipe's own values in place of None.

    Raises:
        UsageError: an option that the recipe's `data` does not take.
    """
    own = {
        "data" if name == "source" else name: parameter.default
        for name, parameter in inspect.signature(recipe.data).parameters.items()
    }
    for name in ("data", "batch_size", "resolution", "channels", "strict"):
        if arguments[name] is not None and name not in own:
            raise UsageError(
                f"--{name.replace('_', '-')} is not for this recipe: its data() has no such "
                f"parameter{' source' if name == 'data' else ''}; add it to {recipe.__file__}, or "
                "leave the option out."
            )
        if arguments[name] is None and own.get(name) is inspect.Parameter.empty:
            raise UsageError(
                f"--{name.replace('_', '-')} must be given: this recipe's data() has no default "
                f"for it; add one to {recipe.__file__}, or pass the option."
            )
    defaults = {"seed": 0, "precision": "float32", "strategy": "none", "epochs": recipe.epochs}
    return {
        name: {**defaults, **own}.get(name) if value is None else value
        for name, value in arguments.items()
    }


def _data_arguments(arguments: dict[str, Any], recipe: ModuleType) -> dict[str, Any]:
    """What the recipe's `data` is called with."""
    values = {**arguments, "source": arguments["data"]}
    return {
        name: values[name] for name in inspect.signature(recipe.data).parameters if name in values
    }


def _strategy(name: str | None):
    """The `tf.distribute` strategy; must come before any other TensorFlow operation."""
    import tensorflow as tf

    if name == "multiworker":
        return tf.distribute.MultiWorkerMirroredStrategy()
    if name == "mirrored":
        kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
        return tf.distribute.MirroredStrategy(
            [device.name for device in tf.config.list_logical_devices(kind)]
        )
    return tf.distribute.get_strategy()


def _is_chief() -> bool:
    """Whether TF_CONFIG makes this worker the one that writes: `kgan.callbacks.chief`, before TF.

    Raises:
        UsageError: TF_CONFIG is missing or is not what TensorFlow needs.
    """
    text = os.environ.get("TF_CONFIG")
    try:
        config = json.loads(text or "")
        cluster, task = config["cluster"], config["task"]
        kind, index = task["type"], int(task["index"])
        hosts = cluster[kind]
        if not (isinstance(hosts, list) and 0 <= index == task["index"] < len(hosts)):
            raise IndexError(index)
        if kind not in ("chief", "worker") or not all(":" in str(host) for host in hosts):
            raise ValueError(hosts)
        return kind == "chief" or ("chief" not in cluster and (kind, index) == ("worker", 0))
    except (ValueError, KeyError, TypeError, IndexError):
        raise UsageError(
            "--strategy multiworker needs the environment variable TF_CONFIG, JSON as Kubeflow and "
            "Ray Train set it (under SLURM set it in the job script), such as "
            '{"cluster": {"worker": ["host0:2222", "host1:2222"]}, '
            '"task": {"type": "worker", "index": 0}}; '
            + ("it is not set." if text is None else f"received {text!r}.")
        ) from None


def _describe(
    console: Console, arguments: dict, dataset: ImageDataset, gan: GAN, replicas: int, out: Path
) -> None:
    height, width, channels = dataset.image_shape
    steps = arguments["steps"] or dataset.steps_per_epoch
    console.print(
        f"data        {printable(arguments['data'])}: {dataset.num_images:,} images of "
        f"{height}x{width}x{channels}, {steps} steps of {dataset.batch_size} an epoch"
    )
    if gan.class_names:
        console.print(f"classes     {printable(', '.join(gan.class_names))}")
    first, *others = [
        (f"{network.count_params():,}", name) for name, network in gan.networks_by_name.items()
    ]
    counts = [f"{first[0]} parameters in the {first[1]}"]
    counts += [f"{count} in the {name}" for count, name in others]
    console.print(f"model       {printable(type(gan).__name__)}: {', '.join(counts)}")
    console.print(
        f"training    {arguments['epochs']} epochs, {arguments['precision']}, seed "
        f"{arguments['seed']}, {replicas} device{'s' if replicas > 1 else ''}"
    )
    console.print(f"run folder  {printable(out)}")


def _full_config(dataset: ImageDataset, gan: GAN) -> dict[str, Any]:
    """What defines the run beside the recipe and the arguments, as far as it is known now."""
    import keras
    import numpy as np
    import tensorflow as tf

    from kgan import __version__

    # Describes the GAN together with its `compile` configuration.
    model = keras.saving.serialize_keras_object(gan)
    devices = [
        tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
        for gpu in tf.config.list_physical_devices("GPU")
    ]
    return {
        "data": dataset.config,
        "model": model,
        "versions": {
            "kgan": __version__,
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "machine": {
            "system": platform.platform(),
            "processor": platform.machine(),
            "cpus": os.cpu_count(),
            "gpus": devices,
            "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS"),
        },
    }


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
