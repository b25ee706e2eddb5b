"""Products and SKUs over HTTP: upserts and their races, reading by either id, lists, deletion (domain 9)."""

import asyncio
from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project
from tests.http.definitions import earning_rule, points, refused, wallet
from tests.http.platform import created, listed

from troth.actions.engine import Engine
from troth.http.door import Door

pytestmark = pytest.mark.anyio

MUG = {
    "source_id": "mug 1",
    "name": "Mug",
    "price": 1250,
    "attributes": ["color", "size"],
    "image_url": "https://shop.example/mug.png",
    "metadata": {"rate": 0.1, "tags": ["a"]},
}
BLUE = {
    "source_id": "mug-blue",
    "sku": "Blue mug",
    "price": 1300,
    "currency": "EUR",
    "attributes": {"color": "blue"},
    "image_url": "https://shop.example/blue.png",
    "metadata": {"new": True},
}


async def sku(client: httpx.AsyncClient, product_id: str, **given: Any) -> dict[str, Any]:
    return await created(client, f"products/{product_id}/skus", **given)


async def rule_about(client: httpx.AsyncClient, value: dict[str, Any] | str) -> str:
    """Create an earning rule with a condition on an order's items, and return its id."""
    wallet_id = (await wallet(client))["id"]
    condition = {"logic": "1", "1": {"name": "order.items.any", "conditions": {"$is": [value]}}}
    rule = await earning_rule(client, points(wallet_id) | {"rules": condition})
    return str(rule["id"])


async def test_a_product_is_shown_as_it_was_created(client: httpx.AsyncClient) -> None:
    made = await created(client, "products", **MUG, object="product", unheard_of=1)
    assert made == {
        **MUG,
        "id": made["id"],
        "skus": {"object": "list", "data_ref": "data", "data": [], "total": 0},
        "created_at": made["created_at"],
        "updated_at": None,
        "object": "product",
    }
    for reference in (made["id"], "mug%201"):
        assert (await client.get(f"/v1/products/{reference}")).json() == made
    bare = await created(client, "products")
    assert {name: bare[name] for name in MUG} == dict.fromkeys(MUG) | {"attributes": [], "metadata": {}}


async def test_a_sku_is_shown_as_it_was_created_alone_and_with_its_product(client: httpx.AsyncClient) -> None:
    product = await created(client, "products", source_id="mug")
    made = await sku(client, "mug", **BLUE)
    assert made == {
        **BLUE,
        "id": made["id"],
        "product_id": product["id"],
        "created_at": made["created_at"],
        "updated_at": None,
        "object": "sku",
    }
    for path in (f"skus/{made['id']}", "skus/mug-blue"):
        assert (await client.get(f"/v1/{path}")).json() == made
    assert (await client.get("/v1/products/mug")).json()["skus"]["data"] == [made]


async def test_creating_again_by_id_or_source_id_updates(client: httpx.AsyncClient) -> None:
    made = await created(client, "products", **MUG)
    again = await created(client, "products", source_id=MUG["source_id"], price=None, metadata={"rate": None, "x": 1})
    assert again == {**made, "price": None, "metadata": {"tags": ["a"], "x": 1}, "updated_at": again["updated_at"]}
    assert again["updated_at"] is not None
    assert await created(client, "products", id=made["id"], name="Mug") == again, "nothing has changed"
    named = await created(client, "products", name="Cup")
    assert (await created(client, "products", id=named["id"], source_id="cup"))["source_id"] == "cup"
    assert len(await listed(client, "products")) == 2


async def test_updates_keep_what_they_do_not_name(client: httpx.AsyncClient) -> None:
    made = await created(client, "products", **MUG)
    answer = await client.put(f"/v1/products/{made['id']}", json={"attributes": None, "metadata": {"rate": 2}})
    after = answer.json()
    assert after == {
        **made,
        "attributes": [],
        "metadata": {"rate": 2, "tags": ["a"]},
        "updated_at": after["updated_at"],
    }
    blue = await sku(client, made["id"], **BLUE)
    answer = await client.put(f"/v1/products/{made['id']}/skus/mug-blue", json={"attributes": {"size": "L"}})
    after = answer.json()
    assert after == {**blue, "attributes": {"size": "L"}, "updated_at": after["updated_at"]}


async def test_wrong_ids_and_taken_source_ids_are_refused(client: httpx.AsyncClient) -> None:
    mug, cup = await created(client, "products", source_id="mug"), await created(client, "products", source_id="cup")
    bare = await created(client, "products")
    blue = await sku(client, mug["id"], source_id="blue")

    async def post(path: str, **body: Any) -> httpx.Response:
        return await client.post(f"/v1/{path}", json=body)

    refused(await post("products", id="prod_0"), 404, "not_found")
    refused(await post("products", id=bare["id"], source_id="mug"), 409, "duplicate_resource_key")
    words = refused(await post("products", id=cup["id"], source_id="mug"), 400, "invalid_payload")["details"]
    assert words == "source_id: the product has another one, which cannot be changed: cup"
    refused(await post("products/cup/skus", id=blue["id"]), 404, "not_found")
    refused(await post("products/cup/skus", source_id="blue"), 409, "duplicate_resource_key")
    refused(await post("products/none/skus", source_id="blue"), 404, "not_found")
    refused(await client.get("/v1/skus/cup"), 404, "not_found")
    refused(await client.put("/v1/products/none", json={}), 404, "not_found")
    refused(await client.put("/v1/products/cup/skus/blue", json={}), 404, "not_found")
    words = refused(await post("products", price=1.5, attributes="red"), 400, "invalid_payload")["details"]
    assert words == "price: must be an integer; attributes: must be an array"


async def test_one_source_id_makes_one_product(client: httpx.AsyncClient) -> None:
    made = await asyncio.gather(*(created(client, "products", source_id="mug", name=f"{n}") for n in range(8)))
    assert len({one["id"] for one in made}) == 1
    (only,) = await listed(client, "products")
    skus = await asyncio.gather(*(sku(client, only["id"], source_id="blue") for _ in range(8)))
    assert len({one["id"] for one in skus}) == 1


async def test_lists_have_pages_totals_and_periods(client: httpx.AsyncClient) -> None:
    mug = await created(client, "products", source_id="mug")
    first, second, third = [await sku(client, "mug", source_id=f"{n}") for n in range(3)]
    answer = (await client.get("/v1/products/mug/skus?limit=2&order=created_at")).json()
    assert answer == {"object": "list", "data_ref": "skus", "skus": [first, second], "total": 3, "has_more": True}
    assert await listed(client, "products/mug/skus?limit=2&order=created_at&page=2") == [third]
    assert await listed(client, f"products?start_date={mug['created_at']}") == []
    assert len(await listed(client, f"products?end_date={third['created_at']}&start_date=2020-01-01T00:00:00Z")) == 1
    words = refused(await client.get("/v1/products?email=x"), 400, "invalid_query_params")["details"]
    assert words.startswith("email is no parameter of this list; allowed are limit, order, page, start_date, end_date")
    refused(await client.get("/v1/products/none/skus"), 404, "not_found")


async def test_a_product_is_shown_with_its_oldest_skus(client: httpx.AsyncClient, engine: Engine) -> None:
    product = await created(client, "products", source_id="mug")
    ids = [(await sku(client, "mug"))["id"] for _ in range(3)]
    async with engine.database.connection() as connection:
        await connection.execute(
            "INSERT INTO skus (id, project_id, product_id, attributes, metadata, created_at)"
            " SELECT 'sku_f' || md5($1 || number), project_id, $1, '{}', '{}', created_at + interval '1 day'"
            " FROM products, generate_series(1, 100) AS number WHERE products.id = $1",
            product["id"],
        )
    (shown,) = await listed(client, "products")
    assert [one["id"] for one in shown["skus"]["data"]][:3] == ids
    assert (len(shown["skus"]["data"]), shown["skus"]["total"]) == (100, 103)


async def test_a_deleted_product_is_gone_with_its_skus_and_its_source_id_is_free(client: httpx.AsyncClient) -> None:
    mug = await created(client, "products", source_id="mug")
    blue = await sku(client, "mug", source_id="blue")
    red = await sku(client, "mug")
    words = refused(await client.delete("/v1/products/mug?force=maybe"), 400, "invalid_query_params")["details"]
    assert words == 'force must be true or false, not "maybe"'
    assert (await client.delete(f"/v1/products/mug/skus/{red['id']}")).status_code == 204
    assert (await client.get("/v1/products/mug")).json()["skus"]["total"] == 1
    assert (await client.delete(f"/v1/products/{mug['id']}?force=true")).status_code == 204
    for path in ("products/mug", f"products/{mug['id']}", f"skus/{blue['id']}", f"skus/{red['id']}"):
        refused(await client.get(f"/v1/{path}"), 404, "not_found")
    refused(await client.delete("/v1/products/mug"), 404, "not_found")
    assert (await created(client, "products", source_id="mug"))["id"] != mug["id"]


async def test_what_a_rule_asks_for_must_exist_and_stays(client: httpx.AsyncClient) -> None:
    product = await created(client, "products")
    blue = await sku(client, product["id"])
    wallet_id = (await wallet(client))["id"]
    condition = {"logic": "1", "1": {"name": "order.items.any", "conditions": {"$is": [{"id": "prod_00"}]}}}
    body = {
        "name": "Rule",
        "trigger": {"event": "customer.order.paid"},
        "earnings": [points(wallet_id) | {"rules": condition}],
    }
    answer = await client.post("/v2/loyalties/earning-rules", json=body)
    assert refused(answer, 404, "not_found")["resource_id"] == "prod_00"
    rule_id = await rule_about(client, {"id": blue["id"], "object": "sku"})
    for path in (f"products/{product['id']}", f"products/{product['id']}/skus/{blue['id']}"):
        held = refused(await client.delete(f"/v1/{path}"), 409, "resource_in_use")
        assert (held["resource_id"], held["related_object_ids"]) == (blue["id"], [rule_id])
        assert held["related_object_type"] == "earning_rule"
    assert (await client.delete(f"/v2/loyalties/earning-rules/{rule_id}")).status_code == 200
    assert (await client.delete(f"/v1/products/{product['id']}")).status_code == 204


async def test_a_rule_and_a_deletion_that_race_leave_no_rule_about_nothing(client: httpx.AsyncClient) -> None:
    for _ in range(5):
        product = await created(client, "products")
        wallet_id = (await wallet(client))["id"]
        condition = {"logic": "1", "1": {"name": "order.items.any", "conditions": {"$is": [product["id"]]}}}
        body = {
            "name": "Rule",
            "trigger": {"event": "customer.order.paid"},
            "earnings": [points(wallet_id) | {"rules": condition}],
        }
        made, gone = await asyncio.gather(
            client.post("/v2/loyalties/earning-rules", json=body), client.delete(f"/v1/products/{product['id']}")
        )
        assert (made.status_code, gone.status_code) in {(200, 409), (404, 204)}


async def test_metadata_must_fit_their_schema(client: httpx.AsyncClient) -> None:
    mug = await created(client, "products", metadata={"season": 5})
    schema = {"properties": {"season": {"type": "string", "optional": False, "eq": ["summer", "winter"]}}}
    assert (await client.put("/v1/metadata-schemas/product", json=schema)).status_code == 200
    words = refused(await client.post("/v1/products", json={}), 400, "invalid_payload")["details"]
    assert words == "metadata.season: is required"
    answer = await client.put(f"/v1/products/{mug['id']}", json={"metadata": {"season": "spring"}})
    assert refused(answer, 400, "invalid_payload")["details"] == "metadata.season: must be one of summer, winter"
    answer = await client.put(f"/v1/products/{mug['id']}", json={"name": "Mug"})
    assert answer.json()["metadata"] == {"season": 5}, "what was written before stays as it is"
    await created(client, "products", metadata={"season": "summer"})
    await sku(client, mug["id"], metadata={"season": 1})


async def test_another_project_sees_and_changes_nothing(
    client: httpx.AsyncClient, door: Door, engine: Engine, project: TestProject
) -> None:
    mug = await created(client, "products", source_id="mug")
    blue = await sku(client, "mug", source_id="blue")
    other = await make_project(engine)
    async with client_of(door, other.headers) as stranger:
        for reference in ("mug", mug["id"]):
            refused(await stranger.get(f"/v1/products/{reference}"), 404, "not_found")
            refused(await stranger.put(f"/v1/products/{reference}", json={"name": "x"}), 404, "not_found")
            refused(await stranger.delete(f"/v1/products/{reference}"), 404, "not_found")
        refused(await stranger.post("/v1/products", json={"id": mug["id"]}), 404, "not_found")
        refused(await stranger.get(f"/v1/skus/{blue['id']}"), 404, "not_found")
        assert await listed(stranger, "products") == []
        assert (await created(stranger, "products", source_id="mug"))["id"] != mug["id"]
    async with client_of(door, {}) as nobody:
        refused(await nobody.get("/v1/products"), 401, "unauthorized")
    assert (await client.get("/v1/products/mug")).json()["skus"]["data"] == [blue]
