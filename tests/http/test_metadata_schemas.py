"""Metadata schemas over HTTP: defined, replaced, read (domain 9)."""

import json
from typing import Any

import httpx
import pytest
from tests.conftest import client_of, make_project
from tests.http.clubs import new_club
from tests.http.definitions import BASE, refused
from tests.http.everything import BODIES, OPERATIONS, one_of_everything
from tests.http.platform import listed

from troth.actions import member_batches
from troth.actions.engine import Engine
from troth.http.door import Door

pytestmark = pytest.mark.anyio

MEMBER = "/v1/metadata-schemas/vl_member"


async def test_a_schema_is_defined_and_replaced(client: httpx.AsyncClient) -> None:
    refused(await client.get(MEMBER), 404, "not_found")
    answer = await client.put(MEMBER, json={"properties": {"shop": {"type": "string"}}, "allow_defined_only": None})
    made = answer.json()
    assert made == {
        "id": made["id"],
        "related_object": "vl_member",
        "properties": {"shop": {"type": "string", "array": False, "optional": True, "deleted": False}},
        "allow_defined_only": False,
        "created_at": made["created_at"],
        "updated_at": None,
        "object": "metadata_schema",
    }
    assert (await client.get(MEMBER)).json() == made
    after = (await client.put(MEMBER, json={"properties": {}, "allow_defined_only": True})).json()
    assert after == {**made, "properties": {}, "allow_defined_only": True, "updated_at": after["updated_at"]}
    assert after["updated_at"] is not None
    order = (await client.put("/v1/metadata-schemas/order", json={"properties": {}})).json()
    assert await listed(client, "metadata-schemas") == [order, after]


async def test_a_project_has_its_own(client: httpx.AsyncClient, door: Door, engine: Engine) -> None:
    await client.put(MEMBER, json={"properties": {}})
    other = await make_project(engine)
    async with client_of(door, other.headers) as stranger:
        refused(await stranger.get(MEMBER), 404, "not_found")
        assert await listed(stranger, "metadata-schemas") == []


async def test_only_what_has_metadata_has_a_schema(client: httpx.AsyncClient) -> None:
    for answer in (
        await client.get("/v1/metadata-schemas/card"),
        await client.put("/v1/metadata-schemas/card", json={"properties": {}}),
    ):
        assert "resources with metadata are campaign, customer, order" in refused(answer, 404, "not_found")["details"]
    refused(await client.put(MEMBER, json={}), 400, "invalid_payload")


SCHEMA = {"properties": {"size": {"type": "number", "optional": False}}, "allow_defined_only": True}
WRONG = {
    "metadata.size: is required": {},
    "metadata.size: must be a number": {"size": "L"},
    "metadata.size: is required; metadata.colour: is not among the properties that the schema defines": {"colour": 1},
}
MADE_BY = {
    "campaign": ("createCampaign", None),
    "customer": ("createCustomer", "updateCustomer"),
    "product": ("createProduct", "updateProduct"),
    "sku": ("createSku", "updateSku"),
    "vl_card_definition": ("createCardDefinition", "updateCardDefinition"),
    "vl_earning_rule": ("createEarningRule", "updateEarningRule"),
    "vl_member": ("createMember", "updateProgramMember"),
    "vl_program": ("createProgram", "updateProgram"),
    "vl_reward": ("createReward", "updateReward"),
    "vl_tier": ("createTier", "updateTier"),
    "vl_tier_structure": ("createTierStructure", "updateTierStructure"),
}
"""The operations that write the metadata of each resource."""


@pytest.mark.parametrize(("resource", "made_by"), MADE_BY.items())
async def test_metadata_are_checked_wherever_they_are_written(
    engine: Engine, client: httpx.AsyncClient, resource: str, made_by: tuple[str, str | None]
) -> None:
    ids = await one_of_everything(client, engine)
    if resource == "vl_tier":
        draft = await client.post(f"{BASE}/tier-structures", json=BODIES["createTierStructure"](ids))
        ids["tierStructureId"] = draft.json()["id"]
        low = {"qualification_rules": {"type": "POINTS", "points": {"min_value": 0, "max_value": 49}}}
        body = BODIES["createTier"](ids) | low
        tier = await client.post(f"{BASE}/tier-structures/{draft.json()['id']}/tiers", json=body)
        ids["tierId"] = tier.json()["id"]
    ids["customerId"] = (await client.post("/v1/customers", json={})).json()["id"]  # that can be enrolled
    assert (await client.put(f"/v1/metadata-schemas/{resource}", json=SCHEMA)).status_code == 200
    for operation_id in filter(None, made_by):
        operation = next(one for one in OPERATIONS if one.id == operation_id)
        for words, metadata in WRONG.items():
            if metadata == {} and operation.method == "PUT":
                continue  # as it is
            body = operation.body(ids) | {"metadata": metadata}
            answer = await client.request(operation.method, operation.url(ids), json=body)
            assert refused(answer, 400, "invalid_payload")["details"] == words
        fitting = operation.body(ids) | {"metadata": {"size": 1.5}}
        if operation_id == "createTier":
            fitting["qualification_rules"] = {"type": "POINTS", "points": {"min_value": 50, "max_value": 99}}
        if operation_id == "createCampaign":
            fitting["name"] = "Others"
        answer = await client.request(operation.method, operation.url(ids), json=fitting)
        assert (answer.status_code, answer.json()["metadata"]) == (200, {"size": 1.5}), answer.text


async def test_each_entry_of_a_batch_is_checked_for_itself(client: httpx.AsyncClient, engine: Engine) -> None:
    club = await new_club(client)
    await client.put(MEMBER, json=SCHEMA)
    customers = [await club.customer() for _ in range(3)]
    sizes: list[Any] = [1, "L", 3]
    body = [{"customer_id": one, "metadata": {"size": size}} for one, size in zip(customers, sizes, strict=True)]
    answer = await client.post(f"{club.members}/batch", json=body)
    while (await member_batches.work_off(engine)).more:
        pass
    path = f"/v1/async-actions/{answer.json()['async_action_id']}/report"
    told = [json.loads(line) for line in (await client.get(path)).text.splitlines()]
    assert [(one["status"], one["details"]) for one in told] == [
        ("DONE", None),
        ("FAILED", "metadata.size: must be a number"),
        ("DONE", None),
    ]


async def test_what_was_written_before_stays_until_it_changes(client: httpx.AsyncClient) -> None:
    ada = (await client.post("/v1/customers", json={"metadata": {"size": "L", "x": 1}})).json()["id"]
    await client.put("/v1/metadata-schemas/customer", json=SCHEMA)
    kept = {"size": "L", "x": 1}
    for body in ({"name": "Ada"}, {"metadata": {}}, {"metadata": kept}):
        assert (await client.put(f"/v1/customers/{ada}", json=body)).json()["metadata"] == kept
    answer = await client.put(f"/v1/customers/{ada}", json={"metadata": {"size": 5}})
    assert "metadata.x: is not among" in refused(answer, 400, "invalid_payload")["details"]
    answer = await client.put(f"/v1/customers/{ada}", json={"metadata": {"size": 5, "x": None}})
    assert answer.json()["metadata"] == {"size": 5}


async def test_what_objects_are_called_is_kept(client: httpx.AsyncClient) -> None:
    definition = {"type": "object", "objectType": "address"}
    answer = await client.put(MEMBER, json={"properties": {"home": definition}})
    assert answer.json()["properties"]["home"]["objectType"] == "address"
    answer = await client.put(MEMBER, json={"properties": {"home": {"type": "string", "objectType": "address"}}})
    words = "properties.home.objectType: must be left out or null when type is string"
    assert refused(answer, 400, "invalid_payload")["details"] == words
