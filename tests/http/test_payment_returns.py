"""Orders that are lowered under their payments or cancelled give points back, to where they were (domain 8, 12)."""

import asyncio
from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, make_project
from tests.http.cards import set_clock
from tests.http.definitions import refused
from tests.http.payments import amounts, ask, money, order, pay, points, ratio, work
from tests.http.programs import PROGRAMS, active_wallet, program, rule
from tests.http.shops import Buyer, Shop, issue, new_shop
from tests.postings import check_postings

from troth.actions import ledger_audit
from troth.actions.engine import Engine

pytestmark = pytest.mark.anyio

MONTH = {"type": "ROLLING_EXPIRATION", "rolling_expiration": {"period": {"value": 1, "unit": "MONTH"}}}
TO_ZERO = {"type": "REFUNDABLE", "methods": [{"type": "REVOKE_FROM_BALANCE", "mode": "REVOKE_TO_ZERO"}]}


def returning(mode: str = "REFUND_AMOUNT", formula: Any = 1, **more: Any) -> dict[str, Any]:
    """Return a wallet that pays orders and returns points by a mode."""
    spent = {"type": "REFUNDABLE", "methods": [{"type": "RETURN_POINTS", "mode": mode}]}
    return ratio(
        formula, refunds={"spent_points": spent, "earned_points": more.pop("earned", {"type": "NONE"})}, **more
    )


@pytest.fixture
async def sandbox(engine: Engine) -> TestProject:
    project = await make_project(engine, time_zone="Europe/Warsaw", sandbox=True)
    await set_clock(engine, project, "2026-01-10T10:00:00Z")
    return project


def fixed(wallet_id: str, value: int) -> dict[str, Any]:
    return {"value": value, "card_definition_id": wallet_id}


async def put(client: httpx.AsyncClient, order_id: str, **changes: Any) -> None:
    answer = await client.put(f"/v1/orders/{order_id}", json=changes)
    assert answer.status_code == 200, answer.text


async def is_clean(engine: Engine, project: TestProject) -> bool:
    """Return whether every card is the sum of its postings, by our own audit and by another one."""
    async with engine.database.connection() as connection:
        await check_postings(connection, project.id)
    return [some async for _, some in ledger_audit.verify(engine, project.id) if some] == []


async def test_a_lowered_order_gives_back_what_was_paid_too_much(
    engine: Engine, project: TestProject, client: httpx.AsyncClient
) -> None:
    shop = await new_shop(client, returning(formula="0.5"))
    buyer = await shop.member(100)
    bought = await order(client, 100, status="PAID", customer={"id": buyer.customer_id})
    first, second = await pay(buyer, bought, **money(60)), await pay(buyer, bought)
    assert amounts([first, second]) == [(60, 30), (40, 20)]
    await put(client, bought, amount=45)
    await work(engine)
    returned = (await buyer.cards[0].listed("transactions"))[:2]
    assert [(one["type"], one["status"], one["details"]) for one in returned] == [
        (
            "POINTS_RETURNED",
            "APPROVED",
            {
                "reason": "Club / Payment with points",
                "points": {"total": total},
                "order": {"id": bought},
                "order_transaction": {"id": paid["id"]},
                "metadata": {},
            },
        )
        for total, paid in ((7, first), (20, second))
    ]
    assert await buyer.counters() == {
        "total": 110, "added": 100, "earned": 10, "spent": 50, "returned": 27,
    }  # fmt: skip
    await work(engine)
    refused(await ask(buyer, bought), 423, "order_already_paid")
    await put(client, bought, amount=50)
    assert amounts([await pay(buyer, bought)]) == [(5, 3)]
    await put(client, bought, status="CANCELED")
    await work(engine)
    assert await buyer.balance() == 110
    assert await is_clean(engine, project)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("REFUND_AMOUNT", [10, 40, 100]), ("REFUND_ITEM", [0, 30, 100]), ("REFUND_ALL", [0, 0, 100]), (None, [0, 0, 0])],
)
async def test_how_much_comes_back_is_the_wallets_to_say(
    engine: Engine, client: httpx.AsyncClient, mode: str | None, expected: list[int]
) -> None:
    shop = await new_shop(client, returning(mode) if mode else ratio(1))
    buyer = await shop.member(100)
    items = [{"source_id": "a", "amount": 70}, {"source_id": "b", "amount": 30}]
    bought = await order(client, 100, items=items)
    await pay(buyer, bought)
    seen = []
    for changes in ({"discount_amount": 10}, {"items": items[:1]}, {"status": "CANCELED"}):
        await put(client, bought, **changes)
        await work(engine)
        seen.append(await buyer.balance())
    assert seen == expected


async def test_an_order_that_was_never_paid_gives_back_too_and_may_be_paid_after_all(
    engine: Engine, client: httpx.AsyncClient
) -> None:
    shop = await new_shop(client, returning())
    buyer = await shop.member(100)
    bought = await order(client, 80)
    await pay(buyer, bought)
    await put(client, bought, status="CANCELED")
    await work(engine)
    assert await buyer.balance() == 100
    refused(await ask(buyer, bought), 400, "invalid_payload")
    await put(client, bought, status="CREATED")
    assert amounts([await pay(buyer, bought)]) == [(80, 80)]
    await put(client, bought, status="PAID", amount=30)
    await put(client, bought, status="CANCELED")
    await put(client, bought, status="CREATED", amount=90)
    assert amounts([await pay(buyer, bought)]) == [(10, 10)]
    await work(engine)
    assert await buyer.balance() == 90
    await put(client, bought, status="CANCELED")
    await work(engine)
    assert await buyer.balance() == 100


async def test_a_change_gives_back_nothing_of_what_was_paid_after_it(engine: Engine, client: httpx.AsyncClient) -> None:
    shop = await new_shop(client, returning())
    buyer = await shop.member(100)
    bought = await order(client, 60)
    await pay(buyer, bought)
    await put(client, bought, amount=20)
    await put(client, bought, amount=90)
    assert amounts([await pay(buyer, bought)]) == [(30, 30)]
    await work(engine)
    assert await buyer.balance() == 50
    assert amounts([await pay(buyer, bought)]) == [(40, 40)]


async def test_everybody_who_paid_is_given_back_the_latest_first(
    engine: Engine, project: TestProject, client: httpx.AsyncClient
) -> None:
    shop, other = await new_shop(client, returning()), await new_shop(client, returning(formula=2))
    buyers = [await shop.member(50), await other.member(50), await shop.member(50), await shop.member(50)]
    bought = await order(client, 100)
    for buyer, most in zip(buyers, (30, 20, 40, 10), strict=True):
        await pay(buyer, bought, **money(most))
    await client.post(f"{buyers[2].path}/deactivate")
    await put(client, bought, amount=40)
    await work(engine)
    assert [await buyer.balance() for buyer in buyers] == [20, 30, 50, 50]
    await put(client, bought, amount=25)
    await work(engine)
    assert [await buyer.balance() for buyer in buyers] == [25, 50, 50, 50]
    assert await is_clean(engine, project)


async def test_points_come_back_to_their_dates_or_to_new_ones_if_those_have_passed(
    engine: Engine, market: httpx.AsyncClient, sandbox: TestProject
) -> None:
    shop = await new_shop(market, returning(points_expiration=MONTH))
    buyer = await shop.member(30)
    await set_clock(engine, sandbox, "2026-01-20T10:00:00Z")
    await buyer.cards[0].adjust(20)

    async def held() -> list[tuple[str, int]]:
        buckets = await buyer.cards[0].listed("expiring-points")
        return [(one["expiration_date"], one["points"]["total"]) for one in buckets]

    bought = await order(market, 45)
    await pay(buyer, bought)
    assert await held() == [("2026-02-20", 5)]
    await put(market, bought, amount=25)
    await work(engine)
    assert await held() == [("2026-02-10", 5), ("2026-02-20", 20)]
    await set_clock(engine, sandbox, "2026-02-15T10:00:00Z")
    await put(market, bought, status="CANCELED")
    await work(engine)
    assert await held() == [("2026-02-20", 20), ("2026-03-15", 25)]
    assert await is_clean(engine, sandbox)


async def test_cancelling_undoes_earning_and_paying_to_the_point(
    engine: Engine, project: TestProject, client: httpx.AsyncClient
) -> None:
    """Points that an order has earned pay it, and a reward is bought with the rest; then it is cancelled."""
    wallet_id = await active_wallet(client, **returning(earned=TO_ZERO))
    effect = {
        "card_definition_id": wallet_id,
        "calculation_type": "POST_DISCOUNT_ORDER_AMOUNT",
        "order": {"total_amount": {"every": 2, "value": 1}},
    }
    earnings = [{"effects": [{"type": "POINTS_PROPORTIONAL", "points_proportional": effect}]}]
    items = {
        "card_definitions": [{"id": wallet_id}],
        "earning_rules": [{"id": await rule(client, wallet_id, earnings=earnings)}],
    }
    shop = Shop(client, (await program(client, status="ACTIVE", **items))["id"], (wallet_id,))
    buyer = await shop.member(10)
    bought = await order(client, 100, status="PAID", customer={"id": buyer.customer_id})
    await work(engine)
    assert await buyer.balance() == 60
    assert amounts([await pay(buyer, bought)]) == [(60, 60)]
    await put(client, bought, amount=50)
    await work(engine)
    # Ten come back, and 25 are taken: as far as the ten go.
    assert await buyer.balance() == 0
    await put(client, bought, status="CANCELED")
    await work(engine)
    # The other 50 come back, and of what was earned the 40 that have not been taken yet go: as if cancelled at once.
    assert await buyer.balance() == 10
    assert await is_clean(engine, project)

    rich = await shop.member(100)
    mug = await shop.reward(30)
    bought = await order(client, 80, status="PAID", customer={"id": rich.customer_id})
    await work(engine)
    purchase = await rich.buy(mug)
    await issue(engine)
    await pay(rich, bought)
    assert await rich.balance() == 100 + 40 - 30 - 80
    await put(client, bought, status="CANCELED")
    await work(engine)
    assert await rich.balance() == 100 - 30
    assert (await rich.refund(purchase, refund="ALLOW")).status_code == 202
    assert await rich.balance() == 100
    assert await is_clean(engine, project)


@pytest.mark.parametrize("mode", ["REFUND_ALL", "REFUND_ITEM", "REFUND_AMOUNT"])
@pytest.mark.parametrize("path", [[], [95], [50], [90, 60, 10], [99, 98, 97, 96, 0]], ids=str)
async def test_whoever_lowers_before_cancelling_wins_nothing(
    engine: Engine, client: httpx.AsyncClient, mode: str, path: list[int]
) -> None:
    """What was earned is spent on the order itself, so that lowering finds nothing to take; cancelling does."""
    wallet_id = await active_wallet(client, **returning(mode, earned=TO_ZERO))
    earns = rule(client, wallet_id, earnings=[{"effects": [{"type": "POINTS", "points": fixed(wallet_id, 80)}]}])
    items = {"card_definitions": [{"id": wallet_id}], "earning_rules": [{"id": await earns}]}
    shop = Shop(client, (await program(client, status="ACTIVE", **items))["id"], (wallet_id,))
    buyer = await shop.member(20)
    bought = await order(client, 100, status="PAID", customer={"id": buyer.customer_id})
    await work(engine)
    assert amounts([await pay(buyer, bought)]) == [(100, 100)]
    for amount in path:
        await put(client, bought, amount=amount)
        await work(engine)
    for changes in ({"status": "CANCELED"}, {"status": "PAID"}, {"metadata": {"seen": True}}, {"status": "CANCELED"}):
        await put(client, bought, **changes)
        await work(engine)
        assert await buyer.balance() == 20


async def test_payments_changes_and_returns_that_race_leave_no_more_paid_than_the_order(
    engine: Engine, project: TestProject, client: httpx.AsyncClient
) -> None:
    shop = await new_shop(client, returning(formula="0.7"))
    buyers = list(await asyncio.gather(*(shop.member(60) for _ in range(5))))
    bought = await order(client, 120)
    for total in (90, 40, 150, 10, 70):
        asked: list[Any] = [ask(buyer, bought, **points(9)) for _ in range(2) for buyer in buyers]
        asked.insert(3, put(client, bought, amount=total))
        asked.insert(6, work(engine))
        await asyncio.gather(*asked)
        await work(engine)
        assert await _paid(buyers, engine, bought) <= total
    await put(client, bought, status="CANCELED")
    await work(engine)
    assert [await buyer.balance() for buyer in buyers] == [60] * 5
    assert await is_clean(engine, project)


async def _paid(buyers: list[Buyer], engine: Engine, order_id: str) -> int:
    """Return what an order has had paid by now, as its row and its payments say alike."""
    async with engine.database.connection() as connection:
        told, summed = await connection.fetchrow(
            "SELECT points_paid_amount, (SELECT coalesce(sum(amount - returned_amount), 0) FROM order_payments"
            " WHERE order_id = orders.id) FROM orders WHERE id = $1",
            order_id,
        )
    assert told == summed
    return int(told)


async def test_an_order_of_a_member_that_has_left_is_cancelled(
    engine: Engine, project: TestProject, client: httpx.AsyncClient
) -> None:
    shop = await new_shop(client, returning())
    gone, buyer = await shop.member(50), await shop.member(50)
    bought = await order(client, 100)
    await pay(gone, bought)
    await pay(buyer, bought)
    assert (await client.delete(f"{PROGRAMS}/{shop.id}/members/{gone.id}")).status_code == 200
    await put(client, bought, status="CANCELED")
    await work(engine)
    assert await buyer.balance() == 50
    assert await is_clean(engine, project)
