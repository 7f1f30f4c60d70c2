import numpy as np
import pytest


def row(failure_mode, *found, data="ring", confirmed=True):
    return {
        "set": data,
        "failure_mode": failure_mode,
        "found": [[name, 3] for name in found],
        "confirmed": confirmed,
    }


def test_as_many_healthy_runs_as_ill_ones_on_the_plane_and_on_garments(benchmark):
    runs = benchmark.planned()
    assert len(set(runs)) == len(runs)
    for place in (("ring", "grid"), ("garments",)):
        here = [failure_mode for name, failure_mode, _, _ in runs if name in place]
        for failure_mode in benchmark.FAILURE_MODES:
            assert here.count(failure_mode) == 10
        assert here.count("healthy") == 70


def test_the_table_counts_hits_and_false_alarms(benchmark):
    rows = [
        row("collapse", "collapse", "oscillation"),
        row("collapse", "oscillation"),
        row("collapse", data="garments", confirmed=False),
        row("healthy"),
        row("healthy", "nan"),
        row("healthy", data="grid"),
        row("healthy", data="grid"),
    ]
    lines = benchmark.table(rows).split("\n")
    (collapse,) = [line for line in lines if line.startswith("| collapse")]
    assert collapse == "| collapse | 1 of 2 (50%) |  |  | 1 of 2 (50%) | 1 |"
    assert lines[-1] == (
        "| healthy: false alarms | 1 of 2 (50%) | 0 of 2 (0%) |  | 1 of 4 (25%) | 0 |"
    )


def test_every_failure_mode_has_its_truth(benchmark):
    import failure_injection

    from kgan.callbacks.failure_modes import FAILURE_MODES

    assert set(benchmark.FAILURE_MODES) == {*FAILURE_MODES, "nan"}
    assert set(failure_injection.TRUTHS) == {*failure_injection.FAILURE_MODES, "healthy"}


@pytest.mark.parametrize("recurs", [True, False])
def test_recurrence_is_that_of_the_path(benchmark, recurs):
    import failure_injection

    steps = np.arange(600)
    path = np.sin(steps / 5) if recurs else steps / 600
    witness = failure_injection.Witness(often=True)
    witness.means = list(path[:, None])
    case = failure_injection.Case(None, None, witness, None, None, None)
    assert (case.recurrence() > 0.9) == recurs


def test_quarters_of_the_gap(benchmark):
    falling = [4.0] * 5 + [3.0] * 5 + [2.0] * 5 + [1.0] * 5
    rows = [{"seed": 0, "converging": falling, "diverging": falling[::-1]}]
    lines = benchmark.duality_table(rows).split("\n")
    assert lines[2] == "| converging | 4 | 3 | 1 | last below first in 1 of 1 runs |"
    assert lines[3] == "| diverging | 1 | 2 | 4 | last above second in 1 of 1 runs |"


def test_cost_is_the_median_of_ratios(benchmark):
    seconds = {"nothing": [10.0, 20.0, 10.0], "Health": [10.5, 20.4, 14.0]}
    inside = {"nothing": [0.0] * 3, "Health": [0.1, 0.2, 0.1]}
    table = benchmark.cost_table({"seconds": seconds, "inside": inside})
    assert table.split("\n")[-1] == "| Health | 14.0 | +5.0% | 5.0% |"
