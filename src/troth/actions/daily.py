"""The work that each midnight of a project brings, and the steps of a clock that passes midnights (domain 16).

One machine does both. Work is done a batch at a time, by any number of workers at once; when nothing is left that was
due by a midnight, the next one has its turn, or a moving clock goes on to it. Where it is stands in the database after
every commit, so that a killed worker leaves a whole step and others go on from there.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final, NamedTuple

import structlog
from prometheus_client import Counter

from troth.actions import segments, settling
from troth.actions.backlog import WAITED_FOR_FAILURES, WORK
from troth.actions.engine import Engine
from troth.actions.progress import Progress
from troth.core.clock import ProjectClock, advanced
from troth.core.configuration import timestamp
from troth.core.retries import pause_after
from troth.db import async_actions, clock, daily_work
from troth.db.daily_work import Claimed
from troth.db.database import Connection, Unit

DAILY_WORK: Final = "daily_work"
OTHERS_PAUSE: Final = timedelta(milliseconds=200)
"""How long a worker leaves a project to others who are at the last of its work."""

failed = Counter("troth_daily_work_failures_total", "Batches of a midnight's work, or steps of a clock, that failed.")

log = structlog.get_logger()


class DailyJob(NamedTuple):
    """One kind of work that midnights bring.

    `next_due` answers, from an index, at which instant the first of it is due that is not done, None if there is none;
    also one that others are about to do. `work` does a batch of what is due by an instant, passing over what others are
    at. It is for `work` to book each thing for the instant at which it was due.
    """

    next_due: Callable[[Engine, Connection, str], Awaitable[datetime | None]]
    work: Callable[[Engine, str, datetime], Awaitable[Progress]]


DAILY_JOBS: Final[Sequence[DailyJob]] = (
    DailyJob(settling.next_due, settling.settle_due),
    DailyJob(segments.next_due, segments.settle_due),
)
"""All of them, in the order in which a midnight does them."""


class Advance(Enum):
    """What came of a try to get a project on."""

    DONE = auto()
    """Something: try again at once."""

    OTHERS = auto()
    """Nothing, as others are at what is left to do, or it has failed and is tried again later."""

    OVER = auto()
    """Nothing, as there is nothing to do."""


async def advance(engine: Engine, project_id: str) -> Advance:
    """Do a batch of what is due in a project; where all is done, go on to the next midnight that brings work.

    A clock that moves leaves nothing behind: what was recorded, taken on or bought up to where it stands is worked off
    before it goes on.
    """

    async def look(connection: Connection) -> tuple[DailyJob, datetime] | None:
        until = (await clock.find(connection, project_id)).work_until(engine.clock.now())
        for job in DAILY_JOBS if until else ():
            due = await job.next_due(engine, connection, project_id)
            if until and due and due <= until:
                return job, until
        return None

    if waiting := await engine.database.read(look):
        job, until = waiting
        progress = await job.work(engine, project_id, until)
        return Advance.DONE if progress.done else Advance.OTHERS
    came = await engine.database.transact(lambda unit: _step(engine, unit, project_id))
    if isinstance(came, Advance):
        return came
    for name in came:
        if (await WORK[name](engine, project_id)).done:
            return Advance.DONE
    return Advance.OTHERS


async def _step(engine: Engine, unit: Unit, project_id: str) -> Advance | Sequence[str]:
    """Go on to the next midnight that brings work; where something waits before it, return the jobs that do it."""
    present = await clock.lock(unit, project_id)
    if present.moving_to:
        await clock.stop_writers(unit, project_id)
        if waiting := await clock.waiting(unit.connection, project_id, WAITED_FOR_FAILURES):
            return waiting
    wall = engine.clock.now()
    if present.work_until(wall) is None:
        return Advance.OVER
    due = [await job.next_due(engine, unit.connection, project_id) for job in DAILY_JOBS]
    after = advanced(present, min(filter(None, due), default=None), wall)
    if after == present:
        return Advance.OTHERS
    await save(engine, unit, project_id, after)
    if present.async_action_id and after.moving_to is None:
        await _tell(engine, unit, project_id, present.async_action_id, after.now(wall))
    return Advance.DONE


async def save(engine: Engine, unit: Unit, project_id: str, after: ProjectClock) -> None:
    """Save a clock, and when workers look at it: at once while it moves, never while it stands, else at midnight."""
    wall = engine.clock.now()
    at_rest = None if after.stands_at else max(after.night_at, wall)
    await clock.save(unit, project_id, after, wall if after.moving_to else at_rest)


async def _tell(engine: Engine, unit: Unit, project_id: str, async_action_id: str, now: datetime) -> None:
    action = await async_actions.lock(unit, project_id, async_action_id)
    result = {"message": f"The clock stands at {timestamp(now)}"}
    await async_actions.save(
        unit, project_id, replace(action, status="DONE", result=result, updated_at=engine.clock.now())
    )


async def work_off(engine: Engine) -> Progress:
    """Get a project on whose midnight has come or whose clock is on its way, the longest waiting first.

    What fails is put off, longer each time, and keeps no other project waiting.
    """
    wall = engine.clock.now()
    claimed = await engine.database.transact(lambda unit: daily_work.claim(unit, wall))
    if claimed is None:
        return Progress(0, more=False)
    try:
        came = await advance(engine, claimed.project_id)
    except Exception:
        failed.inc()
        log.exception("daily_work.failed", project_id=claimed.project_id, failures=claimed.failures + 1)
        claimed = claimed._replace(failures=claimed.failures + 1)
        await _put_off(engine, claimed, pause_after(claimed.failures))
    else:
        if came is Advance.OTHERS:
            await _put_off(engine, claimed, OTHERS_PAUSE)
    return Progress(1, more=True)


async def _put_off(engine: Engine, claimed: Claimed, pause: timedelta) -> None:
    try_at = engine.clock.now() + pause
    await engine.database.transact(lambda unit: daily_work.put_off(unit, claimed, try_at))
