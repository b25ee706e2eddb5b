"""Custom events over HTTP: their schemas, their customers, and what they set off (domain 9)."""

from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project
from tests.http.clubs import new_club
from tests.http.platform import created

from troth.actions.engine import Engine
from troth.core.json import decode
from troth.db.database import Database
from troth.http.door import Door

pytestmark = pytest.mark.anyio

EVENTS = "/v1/events"
VISIT = {
    "name": "visited",
    "properties": {"page": {"type": "string", "optional": False}, "seconds": {"type": "number"}},
}


async def rows(database: Database, project: TestProject, table: str, columns: str) -> list[tuple[Any, ...]]:
    async with database.connection() as connection:
        found = await connection.fetch(f"SELECT {columns} FROM {table} WHERE project_id = $1 ORDER BY 1", project.id)
        return [tuple(row) for row in found]


async def test_an_event_is_recorded_for_each_active_membership(
    client: httpx.AsyncClient, database: Database, project: TestProject
) -> None:
    schema = await created(client, "event-schemas", **VISIT)
    clubs = [await new_club(client) for _ in range(2)]
    customer_id = await clubs[0].customer(source_id="crm/7", name="Ada", email="ada@x", metadata={"vip": True})
    members = sorted([(await one.enrolled(customer_id=customer_id))["id"] for one in clubs])
    body = b'{"event":"visited","customer":{"source_id":"crm/7"},"metadata":{"page":"home","seconds":1.10}}'
    answer = await client.post(EVENTS, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "object": "event",
        "type": "visited",
        "customer": {
            "id": customer_id,
            "source_id": "crm/7",
            "name": "Ada",
            "email": "ada@x",
            "metadata": {"vip": True},
            "object": "customer",
        },
        "referral": None,
        "loyalty": None,
        "metadata": {"page": "home", "seconds": 1.1},
    }
    ((owner, event_id, name, schema_id, metadata),) = await rows(
        database, project, "custom_events", "customer_id, id, name, schema_id, metadata"
    )
    assert (owner, name, schema_id) == (customer_id, "visited", schema["id"])
    assert event_id.startswith("evcus_")
    assert "1.10" in metadata
    recorded = await rows(database, project, "triggers", "member_id, kind, subject_id, payload")
    assert [row[:3] for row in recorded] == [(one, "customer.custom_event", event_id) for one in members]
    payload = f'{{"schema_id":"{schema["id"]}","metadata":{{"page":"home","seconds":1.10}}}}'
    assert {row[3] for row in recorded} == {payload}


async def test_unknown_customers_are_created_and_known_ones_updated(client: httpx.AsyncClient) -> None:
    await created(client, "event-schemas", name="visited", properties={})
    first = await created(client, "events", event="visited", customer={"source_id": "ada", "name": "Ada"})
    again = await created(client, "events", event="visited", customer={"source_id": "ada", "email": "ada@x"})
    assert again["customer"] == first["customer"] | {"email": "ada@x"}
    assert first["metadata"] == {}
    nameless = await created(client, "events", event="visited", customer={}, metadata=None)
    assert nameless["customer"]["id"] != first["customer"]["id"]
    by_id = await created(client, "events", event="visited", customer={"id": first["customer"]["id"]})
    assert by_id["customer"] == again["customer"]


@pytest.mark.parametrize(
    ("body", "status", "details"),
    [
        ({"event": "unknown"}, 404, "Cannot find event_schema with id unknown"),
        ({"metadata": {}}, 400, "metadata.page: is required"),
        ({"metadata": {"page": 5}}, 400, "metadata.page: must be a text"),
        ({"customer": {"id": "cust_9"}}, 404, "Cannot find customer with id cust_9"),
        ({"customer": None}, 400, "customer: must be an object"),
        ({"customer": "ada"}, 400, "customer: must be an object"),
        ({"customer": {"email": "ada"}}, 400, "customer.email: must be an email address"),
        ({"event": ""}, 400, "event: must have at least 1 character"),
        ({"event": "x" * 301}, 400, "event: must have at most 300 characters"),
        ({"event": "a\x07"}, 400, "event: must match"),
        ({"metadata": []}, 400, "metadata: must be an object"),
        ({"referral": {}}, 400, "referral.code: is required"),
        ({"loyalty": {}}, 400, "loyalty.code: is required"),
    ],
)
async def test_what_cannot_be_is_refused_and_leaves_nothing(
    client: httpx.AsyncClient, database: Database, project: TestProject, body: dict[str, Any], status: int, details: str
) -> None:
    await created(client, "event-schemas", **VISIT)
    given = {"event": "visited", "customer": {"source_id": "ada"}, "metadata": {"page": "home"}, **body}
    answer = await client.post(EVENTS, json=given)
    assert (answer.status_code, answer.json()["details"][: len(details)]) == (status, details)
    assert await rows(database, project, "custom_events", "id") == []
    assert (await client.get("/v1/customers")).json()["total"] == 0


async def test_an_unknown_property_is_refused_where_the_schema_says_so(client: httpx.AsyncClient) -> None:
    await created(client, "event-schemas", name="strict", properties={}, allow_defined_only=True)
    answer = await client.post(EVENTS, json={"event": "strict", "customer": {}, "metadata": {"x": 1}})
    assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")


async def test_a_schema_holds_from_its_creation_to_its_deletion(client: httpx.AsyncClient) -> None:
    event = {"event": "visited", "customer": {"source_id": "ada"}}
    for _ in range(2):
        assert (await client.post(EVENTS, json=event)).status_code == 404
        await created(client, "event-schemas", name="visited", properties={})
        assert (await client.post(EVENTS, json=event)).status_code == 200
        assert (await client.delete("/v1/event-schemas/visited")).status_code == 204


async def test_a_schema_is_its_projects_own(engine: Engine, door: Door, client: httpx.AsyncClient) -> None:
    await created(client, "event-schemas", name="visited", properties={})
    async with client_of(door, (await make_project(engine)).headers) as stranger:
        answer = await stranger.post(EVENTS, json={"event": "visited", "customer": {}})
        assert (answer.status_code, answer.json()["key"]) == (404, "not_found")


async def test_what_a_deleted_customer_told_is_erased(
    client: httpx.AsyncClient, database: Database, project: TestProject
) -> None:
    await created(client, "event-schemas", name="visited", properties={})
    for source_id in ("ada", "eve"):
        await created(client, "events", event="visited", customer={"source_id": source_id}, metadata={"who": source_id})
    assert (await client.delete("/v1/customers/ada")).status_code == 204
    kept = [decode(row[1]) for row in await rows(database, project, "custom_events", "id, metadata")]
    assert kept == [{}, {"who": "eve"}]
