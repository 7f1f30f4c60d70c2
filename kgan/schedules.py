"""Values that follow the training: for learning rates, penalties' weights and Adam's β₂."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from kgan.checks import check_integer, check_number
from kgan.errors import UsageError


@keras.saving.register_keras_serializable(package="kgan")
class Cosine(keras.optimizers.schedules.LearningRateSchedule):
    """Half a cosine from `start` to `end` during `steps` steps, `end` after them.

    Example:
        >>> weight = kgan.schedules.Cosine(start=10.0, end=1.0, steps=10_000)
        >>> round(float(weight(5_000)), 3)
        5.5
        >>> gan.compile(penalties=[kgan.penalties.R1(weight)])

    Raises:
        UsageError: a value below 0, or `steps` below 1.

    Loshchilov & Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2017,
    arXiv:1608.03983, equation 5, without restarts; `start` may lie below `end`.
    """

    def __init__(self, start: float, end: float, steps: int):
        self.start = check_number("start", start, 0)
        self.end = check_number("end", end, 0)
        self.steps = check_integer("steps", steps, 1)

    def __call__(self, step):
        """The value at a step, a float32 scalar."""
        share = ops.minimum(ops.cast(step, "float32") / self.steps, 1.0)
        return self.end + (self.start - self.end) * 0.5 * (1.0 + ops.cos(math.pi * share))

    def get_config(self) -> dict[str, Any]:
        return {"start": self.start, "end": self.end, "steps": self.steps}


@keras.saving.register_keras_serializable(package="kgan")
class ScheduledAdam(keras.optimizers.Adam):
    """Adam whose β₂ may be a schedule; the bias correction uses the current β₂.

    Example:
        >>> beta_2 = kgan.schedules.Cosine(start=0.9, end=0.99, steps=10_000)
        >>> optimizer = kgan.schedules.ScheduledAdam(2e-4, beta_1=0.0, beta_2=beta_2)
        >>> gan.compile(discriminator_optimizer=optimizer)

    Raises:
        UsageError: `beta_2` is neither a schedule nor a number in [0, 1).

    Huang et al., "The GAN is dead; long live the GAN!", 2024, arXiv:2501.05441, whose β₂ rises
    during the training.
    """

    def __init__(
        self,
        learning_rate: Any = 1e-3,
        beta_1: float = 0.9,
        beta_2: Any = 0.999,
        epsilon: float = 1e-7,
        name: str = "scheduled_adam",
        **kwargs: Any,
    ):
        if not isinstance(beta_2, keras.optimizers.schedules.LearningRateSchedule):
            beta_2 = check_number("beta_2", beta_2, 0, ", below 1, or a schedule,")
            if beta_2 >= 1:
                raise UsageError(f"beta_2 must be a number below 1; received {beta_2!r}.", "beta_2")
        super().__init__(learning_rate, beta_1, 0.999, epsilon, name=name, **kwargs)
        self._beta_2_schedule = beta_2

    @property
    def beta_2(self):
        """The β₂ of the current step."""
        schedule = self._beta_2_schedule
        scheduled = isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule)
        return schedule(self.iterations) if scheduled else schedule

    @beta_2.setter
    def beta_2(self, value):
        self._beta_2_schedule = value

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["amsgrad"]
        return config | {"beta_2": keras.saving.serialize_keras_object(self._beta_2_schedule)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects=None):
        config = {**config, "beta_2": keras.saving.deserialize_keras_object(config["beta_2"])}
        return super().from_config(config, custom_objects)
