"""Event schemas over HTTP: names are unique, deletion spares what is used (domain 9)."""

import asyncio
from typing import Any

import httpx
import pytest
from tests.conftest import client_of, make_project
from tests.http.definitions import earning_rule, points, refused, wallet
from tests.http.platform import created, listed

from troth.actions.engine import Engine
from troth.http.door import Door

pytestmark = pytest.mark.anyio

PROPERTIES = {
    "stars": {"type": "number", "optional": False, "gte": 1, "lte": 5},
    "tags": {"type": "string", "array": True, "maxLength": 10},
}


async def test_an_event_schema_is_shown_as_it_was_created(client: httpx.AsyncClient) -> None:
    made = await created(client, "event-schemas", name="review written", properties=PROPERTIES)
    usual = {"array": False, "optional": True, "deleted": False}
    assert made == {
        "id": made["id"],
        "name": "review written",
        "properties": {name: usual | one for name, one in PROPERTIES.items()},
        "allow_defined_only": False,
        "created_at": made["created_at"],
        "updated_at": None,
        "object": "event_schema",
    }
    assert made["id"].startswith("ms_")
    for reference in (made["id"], "review%20written"):
        assert (await client.get(f"/v1/event-schemas/{reference}")).json() == made
    assert await listed(client, "event-schemas?order=created_at&page=1&limit=10") == [made]


async def test_a_name_belongs_to_one_schema_of_the_project(
    client: httpx.AsyncClient, door: Door, engine: Engine
) -> None:
    body = {"name": "visit", "properties": {}}
    answers = await asyncio.gather(*(client.post("/v1/event-schemas", json=body) for _ in range(4)))
    assert sorted(one.status_code for one in answers) == [200, 409, 409, 409]
    (only,) = await listed(client, "event-schemas")
    taken = refused(await client.post("/v1/event-schemas", json=body), 409, "duplicate_resource_key")
    assert (taken["resource_id"], taken["details"]) == (only["id"], "name: another event schema has it already: visit")
    other = await make_project(engine)
    async with client_of(door, other.headers) as stranger:
        refused(await stranger.get("/v1/event-schemas/visit"), 404, "not_found")
        refused(await stranger.delete(f"/v1/event-schemas/{only['id']}"), 404, "not_found")
        await created(stranger, "event-schemas", **body)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "properties: is required; name: is required"),
        ({"name": "a", "properties": {"x": {}}}, "properties.x.type: is required"),
        (
            {"name": "a", "properties": {"x": {"type": "string", "gt": 1}}},
            "properties.x.gt: must be left out or null when type is string",
        ),
        (
            {"name": "a", "properties": {"x": {"type": "date", "maxLength": 1}}},
            "properties.x.maxLength: must be left out or null when type is date",
        ),
        (
            {"name": "a", "properties": {"x": {"type": "string", "eq": ["a", {}], "size": 1}}},
            "properties.x.eq[1]: must be a text, a number, true or false; properties.x.size: is not a known property",
        ),
    ],
)
async def test_a_wrong_schema_is_refused_in_words(client: httpx.AsyncClient, body: Any, words: str) -> None:
    assert refused(await client.post("/v1/event-schemas", json=body), 400, "invalid_payload")["details"] == words


async def test_an_event_schema_in_use_stays(client: httpx.AsyncClient) -> None:
    made = await created(client, "event-schemas", name="visit", properties={})
    wallet_id = (await wallet(client))["id"]
    trigger = {"event": "customer.custom_event", "custom_event": {"schema_id": made["id"]}}
    rule = await earning_rule(client, points(wallet_id), trigger=trigger)
    held = refused(await client.delete("/v1/event-schemas/visit"), 409, "resource_in_use")
    assert (held["resource_id"], held["related_object_ids"]) == (made["id"], [rule["id"]])
    assert (await client.delete(f"/v2/loyalties/earning-rules/{rule['id']}")).status_code == 200
    assert (await client.delete("/v1/event-schemas/visit")).status_code == 204
    refused(await client.get("/v1/event-schemas/visit"), 404, "not_found")
    assert (await created(client, "event-schemas", name="visit", properties={}))["id"] != made["id"]
    body = {"name": "Rule", "trigger": trigger, "earnings": [points(wallet_id)]}
    answer = await client.post("/v2/loyalties/earning-rules", json=body)
    assert refused(answer, 404, "not_found")["details"] == f"Cannot find event_schema with id {made['id']}"
