"""Triggers that are worked off after a midnight: the ledger is as if they had been in time (domain 7 and 16)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.http.cards import set_clock
from tests.http.earners import THREE_DAYS, TO_ZERO, Shop, opened_shop, refunds

from troth.actions import settling
from troth.actions.engine import Engine
from troth.http.door import Door

pytestmark = pytest.mark.anyio

NEXT_WEEK = "2026-02-05T10:00:00Z"
ORDERED = "2026-01-31T10:00:00.000Z"


def lasting(days: int) -> dict[str, Any]:
    period = {"period": {"value": days, "unit": "DAY"}}
    return {"points_expiration": {"type": "ROLLING_EXPIRATION", "rolling_expiration": period}}


def sliding(days: int, **more: Any) -> dict[str, Any]:
    parts = {"period": {"value": days, "unit": "DAY"}, "earning_activity": True, **more}
    return {"points_expiration": {"type": "SLIDING_EXPIRATION", "sliding_expiration": parts}}


@pytest.fixture
async def shop(engine: Engine, door: Door) -> AsyncIterator[Shop]:
    async with opened_shop(engine, door) as made:
        yield made


async def put_off(shop: Shop, moment: str | None) -> None:
    """Let the member's triggers be due at an instant, as after a failure; at once without."""
    async with shop.engine.database.connection() as connection:
        due = "UPDATE triggers SET due_at = $2::text::timestamptz WHERE member_id = $1"
        await connection.execute(due, shop.card.member_id, moment)


async def test_points_earned_late_expire_on_their_day(shop: Shop) -> None:
    await shop.open(wallet=lasting(1))
    await shop.order("o/1", works=False, items=[], amount=1)
    await set_clock(shop.engine, shop.project, NEXT_WEEK)
    await shop.work()
    assert await shop.card.balance() == (0, 0)
    assert await shop.card.history() == [
        ("POINTS_EARNED", 10, ORDERED),
        ("POINTS_EXPIRED", 10, "2026-02-01T23:00:00.000Z"),
    ]
    assert await shop.is_clean()


async def test_points_earned_late_become_usable_on_their_day(shop: Shop) -> None:
    await shop.open(wallet={**lasting(5), "pending_points": THREE_DAYS})
    await shop.order("o/1", works=False, items=[], amount=1)
    await set_clock(shop.engine, shop.project, NEXT_WEEK)
    await shop.work()
    assert await shop.card.balance() == (10, 0)
    assert await shop.card.history() == [
        ("PENDING_POINTS_ADDED", 10, ORDERED),
        ("PENDING_POINTS_ACTIVATED", 10, "2026-02-02T23:00:00.000Z"),
    ]
    assert await shop.is_clean()


async def test_what_is_earned_after_its_midnight_was_booked_ends_at_once(shop: Shop) -> None:
    await shop.open(wallet={**lasting(1), "pending_points": {"type": "IMMEDIATE"}})
    await shop.order("o/1", works=False, items=[], amount=1)
    await shop.order("o/2", works=False, items=[], amount=1)
    await put_off(shop, "2999-01-01T00:00:00Z")
    await set_clock(shop.engine, shop.project, NEXT_WEEK)
    await shop.card.adjust(3)
    assert await shop.card.balance() == (3, 0)
    await put_off(shop, None)
    await shop.work()
    assert await shop.card.balance() == (3, 0)
    now = "2026-02-05T10:00:00.000Z"
    assert await shop.card.history() == [
        ("ADMIN_CREDIT", 3, now),
        ("POINTS_EARNED", 10, now),
        ("POINTS_EARNED", 10, now),
        ("POINTS_EXPIRED", 20, "2026-02-05T10:00:00.001Z"),
    ]
    assert await shop.is_clean()


@pytest.mark.parametrize("decides", ["adjustment", "night"])
async def test_a_decision_comes_after_triggers_from_before_midnight(shop: Shop, decides: str) -> None:
    await shop.open(wallet=sliding(1))
    await shop.order("o/1", items=[], amount=1)
    await set_clock(shop.engine, shop.project, "2026-02-01T10:00:00Z")
    await shop.order("o/2", works=False, items=[], amount=1)
    await set_clock(shop.engine, shop.project, "2026-02-02T10:00:00Z")
    if decides == "adjustment":
        await shop.card.adjust(1)
    else:
        await settling.settle_due(shop.engine, shop.project.id, datetime(2026, 2, 2, 10, tzinfo=UTC))
    async with shop.engine.database.connection() as connection:
        waiting = "SELECT count(*) FROM triggers WHERE member_id = $1"
        assert await connection.fetchval(waiting, shop.card.member_id) == 0
    expected = [("POINTS_EARNED", 10, ORDERED), ("POINTS_EARNED", 10, "2026-02-01T10:00:00.000Z")]
    assert (await shop.card.history())[:2] == expected
    assert await shop.card.balance() == (21 if decides == "adjustment" else 20, 0)
    assert await shop.is_clean()


async def test_triggers_of_today_are_left_to_the_worker(shop: Shop) -> None:
    await shop.open(wallet={"refunds": refunds(TO_ZERO)})
    await shop.order("o/1", works=False, items=[], amount=1)
    await shop.card.adjust(1)
    assert await shop.card.balance() == (1, 0)
    await shop.work()
    assert await shop.card.balance() == (11, 0)


async def test_a_trigger_that_fails_holds_up_no_decision(shop: Shop) -> None:
    await shop.open()
    await shop.order("o/1", works=False, items=[], amount=1)
    async with shop.engine.database.connection() as connection:
        await connection.execute("UPDATE triggers SET payload = '{}' WHERE member_id = $1", shop.card.member_id)
    await set_clock(shop.engine, shop.project, NEXT_WEEK)
    await shop.card.adjust(1)
    assert await shop.card.balance() == (1, 0)
