"""The running means of a step, against NumPy's."""

import numpy as np
import pytest
import tensorflow as tf

from kgan.models.step_log import StepLog, Weighted


def results(log):
    return {name: float(value) for name, value in log.result().items()}


def test_means_by_name():
    log = StepLog("log")
    log.update_state({"a": 1.0, "b": tf.constant(10, tf.int32)})
    log.update_state({"a": np.float16(3.0), "b": 20})
    assert results(log) == {"a": 2.0, "b": 15.0}


def test_a_name_that_some_steps_lack_is_the_mean_of_those_that_have_it():
    log = StepLog("log")
    log.update_state({"a": 1.0})
    log.update_state({"a": 3.0, "b": 5.0})
    assert results(log) == {"a": 2.0, "b": 5.0}


def test_weights():
    log = StepLog("log")
    for value, weight in ((1.0, 3), (5.0, 1)):
        log.update_state({"accuracy": Weighted(value, weight)})
    assert results(log) == {"accuracy": 2.0}


def test_a_value_without_weight_does_not_count_even_if_it_is_nan():
    log = StepLog("log")
    log.update_state({"a": Weighted(float("nan"), 0.0)})
    assert results(log) == {"a": 0.0}
    log.update_state({"a": Weighted(4.0, 2.0)})
    assert results(log) == {"a": 4.0}


def test_nan_with_weight_shows_under_its_own_name_alone():
    log = StepLog("log")
    log.update_state({"a": float("nan"), "b": 1.0})
    assert np.isnan(results(log)["a"]) and results(log)["b"] == 1.0


def test_the_order_is_that_of_the_code():
    log = StepLog("log")
    log.update_state({"z": 1.0, "a": 2.0})
    log.update_state({"m": 3.0, "a": 2.0, "z": 1.0})
    assert list(log.result()) == log.names == ["z", "a", "m"]
    assert results(log) == {"z": 1.0, "a": 2.0, "m": 3.0}


def test_nothing_to_log_is_no_error():
    log = StepLog("log")
    log.update_state({})
    assert results(log) == {}


def test_there_is_room_for_64_names_and_no_more():
    log = StepLog("log")
    log.update_state({f"a{number}": float(number) for number in range(64)})
    assert results(log)["a63"] == 63.0
    with pytest.raises(ValueError, match="A step logs at most 64 values; received .*'one_more'"):
        log.update_state({"one_more": 1.0})


def test_reset_forgets_values_and_keeps_places():
    log = StepLog("log")
    log.update_state({"a": 1.0, "b": 2.0})
    log.reset_state()
    assert results(log) == {"a": 0.0, "b": 0.0}
    log.update_state({"b": 7.0})
    assert results(log) == {"a": 0.0, "b": 7.0}


@pytest.mark.parametrize("jit_compile", [False, True])
def test_in_a_graph(jit_compile):
    """Names get their places while the step is traced; the values come when it runs."""
    log = StepLog("log")

    @tf.function(jit_compile=jit_compile)
    def step(value, weight):
        log.update_state({"a": value, "b": Weighted(value * value, weight)})
        return log.result()

    values, weights = np.array([1.0, 2.0, 5.0], "float32"), np.array([1.0, 0.0, 3.0], "float32")
    for value, weight in zip(values, weights, strict=True):
        result = step(tf.constant(value), tf.constant(weight))
    assert float(result["a"]) == pytest.approx(values.mean())
    assert float(result["b"]) == pytest.approx(np.average(values**2, weights=weights))
    assert results(log) == {name: float(value) for name, value in result.items()}
    assert step.experimental_get_tracing_count() == 1


def test_two_variables_whatever_the_names():
    """So that a checkpoint has a place for them before the first step is traced."""
    log = StepLog("log")
    before = [variable.shape for variable in log.variables]
    log.update_state({"a": 1.0})
    assert [variable.shape for variable in log.variables] == before == [(64,), (64,)]
