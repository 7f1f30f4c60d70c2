"""Dynamic batching: requests that wait together are answered by one call of a model."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

Arrays = dict[str, np.ndarray]


@dataclasses.dataclass
class _Job:
    """One request: its inputs, how many rows a call for it may have, and where its answer goes."""

    inputs: Arrays
    most_rows: int
    answer: asyncio.Future[Arrays]

    def __post_init__(self):
        self.rows = len(next(iter(self.inputs.values())))
        # Inputs can be joined if they differ in the number of rows alone.
        self.kind = [(name, each.dtype, each.shape[1:]) for name, each in self.inputs.items()]


class Batcher:
    """Answers requests by calls of `run` in a thread, one after the other.

    While a call runs, requests gather; the next call takes all that fit together. Nobody waits for
    others to come, so a lone request is as fast as without batching.

    Args:
        run: gives the outputs by name, one row per row of the inputs by name.
    """

    def __init__(self, run: Callable[[Arrays], Arrays]):
        self._run = run
        self._waiting: collections.deque[_Job] = collections.deque()
        self._thread = ThreadPoolExecutor(1)
        self._calls: asyncio.Task[None] | None = None

    async def submit(self, inputs: Arrays, most_rows: int) -> Arrays:
        """The outputs by name for these inputs, which are of one length.

        `most_rows` bounds the call in which they are answered, if others join them.

        Raises:
            Exception: what `run` raises for these inputs alone.
        """
        loop = asyncio.get_running_loop()
        job = _Job(inputs, most_rows, loop.create_future())
        self._waiting.append(job)
        if self._calls is None or self._calls.done():
            self._calls = loop.create_task(self._call_on())
        return await job.answer

    def close(self) -> None:
        """End the thread, after its call."""
        self._thread.shutdown()

    async def _call_on(self) -> None:
        """Call until nobody waits."""
        await asyncio.sleep(0)  # requests that arrived in the same moment come first
        loop = asyncio.get_running_loop()
        while self._waiting:
            jobs = self._next()
            answers = await loop.run_in_executor(self._thread, self._answers, jobs)
            for job, answer in zip(jobs, answers, strict=True):
                if job.answer.done():  # its deadline passed
                    continue
                if isinstance(answer, Exception):
                    job.answer.set_exception(answer)
                else:
                    job.answer.set_result(answer)

    def _next(self) -> list[_Job]:
        """The oldest request and those that can join it; empty if none waits any more."""
        jobs: list[_Job] = []
        left: collections.deque[_Job] = collections.deque()
        rows = 0
        for job in self._waiting:
            if job.answer.done():
                continue
            fits = not jobs or (job.kind == jobs[0].kind and rows + job.rows <= jobs[0].most_rows)
            (jobs if fits else left).append(job)
            rows += job.rows * fits
        self._waiting = left
        return jobs

    def _answers(self, jobs: list[_Job]) -> list[Arrays | Exception]:
        """The outputs or the error of each request; an error of one spares the others."""
        try:
            return self._together(jobs)
        except Exception as error:
            if len(jobs) == 1:
                return [error]
            return [answer for job in jobs for answer in self._answers([job])]

    def _together(self, jobs: list[_Job]) -> list[Arrays | Exception]:
        if not jobs:
            return []
        if len(jobs) == 1:
            return [self._run(jobs[0].inputs)]
        names = jobs[0].inputs
        made = self._run(
            {name: np.concatenate([job.inputs[name] for job in jobs]) for name in names}
        )
        ends = np.cumsum([job.rows for job in jobs])
        return [
            {name: rows[end - job.rows : end] for name, rows in made.items()}
            for job, end in zip(jobs, ends.tolist(), strict=True)
        ]
