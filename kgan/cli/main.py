"""`kgan COMMAND`: finds the command, and turns every error into one line and an exit code."""

from __future__ import annotations

import contextlib
import errno
import importlib
import logging
import os
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import click

from kgan.checks import check_backend
from kgan.cli.terminal import open_closed_streams, printable, say
from kgan.errors import UsageError, unknown_name
from kgan.version import __version__

COMMANDS = {
    "train": "kgan.cli.train:train",
    "generate": "kgan.cli.generate:generate",
    "upscale": "kgan.cli.upscale:upscale",
    "translate": "kgan.cli.translate:translate",
    "inpaint": "kgan.cli.inpaint:inpaint",
    "colorize": "kgan.cli.colorize:colorize",
    "segment": "kgan.cli.segment:segment",
    "serve": "kgan.cli.serve:serve",
    "evaluate": "kgan.cli.evaluate:evaluate",
    "latent": "kgan.cli.latent:latent",
    "export": "kgan.cli.export:export",
    "demo": "kgan.cli.demo:demo",
    "data": "kgan.cli.data:data",
    "zoo": "kgan.cli.zoo:zoo",
}
MOST_COUNT = 2**31 - 1  # of images: what an array of them can hold
COUNTS = click.IntRange(1, MOST_COUNT)
SUCCESS, FAILURE, WRONG_USE, INTERRUPTED = 0, 1, 2, 130


# Arguments of the library whose options have another name.
_OPTIONS = {"source": "--data", "from_dir": "--from", "n": "-n", "folder": "--out"}


class Group(click.Group):
    """A group that notes the command; the error for an unknown one names the nearest."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        if cmd_name not in self.commands:
            raise unknown_name("command", cmd_name, self.commands)
        return self.commands[cmd_name]

    def resolve_command(self, ctx: click.Context, args: list[str]):
        found = super().resolve_command(ctx, args)
        if isinstance(ctx.obj, Asked):
            ctx.obj.command = found[1]
        return found


class Asked:
    """The command that the user asked for, once it is known."""

    command: click.Command | None = None


class Cli(Group):
    """The commands, each imported when it is used; errors are one line."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        if cmd_name not in COMMANDS:
            raise unknown_name("command", cmd_name, COMMANDS)
        module, name = COMMANDS[cmd_name].split(":")
        return getattr(importlib.import_module(module), name)

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any
    ) -> NoReturn:
        """Run and exit: 0 done, 1 failed, 2 used wrongly, 130 interrupted."""
        words = list(sys.argv[1:] if args is None else args)
        # Taken out here, so that it works after the command's name, too.
        debug = "--debug" in words
        words = [word for word in words if word != "--debug"]
        extra |= {"standalone_mode": False, "obj": (asked := Asked())}
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            # A user cannot fix deprecations between libraries.
            for category in (DeprecationWarning, PendingDeprecationWarning, FutureWarning):
                warnings.simplefilter("ignore", category)
            try:
                code = super().main(words, prog_name, **extra)
            except BaseException as error:
                code = _report(error, asked.command, debug)
        sys.exit(code if isinstance(code, int) else SUCCESS)


class Interrupted(click.ClickException):
    """Ctrl-C, with what to do next."""

    exit_code = INTERRUPTED


class OneOf(click.ParamType):
    """A name from a list; the error for an unknown one names the nearest."""

    name = "name"

    def __init__(self, argument: str, names: Sequence[str]):
        self.argument = argument
        self.names = names

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        return "|".join(self.names)

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.names:
            raise unknown_name(self.argument, value, self.names)
        return value


@click.command(cls=Cli, epilog="\b\nExample:\n  kgan train --epochs 5 --out runs/first")
@click.version_option(__version__, prog_name="kgan")
@click.option("--debug", is_flag=True, help="Show the traceback of an error; works anywhere.")
def cli(debug: bool) -> None:
    """Generative adversarial networks: train, generate, export."""


def run() -> None:
    """The entry point of the command `kgan`."""
    open_closed_streams()
    # A file name need not be text in the terminal's encoding.
    if sys.stdout is not None:  # the shell's >&- closes it
        sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    cli(prog_name="kgan")


def import_tensorflow() -> None:
    """Import TensorFlow without its start-up messages, unless TF_CPP_MIN_LOG_LEVEL=0 asks for them.

    If the import fails, what it said is shown.
    """
    # kgan.callbacks and kgan.data would import these parts; here they are quiet, too.
    level = os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if level == "0" or "tensorflow" in sys.modules:
        check_backend()
        return
    for name in ("absl", "tensorflow"):
        logging.getLogger(name).setLevel(logging.ERROR)
    # The libraries write some messages before they have read the variable.
    with _stderr_held_back():
        check_backend()
        # Looking for GPUs is when missing drivers are reported.
        importlib.import_module("tensorflow").config.list_physical_devices()


@contextlib.contextmanager
def _stderr_held_back() -> Iterator[None]:
    """Keep what the block writes to the file descriptor 2 and show it only if the block raises."""
    with tempfile.TemporaryFile() as held:
        stderr = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except Exception:
            held.seek(0)
            os.write(stderr, held.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def _show_warning(message, category, filename, lineno, file=None, line=None) -> None:
    say(f"Warning: {_one_line(message)}", err=True)


def _report(error: BaseException, command: click.Command | None, debug: bool) -> int:
    """Print on stderr what went wrong; returns the exit code."""
    if isinstance(error, SystemExit):
        raise error
    # A group without a command; click before 8.2 shows the help by itself.
    no_command = getattr(click.exceptions, "NoArgsIsHelpError", ())
    if isinstance(error, no_command) and error.ctx:
        click.echo(error.ctx.get_help())
        return SUCCESS
    if debug:
        say("".join(traceback.format_exception(error)), err=True)
    code, message = _explain(error, command)
    # If stderr is full or gone, the exit code still tells.
    with contextlib.suppress(OSError):
        say(f"Error: {_one_line(message)}", err=True)
    return code


def _explain(error: BaseException, command: click.Command | None) -> tuple[int, str]:
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "kgan"
        return WRONG_USE, f"{error.format_message()} Try '{path} --help'."
    if isinstance(error, click.ClickException):
        return error.exit_code, error.format_message()
    if isinstance(error, (click.Abort, KeyboardInterrupt)):
        return INTERRUPTED, "interrupted."
    if isinstance(error, UsageError):
        return WRONG_USE, _with_option(error, command)
    if isinstance(error, FileNotFoundError) and not _has_current_folder():
        return FAILURE, "The current folder was deleted; change to one that exists."
    if isinstance(error, OSError) and error.errno in _FIXES:
        # An error without a name is mostly one of the standard output.
        name = f"{error.filename}: " if error.filename else ""
        return FAILURE, f"{name}{error.strerror}; {_FIXES[error.errno]}"
    if isinstance(error, MemoryError):
        return FAILURE, f"Out of memory: {error}; ask for fewer or smaller images at once."
    # Errors of kgan and of a wrong value speak for themselves; others need their kind.
    plain = isinstance(error, (ValueError, OSError)) or type(error).__module__.startswith("kgan")
    kind = "" if plain else f"{type(error).__name__}: "
    return FAILURE, f"{kind}{error} (--debug shows the traceback)"


def _has_current_folder() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return False
    return True


def _with_option(error: UsageError, command: click.Command | None) -> str:
    """The message, which begins with the option where it began with the argument."""
    argument, message = error.argument or "", str(error)
    option = _OPTIONS.get(argument, f"--{argument.replace('_', '-')}")
    known = {name for parameter in (command.params if command else ()) for name in parameter.opts}
    return option + message.removeprefix(argument) if option in known else message


_SPACE = "free some space, or choose another place."
_PERMISSIONS = "check its permissions, or choose another place."
_PLACE = "choose another place."
_FIXES = {
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.EFBIG: _SPACE,
    errno.EACCES: _PERMISSIONS,
    errno.EPERM: _PERMISSIONS,
    errno.EROFS: _PLACE,
    errno.ENOENT: _PLACE,
    errno.EEXIST: _PLACE,
    errno.ENOTDIR: _PLACE,
    errno.EISDIR: _PLACE,
    errno.ENAMETOOLONG: _PLACE,
    errno.ELOOP: "fix the link, which leads to itself, or choose another place.",
}


def _one_line(message: object) -> str:
    return printable(" ".join(str(message).split()))
