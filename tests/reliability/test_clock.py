"""A clock that moves while the workers that move it are killed: whole steps, and each night's work once (domain 16)."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import pytest
from tests.clocks import set_clock
from tests.conftest import TestProject, make_project
from tests.http.cards import TestCard, earn, new_card
from tests.http.members import enrolled
from tests.polling import until_async
from tests.processes import TrothProcess
from tests.reliability.stack import size

from troth.actions import ledger_audit
from troth.actions.engine import Engine
from troth.core.calendar import midnight
from troth.core.configuration import instant, timestamp

pytestmark = pytest.mark.anyio

CARDS = size(12, 45)
KILLS = size(2, 20)
SOON_SECONDS = 120.0

ZONE = ZoneInfo("America/New_York")
BEGIN = instant("2035-02-01T12:00:00Z")
DAY = timedelta(days=1)
PENDING_DAYS, VALID_DAYS = CARDS, 2 * CARDS
WALLET = {
    "pending_points": {"type": "PERIOD_BASED", "period_based": {"period": {"value": PENDING_DAYS, "unit": "DAY"}}},
    "points_expiration": {
        "type": "ROLLING_EXPIRATION",
        "rolling_expiration": {"period": {"value": VALID_DAYS, "unit": "DAY"}},
    },
}
END = BEGIN + (CARDS + PENDING_DAYS + VALID_DAYS + 2) * DAY

AT_WORK = "pg_stat_activity WHERE application_name = 'troth' AND xact_start IS NOT NULL"
STOPPED = "pg_locks WHERE NOT granted"
GATES = ("LOCK TABLE card_transactions IN EXCLUSIVE MODE", "LOCK TABLE daily_work IN EXCLUSIVE MODE")
"""Where workers are stopped: in a night's work, and before a step."""


@pytest.fixture
async def own_project(own_engine: Engine) -> TestProject:
    return await make_project(own_engine, sandbox=True, time_zone=str(ZONE))


@pytest.fixture
async def cards(own_engine: Engine, own_project: TestProject, client_of_own: httpx.AsyncClient) -> list[TestCard]:
    """Cards of one program, each of which earned a day after the one before."""
    await set_clock(own_engine, own_project.id, BEGIN)
    first = await new_card(client_of_own, **WALLET)
    made = []
    for day in range(CARDS):
        await set_clock(own_engine, own_project.id, BEGIN + day * DAY)
        member = await enrolled(client_of_own, first.member_path.rpartition("/")[0])
        made.append(TestCard(client_of_own, first.program_id, member["id"], member["cards"][0]["card"]["id"]))
        await earn(own_engine, own_project, made[-1], 10)
    return made


@pytest.fixture
async def gate(own_url: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(own_url)
    yield opened
    await opened.close()


async def shown(client: httpx.AsyncClient) -> dict[str, Any]:
    clock: dict[str, Any] = (await client.get("/v1/clock")).json()
    return clock


async def counted(connection: asyncpg.Connection, number: int, rows: str) -> None:
    async def is_so() -> bool:
        return bool(await connection.fetchval(f"SELECT count(*) FROM {rows}") == number)

    await until_async(is_so, within_seconds=SOON_SECONDS)


async def moved(client: httpx.AsyncClient, beyond: datetime) -> datetime:
    """Wait until the clock is beyond an instant, or at its end, and return where it is."""

    async def is_so() -> bool:
        clock = await shown(client)
        return clock["moving_to"] is None or instant(clock["now"]) > beyond

    await until_async(is_so, within_seconds=SOON_SECONDS)
    return instant((await shown(client))["now"])


def first_instant(day: int) -> datetime:
    return midnight((BEGIN + day * DAY).astimezone(ZONE).date(), ZONE)


async def test_killed_workers_leave_whole_steps_and_others_go_on(
    own_url: str,
    own_engine: Engine,
    own_project: TestProject,
    client_of_own: httpx.AsyncClient,
    connection: asyncpg.Connection,
    gate: asyncpg.Connection,
    cards: list[TestCard],
) -> None:
    answer = await client_of_own.put(
        "/v1/clock", json={"now": timestamp(END)}, headers={"Idempotency-Key": "on the way"}
    )
    assert answer.status_code == 202, answer.text
    now = instant(answer.json()["now"])
    for kill in range(KILLS):
        with TrothProcess("worker", database_url=own_url) as worker:
            now = await moved(client_of_own, now)
            assert now == first_instant((now - BEGIN).days + 1), "a whole step"
            await gate.execute(f"BEGIN; {GATES[kill % 2]}")
            await counted(connection, 1, STOPPED)
            worker.kill()
            await gate.execute("ROLLBACK")
            await counted(connection, 0, AT_WORK)
    with TrothProcess("worker", database_url=own_url), TrothProcess("worker", database_url=own_url):
        assert await moved(client_of_own, END) == END
    action = (await client_of_own.get(f"/v1/async-actions/{answer.json()['async_action_id']}")).json()
    assert action["status"] == "DONE"
    for day, card in enumerate(cards):
        assert await card.history() == [
            ("PENDING_POINTS_ADDED", 10, timestamp(BEGIN + day * DAY)),
            ("PENDING_POINTS_ACTIVATED", 10, timestamp(first_instant(day + PENDING_DAYS))),
            ("POINTS_EXPIRED", 10, timestamp(first_instant(day + PENDING_DAYS + VALID_DAYS + 1))),
        ]
    assert [one async for _, some in ledger_audit.verify(own_engine, own_project.id) for one in some] == []
