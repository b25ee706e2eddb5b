"""Purchases are undone, once, and everything goes back where it came from (domain 11)."""

import asyncio

import httpx
import pytest
from tests.conftest import TestProject, make_project
from tests.http.cards import set_clock
from tests.http.definitions import BASE, refused
from tests.http.shops import campaign, card_points, coupon, gift_campaign, gift_voucher, issue, new_shop

from troth.actions.engine import Engine

pytestmark = pytest.mark.anyio

REFUNDABLE = {"refunds": {"type": "REFUNDABLE"}}
MONTH = {"type": "ROLLING_EXPIRATION", "rolling_expiration": {"period": {"value": 1, "unit": "MONTH"}}}


@pytest.fixture
async def sandbox(engine: Engine) -> TestProject:
    project = await make_project(engine, sandbox=True)
    await set_clock(engine, project, "2026-01-10T10:00:00Z")
    return project


async def test_points_and_stock_come_back(engine: Engine, client: httpx.AsyncClient) -> None:
    shop = await new_shop(client)
    mug = await shop.reward(30, stock=2, **REFUNDABLE)
    buyer = await shop.member(100)
    bought = await buyer.buy(mug)
    await issue(engine)
    (approved,) = await buyer.purchases()
    answer = await buyer.refund(bought)
    assert answer.status_code == 202, answer.text
    refund, purchase = await buyer.purchases()
    assert answer.json() == {"transaction": refund, "status": "APPROVED", "message": "Purchase refunded"}
    assert purchase == {**approved, "status": "REFUNDED", "updated_at": refund["created_at"]}
    (returned, *_) = await buyer.cards[0].listed("transactions")
    undone = {
        "card_transaction": {"id": bought["card_transaction_id"]},
        "reward_transaction": {"id": bought["id"]},
    }
    assert refund == {
        **approved,
        "id": refund["id"],
        "type": "REFUND",
        "card_transaction_id": returned["id"],
        "details": {**approved["details"], "purchase": undone},
        "created_at": refund["created_at"],
        "updated_at": None,
    }
    assert (returned["type"], returned["status"]) == ("POINTS_RETURNED", "APPROVED")
    assert returned["details"] == {
        "reason": "Club / Mug",
        "points": {"total": 30},
        "reward": {"id": mug},
        "reward_transaction": {"id": refund["id"]},
        "purchase": undone,
        "metadata": {},
    }
    assert await buyer.balance() == 100
    assert await shop.stock(mug) == (2, 0)


async def test_only_an_approved_purchase_is_refunded_and_once(engine: Engine, client: httpx.AsyncClient) -> None:
    shop, other = await new_shop(client), await new_shop(client)
    mug = await shop.reward(30, **REFUNDABLE)
    buyer = await shop.member(100)
    bought = await buyer.buy(mug)
    refused(await buyer.refund(bought), 409, "invalid_transaction_status")
    await issue(engine)
    answers = await asyncio.gather(*(buyer.refund(bought) for _ in range(5)))
    assert sorted(one.status_code for one in answers) == [202, 409, 409, 409, 409]
    (refund, _) = await buyer.purchases()
    refused(await buyer.refund(bought), 409, "invalid_transaction_status")
    refused(await buyer.refund(refund), 409, "invalid_transaction_status")
    assert await buyer.balance() == 100
    path = f"rewards/purchases/{bought['id']}/refund"
    refused(await client.post(f"{other.path}/{path}"), 404, "not_found")
    refused(await client.post(f"{BASE}/programs/lprg_0/{path}"), 404, "not_found")
    refused(await client.post(f"{shop.path}/rewards/purchases/lrtx_0/refund"), 404, "not_found")


async def test_the_policies_override(engine: Engine, client: httpx.AsyncClient) -> None:
    shop = await new_shop(client)
    mug = await shop.reward(30, stock=2)
    buyer = await shop.member(100)
    bought = await buyer.buy(mug)
    await issue(engine)
    path = f"{shop.path}/rewards/purchases/{bought['id']}/refund"
    refused(await client.post(path), 409, "reward_not_refundable")
    refused(await client.post(path, json={"policies": None}), 409, "reward_not_refundable")
    refused(await client.post(path, json={"policies": {"refund": "NEVER"}}), 400, "invalid_payload")
    assert (await buyer.refund(bought, refund="ALLOW", stock="WRITE_OFF")).status_code == 202
    assert await shop.stock(mug) == (1, 1)
    assert await buyer.balance() == 100


async def test_a_coupon_is_deleted_unless_it_was_used(engine: Engine, client: httpx.AsyncClient) -> None:
    shop = await new_shop(client)
    reward = await shop.reward(10, digital=coupon(await campaign(client)), **REFUNDABLE)
    buyer = await shop.member(100)
    for used, expected in ((False, "DELETED"), (True, "SKIPPED")):
        bought = await buyer.buy(reward)
        await issue(engine)
        (voucher,) = (await buyer.purchases())[0]["details"]["result"]["digital"]["discount_coupons"]
        if used:
            async with engine.database.connection() as connection:
                await connection.execute("UPDATE vouchers SET redeemed_count = 1 WHERE id = $1", voucher["id"])
        refund = (await buyer.refund(bought)).json()["transaction"]
        assert refund["details"]["result"]["digital"]["discount_coupons"] == [{**voucher, "result": expected}]
        assert (await client.get(f"/v1/vouchers/{voucher['code']}")).status_code == (200 if used else 404)


async def test_what_is_left_of_a_gift_is_taken(engine: Engine, client: httpx.AsyncClient) -> None:
    shop = await new_shop(client)
    reward = await shop.reward(10, digital=gift_voucher(await gift_campaign(client), 500), **REFUNDABLE)
    buyer = await shop.member(100)
    for left, expected in ((500, "CREDITS_SUBTRACTED"), (120, "CREDITS_SUBTRACTED"), (0, "SKIPPED")):
        bought = await buyer.buy(reward)
        await issue(engine)
        (voucher,) = (await buyer.purchases())[0]["details"]["result"]["digital"]["gift_vouchers"]
        async with engine.database.connection() as connection:
            await connection.execute("UPDATE vouchers SET balance = $2 WHERE id = $1", voucher["id"], left)
        refund = (await buyer.refund(bought)).json()["transaction"]
        (told,) = refund["details"]["result"]["digital"]["gift_vouchers"]
        assert told == {**voucher, "balance": 0, "result": expected}
        shown = (await client.get(f"/v1/vouchers/{voucher['code']}")).json()
        assert shown["gift"] == {"amount": 500, "balance": 0, "subtracted_amount": 500}


async def test_bought_points_are_taken_back_or_the_purchase_stays(engine: Engine, client: httpx.AsyncClient) -> None:
    shop = await new_shop(client, {}, {"name": "Stars", "balance_settings": {"allow_negative": True}})
    reward = await shop.reward(10, digital=card_points(shop.wallet_ids[1], 7), **REFUNDABLE)
    buyer = await shop.member(100, 1)
    bought = await buyer.buy(reward)
    await issue(engine)
    await buyer.cards[1].adjust(-2)
    refused(await buyer.refund(bought), 409, "insufficient_card_balance")
    assert (await buyer.balance(), await buyer.balance(1)) == (90, 6)
    await buyer.cards[1].adjust(1)
    refund = (await buyer.refund(bought)).json()["transaction"]
    assert (await buyer.balance(), await buyer.balance(1)) == (100, 0)
    (taken, _, _, purchased, _) = await buyer.cards[1].listed("transactions")
    assert (taken["type"], taken["details"]["points"]) == ("POINTS_PURCHASE_REVERSED", {"total": 7})
    assert taken["details"]["reward_transaction"] == {"id": refund["id"]}
    assert taken["details"]["purchase"] == {
        "card_transaction": {"id": purchased["id"]},
        "reward_transaction": {"id": bought["id"]},
    }
    assert (await buyer.counters(1))["purchased_reversed"] == 7


async def test_points_come_back_with_their_date_or_with_a_new_one(
    engine: Engine, market: httpx.AsyncClient, sandbox: TestProject
) -> None:
    shop = await new_shop(market, {"points_expiration": MONTH})
    mug = await shop.reward(30, **REFUNDABLE)
    buyer = await shop.member(50)
    early, late = await buyer.buy(mug), None
    await set_clock(engine, sandbox, "2026-02-01T10:00:00Z")
    await buyer.cards[0].adjust(20)
    late = await buyer.buy(mug)
    await issue(engine)

    async def dates() -> list[tuple[str, int]]:
        listed = await buyer.cards[0].listed("expiring-points")
        return [(one["expiration_date"], one["points"]["total"]) for one in listed]

    assert await dates() == [("2026-03-01", 10)]
    assert (await buyer.refund(early)).status_code == 202
    assert await dates() == [("2026-02-10", 30), ("2026-03-01", 10)]
    await set_clock(engine, sandbox, "2026-02-11T10:00:00Z")
    assert (await buyer.refund(late)).status_code == 202  # 20 of January, whose date has passed, and 10 of February
    assert await dates() == [("2026-03-01", 20), ("2026-03-11", 20)]
    counters = await buyer.counters()
    assert (counters["expired"], counters["returned"]) == (30, 60)


async def test_refunds_work_where_nothing_is_sold(
    engine: Engine, market: httpx.AsyncClient, sandbox: TestProject
) -> None:
    shop = await new_shop(market)
    mug = await shop.reward(30, **REFUNDABLE)
    buyer = await shop.member(100)
    bought = await buyer.buy(mug)
    await issue(engine)
    await market.post(f"{buyer.path}/deactivate")
    await market.post(f"{shop.path}/deactivate")
    await market.delete(f"{BASE}/rewards/{mug}")
    assert (await buyer.refund(bought)).status_code == 202
    assert await buyer.balance() == 100
