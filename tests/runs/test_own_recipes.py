import warnings

import pytest

from kgan.runs import folder as run_folder, own_recipes


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("KGAN_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def mine(home, recipe):
    """A recipe of the user's as a run describes it."""
    return run_folder.recipe(str(recipe))


def test_a_recipe_is_known_by_its_path_and_its_content(mine, recipe):
    assert not own_recipes.known(mine)
    own_recipes.remember(mine)
    own_recipes.remember(mine)
    assert own_recipes.known(run_folder.recipe(str(recipe)))
    recipe.with_name("copy.py").write_bytes(recipe.read_bytes())
    assert not own_recipes.known(run_folder.recipe(str(recipe.with_name("copy.py"))))
    recipe.write_text(recipe.read_text() + "\n")
    assert not own_recipes.known(run_folder.recipe(str(recipe)))


def test_a_packaged_recipe_needs_no_note(home):
    packaged = run_folder.recipe("dcgan_fashion_mnist")
    own_recipes.remember(packaged)
    assert own_recipes.known(packaged) and not home.exists()


def test_a_damaged_note_stays_one(mine, home):
    own_recipes.remember(mine)
    (note,) = (home / "recipes").iterdir()
    assert note.read_text() == f"{mine['path']}\n"
    note.write_bytes(b"\xff\0")
    assert own_recipes.known(mine)


def test_a_home_that_cannot_be_written_is_told_and_hinders_nothing(mine, home):
    home.write_text("a file")
    with pytest.warns(UserWarning, match=r"tiny\.py is yours; name it with --recipe"):
        own_recipes.remember(mine)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not own_recipes.known(mine)
