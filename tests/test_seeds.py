import keras
import numpy as np

from kgan.seeds import StepSeedGenerator


def draws(seeds, count=3):
    seeds.begin_step()
    return [np.asarray(keras.random.normal((4,), seed=seeds)) for _ in range(count)]


def make(seed):
    layer = keras.layers.Layer()
    layer.built = True
    return StepSeedGenerator(layer, seed, "seeds"), layer


def test_a_seed_and_a_step_pin_every_draw():
    (first, _), (second, _), (other, _) = make(1), make(1), make(2)
    np.testing.assert_array_equal(draws(first), draws(second))
    assert not np.array_equal(draws(first), draws(other))
    before = draws(first)
    first.advance()
    assert int(first.step) == 1
    after = draws(first)
    first.state.assign([1, 0])
    np.testing.assert_array_equal(before, draws(first))
    # No two draws are the same, within a step and between steps.
    assert len({values.tobytes() for values in before + after}) == 6


def test_the_draws_are_normal():
    seeds, _ = make(0)
    values = []
    for _ in range(200):
        values += draws(seeds, 10)
        seeds.advance()
    values = np.concatenate(values)
    assert abs(values.mean()) < 0.04 and abs(values.std() - 1) < 0.03


def test_the_state_is_saved_with_its_owner():
    seeds, layer = make(5)
    seeds.advance()
    assert [variable.numpy().tolist() for variable in layer.variables] == [[5, 1]]
