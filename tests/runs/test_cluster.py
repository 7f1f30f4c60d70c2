import json

import pytest

from kgan.runs import cluster

WORKERS = {"worker": ["a:1", "b:1"]}


@pytest.mark.parametrize(
    ("kind", "index", "chief"), [("worker", 0, False), ("worker", 1, False), ("chief", 0, True)]
)
def test_the_chief_of_a_cluster(monkeypatch, kind, index, chief):
    task = {"type": kind, "index": index}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": WORKERS | {"chief": ["c:1"]},
                                                "task": task}))  # fmt: skip
    assert cluster.is_chief() == chief
    if kind == "worker":
        monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": WORKERS, "task": task}))
        assert cluster.is_chief() == (index == 0)
