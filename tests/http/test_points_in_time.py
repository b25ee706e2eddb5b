"""Time over the API: short and long days, and years that are cut in any way, bring the same (domain 2, 7, 16)."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conftest import TestProject, client_of, make_project
from tests.core.ledger.wallets import LENGTHS, after
from tests.http.cards import TestCard, earn, new_card, new_cards, set_clock
from tests.reliability.stack import size

from troth.actions.engine import Engine
from troth.actions.settling import settle_due
from troth.core.calendar import midnight
from troth.core.configuration import timestamp
from troth.db.database import Connection
from troth.http.door import Door

pytestmark = pytest.mark.anyio

START = datetime(2027, 1, 30, 11, tzinfo=UTC)
YEAR = timedelta(days=366)
MILLISECOND = timedelta(milliseconds=1)


def rolling(days: int) -> dict[str, Any]:
    return {"type": "ROLLING_EXPIRATION", "rolling_expiration": {"period": {"value": days, "unit": "DAY"}}}


def sliding(days: int) -> dict[str, Any]:
    return {
        "type": "SLIDING_EXPIRATION",
        "sliding_expiration": {"period": {"value": days, "unit": "DAY"}, "earning_activity": True},
    }


def waiting(days: int) -> dict[str, Any]:
    return {"type": "PERIOD_BASED", "period_based": {"period": {"value": days, "unit": "DAY"}}}


async def move(client: httpx.AsyncClient, moment: datetime) -> None:
    answer = await client.put("/v1/clock", json={"now": timestamp(moment)})
    assert (answer.status_code, answer.json()["now"]) == (200, timestamp(moment)), answer.text


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Warsaw", "2027-03-28", 23),
        ("Europe/Warsaw", "2027-10-31", 25),
        ("America/Santiago", "2027-09-05", 23),  # begins at 01:00
        ("America/Santiago", "2027-04-03", 25),  # its last hour comes twice
    ],
)
@pytest.mark.parametrize("by_night", [True, False])
async def test_a_day_of_23_or_of_25_hours_is_a_day(
    engine: Engine, door: Door, zone: str, day: str, hours: int, by_night: bool
) -> None:
    """Points wait for the day and, once usable, last through it and the next; points of the day before end with it."""
    today = date.fromisoformat(day)
    begins, ends, later = (midnight(today + timedelta(days=days), ZoneInfo(zone)) for days in (0, 1, 2))
    assert ends - begins == timedelta(hours=hours)
    project = await make_project(engine, time_zone=zone, sandbox=True)
    async with client_of(door, project.headers) as client:
        await move(client, begins - timedelta(hours=12))
        card = await new_card(client, points_expiration=rolling(1), pending_points=waiting(1))
        await card.adjust(10)
        await earn(engine, project, card, 5)
        for instant, expected in (
            (begins - MILLISECOND, (10, 5)),
            (begins, (15, 0)),
            (begins + timedelta(hours=hours) - MILLISECOND, (15, 0)),
            (ends, (5, 0)),
            (later - MILLISECOND, (5, 0)),
            (later, (0, 0)),
        ):
            if by_night:
                await move(client, instant)
            else:
                await set_clock(engine, project, timestamp(instant))
            assert await card.balance() == expected, instant
        told = [(kind, points, moment) for kind, points, moment in (await card.history())[2:]]
        assert told == [
            ("PENDING_POINTS_ACTIVATED", 5, timestamp(begins)),
            ("POINTS_EXPIRED", 10, timestamp(ends)),
            ("POINTS_EXPIRED", 5, timestamp(later)),
        ]


TABLES: Final = ("cards", "card_transactions", "postings", "points_buckets", "pending_buckets", "sliding_expirations")
UNSTEADY: Final = {"group_id"}
"""What tells who saved something when, and not what it is."""


class Past:
    """The cards of a member as they were at one instant, to which they can be brought back."""

    def __init__(self, engine: Engine, project: TestProject, cards: Sequence[TestCard], now: datetime) -> None:
        self.project, self.cards, self.now = project, cards, now
        self.member_id = cards[0].member_id
        self._engine = engine
        self._rows: dict[str, str] = {}

    async def remember(self) -> None:
        async with self._engine.database.connection() as connection:
            self._rows = {name: await self._stored(connection, name) for name in TABLES}

    async def again(self) -> None:
        """Bring the cards and the project's clock back."""
        async with self._engine.database.connection() as connection, connection.transaction():
            for name, rows in self._rows.items():
                await connection.execute(f"DELETE FROM {name} WHERE member_id = $1", self.member_id)
                await connection.execute(
                    f"INSERT INTO {name} SELECT * FROM json_populate_recordset(NULL::{name}, $1)", rows
                )
            for clock in ("projects SET clock_at = $2 WHERE id", "daily_work SET night_at = $2 WHERE project_id"):
                await connection.execute(f"UPDATE {clock} = $1", self.project.id, self.now)

    async def go(self, to: datetime, way: str) -> None:
        """Let time pass in a way."""
        if way == "moved":
            await move(self.cards[0].client, to)
            return
        await set_clock(self._engine, self.project, timestamp(to))
        if way == "settled":
            while (await settle_due(self._engine, self.project.id, to)).more:
                pass
        elif way == "read":
            await self.cards[0].shown()
        elif way == "listed":
            await self.cards[0].listed("pending-points")
        elif way == "asked for nothing":
            await self.cards[1].adjust(0)

    async def ledger(self) -> list[dict[str, Any]]:
        """Return all that is stored of the cards, but for sliding dates, which are kept no longer than they must be."""
        async with self._engine.database.connection() as connection:
            tables = [json.loads(await self._stored(connection, name)) for name in TABLES[:-1]]
        return [
            {name: value for name, value in row.items() if name not in UNSTEADY}
            for rows in tables
            for row in sorted(rows, key=lambda one: str(sorted(one.items(), key=str)))
        ]

    async def _stored(self, connection: Connection, table: str) -> str:
        statement = f"SELECT coalesce(json_agg(one), '[]') FROM {table} AS one WHERE member_id = $1"
        return str(await connection.fetchval(statement, self.member_id))


@pytest.fixture
async def past(engine: Engine, door: Door) -> AsyncIterator[Past]:
    """Two cards in the middle of things: pending points that meet the end of a sliding date, and much that expires."""
    project = await make_project(engine, time_zone="Europe/Warsaw", sandbox=True)
    async with client_of(door, project.headers) as client:
        await move(client, START)
        cards = await new_cards(
            client,
            {"points_expiration": sliding(20), "pending_points": waiting(21)},
            {"points_expiration": rolling(90), "pending_points": waiting(40)},
        )
        now = START
        for days, points in ((0, 1), (2, 4), (5, 16), (10, 64)):
            now += timedelta(days=days)
            await move(client, now)
            for card in cards:
                await earn(engine, project, card, points)
                await card.adjust(points * 2)
        made = Past(engine, project, cards, now)
        await made.remember()
        yield made


WAYS = st.sampled_from(["moved", "settled", "read", "listed", "asked for nothing", "unseen"])


@settings(max_examples=size(20, 500), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(LENGTHS, WAYS), max_size=8))
async def test_however_a_year_is_cut_and_whatever_is_down_it_brings_the_same(
    past: Past, steps: list[tuple[str, str]]
) -> None:
    """The same rows with the same ids as when nobody looked for a year; and nobody sees what is not booked yet."""
    end = past.now + YEAR
    seen = []
    for part in (steps, []):
        await past.again()
        now = past.now
        for length, way in part:
            now = min(after(now, length, ZoneInfo("Europe/Warsaw")), end)
            await past.go(now, way)
        await past.go(end, "unseen")
        shown = [await card.shown() for card in past.cards]
        await past.go(end, "settled")
        assert [await card.shown() for card in past.cards] == shown
        seen.append((shown, await past.ledger()))
    assert seen[0] == seen[1]
    assert len(seen[0][1]) > 30, "not much happened"
