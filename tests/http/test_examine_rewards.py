"""Examining rewards tells what could be bought, or all that stands in the way (domain 14)."""

import random
from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, make_project
from tests.http.cards import set_clock
from tests.http.definitions import BASE, refused
from tests.http.shops import Buyer, card_points, issue, new_shop

from troth.actions.engine import Engine

pytestmark = pytest.mark.anyio

STAFF = {"1": {"name": "member.metadata", "property": "staff", "conditions": {"$is": [True]}}, "logic": "1"}
GERMAN = {"1": {"name": "customer.metadata", "property": "country", "conditions": {"$is": ["DE"]}}, "logic": "1"}
DAILY = {"type": "CURRENT_PERIOD", "current_period": {"unit": "DAY"}}


@pytest.fixture
async def sandbox(engine: Engine) -> TestProject:
    project = await make_project(engine, sandbox=True)
    await set_clock(engine, project, "2026-01-10T10:00:00Z")
    return project


async def examined(buyer: Buyer, **given: Any) -> dict[str, Any]:
    whose = {"type": "customer_id", "customer_id": buyer.customer_id}
    body = {"customer_identification": whose, **given}
    answer = await buyer.shop.client.post(f"{BASE}/examine/rewards", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def estimates(buyer: Buyer, **given: Any) -> dict[str, tuple[str, int, dict[str, Any]]]:
    """Return card, price and reasons of each reward that stands under a card."""
    (membership,) = (await examined(buyer, **given))["memberships"]
    found = {}
    for card in membership["cards"]:
        for one in card["rewards"]:
            reasons = {why["reason"]: why["details"] for why in one.get("unavailability_reasons", [])}
            assert one["status"] == ("UNAVAILABLE" if reasons else "AVAILABLE")
            found[one["reward"]["id"]] = (card["card"]["id"], one["cost"]["points"], reasons)
    return found


async def test_a_reward_stands_under_the_card_that_pays_it(client: httpx.AsyncClient) -> None:
    shop = await new_shop(client, {}, {"name": "Stars"})
    mug = await shop.reward(30, metadata={"size": "L"})
    star = await shop.reward(shop.cost(2, 1))
    await shop.reward(1, status="DRAFT")
    buyer = await shop.member(20, 5)
    found = await examined(buyer)
    money, stars = (one.id for one in buyer.cards)
    assert found["customer"] == {
        "id": buyer.customer_id, "source_id": None, "metadata": {}, "object": "customer",
    }  # fmt: skip
    limits = {"cooldown": {"type": "NO_COOLDOWN"}, "frequency": {"type": "NO_LIMIT", "limits": []}}
    assert found["rewards"] == [
        {
            "id": id_,
            "name": "Mug",
            "type": "MATERIAL",
            "metadata": metadata,
            "purchase_limits": limits,
            "object": "reward",
        }
        for id_, metadata in ((mug, {"size": "L"}), (star, {}))
    ]
    (membership,) = found["memberships"]
    assert [one["card"]["id"] for one in membership["cards"]] == [money, stars]
    assert membership["cards"][0]["rewards"] == [
        {
            "reward": {"id": mug, "object": "reward"},
            "status": "UNAVAILABLE",
            "cost": {"points": 30, "object": "reward_cost"},
            "unavailability_reasons": [
                {
                    "reason": "insufficient_balance",
                    "details": {"required": 30, "available": 20, "missing": 10},
                    "object": "reward_unavailability_reason",
                }
            ],
            "object": "reward_estimation",
        }
    ]
    assert membership["cards"][1]["rewards"] == [
        {
            "reward": {"id": star, "object": "reward"},
            "status": "AVAILABLE",
            "cost": {"points": 2, "object": "reward_cost"},
            "object": "reward_estimation",
        }
    ]


async def test_every_reason_is_told(engine: Engine, market: httpx.AsyncClient, sandbox: TestProject) -> None:
    large = {"type": "LIMITED", "limits": [{"type": "POINTS", "max": 40}]}
    spending = {"spending_limits": {"global": {"type": "NO_LIMIT"}, "transactions": large}}
    shop, other = await new_shop(market, spending, {"name": "Stars"}), await new_shop(market)
    away = other.wallet_ids[0]
    foreign = {"spending": [{"points": 7, "card_definition_id": away}]}
    hours = {"type": "FIXED_COOLDOWN", "fixed_cooldown": {"period": {"value": 1, "unit": "HOUR"}}}
    once = {"type": "LIMITED", "limits": [{"type": "TIME_BASED", "period": DAILY, "triggers": {"max": 1}}]}
    gone = await shop.reward(1, stock=0)
    dear = await shop.reward(50)
    late = await shop.reward(1, start_date="2030-01-01T00:00:00Z")
    again = await shop.reward(1, purchase_limits={"cooldown": hours, "frequency": once})
    staff = await shop.reward(foreign | {"rules": STAFF}, shop.cost(3, 1, **STAFF))
    cardless = await shop.reward(foreign, shop.cost(1, **STAFF))
    nowhere = await shop.reward(1, digital=card_points(away, 5))
    hidden = await shop.reward(1, status="DRAFT")
    buyer = await shop.member(45)
    await buyer.buy(again)
    money, stars = (one.id for one in buyer.cards)
    short = {"required": 50, "available": 44, "missing": 6}
    found = await estimates(buyer)
    assert found == {
        gone: (money, 1, {"out_of_stock": {}}),
        dear: (money, 50, {"insufficient_balance": short, "transaction_spending_limit_exceeded": {}}),
        late: (money, 1, {"outside_validity_window": {}}),
        again: (money, 1, {"purchase_cooldown": {}, "purchase_frequency_exceeded": {}}),
        staff: (stars, 3, {"no_matching_cost": {}}),
        cardless: (money, 1, {"no_card_for_cost": {}}),
        nowhere: (money, 1, {"no_target_card": {"card_definition_id": away}}),
    }
    listed = [one["id"] for one in (await examined(buyer))["rewards"]]
    assert hidden not in listed


async def test_what_no_card_would_pay_is_in_the_list_alone(client: httpx.AsyncClient) -> None:
    shop, other = await new_shop(client), await new_shop(client)
    foreign = {"spending": [{"points": 7, "card_definition_id": other.wallet_ids[0]}]}
    reward = await shop.reward(foreign, shop.cost(1))
    buyer = await shop.member(10)
    await client.put(f"{BASE}/rewards/{reward}", json={"costs": [foreign]})
    found = await examined(buyer)
    assert [one["id"] for one in found["rewards"]] == [reward]
    assert found["memberships"][0]["cards"] == []


async def test_given_metadata_go_before_the_stored(client: httpx.AsyncClient) -> None:
    shop = await new_shop(client)
    reward = await shop.reward(shop.cost(1, **STAFF), shop.cost(2, **GERMAN), shop.cost(3))
    buyer = await shop.member(10, metadata={"country": "PL"})
    for given, price in (
        ({}, 3),
        ({"customer": {"metadata": {"country": "DE"}}}, 2),
        ({"customer": {"metadata": {"country": "DE"}}, "member": {"metadata": {"staff": True}}}, 1),
    ):
        assert (await estimates(buyer, **given))[reward][1] == price


async def test_only_active_memberships_are_looked_at(client: httpx.AsyncClient) -> None:
    shop = await new_shop(client)
    await shop.reward(1)
    buyer = await shop.member(10)
    await client.post(f"{buyer.path}/deactivate")
    found = await examined(buyer)
    assert (found["rewards"], found["memberships"]) == ([], [])
    nobody = {"type": "customer_id", "customer_id": "cust_0"}
    refused(await client.post(f"{BASE}/examine/rewards", json={"customer_identification": nobody}), 404, "not_found")


async def test_what_is_available_can_be_bought_and_nothing_else(
    engine: Engine, market: httpx.AsyncClient, sandbox: TestProject
) -> None:
    """Random rewards and members, over hours: examine, dry run and purchase always say the same."""
    chance = random.Random(11)
    largest = {"type": "LIMITED", "limits": [{"type": "SPENDING_BASED", "max": 60}]}
    wallet = {"spending_limits": {"global": largest, "transactions": {"type": "NO_LIMIT"}}}
    shop = await new_shop(market, wallet, {"name": "Stars"})
    hour = {"type": "FIXED_COOLDOWN", "fixed_cooldown": {"period": {"value": 1, "unit": "HOUR"}}}
    twice = {"type": "LIMITED", "limits": [{"type": "TIME_BASED", "period": DAILY, "triggers": {"max": 2}}]}
    rewards = []
    for _ in range(8):
        rules = chance.choice([{}, {}, STAFF, GERMAN])
        costs = [shop.cost(chance.randint(1, 30), chance.randint(0, 1), **rules), shop.cost(chance.randint(1, 30))]
        rewards.append(
            await shop.reward(
                *costs[: chance.randint(1, 2)],
                stock=chance.choice([None, 0, 3]),
                purchase_limits={
                    "cooldown": chance.choice([{"type": "NO_COOLDOWN"}, hour]),
                    "frequency": chance.choice([{"type": "NO_LIMIT", "limits": []}, twice]),
                },
                **chance.choice([{}, {"digital": card_points(shop.wallet_ids[1], 5)}]),
            )
        )
    buyers = [await shop.member(chance.randint(0, 80), chance.randint(0, 40)) for _ in range(3)]
    buyers.append(await shop.member(80, 40, metadata={"country": "DE"}))
    await market.put(buyers[0].path, json={"metadata": {"staff": True}})
    seen = set()
    for step in range(40):
        buyer, reward = chance.choice(buyers), chance.choice(rewards)
        found = (await estimates(buyer)).get(reward)
        tried = await buyer.ask(reward, "DRY_RUN")
        bought = await buyer.ask(reward)
        available = found is not None and not found[2]
        assert (tried.status_code == 200, bought.status_code == 202) == (available, available), (found, bought.text)
        if found and available:
            assert bought.json()["transaction"]["card_id"] == found[0]
            assert bought.json()["transaction"]["details"]["points"]["total"] == found[1]
        else:
            seen.add(bought.json()["key"])
            assert bought.json()["key"] == tried.json()["key"]
        if step % 5 == 4:
            await issue(engine)
            await set_clock(engine, sandbox, f"2026-01-{10 + step // 16:02}T{11 + step // 5:02}:00:00Z")
    assert len(seen) > 3
