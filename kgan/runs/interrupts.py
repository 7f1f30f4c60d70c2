"""Ctrl-C while a run trains: it waits for the end of a step."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def waiting() -> Iterator[Callable[..., None]]:
    """Let Ctrl-C wait for the next call of the function given; a second one does not wait.

    Python's own handler may raise where exceptions are dropped, as in a finalizer; the training
    would go on. A handler of the user's stays, and so does every handler where this is not the main
    thread, which alone may set one.
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
    main = threading.current_thread() is threading.main_thread()
    # Another handler is the user's, or ignores the signal, as in a script's background.
    ours = main and before is signal.default_int_handler
    if ours:
        signal.signal(signal.SIGINT, handle)
    try:
        yield stop_if_asked
        stop_if_asked()
    finally:
        if ours:
            signal.signal(signal.SIGINT, before)
