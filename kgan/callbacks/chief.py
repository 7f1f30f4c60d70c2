"""Which of several workers writes files and talks to the user."""

from __future__ import annotations

from typing import Any


def is_chief(strategy: Any = None) -> bool:
    """True if this process writes files under the `tf.distribute` strategy; one alone always does.

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
