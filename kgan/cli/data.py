"""`kgan data`: the data sets to train on."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from kgan.cli.main import Group
from kgan.cli.terminal import print_table, say


@click.group(cls=Group, epilog="\b\nExample:\n  kgan data list")
def data() -> None:
    """List the available data sets, and prepare others offline."""


@data.command("list", epilog="\b\nExample:\n  kgan data list")
def list_() -> None:
    """List the data sets that load offline, and how to name others."""
    from kgan.data import available

    rows = []
    for found in available():
        images = ", ".join(f"{split} {count:,}" for split, count in found.splits.items())
        where = "comes with kgan" if found.kind == "packaged" else str(found.where)
        rows.append((found.name, images, where))
    print_table(("name", "images", "where"), rows)
    say(
        "\nAlso: the name of any image data set of TensorFlow Datasets, which is then downloaded "
        "(mnist, cifar10, emnist/letters, …; https://www.tensorflow.org/datasets/catalog), and "
        "any folder of images, whose subfolders are the classes."
    )


@data.command(
    "prepare",
    epilog="\b\nExample:\n"
    "  kgan data prepare fashion_mnist --from /usr/share/datasets/fashion-mnist",
)
@click.argument("name")
@click.option(
    "--from",
    "from_dir",
    required=True,
    metavar="DIR",
    help="The folder with the files that TFDS would download.",
)
@click.option(
    "--data-dir",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Where TFDS keeps prepared data; by default $TFDS_DATA_DIR or ~/tensorflow_datasets.",
)
def prepare_(name: str, from_dir: str, data_dir: Path | None) -> None:
    """Prepare the TFDS data set NAME from files that you have; their checksums are verified."""
    from kgan.cli.main import import_tensorflow
    from kgan.data import prepare

    import_tensorflow()
    prepared = prepare(name, from_dir, data_dir)
    where = f" with TFDS_DATA_DIR={shlex.quote(str(data_dir))}" if data_dir else ""
    say(f"{prepared}: load it as tfds:{name.removeprefix('tfds:')}{where}")
