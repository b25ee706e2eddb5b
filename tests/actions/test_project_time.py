"""What time it is in a project, and that a transaction has one time (domain 2)."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from tests.clocks import set_clock
from tests.conftest import TestProject, make_project
from tests.polling import until_async

from troth.actions.engine import Engine
from troth.actions.project_time import (
    get_project_time,
    project_now,
    project_nows,
    read_project_now,
)
from troth.db.database import Unit

pytestmark = pytest.mark.anyio

THEN = datetime(2033, 3, 27, 0, 30, tzinfo=UTC)
STEP = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
SET = "UPDATE projects SET clock_at = $2 WHERE id = $1"
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND mode = $1"


@pytest.fixture
async def sandbox(engine: Engine) -> TestProject:
    return await make_project(engine, sandbox=True, time_zone="Europe/Warsaw")


async def now_in(engine: Engine, project_id: str) -> datetime:
    async def attempt(unit: Unit) -> datetime:
        return await project_now(engine, unit.connection, project_id)

    return await engine.database.transact(attempt)


async def waits(engine: Engine, mode: str) -> None:
    """Return once a transaction waits for a clock."""

    async def condition() -> bool:
        async with engine.database.connection() as connection:
            return bool(await connection.fetchval(WAITING, mode))

    await until_async(condition, within_seconds=60)


async def test_clocks_that_were_never_moved_follow_the_wall(
    engine: Engine, project: TestProject, sandbox: TestProject
) -> None:
    for one in (project, sandbox):
        before = engine.clock.now()
        times = [await now_in(engine, one.id), (await get_project_time(engine, one.id)).now]
        async with engine.database.connection() as connection:
            times.append(await read_project_now(engine, connection, one.id))
        assert [before, *times, engine.clock.now()] == sorted([before, *times, engine.clock.now()])


async def test_a_moved_clock_stands_still(engine: Engine, sandbox: TestProject) -> None:
    await set_clock(engine, sandbox.id, THEN)
    async with engine.database.connection() as connection:
        assert await read_project_now(engine, connection, sandbox.id) == THEN
    assert await now_in(engine, sandbox.id) == await now_in(engine, sandbox.id) == THEN
    time = await get_project_time(engine, sandbox.id)
    assert (time.now, time.zone.key) == (THEN, "Europe/Warsaw")


async def test_a_live_project_costs_no_query(engine: Engine, project: TestProject) -> None:
    await now_in(engine, project.id)
    asked: list[str] = []
    async with engine.database.connection() as connection:
        with connection.query_logger(lambda record: asked.append(record.query)):
            await project_now(engine, connection, project.id)
            await read_project_now(engine, connection, project.id)
            assert asked == []


async def test_a_live_project_has_no_clock_to_move(engine: Engine, project: TestProject) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="projects_only_sandbox_clocks_stand"):
        async with engine.database.connection() as connection:
            await connection.execute(SET, project.id, THEN)


async def test_each_project_has_its_own_time(engine: Engine, project: TestProject, sandbox: TestProject) -> None:
    other = await make_project(engine, sandbox=True)
    await set_clock(engine, sandbox.id, THEN)
    await set_clock(engine, other.id, THEN + timedelta(days=1))
    ids = [other.id, project.id, sandbox.id, other.id]

    async def attempt(unit: Unit) -> dict[str, datetime]:
        return await project_nows(engine, unit.connection, ids)

    times = await engine.database.transact(attempt)
    assert times.keys() == set(ids)
    assert (times[sandbox.id], times[other.id]) == (THEN, THEN + timedelta(days=1))
    assert times[project.id] <= engine.clock.now()


async def test_a_writer_waits_for_a_step_and_sees_the_time_after_it(engine: Engine, sandbox: TestProject) -> None:
    await set_clock(engine, sandbox.id, THEN)
    later = THEN + timedelta(days=1)
    async with engine.database.connection() as connection, asyncio.TaskGroup() as group, connection.transaction():
        await connection.execute(STEP, sandbox.id)
        await connection.execute(SET, sandbox.id, later)
        writer = group.create_task(now_in(engine, sandbox.id))
        await waits(engine, "ShareLock")
        assert (await get_project_time(engine, sandbox.id)).now == THEN
    assert writer.result() == later


async def test_a_step_waits_for_writers_and_each_sees_one_time(engine: Engine, sandbox: TestProject) -> None:
    await set_clock(engine, sandbox.id, THEN)
    times: list[datetime] = []

    async with asyncio.TaskGroup() as group:

        async def attempt(unit: Unit) -> None:
            times.append(await project_now(engine, unit.connection, sandbox.id))
            group.create_task(set_clock(engine, sandbox.id, THEN + timedelta(days=1)))
            await waits(engine, "ExclusiveLock")
            times.append(await project_now(engine, unit.connection, sandbox.id))

        await engine.database.transact(attempt)
    assert times == [THEN, THEN]
    assert await now_in(engine, sandbox.id) == THEN + timedelta(days=1)


async def test_a_clock_keeps_no_other_project_waiting(engine: Engine, sandbox: TestProject) -> None:
    other = await make_project(engine, sandbox=True)
    async with engine.database.connection() as connection, connection.transaction():
        await connection.execute(STEP, sandbox.id)
        async with asyncio.timeout(10):
            await now_in(engine, other.id)
