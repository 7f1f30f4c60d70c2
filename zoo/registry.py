"""The recipes and packaged presets of this folder, found without importing TensorFlow."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from kgan.errors import UsageError, older_kgan, unknown_name
from kgan.files import atomic_write, restore, sha256

if TYPE_CHECKING:
    from kgan.models.stored_model import StoredModel

FOLDER = Path(__file__).parent
PRESETS = FOLDER / "presets"
_JUDGE = "judge_"  # begins the names of presets that are no GAN but a classifier


def list_recipes() -> list[str]:
    """The names of the packaged recipes: the Python files beside this one."""
    names = (file.stem for file in FOLDER.glob("*.py"))
    return sorted(name for name in names if name != "registry" and not name.startswith("_"))


def list_presets() -> list[str]:
    """The names of the packaged GANs: the folders of `zoo/presets` that hold no judge.

    Example:
        >>> "dcgan_fashion_mnist" in kgan.zoo.list_presets()
        True
    """
    return [name for name in _folders() if not name.startswith(_JUDGE)]


def list_judges() -> list[str]:
    """The names of the packaged judges, which `kgan.metrics.judge.load` loads."""
    return [name for name in _folders() if name.startswith(_JUDGE)]


def load(name_or_folder: str | Path) -> StoredModel:
    """The trained model of a packaged preset, by name, or of a preset folder.

    Its generator is the averaged one. A name goes before a folder of that name; write `./name` for
    the folder.

    Example:
        >>> gan = kgan.zoo.load("dcgan_fashion_mnist")
        >>> images = gan.generate(16, seed=7)

    Raises:
        UsageError: no preset has this name, or there is no such folder; says the nearest name.
        kgan.presets.PresetError: a file is missing or is not the one that was saved.
    """
    name = str(name_or_folder)
    refuse_judge("preset", name)
    from kgan import presets

    if name in list_presets():
        folder = PRESETS / name
        if sha256(folder / presets.SUMS) != preset_sha256(name):
            raise presets.damaged(name, presets.SUMS, "is not the one that kgan came with")
        return presets.read(name, folder)
    restore(Path(name))
    if not Path(name).is_dir():
        raise unknown_name("preset", name, list_presets())
    return presets.load(name_or_folder)


def recipe(name_or_path: str | Path) -> ModuleType:
    """The imported module of a packaged recipe, or of a file of one's own.

    It has `data(…)`, which gives a `kgan.data.ImageDataset`, `model(image_shape, seed=…)`, which
    gives a compiled `kgan.GAN`, `kgan.Pix2Pix` or `kgan.SRGAN`, and `epochs`, an int. In its place
    it may have `stages`, a list of pairs: a function that compiles the model for a stage of the
    training, and the stage's epochs; `model` compiles it for the first, and `epochs` is their sum.
    A string is a path if it ends in `.py`.

    Example:
        >>> recipe = kgan.zoo.recipe("dcgan_fashion_mnist")
        >>> gan = recipe.model((28, 28, 1), seed=0)
        >>> gan.fit(recipe.data(), epochs=recipe.epochs)

    Raises:
        UsageError: no such recipe or file, a file that cannot be imported, or one that lacks
            `data`, `model`, and `epochs` or `stages`.
    """
    path = recipe_path(name_or_path)
    packaged = path.parent == FOLDER
    module = importlib.import_module(f"kgan.zoo.{path.stem}") if packaged else _import(path)
    return _complete(module, path)


def recipe_path(name_or_path: str | Path) -> Path:
    """The whole path of a recipe's file, which is not run.

    Raises:
        UsageError: no such recipe or file.
    """
    path = Path(name_or_path)
    if path.suffix != ".py":
        if str(name_or_path) not in list_recipes():
            raise unknown_name("recipe", name_or_path, list_recipes())
        return FOLDER / f"{name_or_path}.py"
    if not path.is_file():
        raise UsageError(
            f"recipe={str(path)!r} must be a Python file; there is no such file.", "recipe"
        )
    return path.resolve()


def refuse_judge(argument: str, name: str) -> None:
    """Refuse a judge where a GAN is expected.

    Raises:
        UsageError: `name` is that of a packaged judge.
    """
    if name in list_judges():
        raise UsageError(
            f"{argument}={name!r} must be a GAN, but is a judge, a classifier that generates "
            f"nothing; load it with kgan.metrics.judge.load({name!r}). `kgan zoo list` shows the "
            "presets.",
            argument,
        )


def preset_sha256(name: str) -> str | None:
    """The SHA-256 that the `SHA256SUMS` of the packaged preset or judge `name` must have.

    Raises:
        kgan.presets.PresetError: `registry.json` is damaged.
    """
    path = PRESETS / "registry.json"
    try:
        return json.loads(path.read_text(encoding="utf-8")).get(name)
    except (OSError, ValueError, AttributeError) as error:
        from kgan.presets.files import PresetError

        raise PresetError(f"{path} is damaged ({error}); install kgan again.") from error


def write_registry() -> None:
    """Write the SHA-256 of each `SHA256SUMS`, judges' too, to `presets/registry.json`."""
    digests = {name: sha256(PRESETS / name / "SHA256SUMS") for name in _folders()}
    with atomic_write(PRESETS / "registry.json") as temporary:
        temporary.write_text(json.dumps(digests, indent=2) + "\n", encoding="utf-8")


def _folders() -> list[str]:
    return sorted(file.parent.name for file in PRESETS.glob("*/SHA256SUMS"))


def _import(path: Path) -> ModuleType:
    """Import a user's file under a private name, so that it can shadow no other module."""
    name = f"_kgan_recipe_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None  # the path ends in .py
    module = importlib.util.module_from_spec(spec)
    # Keras and dataclasses look up the module of a class here.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise UsageError(
            f"recipe={str(path)!r} cannot be imported: {type(error).__name__}: "
            f"{error}{older_kgan(error)}",
            "recipe",
        ) from error
    return module


def _takes_shape_and_seed(model: Any) -> bool:
    try:
        inspect.signature(model).bind((8, 8, 1), seed=0)
    except (TypeError, ValueError):
        return False
    return True


def _total(stages: Any, path: Path) -> int:
    """The epochs of all stages.

    Raises:
        UsageError: they are no list of pairs of a function and epochs.
    """
    listed = isinstance(stages, (list, tuple)) and len(stages) > 0
    if not listed or not all(
        isinstance(stage, (list, tuple))
        and len(stage) == 2
        and callable(stage[0])
        and isinstance(stage[1], int)
        and stage[1] > 0
        for stage in stages
    ):
        raise UsageError(
            f"recipe={str(path)!r}: `stages` must be a list of pairs of a function that compiles "
            f"the model and a number of epochs above 0, received {stages!r}.",
            "recipe",
        )
    return sum(epochs for _, epochs in stages)


def _complete(module: ModuleType, path: Path) -> ModuleType:
    """The module if it has all that a recipe has."""
    if hasattr(module, "stages"):
        module.epochs = _total(module.stages, path)  # type: ignore[attr-defined]
    expected: dict[str, tuple[str, Callable[[Any], bool]]] = {
        "data": ("a function", callable),
        "model": ("a function of image_shape and seed", _takes_shape_and_seed),
        "epochs": ("a whole number above 0", lambda value: isinstance(value, int) and value > 0),
    }
    for name, (what, valid) in expected.items():
        if not hasattr(module, name):
            raise UsageError(f"recipe={str(path)!r} must define `{name}`, {what}.", "recipe")
        if not valid(getattr(module, name)):
            raise UsageError(
                f"recipe={str(path)!r}: `{name}` must be {what}, "
                f"received {getattr(module, name)!r}.",
                "recipe",
            )
    return module
