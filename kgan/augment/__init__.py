"""Differentiable augmentations of what the discriminator sees."""

from kgan.augment.diffaugment import (
    Augment as Augment,
    DiffAugment as DiffAugment,
    augments as augments,
)
