"""Classes that were written for the hooks of an older kgan."""

import re
from pathlib import Path

import pytest

import kgan
from kgan.errors import UsageError
from kgan.models.older_hooks import NEW_HOOKS


@pytest.mark.parametrize("name", sorted(NEW_HOOKS))
@pytest.mark.parametrize("base", ["GAN", "ACGAN", "Pix2Pix"])
def test_an_older_hook_is_refused_and_the_new_one_named(base, name):
    with pytest.raises(UsageError) as error:
        type("Mine", (getattr(kgan, base),), {name: lambda self, *arguments: None})
    assert str(error.value).startswith(f"Mine.{name} was a hook of an older kgan")
    for hook in NEW_HOOKS[name]:
        assert f"`{hook}`" in str(error.value)


def test_an_older_hook_of_a_mixin_is_refused():
    class Drawing:
        def draw(self, real, seeds):
            return {}

    with pytest.raises(UsageError, match=r"Mine\.draw was a hook .*write `sample_inputs`"):
        type("Mine", (Drawing, kgan.GAN), {})


def test_a_method_of_that_name_beside_the_new_hook_or_a_step_is_the_users_own():
    class Helped(kgan.GAN):
        def losses(self, player, real, fake):
            return {f"{player}_loss": getattr(self, f"{player}_loss")(fake)}

        def discriminator_loss(self, fake):
            return 0.0

        def generator_loss(self, fake):
            return 0.0

    class Further(Helped):
        def generator_loss(self, fake):
            return 1.0

    class Taught(kgan.GAN):
        critic = None

        def train_step(self, data):
            return {}

    assert Further.generator_loss is not Helped.generator_loss and Taught.critic is None


def test_the_table_is_that_of_the_changelog():
    text = (Path(__file__).parents[2] / "CHANGELOG.md").read_text("utf-8")
    rows = re.findall(r"^\| (.*) \| (.*) \|$", text.split("For authors of models:")[1], re.M)
    table = {}
    for before, now in rows:
        table |= dict.fromkeys(re.findall(r"`(\w+)`", before), re.findall(r"`(\w+)`", now))
    assert table.keys() == NEW_HOOKS.keys()
    assert all(set(hooks) <= set(table[name]) for name, hooks in NEW_HOOKS.items())
