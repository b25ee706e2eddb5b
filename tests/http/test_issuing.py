"""What was bought is issued in the background, or everything is given back (domain 11)."""

import httpx
import pytest
from tests.http.definitions import BASE
from tests.http.shops import (
    Shop,
    campaign,
    card_points,
    coupon,
    gift_campaign,
    gift_voucher,
    issue,
    new_shop,
)

from troth.actions.engine import Engine

pytestmark = pytest.mark.anyio

LARGEST = 2**53 - 1
MONTH = {"type": "ROLLING_EXPIRATION", "rolling_expiration": {"period": {"value": 1, "unit": "MONTH"}}}


async def test_a_product_is_issued(engine: Engine, client: httpx.AsyncClient) -> None:
    shop = await new_shop(client)
    mug = await shop.reward(30, stock=2)
    product = (await client.get(f"{BASE}/rewards/{mug}")).json()["material"]["product"]
    buyer = await shop.member(100)
    bought = await buyer.buy(mug)
    await issue(engine)
    (issued,) = await buyer.purchases()
    assert issued["status"] == "APPROVED"
    assert issued["updated_at"] >= bought["created_at"]
    assert issued["details"]["result"]["material"] == {"type": "PRODUCT", "product": product}
    (paid, _) = await buyer.cards[0].listed("transactions")
    assert (paid["status"], paid["updated_at"]) == ("APPROVED", issued["updated_at"])
    assert await buyer.counters() == {"total": 100, "added": 100, "locked": 30, "unlocked": 30, "spent": 30}
    assert await shop.stock(mug) == (1, 1)
    await issue(engine)
    assert await buyer.purchases() == [issued]


async def test_a_coupon_is_a_new_voucher_of_its_campaign(engine: Engine, client: httpx.AsyncClient) -> None:
    shop = await new_shop(client)
    code = {"prefix": "MUG-", "pattern": "####", "charset": "0123456789"}
    voucher = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 100}, "code_config": code}
    campaign_id = await campaign(client, voucher=voucher)
    reward = await shop.reward(10, digital=coupon(campaign_id))
    buyer = await shop.member(100)
    await buyer.buy(reward)
    await buyer.buy(reward)
    await issue(engine)
    issued = [one["details"]["result"]["digital"]["discount_coupons"] for one in await buyer.purchases()]
    codes = {one["code"] for (one,) in issued}
    assert len(codes) == 2
    assert all(one.startswith("MUG-") for one in codes)
    for (one,) in issued:
        shown = (await client.get(f"/v1/vouchers/{one['code']}")).json()
        assert (shown["id"], shown["holder_id"], shown["campaign_id"]) == (one["id"], buyer.customer_id, campaign_id)


async def test_a_gift_voucher_has_the_rewards_credit(engine: Engine, client: httpx.AsyncClient) -> None:
    shop = await new_shop(client)
    reward = await shop.reward(10, digital=gift_voucher(await gift_campaign(client), 500))
    buyer = await shop.member(100)
    await buyer.buy(reward)
    await issue(engine)
    (issued,) = (await buyer.purchases())[0]["details"]["result"]["digital"]["gift_vouchers"]
    assert (issued["amount"], issued["balance"]) == (500, 500)
    shown = (await client.get(f"/v1/vouchers/{issued['code']}")).json()
    assert shown["gift"] == {"amount": 500, "balance": 500, "subtracted_amount": 0}


async def test_points_come_to_another_card(engine: Engine, market: httpx.AsyncClient) -> None:
    waiting = {"type": "PERIOD_BASED", "period_based": {"period": {"value": 3, "unit": "DAY"}}}
    few = {"type": "LIMITED", "limits": [{"type": "BALANCE_BASED", "max": 1}]}
    stars = {
        "points_expiration": MONTH,
        "pending_points": waiting,
        "earning_limits": {"global": few, "transactions": {"type": "NO_LIMIT"}},
    }
    shop = await new_shop(market, {}, stars)
    reward = await shop.reward(10, digital=card_points(shop.wallet_ids[1], 7))
    buyer = await shop.member(100)
    bought = await buyer.buy(reward)
    await issue(engine)
    (issued,) = await buyer.purchases()
    target = buyer.cards[1]
    given = {"points": 7, "card_definition_id": shop.wallet_ids[1], "card_id": target.id}
    assert issued["details"]["result"]["digital"] == {"type": "LOYALTY_CARD_POINTS", "loyalty_card_points": given}
    (purchased,) = await target.listed("transactions")
    assert purchased["type"] == "POINTS_PURCHASED"
    assert purchased["details"] == {
        "reason": "Club / Mug",
        "points": {"total": 7, "expiration_date": "2026-02-28", "expiration_type": "ROLLING_EXPIRATION"},
        "reward": {"id": reward},
        "reward_transaction": {"id": bought["id"]},
        "card_transaction": {"id": bought["card_transaction_id"]},
        "metadata": {},
    }
    (paid, _) = await buyer.cards[0].listed("transactions")
    assert paid["details"]["target_card"] == {"id": target.id}
    assert paid["details"]["purchase_transaction"] == {"id": purchased["id"]}
    assert await buyer.counters(1) == {"total": 7, "purchased": 7}
    assert await buyer.balance(1) == 7


async def test_what_cannot_be_issued_is_rejected_and_given_back(engine: Engine, client: httpx.AsyncClient) -> None:
    shop = await new_shop(client)
    voucher = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 100}}
    only = {**voucher, "code_config": {"pattern": "#", "charset": "A"}}
    reward = await shop.reward(10, stock=2, digital=coupon(await campaign(client, voucher=only)))
    buyer = await shop.member(100)
    await buyer.buy(reward)
    await issue(engine)
    await buyer.buy(reward)
    await issue(engine)
    rejected, approved = await buyer.purchases()
    assert (approved["status"], rejected["status"]) == ("APPROVED", "REJECTED")
    assert rejected["details"]["rejection"]["reason"] == "no_free_code"
    assert await buyer.balance() == 90
    counters = {"total": 100, "added": 100, "locked": 20, "unlocked": 20, "spent": 10}
    assert await buyer.counters() == counters
    (paid, *_) = await buyer.cards[0].listed("transactions")
    assert paid["status"] == "REJECTED"
    assert paid["details"]["rejection"]["reason"] == "no_free_code"
    assert await shop.stock(reward) == (1, 1)


async def test_a_card_that_has_no_room_takes_no_points(engine: Engine, client: httpx.AsyncClient) -> None:
    shop = await new_shop(client, {}, {})
    reward = await shop.reward(10, stock=1, digital=card_points(shop.wallet_ids[1], 7))
    buyer = await shop.member(100, LARGEST - 6)
    await buyer.buy(reward)
    await issue(engine)
    (rejected,) = await buyer.purchases()
    assert (rejected["status"], rejected["details"]["rejection"]) == (
        "REJECTED",
        {"reason": "target_card_full", "details": {"card_id": buyer.cards[1].id}},
    )
    assert await buyer.balance() == 100
    assert await buyer.counters(1) == {"total": LARGEST - 6, "added": LARGEST - 6}
    assert await shop.stock(reward) == (1, 0)
    await buyer.cards[1].adjust(-1)
    await buyer.buy(reward)
    await issue(engine)
    assert (await buyer.purchases())[0]["status"] == "REJECTED", "what a card was ever given is bounded, too"


async def test_a_deleted_reward_is_issued_to_whoever_bought_it(engine: Engine, client: httpx.AsyncClient) -> None:
    shop = await new_shop(client)
    mug = await shop.reward(30)
    buyer = await shop.member(100)
    await buyer.buy(mug)
    assert (await client.delete(f"{BASE}/rewards/{mug}")).status_code == 200
    await issue(engine)
    assert [one["status"] for one in await buyer.purchases()] == ["APPROVED"]


async def test_a_member_that_is_deleted_gets_nothing_more(engine: Engine, client: httpx.AsyncClient) -> None:
    shop: Shop = await new_shop(client)
    mug = await shop.reward(30, stock=2)
    buyer, erased = await shop.member(100), await shop.member(100)
    await buyer.buy(mug)
    await erased.buy(mug)
    assert (await client.delete(buyer.path)).status_code == 200
    assert (await client.delete(f"/v1/customers/{erased.customer_id}")).status_code < 300
    await issue(engine)
    assert await shop.stock(mug) == (2, 0)
    async with engine.database.connection() as connection:
        for member in (buyer, erased):
            purchase = await connection.fetchrow(
                "SELECT status, details, due_at FROM reward_transactions WHERE member_id = $1", member.id
            )
            card = await connection.fetchrow(
                "SELECT locked, unlocked, spent FROM cards WHERE member_id = $1", member.id
            )
            assert purchase is not None
            assert (purchase["status"], purchase["due_at"]) == ("REJECTED", None)
            assert '"member_deleted"' in purchase["details"]
            assert tuple(card or ()) == (30, 30, 0)
