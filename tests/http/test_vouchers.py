"""Vouchers are listed and read as campaigns made them (domain 9)."""

import httpx
import pytest
from tests.http.definitions import refused
from tests.http.shops import campaign, coupon, gift_campaign, gift_voucher, issue, new_shop

from troth.actions.engine import Engine

pytestmark = pytest.mark.anyio


async def test_vouchers_are_found_by_what_they_are(engine: Engine, client: httpx.AsyncClient) -> None:
    shop = await new_shop(client)
    coupons, gifts = await campaign(client, name="Mugs", category="A"), await gift_campaign(client)
    coupon_reward = await shop.reward(1, digital=coupon(coupons))
    gift_reward = await shop.reward(1, digital=gift_voucher(gifts, 500))
    buyer, other = await shop.member(10), await shop.member(10)
    await buyer.buy(coupon_reward)
    await issue(engine)
    await other.buy(gift_reward)
    await issue(engine)
    answer = (await client.get("/v1/vouchers?order=created_at")).json()
    first, second = answer["vouchers"]
    assert answer == {
        "object": "list",
        "data_ref": "vouchers",
        "vouchers": [first, second],
        "total": 2,
        "has_more": False,
    }
    assert first | {"id": "", "code": "", "created_at": ""} == {
        "id": "",
        "code": "",
        "campaign": "Mugs",
        "campaign_id": coupons,
        "category": "A",
        "type": "DISCOUNT_VOUCHER",
        "discount": {"type": "AMOUNT", "amount_off": 100},
        "active": True,
        "metadata": {},
        "is_referral_code": False,
        "holder_id": buyer.customer_id,
        "redemption": {"quantity": 1, "redeemed_quantity": 0, "object": "list"},
        "categories": [],
        "created_at": "",
        "object": "voucher",
    }
    assert (await client.get(f"/v1/vouchers/{first['code']}")).json() == first
    for query, expected in (
        ("order=created_at&limit=1", [first]),
        ("campaign=Mugs", [first]),
        (f"campaign_id={gifts}", [second]),
        (f"customer={other.customer_id}", [second]),
        (f"code={first['code']}", [first]),
        ("category=A", [first]),
        (f"ids={second['id']}", [second]),
        ("created_at[before]=2000-01-01T00:00:00Z", []),
    ):
        assert (await client.get(f"/v1/vouchers?{query}")).json()["vouchers"] == expected, query
    refused(await client.get("/v1/vouchers/nothing"), 404, "not_found")


async def test_the_vouchers_of_a_campaign_go_with_it(engine: Engine, client: httpx.AsyncClient) -> None:
    shop = await new_shop(client)
    coupons = await campaign(client)
    reward = await shop.reward(1, stock=1, digital=coupon(coupons))
    buyer = await shop.member(10)
    purchase = await buyer.buy(reward)
    await issue(engine)
    refused(await client.delete(f"/v1/campaigns/{coupons}"), 409, "resource_in_use")
    assert (await client.delete(f"/v2/loyalties/rewards/{reward}")).status_code == 200
    assert (await client.delete(f"/v1/campaigns/{coupons}")).status_code == 202
    assert (await client.get("/v1/vouchers")).json()["total"] == 0
    answer = await buyer.refund(purchase, refund="ALLOW")
    assert answer.json()["transaction"]["details"]["result"]["digital"]["discount_coupons"][0]["result"] == "SKIPPED"


async def test_a_campaign_that_is_gone_gives_the_points_back(engine: Engine, client: httpx.AsyncClient) -> None:
    shop = await new_shop(client)
    coupons = await campaign(client)
    reward = await shop.reward(1, digital=coupon(coupons))
    buyer = await shop.member(10)
    await buyer.buy(reward)
    await client.delete(f"/v2/loyalties/rewards/{reward}")
    assert (await client.delete(f"/v1/campaigns/{coupons}")).status_code == 202
    await issue(engine)
    (purchase,) = await buyer.purchases()
    rejection = {"reason": "campaign_not_found", "details": {"campaign_id": coupons}}
    assert (purchase["status"], purchase["details"]["rejection"]) == ("REJECTED", rejection)
    assert await buyer.balance() == 10
