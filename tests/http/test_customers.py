"""Customers over HTTP: upserts and their races, reading, lists, and what deletion leaves behind (domain 6, 9)."""

import asyncio
from datetime import datetime
from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project

from troth.actions.engine import Engine
from troth.core.configuration import instant
from troth.http.door import Door

pytestmark = pytest.mark.anyio

CUSTOMERS = "/v1/customers"
FULL = {
    "source_id": "crm/7",
    "name": "Ada Lovelace",
    "description": "First line\nsecond line",
    "email": "ada@example.com",
    "phone": "+44 20 7946 0000",
    "birthday": "1815-12-10",
    "address": {"city": "London", "line_1": "12 St James's Square", "country": "UK"},
    "metadata": {"vip": True, "tags": ["a", {"b": None}]},
}


async def created(client: httpx.AsyncClient, **properties: Any) -> dict[str, Any]:
    answer = await client.post(CUSTOMERS, json=properties)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_customer_is_shown_as_it_was_created(client: httpx.AsyncClient) -> None:
    made = await created(client, **FULL)
    assert made["id"].startswith("cust_")
    assert instant(made["created_at"])
    assert made == {
        "id": made["id"],
        **FULL,
        "birthdate": "1815-12-10",
        "summary": {
            "redemptions": {
                "total_redeemed": 0,
                "total_failed": 0,
                "total_succeeded": 0,
                "total_rolled_back": 0,
                "total_rollback_failed": 0,
                "total_rollback_succeeded": 0,
                "gift": {"redeemed_amount": 0, "amount_to_go": 0},
                "loyalty_card": {"redeemed_points": 0, "points_to_go": 0},
            },
            "orders": {"total_amount": 0, "total_count": 0, "average_amount": 0, "last_order_amount": 0},
        },
        "loyalty": {"points": 0, "referred_customers": 0, "campaigns": {}},
        "referrals": {"total": 0, "campaigns": []},
        "system_metadata": {},
        "created_at": made["created_at"],
        "object": "customer",
    }
    assert (await client.get(f"{CUSTOMERS}/{made['id']}")).json() == made


async def test_without_a_source_id_a_customer_is_always_new(client: httpx.AsyncClient) -> None:
    one, other = await created(client, email="a@b"), await created(client, email="a@b")
    assert one["id"] != other["id"]


async def test_a_known_source_id_or_id_updates(client: httpx.AsyncClient) -> None:
    made = await created(client, **FULL)
    changed = await created(
        client,
        source_id="crm/7",
        name=None,
        email="",
        birthdate="1815-12-11",
        address={"city": None, "state": "England"},
        metadata={"vip": None, "level": 3},
    )
    assert changed["id"] == made["id"]
    assert not {"name", "email"} & changed.keys()
    assert changed["phone"] == made["phone"]
    assert changed["birthday"] == changed["birthdate"] == "1815-12-11"
    assert changed["address"] == {"line_1": "12 St James's Square", "country": "UK", "state": "England"}
    assert changed["metadata"] == {"tags": ["a", {"b": None}], "level": 3}
    assert changed["updated_at"] >= changed["created_at"] == made["created_at"]
    renamed = await created(client, id=made["id"], name="Ada")
    assert (renamed["id"], renamed["name"], renamed["source_id"]) == (made["id"], "Ada", "crm/7")
    assert (await client.get(f"{CUSTOMERS}/{made['id']}")).json() == renamed


async def test_every_property_can_be_replaced(client: httpx.AsyncClient) -> None:
    made = await created(client, **FULL)
    other = {
        "name": "Grace Hopper",
        "description": "Another",
        "email": "grace@example.com",
        "phone": "1",
        "birthday": "1906-12-09",
        "birthdate": "1906-12-09",
    }
    changed = await client.put(f"{CUSTOMERS}/{made['id']}", json=other)
    assert changed.json() == made | other | {"updated_at": changed.json()["updated_at"]}
    assert (await client.get(f"{CUSTOMERS}/{made['id']}")).json() == changed.json()


async def test_a_source_id_is_given_once(client: httpx.AsyncClient) -> None:
    plain, taken = await created(client), await created(client, source_id="taken")
    refused = await client.post(CUSTOMERS, json={"id": plain["id"], "source_id": "taken"})
    assert (refused.status_code, refused.json()["key"]) == (409, "duplicate_resource_key")
    assert refused.json()["resource_id"] == taken["id"]
    named = await created(client, id=plain["id"], source_id="own")
    assert (named["id"], named["source_id"]) == (plain["id"], "own")
    assert (await client.get(f"{CUSTOMERS}/own")).json() == named
    frozen = await client.post(CUSTOMERS, json={"id": plain["id"], "source_id": "another"})
    assert (frozen.status_code, frozen.json()["key"]) == (400, "invalid_payload")
    assert "source_id" in frozen.json()["details"]
    assert (await client.get(f"{CUSTOMERS}/another")).status_code == 404


async def test_what_changes_nothing_is_no_update(client: httpx.AsyncClient) -> None:
    made = await created(client, **FULL)
    assert await created(client, **FULL) == made
    assert (await client.put(f"{CUSTOMERS}/{made['id']}", json={})).json() == made


async def test_an_update_finds_by_id_and_by_source_id(client: httpx.AsyncClient) -> None:
    made = await created(client, source_id="ada", name="Ada")
    for reference, name in ((made["id"], "Eve"), ("ada", "Eva")):
        answer = await client.put(f"{CUSTOMERS}/{reference}", json={"name": name, "source_id": "ignored"})
        assert answer.status_code == 200
        assert (answer.json()["id"], answer.json()["name"], answer.json()["source_id"]) == (made["id"], name, "ada")
    absent = await client.put(f"{CUSTOMERS}/nobody", json={"name": "Eve"})
    assert (absent.status_code, absent.json()["details"]) == (404, "Cannot find customer with id nobody")
    assert (await client.get(f"{CUSTOMERS}/nobody")).status_code == 404


async def test_an_id_goes_before_a_source_id(client: httpx.AsyncClient) -> None:
    made = await created(client)
    other = await created(client, source_id=made["id"])
    assert other["id"] != made["id"]
    assert (await client.get(f"{CUSTOMERS}/{made['id']}")).json() == made
    assert (await client.delete(f"{CUSTOMERS}/{made['id']}")).status_code == 204
    assert (await client.get(f"{CUSTOMERS}/{made['id']}")).json() == other


async def test_numbers_in_metadata_keep_their_digits(client: httpx.AsyncClient) -> None:
    body = b'{"source_id":"n","metadata":{"a":0.1000000000000000055511151231257827,"b":9007199254740991,"c":1.50}}'
    made = await client.post(CUSTOMERS, content=body, headers={"Content-Type": "application/json"})
    read = await client.get(f"{CUSTOMERS}/n")
    for answer in (made, read):
        for digits in (b"0.1000000000000000055511151231257827", b"9007199254740991", b"1.50"):
            assert digits in answer.content


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({"name": 5}, "name: must be a string"),
        ({"name": "x" * 501}, "name: must have at most 500 characters"),
        ({"description": "x" * 5001}, "description: must have at most 5000 characters"),
        ({"email": "nobody"}, "email: must be an email address"),
        ({"email": "a b@c"}, "email: must be an email address"),
        ({"email": "a@b@c"}, "email: must be an email address"),
        ({"birthday": "1990-02-30"}, "birthday: must be a date such as 1990-12-31"),
        ({"birthday": "19900228"}, "birthday: must be a date such as 1990-12-31"),
        ({"birthdate": 5}, "birthdate: must be a date such as 1990-12-31"),
        ({"birthday": "1990-01-01", "birthdate": "1990-01-02"}, "birthday and birthdate are one property"),
        ({"address": "Rome"}, "address: must be an object"),
        ({"address": {"city": ["Rome"]}}, "address.city: must be a string"),
        ({"address": {"line_2": "x" * 501}}, "address.line_2: must have at most 500 characters"),
        ({"metadata": []}, "metadata: must be an object"),
        ({"metadata": {"a": "x" * 65536}}, "metadata: must have at most 65536 bytes as JSON"),
    ],
)
async def test_what_cannot_be_is_refused(client: httpx.AsyncClient, body: dict[str, Any], details: str) -> None:
    made = await created(client, source_id="ada", name="Ada")
    for answer in (
        await client.post(CUSTOMERS, json={"source_id": "ada", **body}),
        await client.put(f"{CUSTOMERS}/ada", json=body),
    ):
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")
        assert answer.json()["details"].startswith((details, f"body: {details}"))
    assert (await client.get(f"{CUSTOMERS}/ada")).json() == made


@pytest.mark.parametrize("source_id", ["", "a\x1fb", "x" * 501, 5])
async def test_a_source_id_is_plain_text(client: httpx.AsyncClient, source_id: object) -> None:
    answer = await client.post(CUSTOMERS, json={"source_id": source_id})
    assert (answer.status_code, answer.json()["details"].split(":")[0]) == (400, "source_id")


async def test_unknown_properties_are_ignored(client: httpx.AsyncClient) -> None:
    made = await created(client, object="customer", nickname="A", address={"city": "Rome", "planet": "Earth"})
    assert "nickname" not in made
    assert made["address"] == {"city": "Rome"}


async def test_merged_metadata_stays_bounded(client: httpx.AsyncClient) -> None:
    half = "x" * 40_000
    await created(client, source_id="ada", metadata={"one": half})
    answer = await client.put(f"{CUSTOMERS}/ada", json={"metadata": {"two": half}})
    assert answer.status_code == 400
    assert answer.json()["details"] == "metadata: must have at most 65536 bytes as JSON once merged"
    assert (await client.get(f"{CUSTOMERS}/ada")).json()["metadata"] == {"one": half}


async def test_an_unknown_id_is_not_created(client: httpx.AsyncClient) -> None:
    answer = await client.post(CUSTOMERS, json={"id": "cust_0", "source_id": "new"})
    assert (answer.status_code, answer.json()["resource_id"]) == (404, "cust_0")
    assert (await client.get(f"{CUSTOMERS}/new")).status_code == 404


async def test_customers_are_their_projects_own(engine: Engine, door: Door, client: httpx.AsyncClient) -> None:
    mine = await created(client, source_id="same", name="Mine")
    async with client_of(door, (await make_project(engine)).headers) as stranger:
        for reference in (mine["id"], "same"):
            assert (await stranger.get(f"{CUSTOMERS}/{reference}")).status_code == 404
            assert (await stranger.put(f"{CUSTOMERS}/{reference}", json={"name": "X"})).status_code == 404
            assert (await stranger.delete(f"{CUSTOMERS}/{reference}")).status_code == 404
        assert (await stranger.post(CUSTOMERS, json={"id": mine["id"]})).status_code == 404
        assert (await created(stranger, source_id="same"))["id"] != mine["id"]
        assert (await stranger.get(CUSTOMERS)).json()["total"] == 1
    async with client_of(door, {}) as nobody:
        assert (await nobody.get(f"{CUSTOMERS}/{mine['id']}")).status_code == 401
        assert (await nobody.post(CUSTOMERS, json={"name": "X"})).status_code == 401
    assert (await client.get(f"{CUSTOMERS}/{mine['id']}")).json() == mine


async def test_requests_that_arrive_together_are_one_customer(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(created(client, source_id="ada", metadata={str(n): n}) for n in range(30)))
    assert len({one["id"] for one in answers}) == 1
    read = (await client.get(f"{CUSTOMERS}/ada")).json()
    assert read["metadata"] == {str(number): number for number in range(30)}
    assert (await client.get(CUSTOMERS)).json()["total"] == 1


async def listed(client: httpx.AsyncClient, **query: str) -> dict[str, Any]:
    answer = await client.get(CUSTOMERS, params=query)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_customers_are_listed_page_by_page(client: httpx.AsyncClient) -> None:
    assert await listed(client) == {
        "object": "list",
        "data_ref": "customers",
        "customers": [],
        "total": 0,
        "has_more": False,
    }
    made = [await created(client, source_id=f"s{number}") for number in range(5)]
    found: list[Any] = []
    for page, more in (("1", True), ("2", True), ("3", False)):
        answer = await listed(client, limit="2", page=page)
        assert (answer["total"], answer["has_more"]) == (5, more)
        found += answer["customers"]
    assert found == made[::-1]
    upwards = await listed(client, order="source_id", limit="3")
    assert upwards["customers"] == made[:3]
    await client.put(f"{CUSTOMERS}/s2", json={"name": "Ada"})
    assert (await listed(client, order="-updated_at", limit="1"))["customers"][0]["source_id"] == "s2"


async def test_customers_are_filtered(engine: Engine, client: httpx.AsyncClient, project: TestProject) -> None:
    await created(client, source_id="ada", name="Ada", email="ada@x", address={"city": "London"})
    await created(client, source_id="eve", name="Eve", email="eve@x", address={"city": "Rome"})
    await created(client, source_id="tom", name="Tom", address={"city": "Rome"})
    moments = {"ada": "2026-01-01T00:00:00Z", "eve": "2026-01-02T00:00:00Z", "tom": "2026-01-03T00:00:00Z"}
    async with engine.database.connection() as connection:
        for source_id, moment in moments.items():
            await connection.execute(
                "UPDATE customers SET created_at = $3 WHERE project_id = $1 AND source_id = $2",
                project.id,
                source_id,
                datetime.fromisoformat(moment),
            )
    for query, expected in (
        ({"email": "ada@x"}, ["ada"]),
        ({"city": "Rome"}, ["tom", "eve"]),
        ({"city": "Rome", "name": "Eve"}, ["eve"]),
        ({"name": "eve"}, []),
        ({"created_at[before]": moments["eve"]}, ["ada"]),
        ({"created_at[after]": moments["eve"]}, ["tom"]),
        ({"created_at[before]": moments["tom"], "created_at[after]": moments["ada"]}, ["eve"]),
        ({"updated_at[after]": moments["ada"]}, []),
        ({"starting_after": moments["ada"], "order": "created_at"}, ["eve", "tom"]),
        ({"starting_after": moments["tom"]}, ["eve", "ada"]),
    ):
        answer = await listed(client, **query)
        assert [one["source_id"] for one in answer["customers"]] == expected, query
        assert answer["total"] == (3 if "starting_after" in query else len(expected))
        assert answer["has_more"] is False


@pytest.mark.parametrize(
    ("query", "status", "key"),
    [
        ("page=100", 400, "invalid_query_params"),
        ("order=name", 400, "invalid_query_params"),
        ("emails=x", 400, "invalid_query_params"),
        ("segment_id=seg_1", 404, "not_found"),
    ],
)
async def test_what_cannot_be_listed_is_refused(client: httpx.AsyncClient, query: str, status: int, key: str) -> None:
    answer = await client.get(f"{CUSTOMERS}?{query}")
    assert (answer.status_code, answer.json()["key"]) == (status, key)


async def test_a_deleted_customer_is_found_no_more(client: httpx.AsyncClient) -> None:
    made = await created(client, **FULL)
    deletion = await client.delete(f"{CUSTOMERS}/{made['id']}")
    assert (deletion.status_code, deletion.content) == (204, b"")
    for gone in (
        await client.get(f"{CUSTOMERS}/{made['id']}"),
        await client.put(f"{CUSTOMERS}/{made['id']}", json={"name": "Ada"}),
        await client.delete(f"{CUSTOMERS}/{made['id']}"),
        await client.post(CUSTOMERS, json={"id": made["id"]}),
    ):
        assert (gone.status_code, gone.json()["key"]) == (404, "not_found")
    assert (await listed(client))["total"] == 0


async def test_a_deleted_customers_source_id_is_free(client: httpx.AsyncClient) -> None:
    made = await created(client, source_id="ada", name="Ada")
    other = await created(client, source_id="eve", name="Eve")
    assert (await client.delete(f"{CUSTOMERS}/ada")).status_code == 204
    assert (await client.get(f"{CUSTOMERS}/ada")).status_code == 404
    again = await created(client, source_id="ada")
    assert again["id"] != made["id"]
    assert "name" not in again
    assert (await client.get(f"{CUSTOMERS}/eve")).json() == other
