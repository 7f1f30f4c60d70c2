"""Many rows through a network that takes some at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kgan.checks import check_integer


def in_batches(function: Callable[[Any], Any], rows: Any, batch_size: int) -> Any:
    """What `function` makes of `rows`, in float32, called for `batch_size` rows at a time.

    `rows` is an array or a dict of arrays, at least one row; `function` gives a tensor, or a dict
    or tuple of tensors, whose rows follow those that it got, and so does this, as arrays.

    Raises:
        UsageError: a batch size below 1.
    """
    from keras import tree

    batch_size = check_integer("batch_size", batch_size, 1)

    def batch(start: int) -> Any:
        made = function(tree.map_structure(lambda part: part[start : start + batch_size], rows))
        return tree.map_structure(lambda part: np.asarray(part, np.float32), made)

    batches = map(batch, range(0, len(tree.flatten(rows)[0]), batch_size))
    return tree.map_structure(lambda *parts: np.concatenate(parts), *batches)
