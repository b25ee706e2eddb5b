"""Examining earning rules over HTTP: what is asked, what is found, and that nothing is saved (domain 8)."""

from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project
from tests.http.definitions import BASE, made, refused
from tests.http.programs import active_wallet, program, rule

from troth.actions.engine import Engine
from troth.http.door import Door

pytestmark = pytest.mark.anyio

EXAMINE = f"{BASE}/examine/earning-rules"
PAID = {"type": "SPECIFIC", "specific": {"event": "customer.order.paid"}}


def fixed(wallet_id: str, value: int = 10) -> dict[str, Any]:
    return {"type": "POINTS", "points": {"value": value, "card_definition_id": wallet_id}}


def per_amount(wallet_id: str, every: int = 100, value: Any = 1) -> dict[str, Any]:
    part = {"calculation_type": "POST_DISCOUNT_ORDER_AMOUNT", "card_definition_id": wallet_id}
    proportion = {"order": {"total_amount": {"every": every, "value": value}}}
    return {"type": "POINTS_PROPORTIONAL", "points_proportional": {**part, **proportion}}


def earning(*effects: dict[str, Any], **condition: Any) -> dict[str, Any]:
    return {"effects": list(effects), **({"rules": {"logic": "1", "1": condition}} if condition else {})}


async def earning_rule(client: httpx.AsyncClient, *earnings: dict[str, Any], **more: Any) -> str:
    return await rule(client, earnings=list(earnings), **more)


async def joined(
    client: httpx.AsyncClient, wallet_id: str, *rule_ids: str, structures: Sequence[str] = (), **customer: Any
) -> dict[str, Any]:
    """Make an ACTIVE program with rules and a member, and return the member."""
    items = {
        "card_definitions": [{"id": wallet_id}],
        "earning_rules": [{"id": one} for one in rule_ids],
        **({"tier_structures": [{"id": one} for one in structures]} if structures else {}),
    }
    of_program = await program(client, status="ACTIVE", **items)
    buyer = (await client.post("/v1/customers", json=customer)).json()
    members = f"{BASE}/programs/{of_program['id']}/members"
    answer = await client.post(members, json={"customer_id": buyer["id"]})
    assert answer.status_code == 200, answer.text
    member: dict[str, Any] = answer.json()
    return member


def body(member: dict[str, Any], trigger: dict[str, Any] = PAID, **sections: Any) -> dict[str, Any]:
    identification = {"type": "customer_id", "customer_id": member["customer_id"]}
    return {"trigger": trigger, "customer_identification": identification, **sections}


def order(**given: Any) -> dict[str, Any]:
    return {"customer_order_paid": {"order": given}}


async def examined(client: httpx.AsyncClient, asked: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(EXAMINE, json=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def points(client: httpx.AsyncClient, asked: dict[str, Any]) -> list[int]:
    """Return the points of each card of each membership."""
    found = await examined(client, asked)
    return [card["points_estimation"] for one in found["memberships"] for card in one["cards"]]


def estimation(rule_id: str, **more: Any) -> dict[str, Any]:
    named = {"id": rule_id, "object": "earning_rule"}
    return {"earning_rule": named, "object": "earning_rule_estimation", **more}


async def test_what_an_order_would_earn_and_nothing_is_saved(client: httpx.AsyncClient) -> None:
    wallet_id = await active_wallet(client)
    mug = {"name": "Mug", "status": "ACTIVE", **fixed(wallet_id, 1)}
    gift = await made(client, "benefits", mug)
    granting = {"type": "BENEFIT", "benefit": {"id": gift["id"]}}
    first = await earning_rule(client, earning(per_amount(wallet_id, value=0.29)), name="Per euro", metadata={"a": 1})
    large = {"name": "order.total_amount", "conditions": {"$more_than": [50000]}}
    second = await earning_rule(client, earning(fixed(wallet_id, 500), **large), earning(fixed(wallet_id), granting))
    silent = await earning_rule(client, earning(fixed(wallet_id), **large))
    member = await joined(client, wallet_id, first, second, silent, source_id="crm-1", metadata={"vip": True})
    found = await examined(client, body(member, **order(amount="10000", initial_amount=12000)))
    (membership,) = found.pop("memberships")
    buyer = {"id": member["customer_id"], "source_id": "crm-1", "metadata": {"vip": True}, "object": "customer"}
    assert found == {
        "event": "customer.order.paid",
        "customer": buyer,
        "earning_rules": [
            {"id": first, "name": "Per euro", "metadata": {"a": 1}, "object": "earning_rule"},
            {"id": second, "name": "Rule", "metadata": {}, "object": "earning_rule"},
        ],
        "object": "earnings_examine_result",
    }
    assert membership["member"] == {
        name: member[name] for name in ("id", "customer_id", "program_id", "metadata", "object")
    }
    assert membership["program"]["id"] == member["program_id"]
    card = member["cards"][0]["card"]
    (of_card,) = membership["cards"]
    shown = {name: card[name] for name in ("id", "card_definition_id", "card_type", "object")}
    assert of_card["card"] == {**shown, "code": of_card["card"]["code"]}
    assert of_card["points_estimation"] == 39
    assert of_card["earning_rules"] == [
        estimation(first, points_estimation=29),
        estimation(second, points_estimation=10),
    ]
    granted = {"id": gift["id"], "name": "Mug", "type": "POINTS", "object": "benefit"}
    assert membership["benefits"] == [
        {"benefit": granted, "earning_rules": [estimation(second)], "object": "benefit_estimation"}
    ]
    present = (await client.get(f"{BASE}/programs/{member['program_id']}/members/{member['id']}")).json()
    assert present["cards"][0]["card"]["balance"]["points"] == 0


async def test_all_kinds_of_triggers_at_once(client: httpx.AsyncClient) -> None:
    wallet_id = await active_wallet(client)
    schema = (await client.post("/v1/event-schemas", json={"name": "visited", "properties": {}})).json()
    segment = (await client.post("/v1/segments", json={"name": "VIP", "type": "static", "customers": []})).json()
    on_event = {"event": "customer.custom_event", "custom_event": {"schema_id": schema["id"]}}
    on_entering = {"event": "customer.segment.entered", "segment": {"id": segment["id"]}}
    asks_event = {"name": "custom_event.metadata", "property": "stars", "conditions": {"$more_than": [3]}}
    asks_order = {"name": "order.metadata", "property": "channel", "conditions": {"$is_not": ["web"]}}
    rules = [
        await earning_rule(client, earning(fixed(wallet_id, 1), per_amount(wallet_id))),
        await earning_rule(client, earning(fixed(wallet_id, 2), **asks_order)),
        await earning_rule(client, earning(fixed(wallet_id, 4)), trigger=on_event),
        await earning_rule(client, earning(fixed(wallet_id, 8), **asks_event), trigger=on_event),
        await earning_rule(client, earning(fixed(wallet_id, 16)), trigger=on_entering),
    ]
    member = await joined(client, wallet_id, *rules)
    everything = {"type": "ALL"}
    found = await examined(client, body(member, everything))
    assert found["event"] is None
    assert [one["id"] for one in found["earning_rules"]] == [rules[0], rules[2], rules[4]]
    stars = {"type": "ALL", "all": {"custom_event": {"metadata": {"stars": "4"}}}}
    told = body(member, everything, customer_custom_event=stars, **order(amount=300))
    assert await points(client, told) == [1 + 3 + 2 + 4 + 8 + 16]
    event = {"type": "SPECIFIC", "specific": {"event": "customer.custom_event"}}
    another = (await client.post("/v1/event-schemas", json={"name": "left", "properties": {}})).json()["id"]
    other = {"type": "SPECIFIC", "specific": {"custom_event": {"schema_id": another}}}
    assert await points(client, body(member, event, customer_custom_event=other)) == []
    other["specific"] = {"custom_event": {"schema_id": "ms_0"}}
    unknown = await client.post(EXAMINE, json=body(member, event, customer_custom_event=other))
    assert refused(unknown, 404, "not_found")["details"] == "Cannot find event_schema with id ms_0"
    entering = {"type": "SPECIFIC", "specific": {"event": "customer.segment.entered"}}
    assert await points(client, body(member, entering, customer_segment_entered={})) == [16]


async def test_items_are_looked_up_in_the_catalogue_and_its_collections(client: httpx.AsyncClient) -> None:
    shoes = (await client.post("/v1/products", json={"name": "Shoes", "source_id": "P-1", "price": 1000})).json()
    hat = (await client.post("/v1/products", json={"name": "Hat", "price": 500})).json()
    sku = (await client.post(f"/v1/products/{hat['id']}/skus", json={"sku": "Hat L", "source_id": "S-1"})).json()
    listed = {"name": "Listed", "type": "STATIC", "products": [{"id": hat["id"], "object": "product"}]}
    dear = {"junction": "and", "price": {"conditions": {"$more_than": [900]}}}
    found_by = {"name": "Dear", "type": "AUTO_UPDATE", "filter": dear}
    static, auto = [(await client.post("/v1/product-collections", json=one)).json()["id"] for one in (listed, found_by)]
    wallet_id = await active_wallet(client)

    def holding(collection_id: str) -> dict[str, Any]:
        return {"name": "order.items.any", "conditions": {"$in": [collection_id]}}

    rules = [
        await earning_rule(client, earning(per_amount(wallet_id), **holding(static))),
        await earning_rule(client, earning(fixed(wallet_id, 7), **holding(auto))),
    ]
    member = await joined(client, wallet_id, *rules)
    for items, expected in (
        ([{"source_id": "P-1", "quantity": 2}], [7]),
        ([{"product_id": hat["id"]}], [5]),
        ([{"sku_id": sku["id"], "quantity": "3"}], [15]),
        ([{"source_id": "S-1"}, {"product": {"source_id": "P-1"}}], [22]),
        ([{"source_id": "unknown", "price": 900, "name": "Sock", "product": {"metadata": {"a": 1}}}], []),
    ):
        assert await points(client, body(member, **order(items=items))) == expected, items
    unknown = await client.post(EXAMINE, json=body(member, **order(items=[{"product_id": "prod_0"}])))
    assert refused(unknown, 404, "not_found")["resource_id"] == "prod_0"
    assert shoes["id"]


async def test_overrides_segments_and_limits(client: httpx.AsyncClient) -> None:
    limits = {"global": {"type": "LIMITED", "limits": [{"type": "BALANCE_BASED", "max": 25}]}}
    whole = {"earning_limits": {**limits, "transactions": {"type": "NO_LIMIT"}}}
    wallet_id = await active_wallet(client, **whole)
    gold = {"name": "customer.metadata", "property": "level", "conditions": {"$is": ["gold"]}}
    rule_id = await earning_rule(client, earning(fixed(wallet_id, 20), **gold))
    every = await earning_rule(client, earning(fixed(wallet_id, 3)))
    member = await joined(client, wallet_id, rule_id, every, metadata={"level": "silver", "age": 7})
    plain = body(member, customer_order_paid={})
    as_gold = body(member, customer_order_paid={"customer": {"metadata": {"level": "gold"}}})
    assert await points(client, plain) == [3]
    assert await points(client, as_gold) == [23]
    card = member["cards"][0]["card"]
    path = f"{BASE}/programs/{member['program_id']}/members/{member['id']}/cards/{card['id']}/points"
    answer = await client.post(path, json={"points": 4})
    assert answer.status_code == 200, answer.text
    assert await points(client, as_gold) == [21]
    segment = await client.post(
        "/v1/segments", json={"name": "Friends", "type": "static", "customers": [member["customer_id"]]}
    )
    friend = {"name": "customer.segment", "conditions": {"$is": [segment.json()["id"]]}}
    more = await earning_rule(client, earning(fixed(wallet_id, 5), **friend))
    batch = {"assign": [{"id": more}]}
    assigned = await client.post(f"{BASE}/programs/{member['program_id']}/earning-rules/batch", json=batch)
    assert assigned.status_code == 200, assigned.text
    assert await points(client, plain) == [8]


async def test_the_tier_that_the_member_is_in(client: httpx.AsyncClient) -> None:
    wallet_id = await active_wallet(client)
    balance = {"name": "Levels", "type": "POINT_BALANCE", "point_balance": {"card_definition_id": wallet_id}}
    structure = await made(client, "tier-structures", balance)
    gold = {"name": "Gold", "qualification_rules": {"type": "POINTS", "points": {"min_value": 100}}}
    tier = await made(client, f"tier-structures/{structure['id']}/tiers", gold)
    assert (await client.post(f"{BASE}/tier-structures/{structure['id']}/activate")).status_code == 200
    any_of = [{"tier_structure_id": structure["id"], "tier_ids": [tier["id"]]}]
    golden = {**earning(fixed(wallet_id, 9)), "tier_rules": {"type": "ANY_OF", "any_of": any_of}}
    rule_id = await earning_rule(client, golden, earning(fixed(wallet_id, 1)))
    member = await joined(client, wallet_id, rule_id, structures=[structure["id"]])
    asked = body(member, customer_order_paid={})
    assert await points(client, asked) == [1]
    card_id = member["cards"][0]["card"]["id"]
    path = f"{BASE}/programs/{member['program_id']}/members/{member['id']}/cards/{card_id}/points"
    assert (await client.post(path, json={"points": 100})).status_code == 200
    assert await points(client, asked) == [9]


async def test_only_active_memberships_are_examined(client: httpx.AsyncClient) -> None:
    wallet_id = await active_wallet(client)
    rule_id = await earning_rule(client, earning(fixed(wallet_id)))
    member = await joined(client, wallet_id, rule_id)
    asked = body(member, customer_order_paid={})
    path = f"{BASE}/programs/{member['program_id']}/members/{member['id']}"
    by_member = {**asked, "customer_identification": {"type": "member_id", "member_id": member["id"]}}
    assert await points(client, by_member) == [10]
    await client.post(f"{path}/deactivate")
    found = await examined(client, asked)
    assert (found["memberships"], found["earning_rules"]) == ([], [])
    await client.post(f"{path}/activate")
    await client.post(f"{BASE}/earning-rules/{rule_id}/deactivate")
    found = await examined(client, asked)
    assert [one["cards"] for one in found["memberships"]] == [[]]
    await client.post(f"{BASE}/programs/{member['program_id']}/deactivate")
    assert (await examined(client, asked))["memberships"] == []


@pytest.mark.parametrize(
    ("identification", "noun"),
    [
        ({"type": "customer_id", "customer_id": "cust_0"}, "customer"),
        ({"type": "customer_source_id", "customer_source_id": 7}, "customer"),
        ({"type": "member_id", "member_id": "lmbr_0"}, "member"),
    ],
)
async def test_unknown_customers(client: httpx.AsyncClient, identification: dict[str, Any], noun: str) -> None:
    asked = {"trigger": {"type": "ALL"}, "customer_identification": identification}
    assert refused(await client.post(EXAMINE, json=asked), 404, "not_found")["resource_type"] == noun


async def test_a_customer_of_another_project_is_not_found(
    client: httpx.AsyncClient, engine: Engine, door: Door, project: TestProject
) -> None:
    stranger = (await client.post("/v1/customers", json={"source_id": "crm-1"})).json()
    asked = body({"customer_id": stranger["id"]}, {"type": "ALL"})
    assert (await examined(client, asked))["memberships"] == []
    other = await make_project(engine)
    async with client_of(door, other.headers) as theirs:
        refused(await theirs.post(EXAMINE, json=asked), 404, "not_found")


async def test_a_body_that_does_not_fit_is_refused_with_its_path(client: httpx.AsyncClient) -> None:
    answer = await client.post(EXAMINE, json=body({"customer_id": "cust_1"}, **order(amount=True)))
    details = refused(answer, 400, "invalid_payload")["details"]
    assert details.startswith("customer_order_paid.order.amount: must be a number from 0 to ")
