"""Campaigns over HTTP: coupons and gift cards, lists, deletion (domain 9)."""

from typing import Any

import httpx
import pytest
from tests.conftest import client_of, make_project
from tests.http.definitions import made as definition
from tests.http.definitions import refused, wallet
from tests.http.platform import created, listed

from troth.actions.engine import Engine
from troth.http.door import Door

pytestmark = pytest.mark.anyio

TEN = {"type": "PERCENT", "percent_off": 10.5, "amount_limit": 2000, "effect": "APPLY_TO_ORDER"}
COUPONS: dict[str, Any] = {
    "name": "Ten percent",
    "campaign_type": "DISCOUNT_COUPONS",
    "voucher": {"type": "DISCOUNT_VOUCHER", "discount": TEN, "code_config": {"pattern": "TEN-####"}},
}
GIFTS: dict[str, Any] = {
    "name": "Gift cards",
    "campaign_type": "GIFT_VOUCHERS",
    "type": "STATIC",
    "description": "For Christmas",
    "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 5000, "balance": 5000}, "redemption": {"quantity": 3}},
    "vouchers_count": 10,
    "start_date": "2026-12-01T00:00:00.000Z",
    "expiration_date": "2027-01-01T00:00:00.000Z",
    "validity_day_of_week": [1, 2],
    "validity_hours": {"daily": [{"start_time": "08:00", "expiration_time": "20:00:00", "days_of_week": [1]}]},
    "validity_timeframe": {"duration": "PT1H", "interval": "P2D"},
    "activity_duration_after_publishing": "P30D",
    "category": "winter",
    "metadata": {"cost": 1.25},
}
ALPHANUMERIC = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
ALWAYS: dict[str, Any] = {
    "auto_join": False,
    "join_once": False,
    "use_voucher_metadata_schema": False,
    "active": True,
    "creation_status": "DONE",
    "readonly": False,
    "protected": False,
    "category_id": None,
    "categories": [],
    "object": "campaign",
}


def code_config(pattern: str) -> dict[str, Any]:
    return {"length": pattern.count("#"), "charset": ALPHANUMERIC, "prefix": "", "postfix": "", "pattern": pattern}


async def test_a_coupon_campaign_is_shown_with_its_defaults(client: httpx.AsyncClient) -> None:
    made = await created(client, "campaigns", **COUPONS)
    assert made == {
        **ALWAYS,
        "id": made["id"],
        "name": "Ten percent",
        "campaign_type": "DISCOUNT_COUPONS",
        "type": "AUTO_UPDATE",
        "voucher": {
            "type": "DISCOUNT_VOUCHER",
            "discount": TEN,
            "code_config": code_config("TEN-####"),
            "redemption": {"quantity": 1},
            "is_referral_code": False,
        },
        "vouchers_count": 0,
        "metadata": {},
        "created_at": made["created_at"],
        "vouchers_generation_status": "DONE",
    }
    for reference in (made["id"], "Ten%20percent"):
        assert (await client.get(f"/v1/campaigns/{reference}")).json() == made
    refused(await client.get("/v1/campaigns/none"), 404, "not_found")


async def test_a_gift_campaign_keeps_everything_it_was_given(client: httpx.AsyncClient) -> None:
    made = await created(client, "campaigns", **GIFTS)
    dates = ("start_date", "expiration_date", "validity_day_of_week", "validity_hours", "validity_timeframe")
    assert made == {
        **ALWAYS,
        **GIFTS,
        "id": made["id"],
        "voucher": {
            **GIFTS["voucher"],
            **{name: GIFTS[name] for name in dates},
            "code_config": code_config("#" * 10),
            "is_referral_code": False,
        },
        "vouchers_count": 0,
        "created_at": made["created_at"],
        "vouchers_generation_status": "IN_PROGRESS",
    }
    endless = await created(
        client, "campaigns", **GIFTS | {"name": "B", "voucher": {**GIFTS["voucher"], "redemption": None}}
    )
    assert endless["voucher"]["redemption"] == {"quantity": None}


def coupon(**discount: Any) -> dict[str, Any]:
    return {**COUPONS, "voucher": {"type": "DISCOUNT_VOUCHER", "discount": discount}}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "campaign_type: must be one of DISCOUNT_COUPONS, GIFT_VOUCHERS"),
        ({**COUPONS, "campaign_type": "PROMOTION"}, "campaign_type: must be one of DISCOUNT_COUPONS, GIFT_VOUCHERS"),
        ({**COUPONS, "validation_rules": ["val_1"]}, "validation_rules: is not a known property"),
        ({**COUPONS, "voucher": GIFTS["voucher"]}, "voucher.type: must be one of 'DISCOUNT_VOUCHER'"),
        (coupon(type="AMOUNT"), "voucher.discount.amount_off: is required when type is AMOUNT"),
        (coupon(type="PERCENT", percent_off=101), "voucher.discount.percent_off: must be at most 100"),
        (
            coupon(type="FIXED", fixed_amount=1, percent_off=1),
            "voucher.discount.percent_off: must be left out or null when type is FIXED",
        ),
        (
            coupon(type="PERCENT", percent_off=1, effect="ADD_NEW_ITEMS"),
            "voucher.discount.effect: must be one of APPLY_TO_ORDER, APPLY_TO_ITEMS when type is PERCENT",
        ),
        (
            {**GIFTS, "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 5, "balance": 4}}},
            "voucher.gift.balance: must equal amount: new gift cards are unspent",
        ),
        ({**GIFTS, "expiration_date": GIFTS["start_date"]}, "expiration_date: must be after start_date"),
        (
            {**GIFTS, "validity_timeframe": {"duration": "PT", "interval": "P1D"}},
            "validity_timeframe.duration: must be a length of time such as P1D or PT1H",
        ),
    ],
)
async def test_a_wrong_campaign_is_refused_in_words(client: httpx.AsyncClient, body: Any, words: str) -> None:
    details = refused(await client.post("/v1/campaigns", json=body), 400, "invalid_payload")["details"]
    assert words in details.split("; ")


async def test_free_products_must_exist(client: httpx.AsyncClient) -> None:
    mug = await created(client, "products")
    free = {"unit_off": 1, "unit_type": mug["id"], "product": {"id": mug["id"], "name": "Mug"}}
    made = await created(client, "campaigns", **coupon(type="UNIT", effect="ADD_NEW_ITEMS", **free))
    assert made["voucher"]["discount"]["product"] == free["product"]
    units = [
        {**free, "effect": "ADD_NEW_ITEMS"},
        {**free, "effect": "ADD_NEW_ITEMS", "product": {"id": "prod_0", "name": "x"}},
    ]
    body = coupon(type="UNIT", effect="ADD_MANY_ITEMS", units=units) | {"name": "Many"}
    assert refused(await client.post("/v1/campaigns", json=body), 404, "not_found")["resource_id"] == "prod_0"
    assert len(await listed(client, "campaigns")) == 1


async def test_metadata_must_fit_their_schema(client: httpx.AsyncClient) -> None:
    schema = {"properties": {}, "allow_defined_only": True}
    assert (await client.put("/v1/metadata-schemas/campaign", json=schema)).status_code == 200
    words = refused(await client.post("/v1/campaigns", json=GIFTS), 400, "invalid_payload")["details"]
    assert words == "metadata.cost: is not among the properties that the schema defines"


async def test_a_name_belongs_to_one_campaign(client: httpx.AsyncClient) -> None:
    made = await created(client, "campaigns", **COUPONS)
    taken = refused(await client.post("/v1/campaigns", json=COUPONS), 409, "duplicate_resource_key")
    assert (taken["resource_id"], taken["resource_type"]) == (made["id"], "campaign")


async def test_campaigns_are_listed_and_filtered(client: httpx.AsyncClient) -> None:
    coupons = await created(client, "campaigns", **COUPONS)
    gifts = await created(client, "campaigns", **GIFTS)
    answer = (await client.get("/v1/campaigns")).json()
    assert answer["campaigns"] == [gifts, coupons]
    assert (answer["data_ref"], answer["total"], answer["has_more"]) == ("campaigns", 2, False)
    for query, expected in {
        "campaign_type=GIFT_VOUCHERS": [gifts],
        "campaign_type=PROMOTION": [],
        "campaign_status=DONE&is_referral_code=false&order=created_at": [coupons, gifts],
        "is_referral_code=true": [],
        "filters[campaigns][conditions][$contains]=percent": [coupons],
        f"filters[campaigns_id][conditions][$in]={coupons['id']}": [coupons],
        "filters[voucher_type][conditions][$is]=GIFT_VOUCHER": [gifts],
        "filters[type][conditions][$in]=AUTO_UPDATE": [coupons],
        "filters[start_date][conditions][$after]=2026-11-30": [gifts],
        "filters[expiration_date][conditions][$is_unknown]": [coupons],
        "limit=1&page=2": [coupons],
    }.items():
        assert await listed(client, f"campaigns?{query}") == expected, query


async def test_a_deletion_is_done_and_says_so(client: httpx.AsyncClient) -> None:
    made = await created(client, "campaigns", **COUPONS)
    answer = await client.delete(f"/v1/campaigns/{made['id']}?force=true")
    assert answer.status_code == 202
    action_id = answer.json()["async_action_id"]
    refused(await client.get(f"/v1/campaigns/{made['id']}"), 404, "not_found")
    action = (await client.get(f"/v1/async-actions/{action_id}")).json()
    assert action == {
        "id": action_id,
        "type": "CAMPAIGN.VOUCHERS_DELETE",
        "status": "DONE",
        "operation_status": "SUCCESS",
        "created_at": action["created_at"],
        "updated_at": action["created_at"],
        "request_id": answer.headers["x-request-id"],
        "processing_time": 0,
        "progress": 100,
        "result": {"message": f"Campaign {made['id']} has been deleted with its vouchers", "done_count": 0},
        "object": "async_action",
    }
    del action["result"]
    assert await listed(client, "async-actions") == [action]
    assert await listed(client, f"async-actions?end_date={action['created_at']}") == []
    refused(await client.delete(f"/v1/campaigns/{made['id']}"), 404, "not_found")
    assert (await created(client, "campaigns", **COUPONS))["id"] != made["id"]


async def test_a_campaign_in_use_stays(client: httpx.AsyncClient) -> None:
    made = await created(client, "campaigns", **COUPONS)
    digital = {"type": "DISCOUNT_COUPONS", "discount_coupons": {"campaign_id": made["id"]}}
    spending = {"points": 5, "card_definition_id": (await wallet(client))["id"]}
    body = {"name": "Coupon", "type": "DIGITAL", "digital": digital, "costs": [{"spending": [spending]}]}
    reward_id = (await definition(client, "rewards", body))["id"]
    held = refused(await client.delete(f"/v1/campaigns/{made['id']}"), 409, "resource_in_use")
    assert (held["related_object_ids"], held["related_object_type"]) == ([reward_id], "reward")
    assert await listed(client, "async-actions") == []


async def test_another_project_sees_nothing(client: httpx.AsyncClient, door: Door, engine: Engine) -> None:
    made = await created(client, "campaigns", **COUPONS)
    other = await make_project(engine)
    async with client_of(door, other.headers) as stranger:
        for reference in (made["id"], "Ten%20percent"):
            refused(await stranger.get(f"/v1/campaigns/{reference}"), 404, "not_found")
            refused(await stranger.delete(f"/v1/campaigns/{reference}"), 404, "not_found")
        await created(stranger, "campaigns", **COUPONS)
        action_id = (await client.delete(f"/v1/campaigns/{made['id']}")).json()["async_action_id"]
        refused(await stranger.get(f"/v1/async-actions/{action_id}"), 404, "not_found")
        assert await listed(stranger, "async-actions") == []
