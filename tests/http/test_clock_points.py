"""Points over a clock that is moved: the same ledger however time is cut, and every night's work done (domain 16)."""

from collections.abc import Sequence

import httpx
import pytest
from tests.conftest import client_of, make_project
from tests.http.cards import TestCard, earn, new_card

from troth.actions import ledger_audit
from troth.actions.engine import Engine
from troth.actions.settling import next_due
from troth.core.configuration import instant
from troth.http.door import Door

pytestmark = pytest.mark.anyio

BEGIN = "2035-03-20T12:00:00Z"
END = "2036-04-02T12:00:00Z"
MONTHS = {"type": "ROLLING_EXPIRATION", "rolling_expiration": {"period": {"value": 3, "unit": "MONTH"}}}
DAYS = {"type": "PERIOD_BASED", "period_based": {"period": {"value": 5, "unit": "DAY"}}}
DEEDS = ("2035-03-20T22:59:59.999Z", "2035-03-24T23:00:00Z", "2035-06-29T21:59:00Z", "2035-10-28T00:30:00Z")
"""When points are earned; days of 23 and of 25 hours are among those that follow."""


async def to(client: httpx.AsyncClient, moment: str) -> None:
    answer = await client.put("/v1/clock", json={"now": moment})
    assert answer.status_code == 200, answer.text


async def lived(engine: Engine, door: Door, stops: Sequence[str]) -> tuple[list[tuple[str, int, str]], tuple[int, int]]:
    """Let a card earn at each of `DEEDS`, stop at other instants too, and return its history and balance at the end."""
    project = await make_project(engine, sandbox=True, time_zone="Europe/Warsaw")
    async with client_of(door, project.headers) as client:
        await to(client, BEGIN)
        card = await new_card(client, points_expiration=MONTHS, pending_points=DAYS)
        await card.adjust(7)
        for moment in sorted({*DEEDS, *stops}):
            await to(client, moment)
            if moment in DEEDS:
                await earn(engine, project, card, 10)
            await is_up_to_date(engine, card, project.id, moment)
        await to(client, END)
        assert [one async for _, some in ledger_audit.verify(engine, project.id) for one in some] == []
        return await card.history(), await card.balance()


async def is_up_to_date(engine: Engine, card: TestCard, project_id: str, moment: str) -> None:
    """Check that nothing that was due is left to be booked: the night's work was done on the way."""
    assert await card.balance() == await booked(engine, card)
    async with engine.database.connection() as connection:
        due = await next_due(engine, connection, project_id)
    assert due is None or due > instant(moment)


async def booked(engine: Engine, card: TestCard) -> tuple[int, int]:
    async with engine.database.connection() as connection:
        row = await connection.fetchrow(
            "SELECT total - subtracted - expired, pending_total - pending_activated - pending_canceled FROM cards"
            " WHERE member_id = $1 AND id = $2",
            card.member_id,
            card.id,
        )
    assert row is not None
    return row[0], row[1]


async def test_however_a_year_is_cut_the_ledger_is_the_same(engine: Engine, door: Door) -> None:
    expected = [
        ("ADMIN_CREDIT", 7, "2035-03-20T12:00:00.000Z"),
        ("PENDING_POINTS_ADDED", 10, "2035-03-20T22:59:59.999Z"),
        ("PENDING_POINTS_ACTIVATED", 10, "2035-03-24T23:00:00.000Z"),
        ("PENDING_POINTS_ADDED", 10, "2035-03-24T23:00:00.000Z"),
        ("PENDING_POINTS_ACTIVATED", 10, "2035-03-29T22:00:00.000Z"),
        ("POINTS_EXPIRED", 7, "2035-06-20T22:00:00.000Z"),
        ("POINTS_EXPIRED", 10, "2035-06-25T22:00:00.000Z"),
        ("PENDING_POINTS_ADDED", 10, "2035-06-29T21:59:00.000Z"),
        ("POINTS_EXPIRED", 10, "2035-06-30T22:00:00.000Z"),
        ("PENDING_POINTS_ACTIVATED", 10, "2035-07-03T22:00:00.000Z"),
        ("POINTS_EXPIRED", 10, "2035-10-04T22:00:00.000Z"),
        ("PENDING_POINTS_ADDED", 10, "2035-10-28T00:30:00.000Z"),
        ("PENDING_POINTS_ACTIVATED", 10, "2035-11-01T23:00:00.000Z"),
        ("POINTS_EXPIRED", 10, "2036-02-02T23:00:00.000Z"),
    ]
    weekly = [f"2035-{month:02}-{day:02}T06:30:00Z" for month in range(4, 13) for day in (1, 8, 15, 22)]
    midnights = ["2035-06-20T22:00:00Z", "2035-06-25T21:59:59.999Z", "2035-06-25T22:00:00Z", "2036-02-02T22:59:59.999Z"]
    for stops in ([], weekly, midnights):
        assert await lived(engine, door, stops) == (expected, (0, 0))


async def test_what_a_midnight_brings_is_listed_in_its_order_and_before_what_is_done_then(
    engine: Engine, door: Door
) -> None:
    """A clock that stands at a midnight gives one instant to all of it; the list still tells what came first."""
    project = await make_project(engine, sandbox=True)
    async with client_of(door, project.headers) as client:
        days = {"type": "ROLLING_EXPIRATION", "rolling_expiration": {"period": {"value": 1, "unit": "DAY"}}}
        wait = {"type": "PERIOD_BASED", "period_based": {"period": {"value": 2, "unit": "DAY"}}}
        await to(client, BEGIN)
        card = await new_card(client, points_expiration=days, pending_points=wait)
        for day in range(21, 28, 2):
            begun = len(await card.history())
            await earn(engine, project, card, 10)
            await card.adjust(5)
            midnight = f"2035-03-{day + 1}T00:00:00.000Z"
            await to(client, midnight)
            await card.adjust(1)
            history = [one for one in (await card.history())[begun:] if one[2] == midnight]
            assert history == [
                ("PENDING_POINTS_ACTIVATED", 10, midnight),
                ("POINTS_EXPIRED", 5 if day == 21 else 16, midnight),
                ("ADMIN_CREDIT", 1, midnight),
            ]
