from types import SimpleNamespace

import pytest
from PIL import Image

from kgan.callbacks import History
from kgan.callbacks.history import read
from kgan.errors import UsageError


def train(callback, epochs, initial_epoch=0, strategy=None, scale=1.0):
    """Call the callback as `fit` does; the loss of epoch e is e * scale."""
    callback.set_model(SimpleNamespace(distribute_strategy=strategy))
    callback.set_params({"epochs": epochs, "steps": 3})
    callback.on_train_begin()
    for epoch in range(initial_epoch, epochs):
        callback.on_epoch_begin(epoch)
        number = (epoch + 1) * scale
        callback.on_epoch_end(
            epoch, {"generator_loss": number, "real_logits": -number, "fid": 2 * number}
        )
    callback.on_train_end()


def test_a_row_an_epoch_with_every_log(tmp_path):
    train(History(tmp_path), 3)
    header, *lines = (tmp_path / "history.csv").read_text().splitlines()
    assert header == "epoch,seconds,generator_loss,real_logits,fid"
    assert [line.split(",")[0] for line in lines] == ["1", "2", "3"]
    rows = read(tmp_path / "history.csv")
    assert [row["generator_loss"] for row in rows] == [1.0, 2.0, 3.0]
    assert all(0 <= row["seconds"] < 5 for row in rows)


def test_curves_have_a_panel_for_each_kind(tmp_path):
    train(History(tmp_path), 2)
    with Image.open(tmp_path / "curves.png") as picture:
        width, height = picture.size
    assert (width, height) == (1800, 400)  # losses, logits, scores


def test_a_resumed_run_drops_the_epochs_that_it_repeats(tmp_path):
    train(History(tmp_path), 5)
    train(History(tmp_path), 4, initial_epoch=2, scale=10.0)
    rows = read(tmp_path / "history.csv")
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
    assert [row["generator_loss"] for row in rows] == [1.0, 2.0, 30.0, 40.0]


def test_a_new_run_drops_the_old_rows(tmp_path):
    train(History(tmp_path), 5)
    train(History(tmp_path), 1)
    assert [row["epoch"] for row in read(tmp_path / "history.csv")] == [1]


def test_a_resumed_run_without_epochs_left_draws_the_curves(tmp_path):
    train(History(tmp_path), 2)
    (tmp_path / "curves.png").unlink()
    train(History(tmp_path), 2, initial_epoch=2)
    assert (tmp_path / "curves.png").exists()
    assert len(read(tmp_path / "history.csv")) == 2


def test_logs_that_come_later_get_a_column(tmp_path):
    callback = History(tmp_path)
    callback.set_model(SimpleNamespace(distribute_strategy=None))
    callback.on_train_begin()
    for epoch, logs in enumerate([{"a_loss": 1.0}, {"a_loss": 2.0, "fid": 9.0}]):
        callback.on_epoch_begin(epoch)
        callback.on_epoch_end(epoch, logs)
    first, second = read(tmp_path / "history.csv")
    assert "fid" not in first
    assert second["fid"] == 9.0
    callback.on_train_end()


@pytest.mark.parametrize(
    ("task_type", "task_id", "jobs", "writes"),
    [
        ("worker", 0, ["worker"], True),
        ("worker", 1, ["worker"], False),
        ("worker", 0, ["chief", "worker"], False),
        ("chief", 0, ["chief", "worker"], True),
        (None, None, [], True),
    ],
)
def test_only_the_chief_writes(tmp_path, task_type, task_id, jobs, writes):
    resolver = SimpleNamespace(
        task_type=task_type, task_id=task_id, cluster_spec=lambda: SimpleNamespace(jobs=jobs)
    )
    train(History(tmp_path), 1, strategy=SimpleNamespace(cluster_resolver=resolver))
    assert (tmp_path / "history.csv").exists() == writes
    assert (tmp_path / "curves.png").exists() == writes


@pytest.mark.parametrize(
    "content",
    [b"epoch,loss\n1,two\n", b"epoch,loss\n1,2,3\n", b"loss\n1\n", b"\xff\xfe", b"epoch\n1.5\n",
     b"epoch,loss\n\n,1\n"],
)  # fmt: skip
def test_a_damaged_file_is_named(tmp_path, content):
    (tmp_path / "history.csv").write_bytes(content)
    with pytest.raises(UsageError, match=r"history\.csv is damaged \(.*move it away"):
        read(tmp_path / "history.csv")
