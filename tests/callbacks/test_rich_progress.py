import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from kgan.callbacks import RichProgress, rich_progress

LOGS = {"discriminator_loss": 0.5, "generator_loss": 1.25, "real_logits": 3.0}


class Clock:
    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(rich_progress, "time", clock)
    return clock


def begin(epochs, steps, start=0, terminal=True, batch_size=10, strategy=None):
    output = io.StringIO()
    console = Console(file=output, force_terminal=terminal, width=120, highlight=False)
    callback = RichProgress(batch_size=batch_size, console=console)
    callback.set_model(
        SimpleNamespace(distribute_strategy=strategy, _data=SimpleNamespace(start=start))
    )
    callback.set_params({"epochs": epochs, "steps": steps})
    callback.on_train_begin()
    return callback, output


def steps(callback, clock, epoch, batches, seconds=1.0):
    callback.on_epoch_begin(epoch)
    for batch in batches:
        clock.now += seconds
        callback.on_train_batch_end(batch, LOGS)


def state(callback):
    return callback._progress.tasks[0]


def test_the_bar_counts_the_whole_run(clock):
    callback, output = begin(epochs=2, steps=4)
    steps(callback, clock, 0, range(3))
    assert (state(callback).completed, state(callback).total) == (3, 8)
    assert state(callback).description == "epoch 1/2"
    # 10 images a step, a step a second, 5 steps to go.
    assert state(callback).fields["numbers"] == (
        "10 images/s  discriminator 0.50  generator 1.25  0:00:05 left"
    )
    callback.on_train_end(LOGS)
    assert "\x1b[?25h" in output.getvalue()  # the cursor is shown again


def test_a_resumed_run_begins_where_it_stood_and_times_only_new_steps(clock):
    callback, _ = begin(epochs=3, steps=100, start=150)
    assert state(callback).completed == 150
    steps(callback, clock, 1, range(50), seconds=0.0)  # passed over by fit
    assert state(callback).completed == 150
    steps(callback, clock, 1, range(50, 60), seconds=2.0)
    assert state(callback).completed == 160
    assert state(callback).fields["numbers"].startswith("5 images/s")


def test_it_draws_a_few_times_a_second_at_most(clock, monkeypatch):
    callback, _ = begin(epochs=1, steps=1000)
    drawn = []
    monkeypatch.setattr(callback, "_draw", lambda logs: drawn.append(clock.now))
    steps(callback, clock, 0, range(1000), seconds=0.001)
    assert len(drawn) <= 5


def test_without_a_terminal_a_line_an_epoch(clock):
    callback, output = begin(epochs=3, steps=4, start=6, terminal=False)
    steps(callback, clock, 1, range(2), seconds=0.0)
    steps(callback, clock, 1, range(2, 4), seconds=4.0)
    callback.on_epoch_end(1, LOGS)
    callback.on_train_end(LOGS)
    assert output.getvalue() == ("epoch 2/3  discriminator 0.50  generator 1.25  2 images/s  8 s\n")


def test_without_a_batch_size_the_speed_is_in_steps(clock):
    callback, _ = begin(epochs=1, steps=4, batch_size=None)
    steps(callback, clock, 0, range(2))
    assert state(callback).fields["numbers"].startswith("1 steps/s")
    callback.close()


def test_close_gives_the_terminal_back_and_may_come_twice(clock):
    callback, output = begin(epochs=1, steps=4)
    callback.close()
    callback.close()
    assert output.getvalue().rstrip("\n").endswith("\x1b[?25h")


def test_other_workers_are_silent(clock):
    resolver = SimpleNamespace(
        task_type="worker", task_id=1, cluster_spec=lambda: SimpleNamespace(jobs=["worker"])
    )
    callback, output = begin(1, 4, strategy=SimpleNamespace(cluster_resolver=resolver))
    steps(callback, clock, 0, range(4))
    callback.on_epoch_end(0, LOGS)
    callback.on_train_end(LOGS)
    assert output.getvalue() == ""
