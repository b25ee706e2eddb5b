"""Examine = deed: what examine says of an order is what the order earns, whatever program and member (domain 8)."""

import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.http.cards import set_clock
from tests.http.definitions import points
from tests.http.earners import Shop, opened_shop, per
from tests.http.programs import active_wallet, program, rule
from tests.http.tiers import LEVELS, tiers

from troth.actions.engine import Engine
from troth.http.door import Door

pytestmark = pytest.mark.anyio


@pytest.fixture
async def shop(engine: Engine, door: Door) -> AsyncIterator[Shop]:
    async with opened_shop(engine, door) as made:
        yield made


async def examined(shop: Shop, amount: int) -> dict[str, int]:
    """Return the points that examine says an order would earn, by card."""
    body = {
        "trigger": {"type": "SPECIFIC", "specific": {"event": "customer.order.paid"}},
        "customer_identification": {"type": "customer_id", "customer_id": shop.customer_id},
        "customer_order_paid": {"order": {"amount": amount, "initial_amount": amount, "items": []}},
    }
    answer = await shop.client.post("/v2/loyalties/examine/earning-rules", json=body)
    assert answer.status_code == 200, answer.text
    cards = [card for one in answer.json()["memberships"] for card in one["cards"]]
    return {one["card"]["id"]: one["points_estimation"] for one in cards if one["points_estimation"]}


async def open_at_random(shop: Shop, chance: random.Random) -> None:
    """Open a program of two wallets, limited ones, with tiers on one of them, and rules of every sort."""
    await shop.open([lambda one: points(one, 1)])
    wallets = [await active_wallet(shop.client, earning_limits=_limits(chance)) for _ in range(2)]
    structure_id, ids = await tiers(shop.client, wallets[0], LEVELS)
    rules = []
    for _ in range(chance.randint(2, 5)):
        earnings = [_earning(chance, wallets, structure_id, list(ids.values())) for _ in range(chance.randint(1, 3))]
        rules.append(await rule(shop.client, earnings=earnings, trigger_limits=_repetition(chance)))
    club = await program(
        shop.client,
        status="ACTIVE",
        card_definitions=[{"id": one} for one in wallets],
        earning_rules=[{"id": one} for one in rules],
        tier_structures=[{"id": structure_id}],
    )
    shop.cards = [shop.card, *await shop.joined(club["id"])]


def _limits(chance: random.Random) -> dict[str, Any]:
    unit = chance.choice(["DAY", "WEEK", "MONTH"])
    most = {"points": {"max": chance.choice([30, 200, 900])}}
    timed = {"type": "TIME_BASED", "period": {"type": "CURRENT_PERIOD", "current_period": {"unit": unit}}, **most}
    balanced = {"type": "BALANCE_BASED", "max": chance.choice([100, 700])}
    limits = chance.choice([[], [timed], [balanced]])
    one_by_one = chance.choice([[], [{"type": "SPENDING", "min_amount": 51}]])
    return {
        "global": {"type": "LIMITED", "limits": limits} if limits else {"type": "NO_LIMIT"},
        "transactions": {"type": "LIMITED", "limits": one_by_one} if one_by_one else {"type": "NO_LIMIT"},
    }


def _repetition(chance: random.Random) -> dict[str, Any]:
    period = {"type": "CURRENT_PERIOD", "current_period": {"unit": chance.choice(["DAY", "WEEK", "MONTH"])}}
    often = {"type": "TIME_BASED", "period": period, "triggers": {"max": chance.choice([1, 2, 5])}}
    pause = {"period": {"value": chance.randint(1, 3), "unit": "DAY"}}
    return {
        "frequency": chance.choice([{"type": "NO_LIMIT"}, {"type": "LIMITED", "limits": [often]}]),
        "cooldown": chance.choice([{"type": "NO_COOLDOWN"}, {"type": "FIXED_COOLDOWN", "fixed_cooldown": pause}]),
    }


def _earning(chance: random.Random, wallets: list[str], structure_id: str, tier_ids: list[str]) -> dict[str, Any]:
    some = chance.sample(wallets, chance.randint(1, 2))
    parts = [chance.choice([points(one, chance.choice([0, 7, 60])), per(chance.choice([3, 10]), one)]) for one in some]
    made: dict[str, Any] = {"effects": [effect for part in parts for effect in part["effects"]]}
    if chance.random() < 0.5:
        condition = {"name": "order.amount", "conditions": {"$more_than": [chance.choice([50, 500])]}}
        made["rules"] = {"1": condition, "logic": "1"}
    if chance.random() < 0.4:
        entry = {"tier_structure_id": structure_id, "tier_ids": chance.sample(tier_ids, chance.randint(1, 2))}
        made["tier_rules"] = {"type": "ANY_OF", "any_of": [entry]}
    return made


@pytest.mark.parametrize("seed", range(16))
async def test_what_examine_says_is_what_is_earned(shop: Shop, seed: int) -> None:
    chance = random.Random(seed)
    await open_at_random(shop, chance)
    for number in range(8):
        if chance.random() < 0.5:
            day, hour = divmod(number * 7 + 24, 24)
            await set_clock(shop.engine, shop.project, f"2026-02-{day + number // 2:02}T{hour:02}:30:00Z")
        amount = chance.choice([0, 9, 50, 51, 300, 999])
        before = {one.id: await one.balance() for one in shop.cards}
        said = await examined(shop, amount)
        await shop.order(f"o/{number}", items=[], amount=amount)
        after = {one.id: await one.balance() for one in shop.cards}
        assert {one: now[0] - before[one][0] for one, now in after.items() if now != before[one]} == said
    assert await shop.is_clean()
