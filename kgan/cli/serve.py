"""`kgan serve`: models over HTTP."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import click

from kgan.cli.options import count_option
from kgan.cli.terminal import say
from kgan.errors import UsageError

TOKEN = "KGAN_SERVE_TOKEN"  # the environment variable
_PACKAGES = ("fastapi", "httptools", "multipart", "onnxruntime", "orjson", "prometheus_client")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@click.command(
    epilog="\b\nExample:\n"
    "  kgan serve dcgan_fashion_mnist srresnet_x4\n"
    "  kgan serve faces=runs/faces.onnx --port 9000 --workers 2"
)
@click.argument("models", nargs=-1, required=True, metavar="MODEL…")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="The address to listen at; 0.0.0.0 for all of this machine.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="0 for a free one.",
)
@count_option("--workers", 1, "Processes; one that dies is replaced.", most=1024)
@count_option(
    "--threads", None, "Of onnxruntime in a process.  [default: cores / workers]", most=1024
)
@count_option("--max-batch", 64, "Examples of a request, and of a call of onnxruntime.")
@count_option("--max-queue", 256, "Requests that wait in a process; more get status 429.")
@count_option("--max-body", 2**24, "Bytes of a request.")
@count_option("--max-pixels", 2**25, "Pixels of an uploaded picture, and of what is made of it.")
@click.option(
    "--deadline",
    type=click.FloatRange(0.1, 86400),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="For a request to arrive, and again for its answer.",
)
@click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"Holds the token that clients must send; so does the variable {TOKEN}.",
)
def serve(
    models: tuple[str, ...],
    host: str,
    port: int,
    workers: int,
    threads: int | None,
    max_batch: int,
    max_queue: int,
    max_body: int,
    max_pixels: int,
    deadline: float,
    token_file: Path | None,
) -> None:
    """Answer requests over HTTP with MODEL: a preset, its name, or an .onnx file.

    Its name in the server is that of the preset or the file; NAME=MODEL gives it another.
    onnxruntime answers, by the Open Inference Protocol and with PNG files; the address /docs lists
    what can be asked.
    """
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(f'kgan serve needs {", ".join(missing)}: pip install "kgan[serve]"')
    token = read_token(token_file)
    from kgan.serving.limits import Limits
    from kgan.serving.model import load_models
    from kgan.serving.server import Settings, listen, serve

    limits = Limits(max_batch, max_queue, max_body, max_pixels, deadline)
    # A model that cannot be served is refused here, with one line, before the workers start.
    names = list(load_models(models, limits))
    threads = threads or max((os.cpu_count() or 1) // workers, 1)
    with listen(host, port) as listener:
        address = f"[{host}]" if ":" in host else host
        say(f"{', '.join(names)}: http://{address}:{listener.getsockname()[1]} (Ctrl-C ends it)")
        if token is None and host not in _LOOPBACK:
            say(f"Whoever reaches this address can use it; set {TOKEN} to ask for a token.", True)
        serve(Settings(models, limits, token, threads), listener, workers)


def read_token(file: Path | None) -> str | None:
    """The token in a file, or in the environment; None if neither is given.

    Raises:
        UsageError: it is empty, or the file cannot be read.
    """
    token = os.environ.get(TOKEN)
    if file is not None:
        try:
            token = file.read_text("utf-8").strip()
        except (OSError, ValueError) as error:
            raise UsageError(
                f"--token-file={str(file)!r} must be a text file that can be read: {error}."
            ) from None
    if token is not None and (len(token) < 8 or not token.isascii() or not token.isprintable()):
        name = TOKEN if file is None else f"--token-file={str(file)!r}"
        raise UsageError(
            f"{name} must hold a token of at least 8 printable ASCII characters, such as "
            "`openssl rand -hex 16` prints."
        )
    return token
