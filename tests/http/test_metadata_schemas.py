"""Metadata schemas over HTTP: defined, replaced, read (domain 9)."""

import httpx
import pytest
from tests.conftest import client_of, make_project
from tests.http.definitions import refused
from tests.http.platform import listed

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
