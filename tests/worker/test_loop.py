"""When a job has its next turn."""

import asyncio
from collections import Counter

import pytest

from troth.actions.engine import Engine
from troth.actions.progress import Progress
from troth.worker.loop import Worker

pytestmark = pytest.mark.anyio

SOON_SECONDS = 10.0
LONG_SECONDS = 3600.0


async def test_a_job_that_rests_is_left_alone_until_it_is_woken(engine: Engine) -> None:
    runs: Counter[str] = Counter()
    came_round, woken = asyncio.Event(), asyncio.Event()

    async def resting(_: Engine) -> Progress:
        runs["resting"] += 1
        if runs["resting"] == 4:
            woken.set()
        return Progress(1, more=runs["resting"] < 3, rest_seconds=LONG_SECONDS)

    async def usual(_: Engine) -> Progress:
        runs["usual"] += 1
        if runs["usual"] == 3:
            came_round.set()
        return Progress(0, more=False)

    worker = Worker(engine, {"resting": resting, "usual": usual})
    running = asyncio.create_task(worker.run())
    async with asyncio.timeout(SOON_SECONDS):
        await came_round.wait()
        assert runs == {"resting": 3, "usual": 3}
        worker.wake("resting")
        await woken.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_as_many_batches_of_a_job_are_under_way_as_are_allowed(engine: Engine) -> None:
    under_way = 0
    both, released = asyncio.Event(), asyncio.Event()

    async def slow(_: Engine) -> Progress:
        nonlocal under_way
        under_way += 1
        if under_way == 2:
            both.set()
        await released.wait()
        return Progress(0, more=False)

    running = asyncio.create_task(Worker(engine, {"slow": slow}, {"slow": 2}).run())
    async with asyncio.timeout(SOON_SECONDS):
        await both.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
