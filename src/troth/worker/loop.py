"""The worker: wakes jobs when there is something to do, and looks for itself, twice a second if they say no other."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

from troth.actions.engine import Engine
from troth.actions.progress import Progress

Job = Callable[[Engine], Awaitable[Progress]]

PAUSE_SECONDS: Final = 0.5
"""How long a job with nothing to do waits for a wake-up, before it looks for what other processes left it.

A job may say of itself that it can rest longer.
"""

LONGEST_PAUSE_SECONDS: Final = 30.0

log = structlog.get_logger()


class Worker:
    """Runs each job by itself, one batch after the other, or as many at once as `at_once` says of it.

    A job claims its rows, does its work and says so in one transaction, so that a killed worker leaves nothing half,
    and any number of workers may share a database.
    """

    def __init__(self, engine: Engine, jobs: Mapping[str, Job], at_once: Mapping[str, int] | None = None) -> None:
        self._engine = engine
        self._jobs = jobs
        self._at_once = at_once or {}
        self._wakers = {name: asyncio.Event() for name in jobs}

    def wake(self, job: str) -> None:
        """Tell a job that there is something to do."""
        self._wakers[job].set()

    async def run(self) -> None:
        """Run all jobs until cancelled."""
        async with asyncio.TaskGroup() as group:
            for name, job in self._jobs.items():
                for _ in range(self._at_once.get(name, 1)):
                    group.create_task(self._run(name, job), name=f"job {name}")

    async def _run(self, name: str, job: Job) -> None:
        failures = 0
        while True:
            self._wakers[name].clear()
            try:
                progress = await job(self._engine)
            except Exception:
                failures += 1
                log.exception("job.failed", job=name, failures=failures)
                await asyncio.sleep(min(PAUSE_SECONDS * 2**failures, LONGEST_PAUSE_SECONDS))
                continue
            failures = 0
            if not progress.more:
                await self._wait(name, progress.rest_seconds or PAUSE_SECONDS)

    async def _wait(self, name: str, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wakers[name].wait()
        except TimeoutError:
            return
