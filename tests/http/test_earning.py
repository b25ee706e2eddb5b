"""Earning end to end: from orders and events over HTTP to points, with the reason why, and back again (domain 8)."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.http.cards import TestCard, set_clock
from tests.http.definitions import points, refused
from tests.http.earners import (
    BELOW_ZERO,
    FROM_PENDING,
    THREE_DAYS,
    TO_ZERO,
    Shop,
    opened_shop,
    per,
    refunds,
)
from tests.http.platform import created
from tests.http.programs import PROGRAMS, active_wallet, batch, program, rule

from troth.actions.earning_evaluations import forget_evaluations
from troth.actions.engine import Engine
from troth.http.door import Door

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shop(engine: Engine, door: Door) -> AsyncIterator[Shop]:
    async with opened_shop(engine, door) as made:
        yield made


async def test_a_paid_order_earns_once_and_says_why(shop: Shop) -> None:
    await shop.open(name="Every order")
    order = await shop.order("o/1", "CREATED", items=[], amount=500)
    assert await shop.card.balance() == (0, 0)
    for status in ("PAID", "PAID", "FULFILLED", "PAID"):
        await shop.order("o/1", status)
    assert await shop.card.balance() == (10, 0)
    (transaction,) = await shop.card.listed("transactions")
    (evaluation,) = await shop.evaluations()
    (told,) = evaluation["rules"]
    assert (transaction["type"], transaction["details"]["reason"]) == ("POINTS_EARNED", "Club / Every order")
    assert transaction["details"]["metadata"] == {
        "event_id": order["id"],
        "member_id": shop.card.member_id,
        "program_id": shop.card.program_id,
        "earning_rule_id": told["earning_rule_id"],
        "earning_item_id": told["earning_item_id"],
    }
    assert evaluation["trigger"] == {
        "type": "customer.order.paid",
        "id": order["id"],
        "occurred_at": "2026-01-31T10:00:00.000Z",
    }
    assert (told["outcome"], told["reason"]) == ("EARNED", None)
    assert told["transactions"] == [{"id": transaction["id"], "card_id": shop.card.id, "points": 10}]
    assert await shop.is_clean()


async def test_a_refused_rule_says_by_which_condition_and_what_it_saw(shop: Shop) -> None:
    rules = {"1": {"name": "order.amount", "conditions": {"$more_than": [1000]}}, "logic": "1"}
    await shop.open([lambda wallet: {**points(wallet, 10), "rules": rules}])
    await shop.order("o/1", items=[], amount=999)
    await shop.order("o/2", items=[], amount=1001)
    assert await shop.card.balance() == (10, 0)
    first, second = await shop.evaluations()
    (refusal,) = first["rules"][0]["details"]["earnings"]
    (condition,) = refusal["conditions"]
    assert (first["rules"][0]["reason"], condition["name"], condition["seen"]) == ("condition", "order.amount", 999)
    assert second["rules"][0]["reason"] is None


async def test_a_rule_cools_down_and_counts_whatever_comes_together(shop: Shop) -> None:
    week = {"type": "TIME_BASED", "period": {"type": "CURRENT_PERIOD", "current_period": {"unit": "WEEK"}}}
    limits = {"frequency": {"type": "LIMITED", "limits": [{**week, "triggers": {"max": 2}}]}}
    await shop.open(trigger_limits=limits)
    for number in range(4):
        await shop.order(f"o/{number}", works=False, items=[], amount=1)
    await shop.work()
    assert await shop.reasons() == [None, None, "frequency", "frequency"]
    await set_clock(shop.engine, shop.project, "2026-02-02T10:00:00Z")
    await shop.order("o/9", items=[], amount=1)
    assert await shop.reasons() == [None, None, "frequency", "frequency", None]
    assert await shop.card.balance() == (30, 0)


async def test_a_cooldown_counts_from_the_last_success(shop: Shop) -> None:
    limits = {"cooldown": {"type": "FIXED_COOLDOWN", "fixed_cooldown": {"period": {"value": 2, "unit": "DAY"}}}}
    await shop.open(trigger_limits=limits)
    for number, day in enumerate(("01-31", "02-01", "02-02", "02-03", "02-04")):
        await set_clock(shop.engine, shop.project, f"2026-{day}T10:00:00Z")
        await shop.order(f"o/{number}", items=[], amount=1)
    assert await shop.reasons() == [None, "cooldown", None, "cooldown", None]


async def test_limits_see_what_the_same_batch_has_earned(shop: Shop) -> None:
    month = {"type": "CURRENT_PERIOD", "current_period": {"unit": "MONTH"}}
    limit = {"type": "TIME_BASED", "period": month, "points": {"max": 25}}
    limits = {"global": {"type": "LIMITED", "limits": [limit]}, "transactions": {"type": "NO_LIMIT"}}
    await shop.open(wallet={"earning_limits": limits})
    for number in range(4):
        await shop.order(f"o/{number}", works=False, items=[], amount=1)
    await shop.work()
    assert await shop.types() == [("POINTS_EARNED", 10), ("POINTS_EARNED", 10), ("POINTS_EARNED", 5)]
    assert await shop.reasons() == [None, None, None, "limit"]
    await set_clock(shop.engine, shop.project, "2026-02-01T10:00:00Z")
    await shop.order("o/9", items=[], amount=1)
    assert await shop.card.balance() == (35, 0)


async def test_an_awaited_event_activates_what_is_pending(shop: Shop) -> None:
    schema = await created(shop.client, "event-schemas", name="visited", properties={})
    awaited = {"event_types": [schema["id"]], "cancel_period": {"value": 30, "unit": "DAY"}}
    await shop.open(wallet={"pending_points": {"type": "EVENT_BASED", "event_based": awaited}})
    await shop.order("o/1", items=[], amount=1)
    assert await shop.card.balance() == (0, 10)
    event = {"event": "visited", "customer": {"id": shop.customer_id}}
    assert (await shop.client.post("/v1/events", json=event)).is_success
    await shop.work()
    assert await shop.card.balance() == (10, 0)
    assert await shop.types() == [("PENDING_POINTS_ADDED", 10), ("PENDING_POINTS_ACTIVATED", 10)]


async def test_an_event_activates_what_an_inactive_member_waits_for_and_earns_it_nothing(shop: Shop) -> None:
    """Its points activate, whatever its status (domain 6); being ACTIVE again a moment later changes nothing."""
    schema = await created(shop.client, "event-schemas", name="visited", properties={})
    awaited = {"event_types": [schema["id"]], "cancel_period": {"value": 30, "unit": "DAY"}}
    await shop.open(wallet={"pending_points": {"type": "EVENT_BASED", "event_based": awaited}})
    await shop.order("o/1", items=[], amount=1)
    trigger = {"event": "customer.custom_event", "custom_event": {"schema_id": schema["id"]}}
    visited = await rule(shop.client, shop.wallet_id, trigger=trigger)
    assert (await batch(shop.client, shop.card.program_id, "earning-rules", [visited])).is_success
    await shop.client.post(f"{shop.card.member_path}/deactivate")
    await shop.event("visited", works=False)
    await shop.client.post(f"{shop.card.member_path}/activate")
    await shop.work()
    assert await shop.card.balance() == (10, 0)
    assert await shop.types() == [("PENDING_POINTS_ADDED", 10), ("PENDING_POINTS_ACTIVATED", 10)]
    assert len(await shop.evaluations()) == 1
    await shop.event("visited")
    assert await shop.card.balance() == (10, 10)
    assert await shop.is_clean()


async def test_an_inactive_member_earns_nothing(shop: Shop) -> None:
    await shop.open()
    await shop.order("o/1", works=False, items=[], amount=1)
    await shop.client.post(f"{shop.card.member_path}/deactivate")
    await shop.work()
    await shop.order("o/2", items=[], amount=1)
    assert await shop.reasons() == ["inactive"]
    assert await shop.card.balance() == (0, 0)


async def test_a_customer_earns_in_every_program(shop: Shop, client: httpx.AsyncClient) -> None:
    await shop.open()
    first = shop.card
    wallet_id = await active_wallet(shop.client, name="Stars")
    rules = [{"id": await rule(shop.client, wallet_id, earnings=[points(wallet_id, n)])} for n in (1, 2)]
    other = await program(shop.client, status="ACTIVE", card_definitions=[{"id": wallet_id}], earning_rules=rules)
    answer = await shop.client.post(f"{PROGRAMS}/{other['id']}/members", json={"customer_id": shop.customer_id})
    member = answer.json()
    await shop.order("o/1", items=[], amount=1)
    second = TestCard(shop.client, other["id"], member["id"], member["cards"][0]["card"]["id"])
    assert (await first.balance(), await second.balance()) == ((10, 0), (3, 0))


async def test_a_benefit_is_kept_as_a_grant(shop: Shop) -> None:
    wallet_id = await active_wallet(shop.client)
    benefit = {
        "name": "Mug",
        "status": "ACTIVE",
        "type": "POINTS",
        "points": {"value": 1, "card_definition_id": wallet_id},
    }
    answer = await shop.client.post("/v2/loyalties/benefits", json=benefit)
    granted = answer.json()["id"]
    await shop.open([{"effects": [{"type": "BENEFIT", "benefit": {"id": granted}}]}])
    order = await shop.order("o/1", items=[], amount=1)
    async with shop.engine.database.connection() as connection:
        row = await connection.fetchrow("SELECT * FROM benefit_grants WHERE member_id = $1", shop.card.member_id)
    assert (row["benefit_id"], row["status"], order["id"] in row["trigger"]) == (granted, "PENDING", True)


# What a cancelled order takes back, by the wallet's rule, after 100 points were earned and `spent` of them were taken.
@pytest.mark.parametrize(
    ("wallet", "spent", "booked", "balance"),
    [
        ({}, 0, [], 100),
        ({"refunds": refunds(TO_ZERO)}, 0, [("POINTS_REFUNDED", 100)], 0),
        ({"refunds": refunds(TO_ZERO)}, 30, [("POINTS_REFUNDED", 70)], 0),
        ({"refunds": refunds(TO_ZERO)}, 100, [], 0),
        (
            {"refunds": refunds(BELOW_ZERO), "balance_settings": {"allow_negative": True}},
            30,
            [("POINTS_REFUNDED", 100)],
            -30,
        ),
    ],
)
async def test_a_cancelled_order_takes_back_what_the_wallet_says_once(
    shop: Shop, wallet: dict[str, Any], spent: int, booked: list[tuple[str, int]], balance: int
) -> None:
    await shop.open([lambda one: points(one, 100)], wallet=wallet)
    await shop.order("o/1", items=[], amount=1)
    if spent:
        await shop.card.adjust(-spent)
    before = len(await shop.types())
    for status in ("CANCELED", "CANCELED", "PAID", "CANCELED"):
        await shop.order("o/1", status)
    assert (await shop.types())[before:] == booked
    assert await shop.card.balance() == (balance, 0)
    assert await shop.is_clean()


@pytest.mark.parametrize("method", [FROM_PENDING, TO_ZERO])
async def test_what_is_pending_is_cancelled_first(shop: Shop, method: dict[str, Any]) -> None:
    wallet = {"refunds": refunds(method), "pending_points": THREE_DAYS}
    await shop.open([lambda one: per(10, one)], wallet=wallet)
    await shop.order("o/1", items=[], amount=1000)
    await shop.order("o/2", items=[], amount=50)
    await shop.order("o/1", items=[], amount=400)
    assert await shop.card.balance() == (0, 45)
    await set_clock(shop.engine, shop.project, "2026-02-04T10:00:00Z")
    assert await shop.card.balance() == (45, 0)
    await shop.order("o/1", "CANCELED")
    assert await shop.card.balance() == ((45, 0) if method is FROM_PENDING else (5, 0))
    assert await shop.is_clean()


async def test_an_order_cancelled_before_it_earned_earns_nothing(shop: Shop) -> None:
    await shop.open()
    await shop.order("o/1", works=False, items=[], amount=1)
    await shop.order("o/1", "CANCELED", works=False)
    await shop.work()
    (evaluation,) = await shop.evaluations()
    (told,) = evaluation["rules"]
    assert (told["reason"], told["details"]) == ("inactive", {"order_status": "CANCELED"})
    assert await shop.card.listed("transactions") == []


async def test_an_order_lowered_step_by_step_takes_back_as_much_as_at_once(shop: Shop) -> None:
    await shop.open([lambda one: per(7, one)], wallet={"refunds": refunds(TO_ZERO)})
    await shop.order("o/1", items=[], amount=997)
    for amount in (996, 900, 901, 333, 100, 1):
        await shop.order("o/1", items=[], amount=amount, works=amount != 900)
    earned = 997 // 7
    assert await shop.card.balance() == (earned - earned * 996 // 997, 0)
    await shop.order("o/1", items=[], amount=0)
    assert await shop.card.balance() == (0, 0)
    await shop.order("o/1", items=[], amount=997)
    await shop.order("o/1", "CANCELED")
    assert await shop.card.balance() == (0, 0)


async def test_buying_and_cancelling_again_and_again_earns_nothing(shop: Shop) -> None:
    await shop.open([lambda one: per(10, one)], wallet={"refunds": refunds(TO_ZERO)})
    await shop.card.adjust(5)
    for number in range(5):
        await shop.order(f"o/{number}", works=number % 2 == 0, items=[], amount=1000)
        await shop.order(f"o/{number}", "CANCELED", works=number % 2 == 1)
    await shop.work()
    assert await shop.card.balance() == (5, 0)
    assert await shop.is_clean()


async def test_imported_orders_earn_nothing(shop: Shop) -> None:
    await shop.open()
    order = {"source_id": "old", "status": "PAID", "customer": {"id": shop.customer_id}, "items": [], "amount": 1}
    assert (await shop.client.post("/v1/orders/import", json=[order])).is_success
    await shop.work()
    assert await shop.evaluations() == []


async def test_evaluations_are_forgotten_after_their_time(shop: Shop) -> None:
    refusing = {"1": {"name": "order.amount", "conditions": {"$more_than": [1000]}}, "logic": "1"}
    await shop.open([lambda one: {**points(one, 10), "rules": refusing}])
    for number, amount in enumerate((1, 2000)):
        await shop.order(f"o/{number}", items=[], amount=amount)
    async with shop.engine.database.connection() as connection:
        old = "UPDATE earning_evaluations SET created_at = now() - $2 * interval '1 day' WHERE member_id = $1"
        await connection.execute(old, shop.card.member_id, 91)
        await forget_evaluations(shop.engine, kept_days=92, refusals_kept_days=92)
        assert await shop.reasons() == ["condition", None]
        await forget_evaluations(shop.engine)
        assert await shop.reasons() == [None]
        await forget_evaluations(shop.engine, kept_days=92)
        assert await shop.reasons() == [None]
        await connection.execute(old, shop.card.member_id, 401)
        await forget_evaluations(shop.engine)
    assert await shop.reasons() == []


async def test_evaluations_of_a_member_that_is_not_there_are_not_found(shop: Shop) -> None:
    await shop.open()
    path = f"{PROGRAMS}/{shop.card.program_id}/members/lmbr_0/earning-evaluations"
    refused(await shop.client.get(path), 404, "not_found")
    refused(await shop.client.get(f"{shop.card.member_path}/earning-evaluations?order=id"), 400, "invalid_query_params")
