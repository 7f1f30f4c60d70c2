"""What the measures of features cost, and how exact they are, beside the reference packages.

- frechet: the Fréchet distance of two sets of features, from the features to the figure, by kgan
  and by pytorch-fid's way (`np.mean`, `np.cov`, `calculate_frechet_distance`), in turn; the
  features are float32 and their variances fall like those of Inception's, as 1/i;
- memory: precision and recall of as many features by kgan and by prdc, each in a process of its
  own: seconds, the peak of its memory, and what of it came after imports and features; prdc
  works density and coverage out in the same call;
- singular: relative errors of kgan, pytorch-fid, torch-fidelity and torchmetrics for near-singular
  covariances, for fewer samples than dimensions and for almost equal sets. What is true comes from
  mpmath with 50 digits, of the features; above 24 dimensions from the singular values of the
  product of the two centred sets, which few samples allow.

    pip install -e ".[test]"
    python benchmarks/metrics.py --json benchmarks/metrics.json

Nothing else may run. The ratio is the median of those within a round. On a busy machine threads
wait for each other: put `OPENBLAS_NUM_THREADS=1` before the command, and trust the ratio of the CPU
seconds, which with one thread leave out the turns of other processes.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing as mp
import os
import platform
import resource
import statistics
import time
import warnings
from pathlib import Path

import numpy as np

from kgan.metrics.frechet import frechet_distance, statistics as feature_statistics

DIGITS = 50
MIB = 2**20


def features(num_samples: int, dim: int) -> tuple[np.ndarray, np.ndarray]:
    """Two float32 sets with variances 1/i along random axes; the second moved and stretched."""
    random = np.random.default_rng(0)
    axes = np.linalg.qr(random.normal(size=(dim, dim)))[0].astype(np.float32)
    scale = np.sqrt(1 / np.arange(1, dim + 1, dtype=np.float32))
    first, second = random.standard_normal((2, num_samples, dim), dtype=np.float32)
    return first * scale @ axes, (1.1 * second + 0.1) * scale @ axes


def kgan_distance(first: np.ndarray, second: np.ndarray) -> float:
    return frechet_distance(feature_statistics(first), feature_statistics(second))


def pytorch_fid_distance(first: np.ndarray, second: np.ndarray) -> float:
    sides = [(np.mean(side, axis=0), np.cov(side, rowvar=False)) for side in (first, second)]
    return pytorch_fid(*sides)


def pytorch_fid(first: tuple, second: tuple) -> float:
    from pytorch_fid.fid_score import calculate_frechet_distance

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an argument that SciPy is to drop, and singular matrices
        return float(calculate_frechet_distance(*first, *second))


def torch_fidelity(first: tuple, second: tuple) -> float:
    from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_statistics_to_metric

    sides = ({"mu": mean, "sigma": covariance} for mean, covariance in (first, second))
    return fid_statistics_to_metric(*sides, False)[KEY_METRIC_FID]


def torchmetrics(first: tuple, second: tuple) -> float:
    import torch
    from torchmetrics.image.fid import _compute_fid

    return _compute_fid(*(torch.from_numpy(part) for part in (*first, *second))).item()


def timed(function, *arguments) -> tuple[float, float]:
    begin = time.perf_counter()
    value = function(*arguments)
    return time.perf_counter() - begin, value


def frechet(rounds: int, num_samples: int, dim: int) -> dict:
    """Seconds and figures of both sides."""
    first, second = features(num_samples, dim)
    sides = {"kgan": kgan_distance, "pytorch-fid": pytorch_fid_distance}
    for function in sides.values():  # imports
        function(first[:50, :9], second[:50, :9])
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    cpu: dict[str, list[float]] = {name: [] for name in sides}
    values = {}
    for turn in range(rounds):
        for name in list(sides)[:: 1 if turn % 2 == 0 else -1]:
            begin = time.process_time()
            taken, values[name] = timed(sides[name], first, second)
            cpu[name].append(time.process_time() - begin)
            seconds[name].append(taken)
    faster, cpu_faster = (
        statistics.median(b / a for a, b in zip(*both.values(), strict=True))
        for both in (seconds, cpu)
    )
    difference = abs(values["kgan"] / values["pytorch-fid"] - 1)
    print(f"Fréchet distance of two sets of {num_samples:,} x {dim:,}, {rounds} rounds\n")
    print(f"{'':15s} median s   CPU s  distance")
    for name, taken in seconds.items():
        print(f"{name:15s} {statistics.median(taken):8.2f}  ", end="")
        print(f"{statistics.median(cpu[name]):6.2f}  {values[name]:.10f}")
    print(f"\nkgan is {faster:.1f}x as fast, by CPU seconds {cpu_faster:.1f}x; ", end="")
    print(f"the figures differ by {difference:.1e}, relative\n")
    return {
        "num_samples": num_samples,
        "dimensions": dim,
        "seconds": seconds,
        "cpu_seconds": cpu,
        "values": values,
        "kgan_is_faster_by": faster,
        "kgan_is_faster_by_cpu_seconds": cpu_faster,
        "relative_difference": difference,
    }


def peak() -> int:
    """The most memory that this process has had, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        # Linux hands the ru_maxrss of a process down to those it starts; this it does not.
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    unit = 1 if platform.system() == "Darwin" else 1024  # macOS counts bytes
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def kgan_precision_recall(first: np.ndarray, second: np.ndarray):
    from kgan.metrics.manifold import precision_recall

    yield
    yield precision_recall(first, second, k=3)


def prdc_precision_recall(first: np.ndarray, second: np.ndarray):
    from prdc import compute_prdc

    yield
    found = compute_prdc(first, second, nearest_k=3)
    yield found["precision"], found["recall"]


def measure(side, folder: Path, connection) -> None:
    """In a process of its own: imports and features first, then what is measured."""
    first, second = (np.load(folder / f"{name}.npy") for name in ("first", "second"))
    steps = side(first, second)
    next(steps)
    before = peak()
    taken, (precision, recall) = timed(next, steps)
    connection.send(
        {
            "precision": float(precision),
            "recall": float(recall),
            "seconds": taken,
            "peak_mib": peak() / MIB,
            "increase_mib": (peak() - before) / MIB,
        }
    )


def alone(function, *arguments):
    """What a function sends to the connection, its last argument, from a process of its own."""
    context = mp.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=function, args=(*arguments, there))
    process.start()
    there.close()  # so that a process that dies is seen
    sent = here.recv()
    process.join()
    return sent


def memory(num_samples: int, dim: int) -> dict:
    """Precision and recall of both sides, with what they took."""
    import tempfile

    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, side in zip(("first", "second"), features(num_samples, dim), strict=True):
            np.save(Path(folder) / f"{name}.npy", side)
        for name, side in {"kgan": kgan_precision_recall, "prdc": prdc_precision_recall}.items():
            rows[name] = alone(measure, side, Path(folder))
    print(f"Precision and recall of {num_samples:,} x {dim:,}, k = 3\n")
    print(f"{'':15s} precision  recall  seconds  peak MiB  of it more than imports and features")
    for name, row in rows.items():
        print(
            f"{name:15s} {row['precision']:9.4f}  {row['recall']:6.4f}  {row['seconds']:7.1f}  "
            f"{row['peak_mib']:8.0f}  {row['increase_mib']:8.0f}"
        )
    equal = all(rows["kgan"][key] == rows["prdc"][key] for key in ("precision", "recall"))
    print(f"\nThe figures are {'equal' if equal else 'NOT equal'}.\n")
    return {"num_samples": num_samples, "dimensions": dim, "equal": equal, "sides": rows}


def exact(first: np.ndarray, second: np.ndarray) -> float:
    """The distance in 50 digits, by the eigenvalues of C₁^½ C₂ C₁^½; seconds of 24 dimensions."""
    import mpmath

    def moments(side):
        side = mpmath.matrix(np.float64(side).tolist())
        means = [mpmath.fsum(side[:, column]) / side.rows for column in range(side.cols)]
        for row in range(side.rows):
            for column in range(side.cols):
                side[row, column] -= means[column]
        return mpmath.matrix(means), side.T * side / (side.rows - 1)

    def root(value):
        return mpmath.sqrt(max(value, 0))

    with mpmath.workdps(DIGITS):
        (mean_1, covariance_1), (mean_2, covariance_2) = moments(first), moments(second)
        values, axes = mpmath.eigsy(covariance_1)
        factor = axes * mpmath.diag(list(map(root, values))) * axes.T
        values = mpmath.eigsy(factor * covariance_2 * factor, eigvals_only=True)
        both = covariance_1 + covariance_2
        traces = mpmath.fsum(both[index, index] for index in range(both.rows))
        squares = mpmath.fsum(step**2 for step in mean_1 - mean_2)
        return float(squares + traces - 2 * mpmath.fsum(map(root, values)))


def of_few(first: np.ndarray, second: np.ndarray) -> float:
    """The distance of fewer samples than dimensions, which needs no covariance."""
    first, second = np.float64(first), np.float64(second)
    squares = np.sum((first.mean(0) - second.mean(0)) ** 2)
    sides = [(side - side.mean(0)) / np.sqrt(len(side) - 1) for side in (first, second)]
    traces = sum(np.sum(side**2) for side in sides)
    return squares + traces - 2 * np.linalg.svd(sides[0] @ sides[1].T, compute_uv=False).sum()


def cases() -> dict[str, tuple]:
    """What gives the truth, and two sets of features, by name."""
    random = np.random.default_rng(0)
    first, second = random.normal(size=(40, 16)), random.normal(0.1, 1.2, size=(50, 16))
    near = random.normal(size=first.shape)
    one, other = (np.linalg.qr(random.normal(size=(16, 16)))[0] for _ in range(2))
    scale = np.logspace(0, -6, 16)
    many, more = random.normal(size=(2, 200, 512))
    return {
        "well-conditioned": (exact, first, second),
        "eigenvalues 1 to 1e-12": (exact, first * scale @ one, second * scale @ one),
        "the same, other axes": (exact, first * scale @ one, second * scale @ other),
        "9 samples, 24 dimensions": (exact, *np.float32(random.normal(size=(2, 9, 24)))),
        "9 samples on one side": (exact, first[:9], second),
        "one null space": (exact, first[:, :6] @ one[:6], second[:, :6] @ one[:6]),
        "two null spaces": (exact, first[:, :6] @ one[:6], second[:, :6] @ other[:6]),
        "1e-3 apart": (exact, first, first + 1e-3 * near),
        "1e-5 apart": (exact, first, first + 1e-5 * near),
        "9 samples, 1e-3 apart": (exact, first[:9], first[:9] + 1e-3 * near[:9]),
        "200 samples, 512 dim.": (of_few, many, more),
        "the same, 0.01 apart": (of_few, many, many + 0.01 * more),
    }


def singular() -> dict:
    """Relative errors of each side, by case."""
    sides = {
        "kgan": frechet_distance,
        "pytorch-fid": pytorch_fid,
        "torch-fidelity": torch_fidelity,
        "torchmetrics": torchmetrics,
    }
    print(f"{'relative errors':25s} distance " + "".join(f"{name:>16s}" for name in sides))
    rows = {}
    for name, (truth, first, second) in cases().items():
        expected = truth(first, second)
        pair = feature_statistics(first), feature_statistics(second)
        errors = {side: float(abs(find(*pair) / expected - 1)) for side, find in sides.items()}
        print(f"{name:25s} {expected:8.2g} " + "".join(f"{e:16.0e}" for e in errors.values()))
        rows[name] = {"distance": expected, "truth": truth.__name__, "relative_errors": errors}
    print()
    return rows


def processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--part", choices=("frechet", "memory", "singular"), help="one alone")
    parser.add_argument("--rounds", type=int, default=3, help="of frechet")
    parser.add_argument("--samples", type=int, default=10_000, help="of frechet and memory")
    parser.add_argument("--dimensions", type=int, default=2048, help="of frechet and memory")
    parser.add_argument("--json", type=Path, default=Path("metrics.json"))
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    if load > 0.5:
        print(f"Warning: the load was {load:.1f} before this began; the seconds mean little.\n")
    # A torchvision with CUDA's operators cannot be imported beside a torch without.
    import sys
    import types

    sys.modules.setdefault("torchvision._meta_registrations", types.ModuleType("none"))
    size = arguments.samples, arguments.dimensions
    parts = {
        "singular": singular,
        "frechet": lambda: frechet(arguments.rounds, *size),
        "memory": lambda: memory(*size),
    }
    record = {
        "machine": {"processor": processor(), "cores": os.cpu_count()},
        "system": platform.platform(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "load_before": load,
        "OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS"),
    }
    for name, part in parts.items():
        if arguments.part in (None, name):
            record[name] = part()
    arguments.json.write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
