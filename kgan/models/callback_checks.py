"""Whether callbacks can work in the training of several players."""

from __future__ import annotations

from typing import Any

import keras

from kgan.errors import UsageError

# Callbacks of Keras that would do nothing, or fail, and what does it here.
_INSTEAD = {
    keras.callbacks.TerminateOnNaN: "use kgan.callbacks.StopOnNaN",
    keras.callbacks.SwapEMAWeights: "gan.averaged_generator has the averaged weights already",
}


def check_callbacks(callbacks: Any) -> list[keras.callbacks.Callback]:
    """The callbacks as a list; those that add to an epoch's logs before those that write them.

    Raises:
        UsageError: it is no list of callbacks.
    """
    if not isinstance(callbacks, (list, tuple, type(None))):
        raise UsageError(
            f"callbacks must be a list; received a {type(callbacks).__name__}. Use callbacks=[…].",
            "callbacks",
        )
    for callback in callbacks or ():
        if not isinstance(callback, keras.callbacks.Callback):
            raise UsageError(
                "callbacks must be a list of keras.callbacks.Callback objects; it holds "
                f"{callback!r}. Make the objects first, as in callbacks=[StopOnNaN()].",
                "callbacks",
            )
        for kind, instead in _INSTEAD.items():
            if isinstance(callback, kind):
                raise UsageError(
                    f"callbacks must not hold {kind.__name__}, which knows models with one loss "
                    f"and one optimizer; {instead}.",
                    "callbacks",
                )
    return sorted(callbacks or (), key=lambda callback: not getattr(callback, "adds_logs", False))
