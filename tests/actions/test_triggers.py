"""The queues of triggers: who gets a row, in which order they are evaluated, and what becomes of those that fail."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project, migrated_database
from tests.http.clubs import Club, new_club
from tests.moving_clock import MovingClock

from troth.actions import triggers
from troth.actions.earning import evaluate
from troth.actions.engine import Engine
from troth.actions.triggers import Round
from troth.clocks import WallClock
from troth.core.triggers import (
    FAILURES_BEFORE_PARKING,
    Trigger,
    TriggerKind,
    WaitingTrigger,
    custom_event,
    segment_entered,
)
from troth.db import triggers as queues
from troth.db.database import Database, Unit
from troth.http.app import application, document
from troth.hub.app import pages
from troth.identifiers import Identifiers

pytestmark = pytest.mark.anyio


@pytest.fixture
async def engine(server_url: str) -> AsyncIterator[Engine]:
    """An engine on a database of its own: what waits in it is the test's."""
    async with migrated_database(server_url) as url:
        clock = MovingClock(WallClock())
        database = await Database.open(url, clock, connections=8)
        yield Engine(database, clock, Identifiers(clock))
        await database.close()


@pytest.fixture
async def project(engine: Engine) -> TestProject:
    return await make_project(engine)


@asynccontextmanager
async def client_at(engine: Engine, project: TestProject) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(application(engine, pages(document)), project.headers) as client:
        yield client


@pytest.fixture
async def club(engine: Engine, project: TestProject) -> AsyncIterator[Club]:
    async with client_at(engine, project) as client:
        yield await new_club(client)


async def record(engine: Engine, project_id: str, *happened: Trigger) -> int:
    async def attempt(unit: Unit) -> int:
        return await queues.record(unit, project_id, happened, engine.clock.now())

    return await engine.database.transact(attempt)


async def stored(engine: Engine, columns: str, table: str = "triggers") -> list[tuple[Any, ...]]:
    async with engine.database.connection() as connection:
        rows = await connection.fetch(f"SELECT {columns} FROM {table} ORDER BY member_id, seq")
        return [tuple(row) for row in rows]


class Log:
    """Remembers what was evaluated and committed; fails for the subjects that it is told to."""

    def __init__(self, *poisoned: str) -> None:
        self.poisoned = set(poisoned)
        self.calls: list[list[WaitingTrigger]] = []

    async def __call__(self, _engine: Engine, _unit: Unit, waiting: Sequence[WaitingTrigger]) -> None:
        for one in waiting:
            if one.subject_id in self.poisoned:
                raise ValueError(f"{one.subject_id} is poisoned")
        self.calls.append(list(waiting))

    def by_member(self) -> dict[str, list[str]]:
        found = defaultdict(list)
        for call in self.calls:
            for one in call:
                found[one.member_id].append(one.subject_id)
        return found


async def work_off_all(engine: Engine, evaluate: Log | Callable[..., Awaitable[None]]) -> None:
    work = Round(evaluate)
    while (await work.work_off(engine)).more:
        pass


async def enrolled(club: Club, count: int) -> list[tuple[str, str]]:
    """Enrol customers and return each one's id and its member's."""
    made = [await club.enrolled() for _ in range(count)]
    return [(one["customer_id"], one["id"]) for one in made]


async def test_each_active_membership_gets_a_row_and_an_inactive_one_what_its_points_notice(
    engine: Engine, project: TestProject, club: Club
) -> None:
    customer_id = await club.customer()
    clubs = [club, await new_club(club.client), await new_club(club.client), await new_club(club.client)]
    ids = []
    for one in clubs:
        answer = await club.client.post(one.members, json={"customer_id": customer_id})
        ids.append(answer.json()["id"])
    assert (await club.client.post(f"{clubs[1].members}/{ids[1]}/deactivate")).status_code == 200
    assert (await club.client.delete(f"{clubs[2].members}/{ids[2]}")).status_code == 200
    changed = Trigger(customer_id, TriggerKind.ORDER_CHANGED, "ord_1", {"order": {"amount": 5}})
    happened = custom_event(customer_id, "evcus_1", "ms_1", {"page": "home"}), changed
    assert await record(engine, project.id, *happened) == 6
    rows = await stored(engine, "member_id, project_id, kind, subject_id, occurred_at, payload")
    event = (project.id, "customer.custom_event", "evcus_1", engine.clock.now())
    assert [row[:5] for row in rows if row[2] == "customer.custom_event"] == sorted(
        (member_id, *event) for member_id in (ids[0], ids[1], ids[3])
    )
    told = {'{"schema_id":"ms_1","metadata":{"page":"home"}}', '{"order":{"amount":5}}'}
    assert {row[5] for row in rows if row[0] != ids[1]} == told
    passed_by = '{"schema_id":"ms_1","metadata":{"page":"home"},"passed_by":true}'
    assert {row[5] for row in rows if row[0] == ids[1]} == {passed_by, '{"order":{"amount":5}}'}
    assert sorted(row[0] for row in rows if row[2] == "customer.order.changed") == sorted([ids[0], ids[1], ids[3]])


async def test_who_is_no_member_or_of_another_project_gets_none(
    engine: Engine, project: TestProject, club: Club
) -> None:
    ((customer_id, _),) = await enrolled(club, 1)
    nobody, gone = await club.customer(), (await enrolled(club, 1))[0][0]
    await club.client.delete(f"/v1/customers/{gone}")
    assert await record(engine, project.id, *(segment_entered(one, "seg_1") for one in (nobody, gone, "cust_0"))) == 0
    assert await record(engine, (await make_project(engine)).id, segment_entered(customer_id, "seg_1")) == 0
    assert await record(engine, project.id) == 0
    assert await stored(engine, "seq") == []


async def test_a_batch_is_numbered_in_the_order_of_what_happened(
    engine: Engine, project: TestProject, club: Club
) -> None:
    people = await enrolled(club, 5)
    happened = [
        custom_event(people[number * 7 % 5][0], f"evcus_{number}", "ms_1", {"number": number}) for number in range(200)
    ]
    assert await record(engine, project.id, *happened) == 200
    log = Log()
    await work_off_all(engine, log)
    assert log.by_member() == {
        member_id: [one.subject_id for one in happened if one.customer_id == customer_id]
        for customer_id, member_id in people
    }
    assert {len(call) for call in log.calls} == {100}
    assert await stored(engine, "seq") == []


async def test_a_later_commit_never_has_a_lower_number(engine: Engine, project: TestProject, club: Club) -> None:
    """Many record for the same members at once, each in a transaction that dawdles between numbering and commit."""
    people = await enrolled(club, 3)
    committed: dict[str, list[str]] = {customer_id: [] for customer_id, _ in people}

    async def one(number: int) -> None:
        named = [people[(number + place) % 3][0] for place in range(1 + number % 3)]

        async def attempt(unit: Unit) -> None:
            happened = [custom_event(customer_id, f"evcus_{number}", "ms_1", {}) for customer_id in named]
            await queues.record(unit, project.id, happened, engine.clock.now())
            for _ in range(number % 5):
                await unit.connection.fetchval("SELECT 1")
            # Under the locks: nobody else can come between this and the commit.
            for customer_id in named:
                committed[customer_id].append(f"evcus_{number}")

        await engine.database.transact(attempt)

    await asyncio.gather(*map(one, range(60)))
    log = Log()
    await work_off_all(engine, log)
    assert log.by_member() == {member_id: committed[customer_id] for customer_id, member_id in people}


async def test_workers_that_meet_evaluate_each_trigger_once_and_in_order(
    engine: Engine, project: TestProject, club: Club
) -> None:
    people = await enrolled(club, 8)
    log = Log()

    async def recording() -> None:
        for number in range(30):
            await record(engine, project.id, *(custom_event(one, f"evcus_{number}", "ms_1", {}) for one, _ in people))

    task = asyncio.create_task(recording())
    while not task.done():
        await asyncio.gather(*(work_off_all(engine, log) for _ in range(3)))
    await task
    await work_off_all(engine, log)
    expected = [f"evcus_{number}" for number in range(30)]
    assert log.by_member() == {member_id: expected for _, member_id in people}


async def test_what_is_evaluated_and_not_committed_is_evaluated_again(
    engine: Engine, project: TestProject, club: Club
) -> None:
    ((customer_id, _),) = await enrolled(club, 1)
    await record(engine, project.id, segment_entered(customer_id, "seg_1"))

    async def broken(_engine: Engine, unit: Unit, _waiting: Sequence[WaitingTrigger]) -> None:
        await unit.connection.execute(
            "INSERT INTO outbox VALUES ('lmbr_1', 'lgrp_1', 'proj_1', $1)", engine.clock.now()
        )
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await Round(broken).work_off(engine)
    assert len(await stored(engine, "seq")) == 1
    log = Log()
    await work_off_all(engine, log)
    assert [one.subject_id for call in log.calls for one in call] == ["seg_1"]
    async with engine.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM outbox WHERE member_id = 'lmbr_1'") == 0


@pytest.fixture
def moving(engine: Engine) -> MovingClock:
    assert isinstance(engine.clock, MovingClock)
    return engine.clock


def subjects(numbers: Iterable[int]) -> list[str]:
    return [f"evcus_{number}" for number in numbers]


async def test_one_that_fails_stops_its_member_until_it_is_parked_and_nobody_else(
    engine: Engine, project: TestProject, club: Club, moving: MovingClock
) -> None:
    (poisoned, poisoned_id), *others = await enrolled(club, 4)
    for number in range(5):
        happened = [custom_event(one, f"evcus_{number}", "ms_1", {}) for one, _ in others]
        await record(engine, project.id, custom_event(poisoned, f"evcus_{10 + number}", "ms_1", {}), *happened)
    log = Log("evcus_12")
    await work_off_all(engine, log)
    assert log.by_member() == {
        poisoned_id: subjects((10, 11)), **{member_id: subjects(range(5)) for _, member_id in others}
    }  # fmt: skip
    for pause in (1, 4, 16, 64):
        assert await triggers.list_parked(engine, None, 10) == []
        moving.move(pause - 0.001)
        await work_off_all(engine, log)
        assert log.by_member()[poisoned_id] == subjects((10, 11))
        moving.move(0.001)
        await work_off_all(engine, log)
    assert log.by_member()[poisoned_id] == subjects((10, 11, 13, 14))
    assert await stored(engine, "seq") == []
    (parked,) = await triggers.list_parked(engine, project.id, 10)
    assert (parked.member_id, parked.subject_id, parked.kind) == (poisoned_id, "evcus_12", "customer.custom_event")
    assert (parked.failures, parked.failure) == (FAILURES_BEFORE_PARKING, "ValueError: evcus_12 is poisoned")
    assert (parked.parked_at, parked.project_id) == (moving.now(), project.id)


async def test_a_parked_trigger_is_retried_before_all_that_wait(
    engine: Engine, project: TestProject, club: Club, moving: MovingClock
) -> None:
    ((customer_id, member_id),) = await enrolled(club, 1)
    at = moving.now()
    await record(engine, project.id, custom_event(customer_id, "evcus_1", "ms_1", {"a": 1}))
    log = Log("evcus_1")
    for _ in range(FAILURES_BEFORE_PARKING):
        await work_off_all(engine, log)
        moving.move(100)
    (parked,) = await triggers.list_parked(engine, None, 10)
    await record(engine, project.id, custom_event(customer_id, "evcus_2", "ms_1", {}))
    assert await triggers.retry(engine, [(member_id, parked.seq + 1), ("lmbr_0", parked.seq)]) == 0
    assert await triggers.retry(engine, [(member_id, parked.seq)]) == 1
    assert await triggers.list_parked(engine, None, 10) == []
    log = Log()
    await work_off_all(engine, log)
    first, second = (one for call in log.calls for one in call)
    assert (first.subject_id, first.occurred_at, first.payload["metadata"]) == ("evcus_1", at, {"a": 1})
    assert (first.failures, second.subject_id) == (0, "evcus_2")


async def test_more_members_than_one_claim_takes_have_their_turns(
    engine: Engine, project: TestProject, club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triggers, "MEMBERS_AT_ONCE", 2)
    monkeypatch.setattr(triggers, "TRIGGERS_OF_A_MEMBER_AT_ONCE", 3)
    people = await enrolled(club, 5)
    for number in range(7):
        await record(engine, project.id, *(custom_event(one, f"evcus_{number}", "ms_1", {}) for one, _ in people))
    log = Log()
    await work_off_all(engine, log)
    assert log.by_member() == {member_id: subjects(range(7)) for _, member_id in people}
    turns = [sorted({one.member_id for one in call}) for call in log.calls]
    ids = sorted(member_id for _, member_id in people)
    assert turns == [ids[:2], ids[2:4], ids[4:]] * 3


async def test_a_project_without_triggers_has_nothing_to_do(engine: Engine) -> None:
    progress = await Round(evaluate).work_off(replace(engine))
    assert (progress.done, progress.more) == (0, False)


async def test_calls_that_overlap_divide_the_members(
    engine: Engine, project: TestProject, club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(triggers, "MEMBERS_AT_ONCE", 2)
    for customer_id, _ in await enrolled(club, 4):
        await record(engine, project.id, custom_event(customer_id, "evcus_1", "ms_1", {}))
    calls: list[int] = []

    async def overlapped(engine: Engine, _: Unit, waiting: Sequence[WaitingTrigger]) -> None:
        calls.append(len(waiting))
        if len(calls) == 1:
            await round_.work_off(engine)

    round_ = Round(overlapped)
    await round_.work_off(engine)
    assert calls == [2, 2]
    assert await stored(engine, "member_id") == []
