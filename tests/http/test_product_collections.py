"""Product collections over HTTP: listed ones and filters, what they hold, and deletion (domain 9)."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.conftest import client_of, make_project
from tests.http.definitions import earning_rule, points, refused, wallet
from tests.http.platform import created, listed

from troth.actions.engine import Engine
from troth.core.configuration import instant, timestamp
from troth.http.door import Door

pytestmark = pytest.mark.anyio

COLLECTIONS = "product-collections"
PRODUCTS: list[dict[str, Any]] = [
    {
        "source_id": "ant",
        "name": "Ant 50%",
        "price": 5,
        "attributes": ["size"],
        "metadata": {"n": 5, "tags": ["a", "b"]},
    },
    {
        "source_id": "bee",
        "name": "bee",
        "price": 10,
        "attributes": ["size", "color"],
        "metadata": {"n": "5", "hot": True},
    },
    {"source_id": "cat", "name": "Cat_x", "price": 15, "metadata": {"n": 7.5, "tags": "a"}},
    {"source_id": "dog"},
]


async def held(client: httpx.AsyncClient, collection_id: str, query: str = "order=created_at") -> list[dict[str, Any]]:
    return await listed(client, f"{COLLECTIONS}/{collection_id}/products?{query}")


async def found(client: httpx.AsyncClient, junction: str = "and", **fields: dict[str, Any]) -> list[str]:
    """Return the source ids of the products that a filter finds, through a collection made of it."""
    asked = {"junction": junction} | {name: {"conditions": conditions} for name, conditions in fields.items()}
    made = await created(client, COLLECTIONS, name="Found", type="AUTO_UPDATE", filter=asked)
    assert made["filter"] == asked
    return [one["source_id"] for one in await held(client, made["id"])]


async def test_a_static_collection_holds_what_it_lists(client: httpx.AsyncClient) -> None:
    mug, cup = await created(client, "products", name="Mug"), await created(client, "products")
    blue = await created(client, f"products/{cup['id']}/skus", sku="Blue cup")
    entries = [
        {"id": blue["id"], "object": "sku", "product_id": cup["id"]},
        {"id": mug["id"], "object": "product"},
    ]
    made = await created(client, COLLECTIONS, name="Best", type="STATIC", products=entries)
    assert made == {
        "id": made["id"],
        "name": "Best",
        "type": "STATIC",
        "products": entries,
        "created_at": made["created_at"],
        "object": "products_collection",
    }
    assert (await client.get(f"/v1/{COLLECTIONS}/{made['id']}")).json() == made
    assert await listed(client, COLLECTIONS) == [made]
    for each in (mug, cup):
        del each["skus"]
    assert await held(client, made["id"]) == [mug, {**blue, "product": cup}]
    assert await held(client, made["id"], f"order=created_at&starting_after={mug['created_at']}") == [
        {**blue, "product": cup}
    ]
    empty = await created(client, COLLECTIONS, name="None", type="STATIC")
    assert (empty["products"], await held(client, empty["id"])) == ([], [])


async def test_deleted_products_leave_their_collections(client: httpx.AsyncClient) -> None:
    mug, cup = await created(client, "products"), await created(client, "products")
    blue = await created(client, f"products/{cup['id']}/skus")
    entries = [{"id": mug["id"], "object": "product"}, {"id": blue["id"], "object": "sku"}]
    made = await created(client, COLLECTIONS, name="Best", type="STATIC", products=entries)
    assert (await client.delete(f"/v1/products/{cup['id']}")).status_code == 204
    answer = await client.get(f"/v1/{COLLECTIONS}/{made['id']}")
    assert answer.json()["products"] == [{"id": mug["id"], "object": "product"}]
    assert [one["id"] for one in await held(client, made["id"])] == [mug["id"]]


@pytest.mark.parametrize(
    ("fields", "sources"),
    [
        ({"name": {"$is": ["bee", "Cat_x"]}}, "bee cat"),
        ({"name": {"$is": ["BEE"]}}, ""),
        ({"name": {"$is_not": ["bee"]}}, "ant cat dog"),
        ({"name": {"$contains": ["T"]}}, "ant cat"),
        ({"name": {"$contains": ["0%", "t_"]}}, "ant cat"),
        ({"name": {"$not_contain": ["t", "e"]}}, "dog"),
        ({"name": {"$starts_with": ["A"], "$ends_with": ["%"]}}, "ant"),
        ({"name": {"$has_value": []}}, "ant bee cat"),
        ({"name": {"$is_unknown": ["true"]}}, "dog"),
        ({"price": {"$more_than": [5], "$less_than_equal": ["15.0"]}}, "bee cat"),
        ({"price": {"$less_than": [10]}}, "ant"),
        ({"price": {"$in": [5, 15]}}, "ant cat"),
        ({"price": {"$not_in": [5, 15]}}, "bee dog"),
        ({"attributes": {"$in": ["color", "weight"]}}, "bee"),
        ({"attributes": {"$not_in": ["color"]}}, "ant cat dog"),
        ({"attributes": {"$count": [1, 2]}}, "ant bee"),
        ({"attributes": {"$count_more": [1]}}, "bee"),
        ({"attributes": {"$count_less": [1]}}, "cat dog"),
        ({"attributes": {"$is_unknown": []}}, "cat dog"),
        ({"metadata.n": {"$is": [5]}}, "ant"),
        ({"metadata.n": {"$is": ["5"]}}, "bee"),
        ({"metadata.n": {"$is_not": [5]}}, "bee cat dog"),
        ({"metadata.n": {"$more_than": [5]}}, "cat"),
        ({"metadata.n": {"$more_than_equal": [5]}}, "ant cat"),
        ({"metadata.tags": {"$in": ["a"]}}, "ant cat"),
        ({"metadata.tags": {"$starts_with": ["A"]}}, "cat"),
        ({"metadata.hot": {"$is": [True]}}, "bee"),
        ({"metadata.hot": {"$has_value": []}}, "bee"),
        ({"metadata.none": {"$is_unknown": []}}, "ant bee cat dog"),
        ({"name": {"$contains": ["t"]}, "price": {"$is": [15]}}, "cat"),
        ({"created_at": {"$less_than": [1]}, "updated_at": {"$is_unknown": []}}, "ant bee cat dog"),
        ({"created_at": {"$more_than": [1]}}, ""),
        ({"created_at": {"$is_days_ago": [0, 1]}}, "ant bee cat dog"),
    ],
)
async def test_a_filter_finds(client: httpx.AsyncClient, fields: dict[str, Any], sources: str) -> None:
    for product in PRODUCTS:
        await created(client, "products", **product)
    assert await found(client, **fields) == sources.split()


async def test_a_filter_finds_what_is_true_now(client: httpx.AsyncClient) -> None:
    for product in PRODUCTS:
        await created(client, "products", **product)
    either = {"name": {"conditions": {"$is": ["bee"]}}, "price": {"conditions": {"$more_than": [10]}}}
    made = await created(client, COLLECTIONS, name="A", type="AUTO_UPDATE", filter={"junction": "or", **either})
    assert [one["source_id"] for one in await held(client, made["id"])] == ["bee", "cat"]
    assert (await client.put("/v1/products/dog", json={"price": 99})).status_code == 200
    assert (await client.delete("/v1/products/bee")).status_code == 204
    answer = (await client.get(f"/v1/{COLLECTIONS}/{made['id']}/products?limit=1")).json()
    assert ([one["source_id"] for one in answer["data"]], answer["total"]) == (["dog"], 2)


async def test_dates_are_whole_days_of_the_project(door: Door, engine: Engine) -> None:
    project = await make_project(engine, time_zone="Pacific/Kiritimati")
    async with client_of(door, project.headers) as client:
        product = await created(client, "products", source_id="ant")
        local = instant(product["created_at"]) + timedelta(hours=14)
        day, next_day = local.date(), local.date() + timedelta(days=1)
        assert await found(client, created_at={"$is": [f"{day}"]}) == ["ant"]
        assert await found(client, created_at={"$before": [f"{day}"]}) == []
        assert await found(client, created_at={"$before": [f"{next_day}"]}) == ["ant"]
        assert await found(client, created_at={"$after": [f"{day}"]}) == []
        later = timestamp(instant(product["created_at"]) + timedelta(milliseconds=1))
        assert await found(client, created_at={"$before": [product["created_at"]]}) == []
        assert await found(client, created_at={"$before": [later]}) == ["ant"]


ANT = {"id": "prod_0", "object": "product"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "type: is required; name: is required"),
        ({"type": "AUTO_UPDATE", "name": "A"}, "filter: is required when type is AUTO_UPDATE"),
        (
            {"type": "AUTO_UPDATE", "name": "A", "products": [], "filter": {"name": {"conditions": {"$is": ["a"]}}}},
            "filter.junction: is required",
        ),
        ({"type": "STATIC", "name": "A", "products": [ANT, ANT]}, "products[1].id: must not be listed twice"),
        ({"type": "STATIC", "name": "A", "products": [{"id": "x"}]}, "products[0].object: is required"),
        (
            {"type": "STATIC", "name": "A", "filter": {"junction": "and", "name": {"conditions": {"$is": ["a"]}}}},
            "filter: must be left out or null when type is STATIC",
        ),
        (
            {
                "type": "AUTO_UPDATE",
                "name": "A",
                "filter": {"junction": "and", "email": {"conditions": {"$is": ["a"]}}},
            },
            (
                "filter.email: is no field to filter by; there are id, source_id, name, price, attributes, image_url,"
                " created_at, updated_at and metadata.…"
            ),
        ),
    ],
)
async def test_a_wrong_collection_is_refused_in_words(client: httpx.AsyncClient, body: Any, words: str) -> None:
    answer = await client.post(f"/v1/{COLLECTIONS}", json=body)
    assert refused(answer, 400, "invalid_payload")["details"] == words


async def test_entries_must_exist_in_the_project(client: httpx.AsyncClient, door: Door, engine: Engine) -> None:
    mug, cup = await created(client, "products"), await created(client, "products")
    blue = await created(client, f"products/{cup['id']}/skus")
    other = await make_project(engine)
    async with client_of(door, other.headers) as stranger:
        for entry in (
            {"id": mug["id"], "object": "product"},
            {"id": blue["id"], "object": "sku"},
        ):
            body = {"type": "STATIC", "name": "A", "products": [entry]}
            answer = await stranger.post(f"/v1/{COLLECTIONS}", json=body)
            assert refused(answer, 404, "not_found")["resource_id"] == entry["id"]
        made = await created(client, COLLECTIONS, name="A", type="STATIC")
        for path in (made["id"], f"{made['id']}/products"):
            refused(await stranger.get(f"/v1/{COLLECTIONS}/{path}"), 404, "not_found")
        refused(await stranger.delete(f"/v1/{COLLECTIONS}/{made['id']}"), 404, "not_found")
        assert await listed(stranger, COLLECTIONS) == []
    foreign = {"id": blue["id"], "object": "sku", "product_id": mug["id"]}
    body = {"type": "STATIC", "name": "A", "products": [{"id": mug["id"], "object": "product"}, foreign]}
    answer = await client.post(f"/v1/{COLLECTIONS}", json=body)
    assert refused(answer, 404, "not_found")["details"] == f"Cannot find sku with id {blue['id']}"
    assert await listed(client, COLLECTIONS) == [made]


async def test_a_collection_in_use_stays(client: httpx.AsyncClient) -> None:
    made = await created(client, COLLECTIONS, name="A", type="STATIC")
    wallet_id = (await wallet(client))["id"]
    condition = {"logic": "1", "1": {"name": "order.items.any", "conditions": {"$in": [made["id"]]}}}
    rule = await earning_rule(client, points(wallet_id) | {"rules": condition})
    held = refused(await client.delete(f"/v1/{COLLECTIONS}/{made['id']}"), 400, "resource_in_use")
    assert (held["related_object_ids"], held["related_object_type"]) == ([rule["id"]], "earning_rule")
    assert (await client.delete(f"/v2/loyalties/earning-rules/{rule['id']}")).status_code == 200
    assert (await client.delete(f"/v1/{COLLECTIONS}/{made['id']}")).status_code == 204
    refused(await client.get(f"/v1/{COLLECTIONS}/{made['id']}"), 404, "not_found")
