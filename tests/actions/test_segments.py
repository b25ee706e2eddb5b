"""Segments that follow time: settled each midnight, once, whoever does it and however late (domain 9, 16)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from tests.clocks import set_clock
from tests.conftest import TestProject, client_of, make_project
from tests.http.clubs import new_club
from tests.http.definitions import refused
from tests.http.segments import asking, entered, people, segment

from troth.actions.engine import Engine
from troth.actions.segments import next_due, settle_due
from troth.actions.triggers import Round
from troth.core.triggers import WaitingTrigger
from troth.db.database import Unit
from troth.http.door import Door

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
NOON = datetime(2027, 3, 27, 11, tzinfo=UTC)
# Midnights in Warsaw, which loses an hour on the 28th.
MIDNIGHTS = [datetime(2027, 3, 27, 23, tzinfo=UTC) + DAY * n - timedelta(hours=n > 0) for n in range(40)]


@pytest.fixture
async def project(engine: Engine) -> TestProject:
    made = await make_project(engine, time_zone="Europe/Warsaw", sandbox=True)
    await set_clock(engine, made.id, NOON)
    return made


@pytest.fixture
async def client(door: Door, project: TestProject) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(door, project.headers) as opened:
        yield opened


async def member(client: httpx.AsyncClient, **given: object) -> str:
    club = await new_club(client)
    customer_id = await club.customer(**given)
    assert (await client.post(club.members, json={"customer_id": customer_id})).status_code == 200
    return customer_id


async def due(engine: Engine, project_id: str) -> datetime | None:
    async with engine.database.connection() as connection:
        return await next_due(engine, connection, project_id)


async def wake_up(engine: Engine, project_id: str, moment: datetime) -> None:
    """Let a project find itself at an instant, with the work of all nights before it to be done."""
    async with engine.database.connection() as connection:
        await connection.execute("UPDATE projects SET clock_at = $2 WHERE id = $1", project_id, moment)


async def settled(engine: Engine, project_id: str, until: datetime) -> list[datetime]:
    """Settle all midnights that are due by an instant, and return them."""
    done = []
    while (midnight := await due(engine, project_id)) and midnight <= until:
        done.append(midnight)
        assert (await settle_due(engine, project_id, until)).done
    assert (await settle_due(engine, project_id, until)).done == 0
    return done


@asynccontextmanager
async def worker(engine: Engine) -> AsyncIterator[list[WaitingTrigger]]:
    """Work triggers off meanwhile, as a clock that moves waits for, and yield those that were."""
    seen: list[WaitingTrigger] = []

    async def look(_engine: Engine, _unit: Unit, waiting: Sequence[WaitingTrigger]) -> None:
        seen.extend(waiting)

    async def run() -> None:
        round_ = Round(look)
        while True:
            await round_.work_off(engine)
            await asyncio.sleep(0)

    running = asyncio.create_task(run())
    try:
        yield seen
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_time_takes_customers_in_and_out_at_midnight(
    engine: Engine, project: TestProject, client: httpx.AsyncClient
) -> None:
    ada = await member(client)
    assert await due(engine, project.id) is None
    week = {"$more_than": [2], "$less_than": [4]}
    fresh = await segment(client, {"junction": "and", "created_at": {"conditions": week}})
    quiet = await segment(client, asking("created_at", "$more_than", 2), kind="passive")
    then = await segment(client, asking("created_at", "$before", "2027-04-01"), kind="passive")
    assert await due(engine, project.id) == MIDNIGHTS[0]
    members = {}
    async with worker(engine) as seen:
        for number, midnight in enumerate(MIDNIGHTS[:6]):
            await set_clock(engine, project.id, midnight)
            assert await due(engine, project.id) == MIDNIGHTS[number + 1]
            members[number] = [bool(await people(client, one)) for one in (fresh, quiet, then)]
    assert members == {
        0: [False, False, True],
        1: [False, False, True],
        2: [True, True, True],  # two days and eleven hours after the noon
        3: [True, True, True],
        4: [False, True, True],
        5: [False, True, True],
    }
    triggers = [(one.subject_id, one.occurred_at) for one in seen if one.project_id == project.id]
    assert triggers == [(fresh, MIDNIGHTS[2])]
    async with engine.database.connection() as connection:
        since = await connection.fetchval("SELECT created_at FROM segment_customers WHERE segment_id = $1", quiet)
    assert since == MIDNIGHTS[2]
    assert await people(client, then) == {ada}


async def test_nights_that_were_missed_are_made_up_for_one_by_one(
    engine: Engine, project: TestProject, client: httpx.AsyncClient
) -> None:
    await member(client)
    fresh = await segment(
        client, {"junction": "and", "created_at": {"conditions": {"$more_than": [2], "$less_than": [4]}}}
    )
    late = MIDNIGHTS[35] + timedelta(hours=7)
    await wake_up(engine, project.id, late)
    assert await settled(engine, project.id, late) == MIDNIGHTS[:36]
    assert await people(client, fresh) == set()
    assert await entered(engine, project.id) == [fresh], "it was in it for two days"
    assert await due(engine, project.id) == MIDNIGHTS[36]


async def test_a_clock_that_moves_brings_midnights(
    engine: Engine, project: TestProject, client: httpx.AsyncClient
) -> None:
    ada = await member(client)
    old, new = [await segment(client, asking("created_at", one, 9)) for one in ("$more_than", "$less_than")]
    async with worker(engine) as seen:
        for number, expected in ((8, [set(), {ada}]), (9, [{ada}, set()]), (30, [{ada}, set()])):
            answer = await client.put("/v1/clock", json={"now": MIDNIGHTS[number].isoformat()})
            assert answer.status_code == 200, answer.text
            assert [await people(client, one) for one in (old, new)] == expected
    triggers = [(one.subject_id, one.occurred_at) for one in seen if one.project_id == project.id]
    assert triggers == [(old, MIDNIGHTS[9])]


async def test_whoever_changed_since_is_left_to_that_change(
    engine: Engine, project: TestProject, client: httpx.AsyncClient
) -> None:
    ada, eve = await member(client), await member(client)
    old = await segment(client, asking("created_at", "$more_than", 2))
    morning = MIDNIGHTS[2] + timedelta(hours=7)
    await wake_up(engine, project.id, morning)
    await client.put(f"/v1/customers/{ada}", json={"name": "Ada"})
    made_since = await segment(client, asking("created_at", "$more_than", 2))
    assert await people(client, old) == {ada}
    assert await people(client, made_since) == {ada, eve}
    assert await settled(engine, project.id, morning) == MIDNIGHTS[:3]
    assert await people(client, old) == await people(client, made_since) == {ada, eve}
    assert await entered(engine, project.id) == [old, old]


async def test_workers_at_once_settle_a_midnight_once(
    engine: Engine, project: TestProject, client: httpx.AsyncClient
) -> None:
    club = await new_club(client)
    ids = [(await club.enrolled())["customer_id"] for _ in range(20)]
    segments = [await segment(client, asking("created_at", "$more_than", days)) for days in (1, 2)]
    await wake_up(engine, project.id, MIDNIGHTS[3])
    while (midnight := await due(engine, project.id)) and midnight <= MIDNIGHTS[3]:
        await asyncio.gather(*(settle_due(engine, project.id, MIDNIGHTS[3]) for _ in range(4)))
    assert [await people(client, one) for one in segments] == [set(ids)] * 2
    assert sorted(await entered(engine, project.id)) == sorted(segments * 20)


async def test_another_time_zone_moves_the_days_that_filters_mean(
    engine: Engine, project: TestProject, client: httpx.AsyncClient
) -> None:
    ada = (await client.post("/v1/customers", json={"birthday": "1990-05-01"})).json()["id"]
    today = await segment(client, asking("created_at", "$is", "2027-03-27"))
    born = await segment(client, asking("birthday", "$before", "1990-05-01T00:00:00Z"))
    follows = await segment(client, asking("created_at", "$is_days_ago", 0))
    assert [await people(client, one) for one in (today, born, follows)] == [{ada}] * 3
    answer = await client.put("/v1/project", json={"time_zone": "Pacific/Auckland"})
    assert answer.json()["time_zone"] == "Pacific/Auckland"
    assert await people(client, today) == set(), "there it is the 28th already"
    assert [await people(client, one) for one in (born, follows)] == [{ada}] * 2
    assert await due(engine, project.id) == datetime(2027, 3, 28, 11, tzinfo=UTC)
    async with engine.database.connection() as connection:
        night = await connection.fetchval("SELECT night_at FROM daily_work WHERE project_id = $1", project.id)
    assert night == await due(engine, project.id)
    await member(client)
    refused(await client.put("/v1/project", json={"time_zone": "UTC"}), 400, "invalid_payload")
    assert await entered(engine, project.id) == []
