"""The hooks of kgan 0.1.0, which no step calls any more: a class that overrides one is refused."""

from __future__ import annotations

from kgan.errors import UsageError

NEW_HOOKS = {
    "draw": ("sample_inputs",),
    "observe": ("encode_real",),
    "judgement": ("name_outputs",),
    "discriminator_loss": ("losses",),
    "generator_loss": ("losses",),
    "track": ("diagnostics",),
    "logged": ("diagnostics",),
    "generator_networks": ("add_player", "add_networks"),
    "discriminator_networks": ("add_player", "add_networks"),
    "critic": ("penalized", "discriminate"),
}


def refuse_older_hooks(kind: type, base: type) -> None:
    """Refuse a subclass of `base` that would train without its own methods being called.

    A method of such a name is no hook where the class also has the new hook, or a training step of
    its own, which may call it.

    Raises:
        UsageError: names the method and the new hook.
    """
    added = [each for each in kind.__mro__ if not issubclass(base, each)]
    own = {name for each in added if each.__module__.split(".")[0] != "kgan" for name in vars(each)}
    for name, hooks in NEW_HOOKS.items():
        if name in own and own.isdisjoint((*hooks, "train_step")):
            raise UsageError(
                f"{kind.__name__}.{name} was a hook of an older kgan, and this one never calls it: "
                f"write {' or '.join(f'`{hook}`' for hook in hooks)} instead. If it is a method of "
                "your own, give it another name."
            )
