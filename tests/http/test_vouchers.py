"""Vouchers are listed and read as campaigns made them (domain 9)."""

import asyncio
from typing import Any

import httpx
import pytest
from tests.http.definitions import refused
from tests.http.shops import Shop, campaign, coupon, gift_campaign, gift_voucher, issue, new_shop

from troth.actions.engine import Engine
from troth.actions.vouchers import Wanted
from troth.actions.vouchers import issue as issue_vouchers
from troth.core.vouchers import Voucher
from troth.db.database import Unit

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
    reward = await shop.reward(1, stock=3, digital=coupon(coupons))
    buyer = await shop.member(10)
    purchase, refunded, _ = [await buyer.buy(reward) for _ in range(3)]
    await issue(engine)
    assert (await buyer.refund(refunded, refund="ALLOW")).status_code == 202
    refused(await client.delete(f"/v1/campaigns/{coupons}"), 409, "resource_in_use")
    assert (await client.delete(f"/v2/loyalties/rewards/{reward}")).status_code == 200
    answer = await client.delete(f"/v1/campaigns/{coupons}")
    assert answer.status_code == 202
    assert (await client.get("/v1/vouchers")).json()["total"] == 0
    action = (await client.get(f"/v1/async-actions/{answer.json()['async_action_id']}")).json()
    assert action["result"]["done_count"] == 2
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


async def counted(client: httpx.AsyncClient, campaign_id: str) -> tuple[int, str]:
    """Return how many vouchers a campaign shows, alone and in the list alike, and whether more are to come."""
    shown: dict[str, Any] = (await client.get(f"/v1/campaigns/{campaign_id}")).json()
    listed = (await client.get("/v1/campaigns?limit=100")).json()["campaigns"]
    assert [one for one in listed if one["id"] == campaign_id] == [shown]
    return shown["vouchers_count"], shown["vouchers_generation_status"]


async def test_a_campaign_counts_the_vouchers_that_there_are(engine: Engine, client: httpx.AsyncClient) -> None:
    """Asked for in advance were two: none is made before it is issued. One is deleted by a refund."""
    shop = await new_shop(client)
    campaign_id = await campaign(client, vouchers_count=2)
    other_id = await gift_campaign(client)
    reward, other = (
        await shop.reward(1, digital=coupon(campaign_id)),
        await shop.reward(1, digital=gift_voucher(other_id, 5)),
    )
    buyer = await shop.member(10)
    assert await counted(client, campaign_id) == (0, "IN_PROGRESS")
    bought = [await buyer.buy(reward) for _ in range(3)]
    await buyer.buy(other)
    assert await counted(client, campaign_id) == (0, "IN_PROGRESS")
    await issue(engine)
    assert await counted(client, campaign_id) == (3, "DONE")
    assert await counted(client, other_id) == (1, "DONE")
    answer = await buyer.refund(bought[0], refund="ALLOW")
    assert answer.status_code == 202, answer.text
    assert await counted(client, campaign_id) == (2, "DONE")
    await buyer.buy(reward)
    await issue(engine)
    assert await counted(client, campaign_id) == (3, "DONE")
    assert (await client.get(f"/v1/vouchers?campaign_id={campaign_id}")).json()["total"] == 3


async def test_a_campaigns_vouchers_are_counted_exactly_by_many_at_once(
    engine: Engine, client: httpx.AsyncClient
) -> None:
    """Workers issue and refunds delete side by side; a transaction that ends badly has counted nothing."""
    shop = await new_shop(client)
    campaign_id = await campaign(client)
    reward = await shop.reward(1, digital=coupon(campaign_id))
    buyers = [await shop.member(20) for _ in range(8)]
    for _ in range(4):
        bought = await asyncio.gather(*(one.buy(reward) for one in buyers))
        await issue(engine)
        refunds = [one.refund(bought[2 * place], refund="ALLOW") for place, one in enumerate(buyers[::2])]
        refunded = asyncio.gather(*refunds)
        again = (one.buy(reward) for one in buyers)
        await asyncio.gather(*again, *(issue(engine) for _ in range(4)), _fails(engine, shop, campaign_id))
        assert {answer.status_code for answer in await refunded} == {202}
        await issue(engine)
        there = (await client.get(f"/v1/vouchers?campaign_id={campaign_id}")).json()["total"]
        assert (await counted(client, campaign_id))[0] == there
    assert there == 4 * (16 - 4)
    await buyers[0].buy(reward)
    await issue(engine)
    async with engine.database.connection() as connection:
        rows = await connection.fetch("SELECT vouchers FROM voucher_counts WHERE campaign_id = $1", campaign_id)
    assert [row[0] for row in rows] == [there + 1], "whoever is alone leaves one row"


async def _fails(engine: Engine, shop: Shop, campaign_id: str) -> None:
    """Make a voucher in a transaction that is not committed."""
    member = await shop.member()
    async with engine.database.connection() as connection:
        project_id = await connection.fetchval("SELECT project_id FROM members WHERE id = $1", member.id)

    async def attempt(unit: Unit) -> None:
        wanted = [Wanted(campaign_id, member.customer_id, None)]
        (made,) = await issue_vouchers(engine, unit, project_id, wanted, engine.clock.now())
        assert isinstance(made, Voucher)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await engine.database.transact(attempt)


async def test_counting_waits_for_nobody(engine: Engine, client: httpx.AsyncClient) -> None:
    """One transaction has counted and is not over: another one's voucher is issued all the same."""
    shop = await new_shop(client)
    campaign_id = await campaign(client)
    reward = await shop.reward(1, digital=coupon(campaign_id))
    buyer = await shop.member(10)
    await buyer.buy(reward)
    await issue(engine)
    async with engine.database.connection() as connection, connection.transaction():
        await connection.execute("SELECT FROM voucher_counts WHERE campaign_id = $1 FOR UPDATE", campaign_id)
        await buyer.buy(reward)
        await issue(engine)
        assert await counted(client, campaign_id) == (2, "DONE")
