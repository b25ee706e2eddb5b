"""Orders are paid with points: once, within all limits, whoever races (domain 12)."""

import asyncio
from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project
from tests.http.cards import set_clock
from tests.http.definitions import BASE, refused
from tests.http.everything import everything_stored
from tests.http.payments import amounts, ask, limited, money, order, pay, payments, points, ratio
from tests.http.shops import Buyer, new_shop
from tests.postings import check_postings

from troth.actions.access import create_key
from troth.actions.engine import Engine
from troth.core.access import Role
from troth.http.door import Door

pytestmark = pytest.mark.anyio

NO_LIMIT = {"type": "NO_LIMIT"}
NO_ORDER = "ord_00000000000000000000000000000000"


async def test_an_order_is_paid_by_the_answer(client: httpx.AsyncClient) -> None:
    shop = await new_shop(client, ratio("2.5"))
    buyer = await shop.member(100)
    bought = await order(client, 30, source_id="web/1", customer={"id": buyer.customer_id})
    answer = await ask(buyer, bought, **money(11))
    assert answer.status_code == 202, answer.text
    paid = answer.json()["transaction"]
    assert answer.json() == {"transaction": paid, "status": "TRANSACTION_CREATED", "message": "Transaction approved"}
    (spent, _) = await buyer.cards[0].listed("transactions")
    assert paid | {"id": "", "created_at": ""} == {
        "id": "",
        "program_id": shop.id,
        "member_id": buyer.id,
        "card_id": buyer.cards[0].id,
        "card_definition_id": shop.wallet_ids[0],
        "card_transaction_id": spent["id"],
        "order_id": bought,
        "status": "APPROVED",
        "type": "PAY_WITH_POINTS",
        "details": {
            "reason": "Club / Payment with points",
            "rejection": None,
            "metadata": {"amount_limit": 11},
            "payment": {"id": paid["id"], "amount": 11, "points_spent": 28, "exchange_ratio": 2.5},
        },
        "created_at": "",
        "updated_at": None,
        "object": "order_transaction",
    }
    assert (spent["type"], spent["status"], spent["created_at"]) == (
        "POINTS_SPENT_ON_ORDER",
        "APPROVED",
        paid["created_at"],
    )
    assert spent["details"] == {
        "reason": "Club / Payment with points",
        "points": {"total": 28},
        "order": {"id": bought},
        "order_transaction": {"id": paid["id"]},
        "metadata": {},
    }
    assert await buyer.counters() == {"total": 100, "added": 100, "spent": 28}
    answer = await client.post(
        f"{buyer.path}/orders/payments", json={"card_id": buyer.cards[0].id, "order": {"source_id": "web/1"}}
    )
    rest = answer.json()["transaction"]
    assert amounts([rest]) == [(19, 48)]
    assert await buyer.balance() == 24
    assert (await payments(buyer))["data"] == [rest, paid]
    refused(await ask(buyer, bought), 423, "order_already_paid")


async def test_a_dry_run_decides_the_same_and_writes_nothing(engine: Engine, client: httpx.AsyncClient) -> None:
    shop = await new_shop(client, ratio('IF(CUSTOMER_METADATA("tier") = "gold"; 1/3; 1)'))
    buyer = await shop.member(100, metadata={"tier": "gold"})
    bought = await order(client, 500)
    before = await everything_stored(engine.database)
    tried = await ask(buyer, bought, mode="DRY_RUN")
    assert (await everything_stored(engine.database)) == before
    assert tried.status_code == 200, tried.text
    paid = await pay(buyer, bought)
    assert amounts([paid]) == [(300, 100)]
    simulated = {name: value for name, value in paid.items() if name not in ("id", "created_at")}
    simulated |= {"status": "SIMULATED", "card_transaction_id": None}
    del simulated["details"]["payment"]["id"]
    assert tried.json() == {"transaction": simulated, "status": "DRY_RUN", "message": "The order can be paid"}
    refused(await ask(buyer, bought, mode="DRY_RUN"), 423, "zero_card_balance")
    await buyer.cards[0].adjust(2)
    namesake = await order(client, 3, source_id=bought)
    for mode in ("DRY_RUN", "TRANSACTION"):
        answer = await ask(buyer, bought, order={"source_id": bought}, mode=mode)
        assert answer.json()["transaction"]["order_id"] == namesake


async def test_a_read_only_key_may_try_and_not_pay(
    engine: Engine, door: Door, project: TestProject, client: httpx.AsyncClient
) -> None:
    shop = await new_shop(client, ratio(1))
    buyer = await shop.member(30)
    body = {"card_id": buyer.cards[0].id, "order": {"id": await order(client, 10)}}
    made = await create_key(engine, project.id, "Till", Role.READ_ONLY)
    async with client_of(door, {"X-App-Id": made.key.app_id, "X-App-Token": made.token}) as till:
        path = f"{buyer.path}/orders/payments"
        assert (await till.post(path, json={**body, "mode": "DRY_RUN"})).status_code == 200
        refused(await till.post(path, json=body), 403, "forbidden")
        assert (await till.get(path)).json()["data"] == []


async def test_refusals_come_in_their_order(client: httpx.AsyncClient) -> None:
    shop = await new_shop(client, ratio('ORDER_METADATA("ratio")'), {"name": "Stars"})
    buyer, other = await shop.member(), await shop.member(5)
    card = buyer.cards[0]
    foreign = await order(client, 10, status="CANCELED", customer={"id": other.customer_id})

    async def tried(status: int, key: str, order_id: str = foreign, **body: Any) -> str:
        found = refused(await ask(buyer, order_id, **body), status, key)
        return str(found["details"])

    await client.post(f"{shop.path}/deactivate")
    await client.post(f"{buyer.path}/deactivate")
    nothing = "lcrd_00000000000000000000000000000000"
    await tried(400, "invalid_payload", payment_limit={"type": "POINTS_LIMIT"})
    await tried(423, "non_active_program", NO_ORDER, card_id=nothing)
    await client.post(f"{shop.path}/activate")
    await tried(423, "non_active_member", NO_ORDER, card_id=nothing)
    await client.post(f"{buyer.path}/activate")
    assert await tried(404, "not_found", NO_ORDER, card_id=nothing) == f"Cannot find card with id {nothing}"
    assert await tried(404, "not_found", card_id=other.cards[0].id) == f"Cannot find card with id {other.cards[0].id}"
    assert await tried(404, "not_found", NO_ORDER) == f"Cannot find order with id {NO_ORDER}"
    await tried(423, "pay_with_points_not_enabled", card_id=buyer.cards[1].id)
    assert (await tried(400, "invalid_payload")).startswith("order: is CANCELED")
    await client.put(f"/v1/orders/{foreign}", json={"status": "PAID"})
    assert (await tried(400, "invalid_payload")).startswith("order: belongs to customer")
    free = await order(client, 0, customer={"id": buyer.customer_id})
    await tried(423, "order_already_paid", free)
    await client.put(f"/v1/orders/{free}", json={"amount": 10})
    where = "pay_with_points.exchange_ratio.formula: at character 1: "
    assert await tried(400, "invalid_payload", free) == f"{where}the order's metadata ratio is missing"
    await client.put(f"/v1/orders/{free}", json={"metadata": {"ratio": 0}})
    assert await tried(400, "invalid_payload", free) == f"{where}the result must be above zero, it is 0"
    await client.put(f"/v1/orders/{free}", json={"metadata": {"ratio": 8}})
    await tried(423, "zero_card_balance", free)
    await card.adjust(7)
    await tried(423, "insufficient_card_balance", free)
    await card.adjust(1)
    assert amounts([await pay(buyer, free)]) == [(1, 8)]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "card_id: is required"),
        ({"card_id": None}, "card_id: must be"),
        ({"order": None}, "order: must be"),
        ({"order": {}}, "order.id: is required, unless source_id is given"),
        ({"order": {"id": "x"}}, "order.id: must match"),
        ({"order": {"id": "ord_1\n"}}, "order.id: must match"),
        ({"order": {"source_id": ""}}, "order.source_id: must have at least 1 character"),
        ({"order": {"source_id": "x" * 501}}, "order.source_id: must have at most 500 characters"),
        ({"order": {"id": NO_ORDER, "amount": 1}}, "order.amount: is not a known property"),
        ({"mode": "REAL"}, "mode: must be"),
        ({"payment_limit": {}}, "payment_limit.type: is required"),
        ({"payment_limit": {"type": "ALL"}}, "payment_limit.type: must be"),
        (limited("POINTS_LIMIT"), "payment_limit.points_limit: is required when type is POINTS_LIMIT"),
        (limited("AMOUNT_LIMIT", points_limit={"max": 1}), "payment_limit.amount_limit: is required when type is"),
        (limited("POINTS_LIMIT", points_limit={"max": 0}), "payment_limit.points_limit.max: must"),
        (limited("POINTS_LIMIT", points_limit={"max": 1.5}), "payment_limit.points_limit.max: must"),
        (limited("AMOUNT_LIMIT", amount_limit={"max": 2**53}), "payment_limit.amount_limit.max: must"),
        ({"points": 1}, "points: is not a known property"),
    ],
)
async def test_an_invalid_payment_is_refused(client: httpx.AsyncClient, body: Any, words: str) -> None:
    shop = await new_shop(client, ratio(1))
    buyer = await shop.member(10)
    valid = {"card_id": buyer.cards[0].id, "order": {"id": await order(client, 5)}}
    answer = await client.post(f"{buyer.path}/orders/payments", json={**valid, **body} if body else {})
    assert words in refused(answer, 400, "invalid_payload")["details"]
    assert (await payments(buyer))["data"] == []
    assert await buyer.balance() == 10


async def test_null_is_as_if_left_out(client: httpx.AsyncClient) -> None:
    shop = await new_shop(client, ratio(1))
    buyer = await shop.member(10)
    bought = await order(client, 5, source_id="web/2")
    body = {"card_id": buyer.cards[0].id, "order": {"id": None, "source_id": "web/2"}}
    nulls = {"payment_limit": None, "mode": None}
    answer = await client.post(f"{buyer.path}/orders/payments", json={**body, **nulls})
    assert (answer.status_code, answer.json()["transaction"]["order_id"]) == (202, bought)
    limit = {"type": "CARD_BALANCE", "points_limit": {"max": 1}, "amount_limit": None}
    answer = await ask(buyer, await order(client, 5), payment_limit=limit)
    assert amounts([answer.json()["transaction"]]) == [(5, 5)]


async def test_members_who_race_for_an_order_never_pay_more_than_its_total(
    engine: Engine, project: TestProject, client: httpx.AsyncClient
) -> None:
    shop = await new_shop(client, ratio("0.5"))
    buyers = await asyncio.gather(*(shop.member(40) for _ in range(8)))
    bought, other = await order(client, 301), await order(client, 20)
    answers = await asyncio.gather(
        *(ask(buyer, one, **points(9)) for _ in range(5) for buyer in buyers for one in (bought, other))
    )
    made = [one.json()["transaction"] for one in answers if one.status_code == 202]
    sums = {
        order_id: sum(amount for amount, _ in amounts([one for one in made if one["order_id"] == order_id]))
        for order_id in (bought, other)
    }
    assert sums == {bought: 301, other: 20}
    for answer in answers:
        if answer.status_code != 202:
            assert answer.json()["key"] in ("order_already_paid", "zero_card_balance")
    for buyer in buyers:
        spent = [one["details"]["payment"]["points_spent"] for one in made if one["member_id"] == buyer.id]
        assert await buyer.balance() == 40 - sum(spent)
    async with engine.database.connection() as connection:
        await check_postings(connection, project.id)


async def test_an_order_that_is_lowered_while_it_is_paid_is_not_overpaid(client: httpx.AsyncClient) -> None:
    shop = await new_shop(client, ratio(1))
    buyers = await asyncio.gather(*(shop.member(30) for _ in range(4)))
    bought = await order(client, 60)
    asked = [ask(buyer, bought, **money(7)) for _ in range(3) for buyer in buyers]
    asked.insert(5, client.put(f"/v1/orders/{bought}", json={"amount": 30}))
    answers = await asyncio.gather(*asked)
    paid = sum(amounts([one.json()["transaction"]])[0][0] for one in answers if one.status_code == 202)
    assert paid <= 60
    refused(await ask(buyers[0], bought), 423, "order_already_paid")
    await client.put(f"/v1/orders/{bought}", json={"amount": paid + 3})
    assert amounts([await pay(buyers[0], bought)]) == [(3, 3)]


async def test_all_at_once_and_with_a_key_it_is_paid_once(client: httpx.AsyncClient) -> None:
    shop = await new_shop(client, ratio(1))
    buyer = await shop.member(100)
    bought = await order(client, 50)
    body = {"card_id": buyer.cards[0].id, "order": {"id": bought}, **money(20)}
    headers = {"Idempotency-Key": "a"}
    answers = await asyncio.gather(
        *(client.post(f"{buyer.path}/orders/payments", json=body, headers=headers) for _ in range(5))
    )
    assert len({one.text for one in answers}) == 1
    assert await buyer.balance() == 80


async def test_spending_limits_hold_for_rewards_and_orders_together(engine: Engine, door: Door) -> None:
    project = await make_project(engine, time_zone="Europe/Warsaw", sandbox=True)
    await set_clock(engine, project, "2026-01-31T22:30:00Z")
    async with client_of(door, project.headers) as client:
        month = {"type": "CURRENT_PERIOD", "current_period": {"unit": "MONTH"}}
        limits = [{"type": "TIME_BASED", "period": month, "points": {"max": 30}}]
        limited = {"spending_limits": {"global": {"type": "LIMITED", "limits": limits}, "transactions": NO_LIMIT}}
        shop = await new_shop(client, ratio(1, **limited))
        buyer = await shop.member(100)
        await buyer.buy(await shop.reward(18))
        bought = await order(client, 100)
        paid = await pay(buyer, bought)
        assert amounts([paid]) == [(12, 12)]
        assert paid["details"]["metadata"] == {"spending_limit": "18 of at most 30 points were spent in this month"}
        refused(await ask(buyer, bought), 423, "global_spending_limit_exceeded")
        refused(await buyer.ask(await shop.reward(1)), 423, "global_spending_limit_exceeded")
        await set_clock(engine, project, "2026-01-31T23:00:00Z")
        assert amounts([await pay(buyer, bought)]) == [(30, 30)]
    tight = {"type": "LIMITED", "limits": [{"type": "POINTS", "max": 3}]}
    async with client_of(door, (await make_project(engine)).headers) as client:
        limited = {"spending_limits": {"global": NO_LIMIT, "transactions": tight}}
        shop = await new_shop(client, ratio(2, **limited))
        buyer = await shop.member(9)
        assert amounts([await pay(buyer, await order(client, 100))]) == [(1, 2)]


@pytest.fixture
async def listing(client: httpx.AsyncClient) -> Buyer:
    shop = await new_shop(client, ratio(1))
    buyer = await shop.member(100)
    bought = await order(client, 100)
    for number in range(1, 6):
        await pay(buyer, bought, **points(number))
    return buyer


async def test_payments_are_listed(listing: Buyer, client: httpx.AsyncClient) -> None:
    every = (await payments(listing))["data"]
    assert amounts(every) == [(number, number) for number in (5, 4, 3, 2, 1)]
    page = await payments(listing, "limit=2&order=created_at")
    assert amounts(page["data"]) == [(1, 1), (2, 2)]
    assert page["cursor"]["next"].startswith("lcrsotx_")
    page = await payments(listing, f"limit=2&order=created_at&cursor={page['cursor']['next']}")
    assert amounts(page["data"]) == [(3, 3), (4, 4)]
    some = await payments(listing, f"filters[id][conditions][$in]={every[0]['id']},{every[2]['id']}")
    assert amounts(some["data"]) == [(5, 5), (3, 3)]
    assert (await payments(listing, "filters[created_at][conditions][$before]=2020-01-01"))["data"] == []
    path = f"{listing.path}/orders/payments"
    refused(await client.get(f"{path}?order=amount"), 400, "invalid_query_params")
    refused(await client.get(f"{path}?filters[order_id][conditions][$is]=x"), 400, "invalid_query_params")
    refused(await client.get(f"{path}?cursor=lcrsctx_00"), 400, "invalid_or_expired_cursor")
    nobody = f"{BASE}/programs/{listing.shop.id}/members/lmbr_0/orders/payments"
    refused(await client.get(nobody), 404, "not_found")
    stranger = await listing.shop.member()
    assert (await payments(stranger))["data"] == []
