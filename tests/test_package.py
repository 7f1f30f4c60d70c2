"""The rails of the package: what is in it, what importing it costs, and how it is found."""

import configparser
import importlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import time
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
# Where the folders of the checkout lie in the package.
PACKAGES = {"kgan": "kgan", "zoo": "kgan/zoo", "export": "kgan/export"}
DOCUMENTS = ("README.md", "CHANGELOG.md")
HEAVY = {"tensorflow", "keras", "numpy"}


def python(*words, cwd, executable=sys.executable, **environment):
    """The standard output of a fresh Python that knows of no checkout but that in `cwd`."""
    inherited = {
        key: value
        for key, value in os.environ.items()
        if key not in ("PYTHONPATH", "TF_ENABLE_ONEDNN_OPTS")
    }
    done = subprocess.run(
        [executable, *map(str, words)],
        cwd=cwd,
        env={**inherited, "TF_CPP_MIN_LOG_LEVEL": "2", **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def seconds(function, *arguments, **options):
    """The shortest of three durations, for others may keep the machine busy."""

    def once():
        began = time.perf_counter()
        function(*arguments, **options)
        return time.perf_counter() - began

    return min(once() for _ in range(3))


def files(folder):
    """The files of a folder as paths within it, but for what Python and editors leave behind."""
    paths = (file.relative_to(folder) for file in folder.rglob("*") if file.is_file())
    return {
        path
        for path in paths
        if "__pycache__" not in path.parts and not any(part.startswith(".") for part in path.parts)
    }


# -- what is in it -----------------------------------------------------------------------------


def test_setup_cfg_lists_every_package():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = config["options"]["packages"].split()
    folders = [
        PACKAGES[top] / path.parent
        for top in PACKAGES
        for path in map(Path, files(ROOT / top))
        if path.name == "__init__.py"
    ]
    assert listed == sorted(".".join(folder.parts) for folder in folders)


def test_the_names_in_the_stubs_are_those_that_there_are():
    """For type checkers and for the packages themselves, which load each when it is first used."""
    lazy = {path.parent for path in (ROOT / "kgan").rglob("__init__.pyi")}
    sources = (ROOT / "kgan").rglob("__init__.py")
    assert lazy == {path.parent for path in sources if "lazy_loader" in path.read_text()}
    for folder in lazy:
        package = importlib.import_module(".".join(folder.relative_to(ROOT).parts))
        assert all(getattr(package, name) is not None for name in dir(package))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of what makes the package, for a build leaves folders behind."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in PACKAGES:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "MANIFEST.in", "LICENSE", *DOCUMENTS):
        shutil.copy(ROOT / name, copy)
    return copy


@pytest.fixture(scope="module")
def wheel(checkout, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--no-index"]
    python("-m", "pip", "wheel", *options, "--wheel-dir", folder, checkout, cwd=folder)
    shutil.rmtree(checkout / "build")
    (path,) = folder.glob("*.whl")
    return path


@pytest.mark.slow
def test_the_wheel_holds_every_file_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {Path(name) for name in archive.namelist()}
    metadata = {name for name in names if name.parts[0].endswith(".dist-info")}
    expected = {PACKAGES[top] / path for top in PACKAGES for path in files(ROOT / top)}
    assert names - metadata == expected
    assert {name.name for name in metadata} >= {"LICENSE", "LICENSE-fashion-mnist"}


@pytest.mark.slow
def test_the_source_distribution_holds_the_documents(checkout, tmp_path):
    python("-m", "build", "--sdist", "--no-isolation", "--outdir", tmp_path, checkout, cwd=tmp_path)
    (path,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {Path(*Path(name).parts[1:]) for name in archive.getnames()}
    assert names >= {*map(Path, DOCUMENTS), Path("LICENSE"), Path("kgan/__init__.py")}


def test_no_file_of_zoo_and_export_is_named_after_a_library():
    """Run as a script, it would import itself in place of the library."""
    libraries = {*sys.stdlib_module_names, *importlib.metadata.packages_distributions()}
    stems = {path.stem for name in ("zoo", "export") for path in (ROOT / name).glob("*.py")}
    assert stems & libraries == set()


# -- what importing it costs -------------------------------------------------------------------


def test_the_import_is_quick_and_light():
    code = f"import sys, kgan; print(sorted({HEAVY} & set(sys.modules)))"
    assert python("-c", code, cwd=ROOT) == "[]\n"
    assert seconds(python, "-c", "import kgan", cwd=ROOT) < 0.5


def test_onednn_is_on_unless_the_user_decided():
    """The import switches it on before TensorFlow, which it does not bring, can look."""
    code = "import os, kgan; print(os.environ['TF_ENABLE_ONEDNN_OPTS'])"
    assert python("-c", code, cwd=ROOT) == "1\n"
    assert python("-c", code, cwd=ROOT, TF_ENABLE_ONEDNN_OPTS="0") == "0\n"


@pytest.mark.slow
def test_the_library_does_not_import_its_leaves():
    modules = [
        ".".join(path.with_suffix("").parts)
        for path in files(ROOT / "kgan")
        if path.suffix == ".py"
    ]
    code = f"""
import importlib, sys
for name in {modules}:
    if not name.endswith("__init__"):
        importlib.import_module("kgan." + name)
print([name for name in sys.modules if name.startswith(("kgan.zoo", "kgan.export"))])
"""
    assert python("-c", code, cwd=ROOT) == "[]\n"


# -- how it is found ---------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["none", "wheel", "editable"])
def installed(request, checkout, tmp_path_factory):
    """An environment's Python, and where it finds kgan when it starts outside the checkout."""
    folder = tmp_path_factory.mktemp(request.param)
    venv.create(folder, with_pip=False)
    executable = folder / "bin" / "python"
    paths = {name: sysconfig.get_path(name) for name in ("purelib", "platlib")}
    (packages,) = folder.glob("lib/python*/site-packages")
    # The libraries of the environment that runs the tests; its own .pth files stay behind.
    (packages / "libraries.pth").write_text("\n".join(dict.fromkeys(paths.values())))
    install = ["-m", "pip", "install", "--no-deps", "--no-index", "--ignore-installed"]
    if request.param == "wheel":
        wheel = request.getfixturevalue("wheel")
        python(*install, wheel, cwd=folder, executable=executable)
        return executable, packages
    if request.param == "editable":
        words = [*install, "--no-build-isolation", "--editable", checkout]
        python(*words, cwd=folder, executable=executable)
        return executable, checkout
    return executable, None


@pytest.mark.slow
def test_zoo_and_export_are_found_in_a_checkout_whatever_is_installed(installed, checkout):
    executable, _ = installed
    code = "import kgan.zoo, kgan.export; print(kgan.zoo.__file__, kgan.export.__file__)"
    zoo, export = python("-c", code, cwd=checkout, executable=executable).split()
    assert Path(zoo) == checkout / "zoo" / "__init__.py"
    assert Path(export) == checkout / "export" / "__init__.py"


@pytest.mark.slow
def test_zoo_and_export_are_found_outside_once_installed(installed, tmp_path):
    executable, folder = installed
    if folder is None:
        pytest.skip("nothing is installed")
    code = """
from importlib.util import find_spec
for name in ("kgan", "kgan.zoo", "kgan.export"):
    print(find_spec(name).origin)
"""
    found = python("-c", code, cwd=tmp_path, executable=executable).split()
    places = PACKAGES.items()
    inside = [place if folder.name == "site-packages" else top for top, place in places]
    assert [Path(file) for file in found] == [folder / place / "__init__.py" for place in inside]


@pytest.mark.slow
def test_the_installed_command_is_quick(installed, tmp_path):
    executable, folder = installed
    if folder is None:
        pytest.skip("nothing is installed")
    command = executable.with_name("kgan")
    assert "train" in python(command, "--help", cwd=tmp_path, executable=executable)
    assert seconds(python, command, "--help", cwd=tmp_path, executable=executable) < 0.5


@pytest.fixture(scope="module")
def saved(tiny_gan, tmp_path_factory):
    """A folder with a saved GAN and two of its images."""
    folder = tmp_path_factory.mktemp("saved")
    tiny_gan.save(folder / "gan.keras")
    np.save(folder / "images.npy", tiny_gan.generate(2, seed=3))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "import keras, kgan; gan = keras.saving.load_model('gan.keras')",
        "import kgan, keras; kgan.DCGAN; gan = keras.saving.load_model('gan.keras')",
        "import kgan; gan = kgan.load_model('gan.keras')",
    ],
    ids=["keras first", "kgan first and used", "kgan alone"],
)
def test_a_saved_gan_loads_whatever_was_imported_first(saved, code):
    code += "; import numpy; print(abs(gan.generate(2, seed=3) - numpy.load('images.npy')).max())"
    assert float(python("-c", code, cwd=saved, PYTHONPATH=str(ROOT))) < 1e-6
