"""The test clock: read by everybody, moved in sandboxes, midnight by midnight (domain 16)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project
from tests.http.definitions import refused
from tests.http.members import club, enrolled
from tests.nights import AT_ONCE, Nights, nights_database, nights_on

from troth.actions.clock import ANSWER_WITHIN_SECONDS
from troth.core.clock import midnight_from
from troth.core.configuration import instant, timestamp
from troth.core.triggers import segment_entered
from troth.db import triggers
from troth.http.app import application, document
from troth.http.door import Door
from troth.hub.app import pages

pytestmark = pytest.mark.anyio

START = datetime(2027, 3, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CLOCK = "/v1/clock"
WARSAW = ZoneInfo("Europe/Warsaw")


@dataclass
class Sandbox:
    """A sandbox in Warsaw at `START`, its client and the door that serves it."""

    nights: Nights
    door: Door
    project: TestProject
    client: httpx.AsyncClient

    async def shown(self) -> dict[str, Any]:
        answer = await self.client.get(CLOCK)
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def put(self, moment: datetime | str) -> httpx.Response:
        return await self.client.put(CLOCK, json={"now": moment if isinstance(moment, str) else timestamp(moment)})

    async def moved(self, moment: datetime) -> dict[str, Any]:
        answer = await self.put(moment)
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        assert shown == await self.shown()
        return shown


@pytest.fixture(scope="module")
async def url(server_url: str) -> AsyncIterator[str]:
    async with nights_database(server_url) as made:
        yield made


@pytest.fixture
async def sandbox(url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    async with nights_on(url, monkeypatch) as nights:
        nights.wall.move_to(START)
        project = await make_project(nights.engine, sandbox=True, time_zone="Europe/Warsaw")
        door = application(nights.engine, pages(document))
        async with client_of(door, project.headers) as client:
            yield Sandbox(nights, door, project, client)


def clock(now: datetime, **given: Any) -> dict[str, Any]:
    return {
        "now": timestamp(now),
        "follows_wall": False,
        "time_zone": "Europe/Warsaw",
        "sandbox": True,
        "moving_to": None,
        "async_action_id": None,
        "object": "clock",
        **given,
    }


async def test_a_sandboxs_clock_follows_the_wall_until_it_is_moved_and_then_stands(sandbox: Sandbox) -> None:
    assert await sandbox.shown() == clock(START, follows_wall=True)
    sandbox.nights.wall.move(5)
    assert (await sandbox.shown())["now"] == timestamp(START + timedelta(seconds=5))
    assert await sandbox.moved(START + DAY) == clock(START + DAY)
    sandbox.nights.wall.move(500_000)
    assert await sandbox.shown() == clock(START + DAY)


async def test_the_same_instant_again_changes_nothing(sandbox: Sandbox) -> None:
    assert await sandbox.moved(START) == await sandbox.moved(START) == clock(START)


async def test_instants_are_read_in_any_offset_and_cut_to_milliseconds(sandbox: Sandbox) -> None:
    answer = await sandbox.put("2027-03-21T01:00:00.9999+01:00")
    assert answer.json()["now"] == "2027-03-21T00:00:00.999Z"


async def test_the_clock_of_one_project_moves_no_other(sandbox: Sandbox) -> None:
    other = await make_project(sandbox.nights.engine, sandbox=True)
    await sandbox.moved(START + DAY)
    async with client_of(sandbox.door, other.headers) as client:
        shown = (await client.get(CLOCK)).json()
    assert (shown["now"], shown["follows_wall"]) == (timestamp(START), True)


async def test_a_live_projects_clock_is_the_walls(sandbox: Sandbox) -> None:
    live = await make_project(sandbox.nights.engine)
    async with client_of(sandbox.door, live.headers) as client:
        words = refused(await client.put(CLOCK, json={"now": timestamp(START + DAY)}), 403, "forbidden")["details"]
        assert words == "A live project's clock follows the wall; only a sandbox's can be moved"
        shown = (await client.get(CLOCK)).json()
    assert shown == clock(START, follows_wall=True, sandbox=False, time_zone="UTC")


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (START - HOUR, "now: must be from 2027-03-20T12:00:00.000Z, the present, to 2037-03-20T12:00:00.000Z"),
        (START + 3654 * DAY, "now: must be from 2027-03-20T12:00:00.000Z, the present, to 2037-03-20T12:00:00.000Z"),
    ],
)
async def test_a_clock_goes_neither_back_nor_too_far(sandbox: Sandbox, now: datetime, words: str) -> None:
    assert refused(await sandbox.put(now), 400, "invalid_payload")["details"].startswith(words)
    assert (await sandbox.shown())["follows_wall"] is True


async def test_a_moved_clock_does_not_go_back_to_the_present(sandbox: Sandbox) -> None:
    await sandbox.moved(START + DAY)
    words = refused(await sandbox.put(START + HOUR), 400, "invalid_payload")["details"]
    assert words.startswith("now: must be from 2027-03-21T12:00:00.000Z, where it stands, to 2037")
    assert await sandbox.shown() == clock(START + DAY)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "now: is required"),
        ({"now": None}, "now: must be an ISO 8601 date-time such as 2026-01-31T12:00:00Z"),
        ({"now": 1}, "now: must be an ISO 8601 date-time such as 2026-01-31T12:00:00Z"),
        ({"now": "tomorrow"}, "now: must be an ISO 8601 date-time such as 2026-01-31T12:00:00Z"),
        ({"now": "2028-01-01"}, "now: must be an ISO 8601 date-time such as 2026-01-31T12:00:00Z"),
        ({"now": "2028-01-01T00:00:00"}, "now: must carry a time zone: Z or an offset such as +01:00"),
        ({"now": "9999-12-31T23:59:59-01:00"}, "now: must lie between the years 1 and 9999 in UTC"),
        ({"now": "2028-01-01T00:00:00Z", "zone": "UTC"}, "zone: is not a known property"),
        ([], "body: must be an object"),
    ],
)
async def test_bodies_that_are_refused(sandbox: Sandbox, body: Any, words: str) -> None:
    assert refused(await sandbox.client.put(CLOCK, json=body), 400, "invalid_payload")["details"] == words
    assert (await sandbox.shown())["follows_wall"] is True


async def test_a_bearer_token_needs_the_scope(sandbox: Sandbox) -> None:
    for scope, status in (("clock", 200), ("api", 200), ("loyalties customers", 403)):
        form = {"grant_type": "client_credentials", "scope": scope}
        token = (await sandbox.client.post("/v1/oauth/token", data=form)).json()["access_token"]
        async with client_of(sandbox.door, {"Authorization": f"Bearer {token}"}) as holder:
            assert (await holder.get(CLOCK)).status_code == status
            assert (await holder.put(CLOCK, json={"now": timestamp(START)})).status_code == status


@pytest.mark.parametrize(
    "stops",
    [[400], [0, 0.4, 1, 7.51, 8, 100, 100.25, 400], [*range(7, 400, 7), 400]],
    ids=["in one go", "in some", "week by week"],
)
async def test_however_a_year_is_cut_into_moves_each_midnight_brings_the_same(
    sandbox: Sandbox, stops: list[float]
) -> None:
    """Days of 23 and 25 hours are among them."""
    midnights = [midnight_from(START + DAY * day, WARSAW) for day in (0, 1, 7, 8, 224, 225, 399)]
    assert {(after - before) / HOUR for before, after in pairwise(midnights)} > {23, 24, 25}
    dues = sorted(midnights * (AT_ONCE + 1))
    await sandbox.nights.fall_due(sandbox.project.id, dues)
    for days in stops:
        await sandbox.moved(START + days * DAY)
    assert await sandbox.nights.record(sandbox.project.id) == [(due, due) for due in dues]


async def test_what_takes_long_goes_on_in_the_background(sandbox: Sandbox) -> None:
    """The request's own work is slow here: the wall clock passes the limit during the second midnight's."""
    nights, dues = sandbox.nights, [START + DAY * days for days in range(1, 5)]
    await nights.fall_due(sandbox.project.id, dues)
    slow = iter([0.0, ANSWER_WITHIN_SECONDS])
    nights.before = lambda *_: nights.wall.move(next(slow, 0.0))
    to = START + 10 * DAY
    answer = await sandbox.put(to)
    assert answer.status_code == 202, answer.text
    shown = answer.json()
    action_id = shown["async_action_id"]
    second = midnight_from(dues[1], WARSAW)
    assert shown == await sandbox.shown() == clock(second, moving_to=timestamp(to), async_action_id=action_id)
    words = refused(await sandbox.put(to + DAY), 423, "resource_locked")["details"]
    assert words == f"The clock is on its way to {timestamp(to)}; move it again when it has come there"
    action = (await sandbox.client.get(f"/v1/async-actions/{action_id}")).json()
    assert (action["type"], action["status"], action["progress"]) == ("CLOCK.MOVE", "IN_PROGRESS", 0)
    await nights.worked_off()
    assert await sandbox.shown() == clock(to)
    done = (await sandbox.client.get(f"/v1/async-actions/{action_id}")).json()
    assert (done["status"], done["progress"]) == ("DONE", 100)
    assert done["result"] == {"message": f"The clock stands at {timestamp(to)}"}
    assert [at is not None for _, at in await nights.record(sandbox.project.id)] == [True] * 4
    await sandbox.moved(to + DAY)


async def test_a_move_with_an_idempotency_key_is_left_to_the_workers_once(sandbox: Sandbox) -> None:
    nights, to = sandbox.nights, START + 10 * DAY
    await nights.fall_due(sandbox.project.id, [START + DAY])
    keyed = {"headers": {"Idempotency-Key": "move"}, "json": {"now": timestamp(to)}}
    first = await sandbox.client.put(CLOCK, **keyed)
    assert first.status_code == 202, first.text
    assert first.json() == await sandbox.shown()
    assert (first.json()["now"], first.json()["moving_to"]) == (timestamp(START), timestamp(to))
    await nights.worked_off()
    again = await sandbox.client.put(CLOCK, **keyed)
    assert (again.status_code, again.json()) == (202, first.json())
    assert await sandbox.shown() == clock(to)
    action_id = first.json()["async_action_id"]
    assert (await sandbox.client.get(f"/v1/async-actions/{action_id}")).json()["status"] == "DONE"


async def test_a_move_evaluates_what_happened_before_it(sandbox: Sandbox) -> None:
    engine, project_id = sandbox.nights.engine, sandbox.project.id
    member = await enrolled(sandbox.client, await club(sandbox.client))
    happened = segment_entered(member["customer_id"], "seg_1")
    assert await engine.database.transact(lambda unit: triggers.record(unit, project_id, [happened], START)) == 1
    assert await sandbox.moved(START + DAY) == clock(START + DAY)
    async with engine.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM triggers WHERE project_id = $1", project_id) == 0
        parked = "SELECT count(*) FROM parked_triggers WHERE project_id = $1"
        assert await connection.fetchval(parked, project_id) == 0


async def test_a_move_that_ends_with_its_process_stands_at_a_midnight_and_others_go_on(sandbox: Sandbox) -> None:
    nights, dues = sandbox.nights, [START + DAY * days for days in range(1, 5)]
    await nights.fall_due(sandbox.project.id, dues)
    third = midnight_from(dues[2], WARSAW)

    def before(_: str, until: datetime) -> None:
        if until == third and nights.wall.now() == START:
            raise asyncio.CancelledError

    nights.before = before
    to = START + 10 * DAY
    with pytest.raises(asyncio.CancelledError):
        await sandbox.put(to)
    assert await sandbox.shown() == clock(third, moving_to=timestamp(to))
    nights.wall.move(1)
    await nights.worked_off()
    assert await sandbox.shown() == clock(to)
    assert [at is not None for _, at in await nights.record(sandbox.project.id)] == [True] * 4


async def test_who_writes_during_a_move_does_so_at_a_midnight_on_the_way(sandbox: Sandbox) -> None:
    members = await club(sandbox.client)
    dues = [START + DAY * days for days in range(1, 40)]
    await sandbox.nights.fall_due(sandbox.project.id, dues)
    to = START + 50 * DAY
    moving = asyncio.create_task(sandbox.put(to))
    times = []
    while not moving.done():
        member = await enrolled(sandbox.client, members)
        times.append(instant(member["created_at"]))
    assert moving.result().status_code == 200
    assert times == sorted(times)
    assert set(times) <= {START, *(midnight_from(due, WARSAW) for due in dues), to}
    assert len(set(times)) > 2, "none was enrolled on the way"
