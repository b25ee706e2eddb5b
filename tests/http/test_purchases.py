"""Rewards are bought, once and within all limits, and purchases are listed (domain 11)."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, client_of
from tests.http.cards import set_clock
from tests.http.definitions import BASE, refused
from tests.http.everything import everything_stored
from tests.http.programs import PROGRAMS, active_wallet, program, rule
from tests.http.shops import (
    Shop,
    card_points,
    issue,
    new_shop,
)

from troth.actions.access import create_key
from troth.actions.engine import Engine
from troth.core.access import Role
from troth.http.door import Door

pytestmark = pytest.mark.anyio

MONTH = {"type": "ROLLING_EXPIRATION", "rolling_expiration": {"period": {"value": 1, "unit": "MONTH"}}}


def limits(kind: str, **given: Any) -> dict[str, Any]:
    return {"spending_limits": {"global": {"type": "NO_LIMIT"}, "transactions": {"type": "NO_LIMIT"}, kind: given}}


async def test_points_and_stock_are_taken_by_the_answer(client: httpx.AsyncClient) -> None:
    shop = await new_shop(client)
    mug = await shop.reward(30, stock=2)
    buyer = await shop.member(100)
    answer = await buyer.ask(mug)
    assert answer.status_code == 202, answer.text
    bought = answer.json()["transaction"]
    assert answer.json() == {
        "transaction": bought,
        "status": "TRANSACTION_CREATED",
        "message": "Transaction pending",
    }
    (paid, _) = await buyer.cards[0].listed("transactions")
    assert bought | {"id": "", "created_at": ""} == {
        "id": "",
        "card_id": buyer.cards[0].id,
        "card_transaction_id": paid["id"],
        "program_id": shop.id,
        "member_id": buyer.id,
        "reward_id": mug,
        "status": "PENDING",
        "type": "PURCHASE",
        "details": {
            "reason": "Club / Mug",
            "rejection": None,
            "metadata": {},
            "points": {"total": 30},
            "result": {"reward": {"id": mug, "type": "MATERIAL"}, "quantity": 1, "material": None, "digital": None},
        },
        "created_at": "",
        "updated_at": None,
        "object": "reward_transaction",
    }
    assert (paid["type"], paid["status"], paid["updated_at"]) == ("POINTS_SPENT_ON_REWARD", "PENDING", None)
    assert paid["details"] == {
        "reason": "Club / Mug",
        "points": {"total": 30},
        "reward": {"id": mug},
        "reward_transaction": {"id": bought["id"]},
        "metadata": {},
    }
    assert await buyer.balance() == 70
    assert await buyer.counters() == {"total": 100, "added": 100, "locked": 30}
    assert await shop.stock(mug) == (1, 0)
    assert await buyer.purchases() == [bought]


async def test_a_dry_run_decides_the_same_and_writes_nothing(engine: Engine, client: httpx.AsyncClient) -> None:
    shop = await new_shop(client)
    mug = await shop.reward(60, stock=5)
    buyer = await shop.member(100)
    before = await everything_stored(engine.database)
    tried = await buyer.ask(mug, "DRY_RUN")
    assert (await everything_stored(engine.database)) == before
    assert tried.status_code == 200, tried.text
    bought = await buyer.buy(mug)
    expected = {name: value for name, value in bought.items() if name not in ("id", "created_at")}
    simulated = {**expected, "status": "SIMULATED", "card_transaction_id": None}
    answer = {"transaction": simulated, "status": "DRY_RUN", "message": "The reward can be purchased"}
    assert tried.json() == answer
    refused(await buyer.ask(mug, "DRY_RUN"), 423, "insufficient_card_balance")


async def test_a_read_only_key_may_try_and_not_buy(
    engine: Engine, door: Door, project: TestProject, client: httpx.AsyncClient
) -> None:
    shop = await new_shop(client)
    mug = await shop.reward(30)
    buyer = await shop.member(100)
    made = await create_key(engine, project.id, "Till", Role.READ_ONLY)
    async with client_of(door, {"X-App-Id": made.key.app_id, "X-App-Token": made.token}) as till:
        path = f"{buyer.path}/rewards/purchases"
        assert (await till.post(path, json={"reward_id": mug, "mode": "DRY_RUN"})).status_code == 200
        refused(await till.post(path, json={"reward_id": mug}), 403, "forbidden")


async def test_the_first_cost_that_is_for_the_member_is_the_price(client: httpx.AsyncClient) -> None:
    shop = await new_shop(client, {}, {"name": "Stars"})
    gold = (await client.post("/v1/segments", json={"name": "Gold", "type": "static"})).json()["id"]

    def rule(name: str, values: list[Any], property_: str | None = None) -> dict[str, Any]:
        asked = {"name": name, "conditions": {"$is": values}}
        return {"1": asked | ({"property": property_} if property_ else {}), "logic": "1"}

    reward = await shop.reward(
        shop.cost(1, **rule("customer.segment", [gold])),
        shop.cost(2, **rule("customer.metadata", ["DE"], "country")),
        shop.cost(3, 1, **rule("member.metadata", [True], "staff")),
        shop.cost(4),
    )
    everybody, staff = await shop.member(10, 10), await shop.member(10, 10)
    german = await shop.member(10, 10, metadata={"country": "DE"})
    golden = await shop.member(10, 10, metadata={"country": "DE"})
    await client.put(staff.path, json={"metadata": {"staff": True}})
    answer = await client.post(f"/v1/segments/{gold}/customers", json={"customers": [golden.customer_id]})
    assert answer.status_code < 300, answer.text
    prices = [(await one.buy(reward))["details"]["points"]["total"] for one in (everybody, staff, german, golden)]
    assert prices == [4, 3, 2, 1]
    assert (await staff.balance(0), await staff.balance(1)) == (10, 7)


async def test_refusals_come_in_their_order(engine: Engine, market: httpx.AsyncClient, sandbox: TestProject) -> None:
    shop = await new_shop(market, {}, {"name": "Stars"})
    cost = shop.cost(
        50, **{"1": {"name": "member.metadata", "property": "x", "conditions": {"$is": [1]}}, "logic": "1"}
    )
    reward = await shop.reward(cost, assign=False, status="DRAFT", start_date="2026-02-01T00:00:00Z")
    buyer = await shop.member(10)
    away = {"reward_id": reward}
    for path in (f"{PROGRAMS}/lprg_0/members/{buyer.id}", f"{shop.path}/members/lmbr_0"):
        refused(await market.post(f"{path}/rewards/purchases", json=away), 404, "not_found")
    refused(await buyer.ask("lrew_0"), 404, "not_found")
    refused(await buyer.ask(reward), 423, "non_active_reward")
    await market.post(f"{BASE}/rewards/{reward}/activate")
    refused(await buyer.ask(reward), 423, "reward_outside_validity_window")
    await set_clock(engine, sandbox, "2026-02-01T00:00:00Z")
    refused(await buyer.ask(reward), 423, "reward_not_assigned")
    await shop.assign(reward, 0)
    refused(await buyer.ask(reward), 423, "reward_out_of_stock")
    stock = {"stock": {"type": "LIMITED", "limited": {"quantity": 1}}}
    await market.put(f"{shop.path}/rewards/{reward}", json=stock)
    refused(await buyer.ask(reward), 423, "no_matching_cost")
    await market.put(buyer.path, json={"metadata": {"x": 1}})
    assert refused(await buyer.ask(reward), 423, "insufficient_card_balance")["details"].endswith("50 are needed")
    await buyer.cards[0].adjust(40)
    assert (await buyer.ask(reward, "DRY_RUN")).status_code == 200
    await market.post(f"{buyer.path}/deactivate")
    refused(await buyer.ask(reward), 423, "non_active_member")
    await market.post(f"{shop.path}/deactivate")
    refused(await buyer.ask(reward), 423, "non_active_program")
    assert await buyer.purchases() == []
    assert await shop.stock(reward) == (1, 0)


async def test_a_wallet_that_is_not_the_programs_pays_and_takes_nothing(client: httpx.AsyncClient) -> None:
    shop, other = await new_shop(client), await new_shop(client)
    foreign = other.wallet_ids[0]
    unpayable = {"spending": [{"points": 1, "card_definition_id": foreign}]}
    rules = {"1": {"name": "member.metadata", "property": "x", "conditions": {"$is": [1]}}, "logic": "1"}
    reward = await shop.reward(shop.cost(1, **rules), unpayable)
    buyer = await shop.member(10)
    refused(await buyer.ask(reward), 423, "no_card_for_cost")
    points = await shop.reward(1, digital=card_points(foreign, 5))
    refused(await buyer.ask(points), 423, "no_target_card")


async def test_after_the_programs_window_nothing_is_bought_and_refunds_work(
    engine: Engine, market: httpx.AsyncClient, sandbox: TestProject
) -> None:
    wallet = await active_wallet(market)
    items = {"card_definitions": [{"id": wallet}], "earning_rules": [{"id": await rule(market, wallet)}]}
    made = await program(market, status="ACTIVE", end_date="2026-02-01T00:00:00Z", **items)
    shop = Shop(market, made["id"], (wallet,))
    mug = await shop.reward(3, refunds={"type": "REFUNDABLE"})
    buyer = await shop.member(10)
    issued, _ = await buyer.buy(mug), await buyer.buy(mug)
    await issue(engine)
    pending = await buyer.buy(mug)
    await set_clock(engine, sandbox, "2026-02-02T00:00:00Z")
    for mode in ("TRANSACTION", "DRY_RUN"):
        refused(await buyer.ask(mug, mode), 423, "program_outside_validity_window")
    await issue(engine)
    assert (await buyer.purchases())[0]["status"] == "APPROVED", "it was bought in time"
    for one in (issued, pending):
        assert (await buyer.refund(one)).status_code == 202
    assert await buyer.balance() == 7


async def test_purchases_are_limited(engine: Engine, market: httpx.AsyncClient, sandbox: TestProject) -> None:
    shop = await new_shop(market)
    cooldown = {"type": "FIXED_COOLDOWN", "fixed_cooldown": {"period": {"value": 2, "unit": "HOUR"}}}
    monthly = {"type": "CURRENT_PERIOD", "current_period": {"unit": "MONTH"}}
    two = {"type": "LIMITED", "limits": [{"type": "TIME_BASED", "period": monthly, "triggers": {"max": 2}}]}
    reward = await shop.reward(1, purchase_limits={"cooldown": cooldown, "frequency": two})
    buyer, other = await shop.member(100), await shop.member(100)
    first = await buyer.buy(reward)
    refused(await buyer.ask(reward), 423, "purchase_cooldown")
    assert (await other.ask(reward)).status_code == 202
    await set_clock(engine, sandbox, "2026-01-31T11:59:59.999Z")
    refused(await buyer.ask(reward), 423, "purchase_cooldown")
    await set_clock(engine, sandbox, "2026-01-31T12:00:00Z")
    await buyer.buy(reward)
    await set_clock(engine, sandbox, "2026-01-31T20:00:00Z")
    refused(await buyer.ask(reward), 423, "purchase_frequency_exceeded")
    await issue(engine)
    assert (await buyer.refund(first, refund="ALLOW")).status_code == 202
    await buyer.buy(reward)  # a refund gives the purchase back
    await set_clock(engine, sandbox, "2026-01-31T23:00:00Z")  # midnight in Warsaw
    await buyer.buy(reward)


@pytest.mark.parametrize(
    ("wallet", "key"),
    [
        (limits("transactions", type="LIMITED", limits=[{"type": "POINTS", "max": 29}]), "transaction"),
        (limits("global", type="LIMITED", limits=[{"type": "SPENDING_BASED", "max": 89}]), "global"),
        (
            limits(
                "global",
                type="LIMITED",
                limits=[
                    {
                        "type": "TIME_BASED",
                        "period": {"type": "CURRENT_PERIOD", "current_period": {"unit": "DAY"}},
                        "points": {"max": 89},
                    }
                ],
            ),
            "global",
        ),
    ],
)
async def test_spending_limits_refuse(client: httpx.AsyncClient, wallet: dict[str, Any], key: str) -> None:
    shop = await new_shop(client, wallet)
    reward = await shop.reward(30)
    buyer = await shop.member(1000)
    answers = await asyncio.gather(*(buyer.ask(reward) for _ in range(4)))
    bought = 0 if key == "transaction" else 2
    assert Counter(one.status_code for one in answers) == Counter({423: 4 - bought} | ({202: 2} if bought else {}))
    for one in answers:
        if one.status_code == 423:
            refused(one, 423, f"{key}_spending_limit_exceeded")


async def test_the_last_points_and_the_last_items_are_bought_once(client: httpx.AsyncClient) -> None:
    shop = await new_shop(client)
    mug = await shop.reward(10, stock=5)
    buyers = [await shop.member(30) for _ in range(4)]
    answers = await asyncio.gather(*(buyer.ask(mug) for buyer in buyers for _ in range(8)))
    assert Counter(one.status_code for one in answers) == {202: 5, 423: 27}
    keys = {one.json()["key"] for one in answers if one.status_code == 423}
    assert keys <= {"reward_out_of_stock", "insufficient_card_balance"}
    assert await shop.stock(mug) == (0, 0)
    bought = [len(await one.purchases()) for one in buyers]
    assert [await one.balance() for one in buyers] == [30 - 10 * n for n in bought]
    assert sum(bought) == 5


async def test_one_key_buys_once(client: httpx.AsyncClient) -> None:
    shop = await new_shop(client)
    mug = await shop.reward(10)
    buyer = await shop.member(100)
    path, body, key = f"{buyer.path}/rewards/purchases", {"reward_id": mug}, {"Idempotency-Key": "once"}
    answers = [await client.post(path, json=body, headers=key) for _ in range(3)]
    assert len({one.text for one in answers}) == 1
    assert await buyer.balance() == 90


async def test_purchases_are_filtered(client: httpx.AsyncClient) -> None:
    shop = await new_shop(client)
    mug, cup = await shop.reward(1), await shop.reward(2)
    buyer = await shop.member(100)
    first, second = await buyer.buy(mug), await buyer.buy(cup)
    path = f"{buyer.path}/rewards/purchases"
    for query, expected in (
        ("order=created_at", [first, second]),
        (f"filters[reward_id][conditions][$is]={mug}", [first]),
        (f"filters[id][conditions][$is_not]={first['id']}", [second]),
        ("filters[created_at][conditions][$before]=2000-01-01", []),
    ):
        assert (await client.get(f"{path}?{query}")).json()["data"] == expected
    refused(await client.get(f"{shop.path}/members/lmbr_0/rewards/purchases"), 404, "not_found")
