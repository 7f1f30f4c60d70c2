"""Which of several workers writes files and prints messages."""

from __future__ import annotations

from typing import Any

from kgan.errors import UsageError


def is_chief(strategy: Any = None) -> bool:
    """True if this process writes files under the `tf.distribute` strategy; a lone one always does.

    Args:
        strategy: a `tf.distribute.Strategy`, or None for none.
    """
    resolver = getattr(strategy, "cluster_resolver", None)
    if resolver is None or not resolver.task_type:
        return True
    task = (resolver.task_type, resolver.task_id)
    # Without a chief of its own, worker 0 leads.
    return task[0] == "chief" or (
        "chief" not in resolver.cluster_spec().jobs and task == ("worker", 0)
    )


def check_ends_together(strategy: Any, argument: str, without: Any, value: Any, fix: str) -> None:
    """Refuse an argument that ends the training on what one worker sees, if there are several.

    Args:
        strategy: a `tf.distribute.Strategy`.
        argument: its name, for the error.
        without: the value that ends nothing.
        value: what the user gave.
        fix: what to do instead.

    Raises:
        UsageError: the value would end the training, and the strategy has several workers.
    """
    import tensorflow as tf

    several = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
    if several and value is not without:
        raise UsageError(
            f"{argument} must be {without} under MultiWorkerMirroredStrategy, where workers that "
            f"end apart wait for each other; received {value}. {fix}",
            argument,
        )
