"""Segments over HTTP: their two kinds, lists, deletion (domain 9)."""

from typing import Any

import httpx
import pytest
from tests.conftest import client_of, make_project
from tests.http.definitions import earning_rule, points, refused, wallet
from tests.http.platform import created, listed

from troth.actions.engine import Engine
from troth.http.door import Door

pytestmark = pytest.mark.anyio

GMAIL = {
    "junction": "and",
    "email": {"conditions": {"$ends_with": ["@gmail.com"]}},
    "address.city": {"conditions": {"$is": ["Oslo"]}},
    "birthday": {"conditions": {"$before": ["2000-01-01"]}},
    "metadata.visits": {"conditions": {"$more_than": [5]}},
}


async def test_a_static_segment_has_its_customers(client: httpx.AsyncClient, engine: Engine) -> None:
    ids = [(await created(client, "customers"))["id"] for _ in range(2)]
    made = await created(client, "segments", name="Friends", customers=[*ids, ids[0]])
    assert made == {
        "id": made["id"],
        "name": "Friends",
        "type": "static",
        "filter": None,
        "created_at": made["created_at"],
        "object": "segment",
    }
    assert (await client.get(f"/v1/segments/{made['id']}")).json() == made
    async with engine.database.connection() as connection:
        rows = await connection.fetch("SELECT customer_id FROM segment_customers WHERE segment_id = $1", made["id"])
    assert {row["customer_id"] for row in rows} == set(ids)


@pytest.mark.parametrize("kind", ["auto-update", "passive"])
async def test_a_filtered_segment_keeps_its_filter(client: httpx.AsyncClient, kind: str) -> None:
    made = await created(client, "segments", name="Gmail", type=kind, filter=GMAIL)
    assert (made["type"], made["filter"]) == (kind, GMAIL)
    assert (await client.get(f"/v1/segments/{made['id']}")).json() == made


async def test_customers_must_exist_in_the_project(client: httpx.AsyncClient, door: Door, engine: Engine) -> None:
    mine, erased = [(await created(client, "customers"))["id"] for _ in range(2)]
    assert (await client.delete(f"/v1/customers/{erased}")).status_code == 204
    answer = await client.post("/v1/segments", json={"name": "A", "customers": [mine, erased]})
    assert refused(answer, 404, "not_found")["resource_id"] == erased
    assert await listed(client, "segments") == []
    made = await created(client, "segments", name="A", customers=[mine])
    other = await make_project(engine)
    async with client_of(door, other.headers) as stranger:
        refused(await stranger.post("/v1/segments", json={"name": "A", "customers": [mine]}), 404, "not_found")
        refused(await stranger.get(f"/v1/segments/{made['id']}"), 404, "not_found")
        refused(await stranger.delete(f"/v1/segments/{made['id']}"), 404, "not_found")
        assert await listed(stranger, "segments") == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "name: is required"),
        ({"name": "A", "type": "passive"}, "filter: is required when type is passive"),
        ({"name": "A", "filter": GMAIL}, "filter: must be left out or null when type is static"),
        (
            {"name": "A", "type": "passive", "filter": GMAIL, "customers": []},
            "customers: must be left out or null when type is passive",
        ),
        (
            {
                "name": "A",
                "type": "passive",
                "filter": {"junction": "and", "email": {"conditions": {"$before": ["x"]}}},
            },
            (
                "filter.email.conditions.$before: is not allowed here, only $is, $is_not, $in, $not_in, $contains,"
                " $not_contain, $starts_with, $ends_with, $has_value, $is_unknown"
            ),
        ),
    ],
)
async def test_a_wrong_segment_is_refused_in_words(client: httpx.AsyncClient, body: Any, words: str) -> None:
    assert refused(await client.post("/v1/segments", json=body), 400, "invalid_payload")["details"] == words


async def test_segments_are_listed_and_filtered(client: httpx.AsyncClient) -> None:
    first = await created(client, "segments", name="Friends")
    second = await created(client, "segments", name="Gmail", type="passive", filter=GMAIL)
    answer = (await client.get("/v1/segments")).json()
    assert answer == {
        "object": "list",
        "data_ref": "data",
        "data": [second, first],
        "segments": [second, first],
        "total": 2,
        "has_more": False,
    }
    for query, expected in {
        "order=created_at": [first, second],
        "limit=1": [second],
        f"ids={first['id']}": [first],
        "filters[type][conditions][$is]=passive": [second],
        "filters[name][conditions][$starts_with]=fr": [first],
        "filters[junction]=or&filters[name][conditions][$is]=Friends&filters[type][conditions][$is]=passive": [
            second,
            first,
        ],
    }.items():
        assert await listed(client, f"segments?{query}") == expected, query
    refused(await client.get("/v1/segments?filters[email][conditions][$is]=x"), 400, "invalid_query_params")


async def test_a_segment_in_use_stays(client: httpx.AsyncClient) -> None:
    made = await created(client, "segments", name="Friends")
    wallet_id = (await wallet(client))["id"]
    trigger = {"event": "customer.segment.entered", "segment": {"id": made["id"]}}
    rule = await earning_rule(client, points(wallet_id), trigger=trigger)
    held = refused(await client.delete(f"/v1/segments/{made['id']}"), 409, "resource_in_use")
    assert (held["related_object_ids"], held["related_object_type"]) == ([rule["id"]], "earning_rule")
    assert (await client.delete(f"/v2/loyalties/earning-rules/{rule['id']}")).status_code == 200
    assert (await client.delete(f"/v1/segments/{made['id']}")).status_code == 204
    refused(await client.get(f"/v1/segments/{made['id']}"), 404, "not_found")
    body = {"name": "Rule", "trigger": trigger, "earnings": [points(wallet_id)]}
    answer = await client.post("/v2/loyalties/earning-rules", json=body)
    assert refused(answer, 404, "not_found")["details"] == f"Cannot find segment with id {made['id']}"
