"""Callbacks for `fit`, which show, save and check a GAN while it trains."""

from kgan.callbacks.checkpoint import Checkpoint as Checkpoint
from kgan.callbacks.duality_gap import DualityGap as DualityGap
from kgan.callbacks.evaluate import Evaluate as Evaluate
from kgan.callbacks.health import Health as Health
from kgan.callbacks.history import History as History
from kgan.callbacks.rich_progress import RichProgress as RichProgress
from kgan.callbacks.sample_grid import SampleGrid as SampleGrid
from kgan.callbacks.stop_on_nan import StopOnNaN as StopOnNaN
