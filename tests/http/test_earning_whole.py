"""Earning at full size and in its corners: many programs, large orders, poisoned triggers, races (domain 8)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.http.cards import TestCard, set_clock
from tests.http.definitions import points
from tests.http.earners import TO_ZERO, Shop, opened_shop, per, refunds
from tests.http.members import customer
from tests.http.platform import created
from tests.http.programs import active_wallet, program, rule
from tests.http.segments import segment

from troth.actions import triggers
from troth.actions.earning import evaluate
from troth.actions.engine import Engine
from troth.actions.triggers import Round
from troth.core.triggers import FAILURES_BEFORE_PARKING
from troth.http.door import Door

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shop(engine: Engine, door: Door) -> AsyncIterator[Shop]:
    async with opened_shop(engine, door) as made:
        yield made


async def test_a_customer_in_three_programs_with_ten_rules_each(shop: Shop) -> None:
    await shop.open([lambda one: points(one, 1)])
    cards = []
    for place in range(3):
        wallet_id = await active_wallet(shop.client)
        rules = []
        for number in range(10):
            least = {"name": "order.amount", "conditions": {"$more_than_or_equal": [number * 100]}}
            earning = {**points(wallet_id, (place + 1) * 10**number), "rules": {"1": least, "logic": "1"}}
            rules.append({"id": await rule(shop.client, name=f"Rule {number}", earnings=[earning])})
        club = await program(shop.client, status="ACTIVE", card_definitions=[{"id": wallet_id}], earning_rules=rules)
        cards += await shop.joined(club["id"])
    await shop.order("o/1", items=[], amount=450)
    assert [await one.balance() for one in cards] == [(11111, 0), (22222, 0), (33333, 0)]
    answer = await shop.client.get(f"{cards[0].member_path}/earning-evaluations")
    (evaluation,) = answer.json()["data"]
    assert [one["reason"] for one in evaluation["rules"]] == [None] * 5 + ["condition"] * 5
    assert await shop.is_clean()


async def test_a_wallet_without_a_card_is_skipped(shop: Shop) -> None:
    await shop.open()
    mine, other = await active_wallet(shop.client), await active_wallet(shop.client, name="Stars")
    both = await rule(shop.client, earnings=[{"effects": [*points(other, 5)["effects"], *points(mine, 7)["effects"]]}])
    club = await program(
        shop.client,
        status="ACTIVE",
        card_definitions=[{"id": mine}],
        earning_rules=[{"id": both}],
    )
    (card,) = await shop.joined(club["id"])
    await shop.order("o/1", items=[], amount=1)
    assert await card.balance() == (7, 0)
    answer = await shop.client.get(f"{card.member_path}/earning-evaluations")
    (told,) = answer.json()["data"][0]["rules"]
    assert [one.get("reason") for one in told["details"]["effects"]] == ["no_card", None]


def tree(leaves: int, depth: int) -> dict[str, Any]:
    """A group of as many conditions as are allowed, in parentheses nested as deep as is allowed; the last one holds."""
    misses = {"name": "order.items.any", "conditions": {"$is": [{"source_id": "nothing"}]}}
    nested = {"logic": "1", "1": {"name": "order.items.aggregated_quantity", "conditions": {"$more_than": [999]}}}
    holds = {"name": "order.items.every", "conditions": {"$not_in": [{"source_id": "nothing"}]}, "rules": nested}
    numbers = [str(one + 1) for one in range(leaves)]
    logic = numbers[-1]
    for number in numbers[depth - 1 :: -1]:
        logic = f"({number} or {logic})"
    logic += "".join(f" or {number}" for number in numbers[depth:-1])
    return {"logic": logic, **dict.fromkeys(numbers[:-1], misses), numbers[-1]: holds}


async def test_an_order_of_500_items_and_conditions_at_their_limits(shop: Shop) -> None:
    group = tree(leaves=49, depth=32)
    await shop.open([lambda one: {**per(100, one), "rules": group}])
    items = [{"source_id": f"p{number}", "price": 100, "quantity": 2} for number in range(500)]
    await shop.order("o/1", items=items)
    assert await shop.card.balance() == (1000, 0)
    await shop.order("o/2", items=items[:499])
    assert await shop.card.balance() == (1000, 0)
    assert await shop.reasons() == [None, "condition"]


async def test_a_poisoned_trigger_is_parked_and_blocks_nobody_else(shop: Shop) -> None:
    await shop.open()
    poisoned = shop.card
    first = await shop.order("o/1", works=False, items=[], amount=1)
    async with shop.engine.database.connection() as connection:
        await connection.execute("UPDATE triggers SET payload = '{}' WHERE member_id = $1", poisoned.member_id)
        await shop.order("o/2", works=False, items=[], amount=1)
        shop.customer_id = await customer(shop.client)
        (other,) = await shop.joined(poisoned.program_id)
        await shop.order("o/3")
        assert (await other.balance(), await poisoned.balance()) == ((10, 0), (0, 0))
        for _ in range(FAILURES_BEFORE_PARKING):
            await connection.execute("UPDATE triggers SET due_at = NULL WHERE member_id = $1", poisoned.member_id)
            await shop.work()
    assert await poisoned.balance() == (10, 0)
    (parked,) = await triggers.list_parked(shop.engine, shop.project.id, 10)
    assert (parked.member_id, parked.subject_id) == (poisoned.member_id, first["id"])
    assert "KeyError" in parked.failure
    assert await shop.is_clean()


async def test_workers_that_race_earn_everything_once(shop: Shop) -> None:
    await shop.open()
    cards = []
    for place in range(12):
        shop.customer_id = await customer(shop.client)
        cards += await shop.joined(shop.card.program_id)
        for number in range(4):
            await shop.order(f"o/{place}/{number}", works=False, items=[], amount=1)

    async def worker() -> None:
        round_ = Round(evaluate)
        while (await round_.work_off(shop.engine)).more:
            pass

    await asyncio.gather(*(worker() for _ in range(4)))
    await shop.work()
    assert {await one.balance() for one in cards} == {(40, 0)}
    assert await shop.is_clean()


async def test_only_listed_events_activate_and_move_dates(shop: Shop) -> None:
    names = ("visited", "shared")
    visited, _ = [(await created(shop.client, "event-schemas", name=one, properties={}))["id"] for one in names]
    awaited = {"event_types": [visited], "cancel_period": {"value": 30, "unit": "DAY"}}
    sliding = {"period": {"value": 10, "unit": "DAY"}, "custom_activity": True, "custom_activity_types": [visited]}
    await shop.open(
        wallet={
            "pending_points": {"type": "EVENT_BASED", "event_based": awaited},
            "points_expiration": {"type": "SLIDING_EXPIRATION", "sliding_expiration": sliding},
        }
    )
    await shop.order("o/1", items=[], amount=1)
    await shop.event("shared")
    assert await shop.card.balance() == (0, 10)
    await shop.event("visited")
    assert await shop.card.balance() == (10, 0)
    assert await _expires(shop.card) == "2026-02-10"
    await set_clock(shop.engine, shop.project, "2026-02-08T10:00:00Z")
    await shop.event("shared")
    assert await _expires(shop.card) == "2026-02-10"
    await shop.event("visited")
    assert await _expires(shop.card) == "2026-02-18"
    await set_clock(shop.engine, shop.project, "2026-02-19T10:00:00Z")
    assert await shop.card.balance() == (0, 0)
    assert await shop.is_clean()


async def _expires(card: TestCard) -> str | None:
    nearest = (await card.shown())["next_expiration"]
    return nearest and str(nearest["date"])


async def test_whoever_enters_a_segment_earns(shop: Shop) -> None:
    segment_id = await segment(shop.client)
    await shop.open(trigger={"event": "customer.segment.entered", "segment": {"id": segment_id}})
    for vip in (True, True, False, True):
        answer = await shop.client.put(f"/v1/customers/{shop.customer_id}", json={"metadata": {"vip": vip}})
        assert answer.is_success, answer.text
        await shop.work()
    assert await shop.types() == [("POINTS_EARNED", 10), ("POINTS_EARNED", 10)]
    assert [one["trigger"]["id"] for one in await shop.evaluations()] == [segment_id] * 2


async def test_an_order_lowered_by_its_items_loses_what_those_earned(shop: Shop) -> None:
    counted = (await created(shop.client, "products", name="Counted", source_id="counted", price=100))["id"]
    applicable = [{"type": "product", "product": {"id": counted}}]
    quantity = {"quantity": {"every": 1, "value": 5, "applicable_to": applicable}}

    def each(wallet_id: str) -> dict[str, Any]:
        part = {"card_definition_id": wallet_id, "calculation_type": "ORDER_ITEMS_QUANTITY", "order_items": quantity}
        return {"effects": [{"type": "POINTS_PROPORTIONAL", "points_proportional": part}]}

    await shop.open([each], wallet={"refunds": refunds(TO_ZERO)})

    async def bought(quantity: int, others: int, **given: Any) -> int:
        items = [{"product_id": counted, "quantity": quantity}, {"source_id": "other", "price": 9, "quantity": others}]
        await shop.order("o/1", items=items, **given)
        return (await shop.card.balance())[0]

    assert await bought(4, 3) == 20
    assert await bought(4, 1) == 20
    assert await bought(4, 1, metadata={"note": "gift"}) == 20
    assert await bought(3, 1) == 15
    assert await bought(4, 9) == 15
    assert await bought(1, 9) == 5
    assert await shop.types() == [("POINTS_EARNED", 20), ("POINTS_REFUNDED", 5), ("POINTS_REFUNDED", 10)]
    await shop.order("o/1", "CANCELED")
    assert await shop.card.balance() == (0, 0)
    assert await shop.is_clean()
