"""Differentiable augmentations of what the discriminator sees."""

from kgan.augment.diffaugment import Augment as Augment
from kgan.augment.diffaugment import DiffAugment as DiffAugment
from kgan.augment.diffaugment import augments as augments
