from types import SimpleNamespace

import pytest

import kgan
from kgan.errors import UsageError
from kgan.runs import recipes
from kgan.runs.arguments import checked


def recipe(data, model=None, epochs=7):
    return SimpleNamespace(data=data, model=model, epochs=epochs, __file__="tiny.py")


def test_a_recipe_completes_what_is_not_given():
    tiny = recipe(lambda source="noise", batch_size=8, seed=0: None)
    arguments = recipes.completed(checked({"batch_size": 4, "epochs": 2}), tiny)
    assert {name: value for name, value in arguments.items() if value is not None} == {
        "data": "noise",
        "epochs": 2,
        "batch_size": 4,
        "seed": 0,
        "precision": "float32",
        "strategy": "none",
    }
    assert recipes.completed(checked({}), tiny)["epochs"] == 7
    assert recipes.of_data(arguments, tiny) == {"source": "noise", "batch_size": 4, "seed": 0}


@pytest.mark.parametrize(
    ("data", "given", "message"),
    [
        (lambda: None, {"data": "x"}, "data is not for this recipe: .* no parameter 'source'"),
        (lambda: None, {"strict": True}, "strict is not for this recipe: .* add it to tiny.py"),
        (lambda batch_size: None, {}, "batch_size must be given: .*add one to tiny.py"),
    ],
)
def test_an_argument_that_the_recipe_does_not_take_or_needs(data, given, message):
    with pytest.raises(UsageError, match=message) as error:
        recipes.completed(checked(given), recipe(data))
    assert error.value.argument == message.split()[0]


def test_what_a_recipe_must_make():
    assert recipes.made(recipe(lambda n: [n]), "data", list, 3) == [3]
    with pytest.raises(UsageError, match=r"recipe='tiny\.py': data\(\) must return a kgan\.data"):
        recipes.made(recipe(lambda: None), "data", list)

    def renamed(shape, seed):
        return kgan.DCGAN(shape, feature_maps=8)

    message = r"tiny\.py': model\(\) fails: UnknownArgument: .*'feature_maps'.*an older kgan"
    with pytest.raises(UsageError, match=message):
        recipes.made(recipe(None, renamed), "model", dict, (8, 8, 1), seed=0)

    def model(shape, seed):
        raise SystemExit(3)

    message = r"recipe='tiny\.py': model\(\) must not end the program; it called sys\.exit\(3\)"
    with pytest.raises(UsageError, match=message) as error:
        recipes.made(recipe(None, model), "model", dict, (8, 8, 1), seed=0)
    assert error.value.argument == "recipe"
