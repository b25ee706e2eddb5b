"""The work of midnights: on time or late, by one worker or several, for clocks that follow the wall (domain 16)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.clocks import set_clock
from tests.conftest import make_project
from tests.nights import AT_ONCE, Nights, nights_database, nights_on

from troth.actions.clock import get_clock
from troth.actions.daily import Advance, advance, work_off
from troth.actions.engine import Engine
from troth.core.clock import midnight_from, next_midnight

pytestmark = pytest.mark.anyio

ZONE = ZoneInfo("Europe/Warsaw")
START = datetime(2027, 3, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
DUE = [START + DAY * day + HOUR * hour for day, hour in ((0, 3), (0, 11), (1, 0), (7, 10), (7, 11), (8, 10), (25, 5))]
"""The eighth night ends a day of 23 hours."""

DONE = [(due, midnight_from(due, ZONE)) for due in DUE]


@pytest.fixture(scope="module")
async def url(server_url: str) -> AsyncIterator[str]:
    async with nights_database(server_url) as made:
        yield made


@pytest.fixture
async def nights(url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Nights]:
    async with nights_on(url, monkeypatch) as opened:
        opened.wall.move_to(START)
        yield opened


async def made(nights: Nights, *, sandbox: bool = False) -> str:
    return (await make_project(nights.engine, time_zone=str(ZONE), sandbox=sandbox)).id


def another(nights: Nights) -> Engine:
    """The same database as another process sees it."""
    return Engine(nights.engine.database, nights.wall, nights.engine.identifiers)


@pytest.mark.parametrize("hours", [1, 6, 24, 7 * 24, 31 * 24])
@pytest.mark.parametrize("sandbox", [False, True])
async def test_downtime_is_caught_up_as_if_every_night_had_been_on_time(
    nights: Nights, hours: int, *, sandbox: bool
) -> None:
    """What is done carries the midnight that it was due at, however late it is done."""
    project_id = await made(nights, sandbox=sandbox)
    await nights.fall_due(project_id, DUE)
    for passed in range(hours, 31 * 24 + 1, hours):
        await nights.wall_at(START + HOUR * passed)
        assert await nights.record(project_id) == [(due, at if at <= nights.wall.now() else None) for due, at in DONE]
    assert await nights.record(project_id) == DONE
    clock, wall = await get_clock(nights.engine, project_id)
    assert (clock.night_at, clock.stands_at) == (next_midnight(wall, ZONE), None)


async def test_nights_that_bring_nothing_are_passed_over(nights: Nights) -> None:
    project_id = await made(nights)
    await nights.fall_due(project_id, [START + 3000 * DAY])
    nights.wall.move_to(START + 3001 * DAY)
    assert await nights.worked_off() == 3, "to the night that brings something, its work, to the present"
    assert len(await nights.record(project_id)) == 1
    assert await nights.worked_off() == 0


async def test_a_worker_wakes_for_a_project_at_its_midnight_and_not_before(nights: Nights) -> None:
    project_id = await made(nights)
    first = next_midnight(START, ZONE)
    await nights.wall_at(first - timedelta(milliseconds=1))
    assert await nights.worked_off() == 0
    await nights.fall_due(project_id, [START])
    await nights.wall_at(first)
    assert await nights.record(project_id) == [(START, first)]


async def test_workers_share_a_night_and_none_passes_it_before_all_is_done(nights: Nights) -> None:
    """While one holds the last of a night, the others find nothing to do and leave the next night alone."""
    project_id = await made(nights)
    first, second = next_midnight(START, ZONE), next_midnight(START + DAY, ZONE)
    await nights.fall_due(project_id, [first] * 5 * AT_ONCE + [second])
    nights.wall.move_to(second)
    async with nights.engine.database.connection() as connection:
        async with connection.transaction():
            await connection.execute(
                "SELECT FROM falling_due WHERE ctid IN (SELECT ctid FROM falling_due LIMIT 2) FOR UPDATE"
            )
            workers = [nights.engine, another(nights), another(nights)]
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(settled(one, project_id)) for one in workers]
            assert {task.result() for task in tasks} == {Advance.OTHERS}
            left = [due for due, done in await nights.record(project_id) if done is None]
            assert left == [first, first, second]
            clock, _ = await get_clock(nights.engine, project_id)
            assert clock.night_at == first
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(settled(one, project_id)) for one in workers]
    assert Advance.OVER in {task.result() for task in tasks}
    assert await nights.record(project_id) == [(first, first)] * 5 * AT_ONCE + [(second, second)]


async def settled(engine: Engine, project_id: str) -> Advance:
    """Get a project on as far as one worker can."""
    while (came := await advance(engine, project_id)) is Advance.DONE:
        pass
    return came


async def test_a_project_that_others_are_at_is_left_to_them_for_a_moment(nights: Nights) -> None:
    project_id = await made(nights)
    first = next_midnight(START, ZONE)
    await nights.fall_due(project_id, [first])
    nights.wall.move_to(first)
    async with nights.engine.database.connection() as connection, connection.transaction():
        await connection.execute("SELECT FROM falling_due FOR UPDATE")
        assert await nights.worked_off() == 1, "to find that it is taken"
    assert await nights.worked_off() == 0
    nights.wall.move(1)
    assert await nights.worked_off() > 0
    assert await nights.record(project_id) == [(first, first)]


async def test_projects_take_turns(nights: Nights) -> None:
    projects = [await made(nights) for _ in range(3)]
    first = next_midnight(START, ZONE)
    turns: list[str] = []
    nights.before = lambda project_id, _: turns.append(project_id)
    for one in projects:
        await nights.fall_due(one, [first] * 3 * AT_ONCE)
    nights.wall.move_to(first)
    for _ in range(9):
        nights.wall.move(0.001)
        await work_off(nights.engine)
    assert sorted(turns[:3]) == sorted(turns[3:6]) == sorted(turns[6:]) == sorted(projects)


async def test_a_project_that_fails_keeps_no_other_waiting_and_is_tried_again_later(nights: Nights) -> None:
    broken, whole = await made(nights), await made(nights)
    first = next_midnight(START, ZONE)
    tries: list[datetime] = []

    def before(project_id: str, _: datetime) -> None:
        if project_id == broken:
            tries.append(nights.wall.now())
            if len(tries) < 4:
                raise ValueError("broken")

    nights.before = before
    for one in (broken, whole):
        await nights.fall_due(one, [first])
    await nights.wall_at(first)
    assert (await nights.record(broken), await nights.record(whole)) == ([(first, None)], [(first, first)])
    for seconds in range(1, 20):
        await nights.wall_at(first + timedelta(seconds=seconds))
    assert [(one - first).seconds for one in tries] == [0, 2, 6, 14]
    assert await nights.record(broken) == [(first, first)]


async def test_a_clock_that_stands_has_no_nights(nights: Nights) -> None:
    project_id = await made(nights, sandbox=True)
    later = START + 2 * DAY
    await set_clock(nights.engine, project_id, later)
    await nights.fall_due(project_id, [later + DAY])
    await nights.wall_at(START + 10 * DAY)
    assert await nights.record(project_id) == [(later + DAY, None)]
    await set_clock(nights.engine, project_id, later + 3 * DAY)
    assert await nights.record(project_id) == [(later + DAY, next_midnight(later + DAY, ZONE))]
