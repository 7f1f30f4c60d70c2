"""Errors of kgan that are raised within TensorFlow's graphs, brought out of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import tensorflow as tf


class Guard:
    """A context in which an error of kgan's own is raised in place of TensorFlow's.

    TensorFlow turns what a NumPy function raises into an error of its own, with the graph around
    it. `run` keeps the first one; the context raises it.
    """

    def __init__(self) -> None:
        self.error: Exception | None = None

    def run(self, function: Callable[[], Any]) -> Any:
        """What the function returns; what it raises is kept, too.

        Raises:
            Exception: whatever the function raises.
        """
        try:
            return function()
        except Exception as error:
            self.fail(error)

    def fail(self, error: Exception) -> NoReturn:
        """Raise an error of kgan's own, and keep it.

        Raises:
            Exception: the error.
        """
        self.error = self.error or error
        raise error

    def __enter__(self) -> Guard:
        self.error = None
        return self

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        found, self.error = self.error, None
        if found is not None and isinstance(error, tf.errors.OpError):
            # Its traceback is that of TensorFlow's thread.
            raise found.with_traceback(None) from None
