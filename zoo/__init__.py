"""Recipes, one per file, and the presets that were trained with them."""

if __name__ != "kgan.zoo":
    raise ImportError(
        f"This folder is the package kgan.zoo, not {__name__}: `import kgan.zoo` instead."
    )

from .registry import list_judges, list_presets, list_recipes, load, recipe

__all__ = ["list_judges", "list_presets", "list_recipes", "load", "recipe"]
