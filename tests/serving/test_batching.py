"""Requests in one call: which join, what they get, and what an error does."""

import asyncio
import threading

import numpy as np
import pytest

from kgan import runtime
from kgan.serving.batching import Batcher


class Recorder:
    """Doubles its input; the first call waits until the test lets it go."""

    def __init__(self):
        self.calls, self.begun, self.go_on = [], threading.Event(), threading.Event()

    def __call__(self, inputs):
        self.calls.append(inputs["x"].shape)
        self.begun.set()
        assert self.go_on.wait(10)
        if (inputs["x"] == 13).any():
            raise ValueError("unlucky")
        return {"y": 2 * inputs["x"]}


def rows(*values):
    return {"x": np.float32(values)[:, np.newaxis]}


async def while_the_first_runs(recorder, batcher, *inputs, most=4):
    """The answers, or errors, of requests that come while a first one runs."""
    first = asyncio.create_task(batcher.submit(rows(0), most))
    await asyncio.to_thread(recorder.begun.wait, 10)
    others = [asyncio.create_task(batcher.submit(each, most)) for each in inputs]
    await asyncio.sleep(0)
    return first, others


def answers_of(*inputs, most=4):
    async def run():
        recorder = Recorder()
        batcher = Batcher(recorder)
        first, others = await while_the_first_runs(recorder, batcher, *inputs, most=most)
        recorder.go_on.set()
        made = await asyncio.gather(first, *others, return_exceptions=True)
        batcher.close()
        return recorder.calls, made[1:]

    return asyncio.run(run())


def test_requests_that_wait_are_answered_by_one_call():
    calls, answers = answers_of(rows(1), rows(2, 3), rows(4))
    assert calls == [(1, 1), (4, 1)]
    assert [each["y"][:, 0].tolist() for each in answers] == [[2], [4, 6], [8]]


def test_a_call_has_no_more_rows_than_it_may():
    calls, answers = answers_of(rows(1, 2, 3), rows(4, 5), rows(6))
    assert calls == [(1, 1), (4, 1), (2, 1)]  # the third request fits beside the first
    assert [each["y"][:, 0].tolist() for each in answers] == [[2, 4, 6], [8, 10], [12]]


def test_a_request_of_more_rows_is_a_call_of_its_own():
    assert answers_of(rows(1, 2, 3, 4, 5), rows(6))[0] == [(1, 1), (5, 1), (1, 1)]


def test_other_shapes_are_other_calls():
    wide = {"x": np.zeros((1, 2), np.float32)}
    calls, answers = answers_of(rows(1), wide, rows(2))
    assert calls == [(1, 1), (2, 1), (1, 2)]
    assert answers[1]["y"].shape == (1, 2)


def test_an_error_spares_the_others():
    calls, answers = answers_of(rows(1), rows(13), rows(2))
    assert calls == [(1, 1), (3, 1), (1, 1), (1, 1), (1, 1)]
    assert isinstance(answers[1], ValueError)
    assert [answers[at]["y"].tolist() for at in (0, 2)] == [[[2]], [[4]]]


def test_whoever_left_is_not_computed():
    async def run():
        recorder = Recorder()
        batcher = Batcher(recorder)
        first, (gone, there) = await while_the_first_runs(recorder, batcher, rows(1), rows(2))
        gone.cancel()
        await asyncio.sleep(0)
        recorder.go_on.set()
        await first
        assert (await there)["y"].tolist() == [[4]]
        batcher.close()
        return recorder.calls

    assert asyncio.run(run()) == [(1, 1), (1, 1)]


@pytest.mark.parametrize("name", ["conditional_gan_fashion_mnist", "cut_emoji"])
def test_the_answers_are_those_of_a_call_alone(name):
    model = runtime.load(name)
    fields = model.input_signature
    asked = [
        {each: field.examples(n, n, (64, 64)) for each, field in fields.items()} for n in (1, 3, 2)
    ]

    async def run():
        batcher = Batcher(model)
        made = await asyncio.gather(*(batcher.submit(inputs, 64) for inputs in asked))
        batcher.close()
        return made

    for inputs, made in zip(asked, asyncio.run(run()), strict=True):
        for output, expected in model(inputs).items():
            np.testing.assert_allclose(made[output], expected, atol=1e-5)
