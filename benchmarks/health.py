"""Whether `kgan.callbacks.Health` detects injected failure modes, and raises no false alarms.

Each failure mode is injected into runs on points in the plane (ring of 8, grid of 25:
`benchmarks/modes.py`) and on the packaged 28x28 garments. As many runs are healthy: seven
configurations that are known to work on each set. `benchmarks/failure_injection.py` holds the
injections. It also confirms each run by measurements that Health has no access to.

A run that is not confirmed is excluded; the table counts these. A hit is a run whose findings
include the injected failure mode, whatever else they include: a generator that a winning
discriminator has stopped may well be collapsed, too. A false alarm is a healthy run with any
finding. Thresholds were chosen on the seeds 100, 101, 0 and 10. The figures are of the seeds 20 to
29, which no threshold was chosen on (and of 31 and 32 for the vanishing gradient on the grid, where
one run was not confirmed).

Each run is written to the JSON file when it ends. Runs in the file are not repeated:

    python benchmarks/health.py --json health.json --processes 2
    python benchmarks/health.py --json health.json --table
    python benchmarks/health.py --json health.json --cost
    python benchmarks/health.py --json health.json --duality

The last two measure the cost of the callbacks, and `kgan.callbacks.DualityGap` on the ring,
converging and diverging.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# As `import kgan` would, which must come before TensorFlow.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
sys.path.insert(0, str(Path(__file__).parent))

import keras
import numpy as np
import tensorflow as tf
from failure_injection import (
    CONFIGURATIONS,
    FAILURE_MODES,
    KEPT,
    SEEDS,
    SETS,
    TRAINED,
    Plane,
    change,
    run,
)
from keras.optimizers import Adam

import kgan
from kgan import zoo
from kgan.callbacks.duality_gap import DualityGap
from kgan.callbacks.evaluate import Evaluate
from kgan.callbacks.health import Health
from kgan.files import atomic_write

# -- the competition ---------------------------------------------------------------------------


def planned(seeds: dict[str, range] | None = None) -> list[tuple[str, str, int, int]]:
    """Set, failure mode, configuration and seed of all runs: as many healthy as failing ones."""
    seeds = seeds or SEEDS
    return [
        (name, failure_mode, number, seed)
        for seed in sorted({seed for some in seeds.values() for seed in some})
        for name in SETS
        if seed in seeds[name]
        for failure_mode, number in [
            *((failure_mode, 0) for failure_mode in FAILURE_MODES),
            *(("healthy", number) for number in range(CONFIGURATIONS)),
        ]
    ]


def row_of(one: tuple[str, str, int, int]) -> dict[str, Any]:
    return run(*one)


def single_threaded() -> None:
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def compete(arguments: argparse.Namespace, record: dict[str, Any]) -> None:
    """Run what the record lacks, and add it there as each run ends."""
    keys = ("set", "failure_mode", "configuration", "seed")
    done = {tuple(row[key] for key in keys) for row in record["rows"]}
    seeds = None
    if arguments.seeds:
        seeds = {name: range(*arguments.seeds) for name in arguments.set or SETS}
        seeds = {name: seeds.get(name, range(0)) for name in SETS}
    todo = [
        one
        for one in planned(seeds)
        if one not in done
        and one[0] in (arguments.set or SETS)
        and one[1] in (arguments.only or [*FAILURE_MODES, "healthy"])
    ]
    with multiprocessing.get_context("spawn").Pool(
        arguments.processes, single_threaded, maxtasksperchild=20
    ) as pool:
        for row in pool.imap_unordered(row_of, todo):
            snapshots = row.pop("snapshots")
            if arguments.snapshots:
                name = "-".join(str(row[key]) for key in keys)
                arguments.snapshots.mkdir(parents=True, exist_ok=True)
                (arguments.snapshots / f"{name}.json").write_text(
                    json.dumps({**row, "snapshots": snapshots})
                )
            record["rows"].append(row)
            print(row, flush=True)
            write(arguments.json, record)


def recorded(path: Path | None) -> dict[str, Any]:
    """The content of the JSON file, or of a new one."""
    if path is None or not path.exists():
        return {"rows": []}
    return json.loads(path.read_text())


def write(path: Path | None, record: dict[str, Any]) -> None:
    if path is not None:
        with atomic_write(path) as temporary:
            temporary.write_text(json.dumps(record, indent=1) + "\n")


def table(rows: list[dict[str, Any]]) -> str:
    """Hits of each failure mode and false alarms of the healthy runs, by set, as Markdown."""
    lines = [
        f"| | {' | '.join(SETS)} | all | not confirmed |",
        f"|---|{'---|' * (len(SETS) + 2)}",
    ]
    for failure_mode in [*FAILURE_MODES, "healthy"]:
        found = [row for row in rows if row["failure_mode"] == failure_mode]
        confirmed = [row for row in found if row["confirmed"]]

        def hit(row, failure_mode=failure_mode):
            names = [name for name, _ in row["found"]]
            return bool(names) if failure_mode == "healthy" else failure_mode in names

        def cell(some, hit=hit):
            hits = sum(map(hit, some))
            return f"{hits} of {len(some)} ({hits / len(some):.0%})" if some else ""

        cells = [cell([row for row in confirmed if row["set"] == name]) for name in SETS]
        label = "healthy: false alarms" if failure_mode == "healthy" else failure_mode
        excluded = len(found) - len(confirmed)
        lines.append(f"| {label} | {' | '.join(cells)} | {cell(confirmed)} | {excluded} |")
    return "\n".join(lines)


# -- the duality gap ---------------------------------------------------------------------------

QUARTER = 5  # epochs


def duality(seed: int) -> dict[str, Any]:
    """Gaps of the ring's recipe, and of one that diverges after half of the run."""
    rows = {}
    for course in ("converging", "diverging"):
        keras.backend.clear_session()
        keras.utils.set_random_seed(seed)
        data = Plane("ring")
        plan = data.healthy(0)
        if course == "diverging":
            rate = change(2 * QUARTER * data.steps, data.mixture.recipe.rate, 0.04)
            plan |= {name: Adam(rate, 0.0, 0.9) for name in plan if name.endswith("optimizer")}
        gan = kgan.GAN(*data.networks(seed, data.width), ema_halflife_images=2000, seed=seed)
        gan.compile(**plan)
        reals = data.draw(TRAINED + KEPT, seed)
        gap = DualityGap(reals[TRAINED:], every_epochs=1)
        gan.fit(
            reals[:TRAINED],
            batch_size=data.batch,
            epochs=4 * QUARTER,
            steps_per_epoch=data.steps,
            verbose=0,
            callbacks=[gap],
        )
        rows[course] = [value for _, value in gap.gaps]
    return {"seed": seed, **rows}


def duality_table(rows: list[dict[str, Any]]) -> str:
    lines = ["| duality gap, ring | first quarter | second | last | |", "|---|---|---|---|---|"]
    for course, words, holds in (
        ("converging", "last below first", lambda first, second, last: last < first),
        ("diverging", "last above second", lambda first, second, last: last > second),
    ):
        quarters = np.array(
            [
                [
                    np.mean(row[course][start : start + QUARTER])
                    for start in (0, QUARTER, 3 * QUARTER)
                ]
                for row in rows
            ]
        )
        medians = " | ".join(f"{value:.3g}" for value in np.median(quarters, 0))
        held = sum(holds(*row) for row in quarters)
        lines.append(f"| {course} | {medians} | {words} in {held} of {len(rows)} runs |")
    return "\n".join(lines)


# -- the cost ----------------------------------------------------------------------------------

EPOCHS = 5  # of a fit that is timed, so that a gap is estimated once


def watchers(kept: np.ndarray) -> dict[str, Callable[[], list[keras.callbacks.Callback]]]:
    """What is timed, at its defaults, by name; the first is the baseline."""
    return {
        "nothing": list,
        "Evaluate": lambda: [Evaluate("fashion_mnist")],
        "Health": lambda: [Health(held_out=kept)],
        "DualityGap": lambda: [DualityGap()],
        "all three": lambda: [Evaluate("fashion_mnist"), Health(held_out=kept), DualityGap()],
    }


def cost(rounds: int) -> dict[str, Any]:
    """Processor seconds of five epochs of the default recipe with each callback, in turn.

    They tell the work, whatever else the machine does, up to some percent. Each has its model and
    callback all along. The first round, in which TensorFlow traces, is not among them. `inside` are
    the seconds that the callbacks' own measurements take in an epoch, which tell more exactly.
    """
    recipe = zoo.recipe("dcgan_fashion_mnist")
    data = recipe.data()
    some = watchers(data.images[:1000])
    players = {name: (recipe.model(), make()) for name, make in some.items()}
    seconds: dict[str, list[float]] = {name: [] for name in some}
    inside: dict[str, list[float]] = {name: [] for name in some}
    for count in range(rounds + 1):
        for name, (gan, callbacks) in players.items():
            began = time.process_time()
            with contextlib.redirect_stdout(io.StringIO()):
                gan.fit(
                    data,
                    epochs=EPOCHS * (count + 1),
                    initial_epoch=EPOCHS * count,
                    verbose=0,
                    callbacks=callbacks,
                )
            ended = time.process_time()
            if count:
                seconds[name].append(ended - began)
                inside[name].append(sum(map(measured, callbacks)))
                print(name, f"{seconds[name][-1]:.1f} s, {inside[name][-1]:.2f} s", flush=True)
    for name, (_, callbacks) in players.items():
        print(name, *[one.report() for one in callbacks if isinstance(one, Health)], flush=True)
    return {"seconds": seconds, "inside": inside}


def measured(callback: Evaluate | Health | DualityGap) -> float:
    """Processor seconds of a measurement, shared out to the epochs that it comes in."""
    began = time.process_time()
    callback.measure()
    return (time.process_time() - began) / callback.every_epochs


def cost_table(found: dict[str, dict[str, list[float]]]) -> str:
    """Medians; more is the median of each round's ratio to the baseline of the round."""
    base = np.array(found["seconds"]["nothing"])
    lines = [
        "| five epochs of dcgan_fashion_mnist with | processor s | more | measurements alone |",
        "|---|---|---|---|",
    ]
    for name, some in found["seconds"].items():
        more = np.median(np.array(some) / base) - 1
        share = EPOCHS * np.median(found["inside"][name]) / np.median(base)
        lines.append(f"| {name} | {np.median(some):.1f} | {more:+.1%} | {share:.1%} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--set", nargs="+", choices=list(SETS), help="all by default")
    parser.add_argument("--only", nargs="+", choices=[*FAILURE_MODES, "healthy"], metavar="MODE")
    parser.add_argument(
        "--seeds", nargs=2, type=int, metavar=("FIRST", "END"), help="other seeds than 20 to 29"
    )
    parser.add_argument("--processes", type=int, default=1, help="runs at once, a core each")
    parser.add_argument("--json", type=Path, help="where runs are kept and found again")
    parser.add_argument("--snapshots", type=Path, help="a folder for the snapshots of each run")
    parser.add_argument("--table", action="store_true", help="print the JSON file's table, no run")
    parser.add_argument("--cost", type=int, nargs="?", const=5, metavar="ROUNDS")
    parser.add_argument("--duality", action="store_true", help="the gap's ten runs alone")
    arguments = parser.parse_args()
    record = recorded(arguments.json)
    if arguments.cost:
        record["cost"] = cost(arguments.cost)
        write(arguments.json, record)
    elif arguments.duality:
        single_threaded()
        done = record.setdefault("duality", [])
        for seed in range(len(done), 10):
            done.append(duality(seed))
            print(done[-1], flush=True)
            write(arguments.json, record)
    elif not arguments.table:
        compete(arguments, record)
    if record["rows"]:
        print(table(record["rows"]), end="\n\n")
    if "duality" in record:
        print(duality_table(record["duality"]), end="\n\n")
    if "cost" in record:
        print(cost_table(record["cost"]))


if __name__ == "__main__":
    main()
