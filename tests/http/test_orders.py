"""Orders over HTTP: upserts and their races, amounts, reading, lists, and what may be wrong with them (domain 8, 9)."""

import asyncio
from typing import Any

import httpx
import pytest
from tests.conftest import TestProject, client_of, make_project
from tests.http.clubs import Club, new_club
from tests.http.platform import created

from troth.actions.engine import Engine
from troth.core.configuration import instant
from troth.core.json import decode
from troth.db.database import Database
from troth.http.door import Door

pytestmark = pytest.mark.anyio

ORDERS = "/v1/orders"
LARGEST = 2**53 - 1
NOTHING_SOLD = {"items": [], "amount": 0}


async def put(client: httpx.AsyncClient, **given: Any) -> dict[str, Any]:
    return await created(client, "orders", **given)


async def recorded(database: Database, project: TestProject) -> list[tuple[Any, ...]]:
    """Return what waits in a project's queues or was worked off, as (member, kind, subject, payload)."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT member_id, kind, subject_id, payload FROM triggers WHERE project_id = $1 ORDER BY seq", project.id
        )
    return [(*row[:3], decode(row[3])) for row in rows]


async def test_an_order_is_shown_as_it_was_created(client: httpx.AsyncClient) -> None:
    product = await created(client, "products", name="Tea", price=300, metadata={"hot": True})
    sku = await created(client, f"products/{product['id']}/skus", source_id="tea-l", sku="Large", price=450)
    made = await put(
        client,
        source_id="shop/1",
        customer={"source_id": "crm/7", "name": "Ada"},
        referrer={"source_id": "crm/8"},
        items=[{"sku_id": sku["id"], "quantity": 2, "discount_amount": 50}, {"source_id": "cake", "price": 7}],
        discount_amount=7,
        metadata={"channel": "web"},
        colour="ignored",
    )
    customer, referrer = [(await client.get(f"/v1/customers/crm%2F{number}")).json() for number in (7, 8)]
    assert (customer["name"], referrer["source_id"]) == ("Ada", "crm/8")
    people = (("customer", customer["id"]), ("referrer", referrer["id"]))
    shown = {role: {"id": person, "object": "customer"} for role, person in people}
    assert [(one["product_id"], one["sku_id"], one["price"]) for one in made.pop("items")[:1]] == [
        (product["id"], sku["id"], 450)
    ]
    assert instant(made["created_at"])
    assert made == {
        "id": made["id"],
        "source_id": "shop/1",
        "status": "CREATED",
        "amount": 907,
        "initial_amount": 907,
        "discount_amount": 7,
        "items_discount_amount": 50,
        "total_discount_amount": 57,
        "total_amount": 850,
        "applied_discount_amount": 7,
        "items_applied_discount_amount": 50,
        "total_applied_discount_amount": 57,
        "metadata": {"channel": "web"},
        "customer_id": customer["id"],
        "referrer_id": referrer["id"],
        **shown,
        "redemptions": {},
        "created_at": made["created_at"],
        "updated_at": None,
        "object": "order",
    }


async def test_items_are_shown_with_what_is_known_of_them(client: httpx.AsyncClient) -> None:
    product = await created(client, "products", name="Tea", price=300, metadata={"hot": True})
    sku = await created(client, f"products/{product['id']}/skus", source_id="tea-l", sku="Large", price=450)
    given = [{"sku_id": sku["id"], "quantity": 2, "discount_amount": 50}, {"source_id": "cake", "price": 7}]
    made = await put(client, source_id="shop/1", items=given)
    item = {"discount_quantity": 0, "applied_discount_quantity": 0, "metadata": {}, "object": "order_item"}
    large = {
        **item,
        "sku_id": sku["id"],
        "product_id": product["id"],
        "related_object": "sku",
        "source_id": "tea-l",
        "quantity": 2,
        "initial_quantity": 2,
        "price": 450,
        "amount": 900,
        "initial_amount": 900,
        "discount_amount": 50,
        "applied_discount_amount": 50,
        "subtotal_amount": 850,
        "product": {"id": product["id"], "name": "Tea", "price": 300, "metadata": {"hot": True}},
        "sku": {"id": sku["id"], "source_id": "tea-l", "sku": "Large", "price": 450, "metadata": {}},
    }
    cake = {
        **item,
        "related_object": "product",
        "source_id": "cake",
        "quantity": 1,
        "initial_quantity": 1,
        "discount_amount": 0,
        "applied_discount_amount": 0,
        **dict.fromkeys(("price", "amount", "initial_amount", "subtotal_amount"), 7),
    }
    assert made["items"] == [large, cake]
    for reference in (made["id"], "shop%2F1"):
        assert (await client.get(f"{ORDERS}/{reference}")).json() == made


async def test_an_order_of_nobody_says_so(client: httpx.AsyncClient) -> None:
    made = await put(client)
    assert (made["customer_id"], made["referrer_id"], made["source_id"]) == (None, None, None)
    assert not {"customer", "referrer"} & made.keys()
    assert (made["amount"], made["total_amount"], made["items"]) == (0, 0, [])
    for nobody in (None, {}, {"object": "customer"}):
        assert (await put(client, customer=nobody, referrer=nobody, referrer_id=None))["customer_id"] is None
    assert (await client.get("/v1/customers")).json()["total"] == 0


async def test_a_known_source_id_or_id_updates(client: httpx.AsyncClient) -> None:
    made = await put(client, source_id="o", items=[{"source_id": "a", "amount": 5}], metadata={"a": 1, "b": 2})
    changed = await put(client, source_id="o", status="PAID", metadata={"a": None, "c": 3})
    assert (changed["id"], changed["status"], changed["amount"]) == (made["id"], "PAID", 5)
    assert changed["metadata"] == {"b": 2, "c": 3}
    assert changed["updated_at"] >= changed["created_at"] == made["created_at"]
    moved = await put(client, id=made["id"], created_at="2020-01-01T00:00:00.123456Z")
    assert (moved["id"], moved["created_at"]) == (made["id"], "2020-01-01T00:00:00.123Z")
    for reference in (made["id"], "o"):
        answer = await client.put(f"{ORDERS}/{reference}", json={"amount": 4, "id": "ord_9"})
        assert (answer.status_code, answer.json()["amount"]) == (200, 4)
    assert (await client.get(f"{ORDERS}/o")).json()["amount"] == 4


async def test_without_a_source_id_an_order_is_always_new(client: httpx.AsyncClient) -> None:
    one, other = await put(client, amount=5), await put(client, amount=5)
    assert one["id"] != other["id"]


async def test_a_source_id_is_given_once(client: httpx.AsyncClient) -> None:
    plain, taken = await put(client), await put(client, source_id="taken")
    refused = await client.post(ORDERS, json={"id": plain["id"], "source_id": "taken"})
    assert (refused.status_code, refused.json()["key"]) == (409, "duplicate_resource_key")
    assert refused.json()["resource_id"] == taken["id"]
    named = await put(client, id=plain["id"], source_id="own")
    assert (await client.get(f"{ORDERS}/own")).json() == named
    frozen = await client.put(f"{ORDERS}/own", json={"source_id": "another"})
    assert (frozen.status_code, frozen.json()["key"]) == (400, "invalid_payload")
    assert (await client.get(f"{ORDERS}/another")).status_code == 404


async def test_requests_that_arrive_together_are_one_order(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(put(client, source_id="o", metadata={str(n): n}) for n in range(30)))
    assert len({one["id"] for one in answers}) == 1
    assert (await client.get(f"{ORDERS}/o")).json()["metadata"] == {str(number): number for number in range(30)}
    assert (await client.get(ORDERS)).json()["total"] == 1


async def test_a_paid_order_is_a_trigger_for_each_active_membership_once(
    client: httpx.AsyncClient, database: Database, project: TestProject
) -> None:
    clubs = [await new_club(client) for _ in range(3)]
    customer_id = await clubs[0].customer(source_id="crm/7")
    members = [(await one.enrolled(customer_id=customer_id))["id"] for one in clubs]
    await client.post(f"{clubs[2].members}/{members[2]}/deactivate")
    items = [{"source_id": "tea", "quantity": 3, "price": 5, "discount_quantity": 1}]
    given = {"source_id": "o", "customer": {"source_id": "crm/7"}, "items": items, "status": "PAID"}
    answers = await asyncio.gather(*(put(client, **given) for _ in range(5)))
    order_id = answers[0]["id"]
    line = {"product_source_id": "tea", "quantity": 2, "price": 5, "amount": 15, "subtotal_amount": 15, "metadata": {}}
    seen = {"amount": 15, "initial_amount": 15, "total_amount": 15, "items": [line], "metadata": {}}
    paid = ("customer.order.paid", order_id, {"order": seen})
    assert await recorded(database, project) == [(one, *paid) for one in sorted(members[:2])]
    for status in ("CANCELED", "PAID", "CANCELED", "CREATED", "PAID"):
        await client.put(f"{ORDERS}/o", json={"status": status})
    canceled = ("customer.order.changed", order_id, {"order": seen, "canceled": True, "payments": 0})
    assert (await recorded(database, project))[2:] == [(one, *canceled) for one in sorted(members)]


@pytest.fixture
async def club(client: httpx.AsyncClient) -> Club:
    return await new_club(client)


async def test_a_refused_order_writes_nothing(
    client: httpx.AsyncClient, club: Club, database: Database, project: TestProject
) -> None:
    member = await club.enrolled()
    given = {"status": "PAID", "customer": {"id": member["customer_id"], "name": "Ada"}}
    for wrong, status in (({"items": [{"product_id": "prod_9"}]}, 404), ({"id": "ord_9"}, 404), ({"amount": -1}, 400)):
        assert (await client.post(ORDERS, json={**given, **wrong})).status_code == status
    assert await recorded(database, project) == []
    assert "name" not in (await client.get(f"/v1/customers/{member['customer_id']}")).json()
    assert (await client.get(ORDERS)).json()["total"] == 0


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({"amount": -1}, "amount: must be at least 0"),
        ({"amount": LARGEST + 1}, f"amount: must be an integer between -{LARGEST} and {LARGEST}"),
        ({"amount": 1.5}, "amount: must be an integer"),
        ({"amount": 5.0}, "amount: must be an integer"),
        ({"amount": "5"}, "amount: must be an integer"),
        ({"amount": True}, "amount: must be an integer"),
        ({"initial_amount": -1}, "initial_amount: must be at least 0"),
        ({"discount_amount": -1}, "discount_amount: must be at least 0"),
        ({"status": "SHIPPED"}, "status: must be one of 'CREATED', 'PAID', 'CANCELED' or 'FULFILLED'"),
        ({"items": {}}, "items: must be an array"),
        ({"items": [{"source_id": "a"}] * 501}, "items: must have at most 500 items"),
        ({"items": [{"source_id": "a"}, {"quantity": 2}]}, "items[1]: must name a product or a SKU"),
        ({"items": [{"source_id": "a", "amount": -1}]}, "items[0].amount: must be at least 0"),
        ({"items": [{"source_id": "a", "quantity": -1}]}, "items[0].quantity: must be at least 0"),
        (
            {"items": [{"source_id": "a", "quantity": LARGEST, "price": 2}]},
            "items[0].amount: price times quantity must be",
        ),
        (
            {"items": [{"source_id": "a", "amount": LARGEST}] * 2},
            "amount: the sum of the items' amounts must be at most",
        ),
        ({"items": [{"product": {"name": "a", "price": 0.1}}]}, "items[0].product.price: must be a whole number"),
        ({"metadata": []}, "metadata: must be an object"),
        ({"metadata": {"a": "x" * 65536}}, "metadata: must have at most 65536 bytes as JSON"),
        ({"customer": "ada"}, "customer: must be an object"),
        ({"customer": {"email": "nobody"}}, "customer.email: must be an email address"),
        ({"created_at": "yesterday"}, "created_at: must be an ISO 8601 date-time"),
        ({"source_id": ""}, "source_id: must have at least 1 character"),
    ],
)
async def test_what_cannot_be_is_refused(client: httpx.AsyncClient, body: dict[str, Any], details: str) -> None:
    made = await put(client, source_id="o", amount=5)
    for answer in (
        await client.post(ORDERS, json={"source_id": "o", **body}),
        await client.put(f"{ORDERS}/o", json=body),
    ):
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")
        assert answer.json()["details"].startswith(details)
    assert (await client.get(f"{ORDERS}/o")).json() == made


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        ({"id": "ord_9"}, ("order", "ord_9")),
        ({"customer": {"id": "cust_9"}}, ("customer", "cust_9")),
        ({"referrer": {"id": "cust_9"}}, ("customer", "cust_9")),
        ({"referrer_id": "cust_9"}, ("customer", "cust_9")),
        ({"items": [{"product_id": "prod_9"}]}, ("product", "prod_9")),
        ({"items": [{"sku_id": "sku_9"}]}, ("sku", "sku_9")),
    ],
)
async def test_what_is_named_must_exist(
    client: httpx.AsyncClient, body: dict[str, Any], missing: tuple[str, str]
) -> None:
    answer = await client.post(ORDERS, json=body)
    assert (answer.status_code, answer.json()["key"]) == (404, "not_found")
    assert (answer.json()["resource_type"], answer.json()["resource_id"]) == missing


async def test_five_hundred_items_are_one_order(client: httpx.AsyncClient) -> None:
    made = await put(client, items=[{"source_id": str(n), "price": n, "quantity": 2} for n in range(500)])
    assert (len(made["items"]), made["amount"]) == (500, 500 * 499)
    assert (await client.get(f"{ORDERS}/{made['id']}")).json() == made


async def test_numbers_in_metadata_keep_their_digits(client: httpx.AsyncClient) -> None:
    digits = b"0.1000000000000000055511151231257827"
    body = b'{"source_id":"o","metadata":{"a":%b},"items":[{"source_id":"x","metadata":{"b":%b}}]}' % (digits, digits)
    made = await client.post(ORDERS, content=body, headers={"Content-Type": "application/json"})
    for answer in (made, await client.get(f"{ORDERS}/o"), await client.get(ORDERS)):
        assert answer.content.count(digits) == 2


async def test_sums_are_exact_beyond_what_floats_hold(client: httpx.AsyncClient) -> None:
    made = await put(client, items=[{"source_id": "a", "amount": LARGEST - 2}, {"source_id": "b", "amount": 1}])
    assert (made["amount"], made["total_amount"]) == (LARGEST - 1, LARGEST - 1)


async def test_metadata_must_fit_their_schemas(client: httpx.AsyncClient) -> None:
    for resource, name in (("order", "weight"), ("order_item", "gift")):
        properties = {name: {"type": "number", "optional": False}}
        answer = await client.put(f"/v1/metadata-schemas/{resource}", json={"properties": properties})
        assert answer.status_code == 200, answer.text
    for body, details in (
        ({}, "metadata.weight: is required"),
        ({"metadata": {"weight": "2"}}, "metadata.weight: must be a number"),
        ({"metadata": {"weight": 2}, "items": [{"source_id": "a"}]}, "items[0].metadata.gift: is required"),
    ):
        answer = await client.post(ORDERS, json=body)
        assert (answer.status_code, answer.json()["details"]) == (400, details)
    made = await put(client, metadata={"weight": 0.1}, items=[{"source_id": "a", "metadata": {"gift": 1}}])
    assert (await client.put(f"{ORDERS}/{made['id']}", json={"status": "PAID"})).status_code == 200


async def test_a_paid_order_keeps_its_customer(client: httpx.AsyncClient) -> None:
    made = await put(client, source_id="o", status="PAID", customer={"source_id": "ada"})
    refused = await client.put(f"{ORDERS}/o", json={"customer": {"source_id": "eve"}})
    assert (refused.status_code, refused.json()["key"]) == (400, "invalid_payload")
    assert refused.json()["details"].startswith(
        f"customer: the order has been paid by another one, {made['customer_id']}"
    )
    assert (await client.get("/v1/customers/eve")).status_code == 404


async def test_orders_are_their_projects_own(engine: Engine, door: Door, client: httpx.AsyncClient) -> None:
    mine = await put(client, source_id="same", amount=5, customer={"source_id": "ada"})
    product = await created(client, "products", source_id="tea", name="Tea", price=300)
    async with client_of(door, (await make_project(engine)).headers) as stranger:
        for reference in (mine["id"], "same"):
            assert (await stranger.get(f"{ORDERS}/{reference}")).status_code == 404
            assert (await stranger.put(f"{ORDERS}/{reference}", json={"amount": 1})).status_code == 404
        assert (await stranger.post(ORDERS, json={"id": mine["id"]})).status_code == 404
        for named in ({"customer": {"id": mine["customer_id"]}}, {"items": [{"product_id": product["id"]}]}):
            assert (await stranger.post(ORDERS, json=named)).status_code == 404
        theirs = await put(stranger, source_id="same", items=[{"source_id": "tea"}])
        assert (theirs["id"] == mine["id"], theirs["amount"]) == (False, 0)
        assert (await stranger.get(ORDERS)).json()["total"] == 1
    assert (await client.get(f"{ORDERS}/same")).json() == mine


async def test_orders_are_listed_page_by_page(client: httpx.AsyncClient) -> None:
    nothing = {"object": "list", "data_ref": "orders", "orders": [], "total": 0, "has_more": False}
    assert (await client.get(ORDERS)).json() == nothing
    made = [await put(client, source_id=f"o{number}") for number in range(5)]
    found: list[Any] = []
    for page, more in (("1", True), ("2", True), ("3", False)):
        answer = (await client.get(ORDERS, params={"limit": "2", "page": page})).json()
        assert (answer["total"], answer["has_more"]) == (5, more)
        found += answer["orders"]
    assert found == made[::-1]
    await client.put(f"{ORDERS}/o2", json={"amount": 1})
    upwards = (await client.get(ORDERS, params={"order": "created_at"})).json()["orders"]
    assert [one["source_id"] for one in upwards] == [f"o{number}" for number in range(5)]
    changed = (await client.get(ORDERS, params={"order": "-updated_at", "limit": "1"})).json()["orders"]
    assert [one["source_id"] for one in changed] == ["o2"]
    for query in ("order=amount", "page=101", "limit=101", "status=PAID"):
        answer = await client.get(f"{ORDERS}?{query}")
        assert (answer.status_code, answer.json()["key"]) == (400, "invalid_query_params")


async def test_a_request_with_an_idempotency_key_is_done_once(
    client: httpx.AsyncClient, club: Club, database: Database, project: TestProject
) -> None:
    customer = {"id": (await club.enrolled())["customer_id"]}
    given = {"amount": 5, "status": "PAID", "customer": customer}
    first, again = [await client.post(ORDERS, json=given, headers={"Idempotency-Key": "a"}) for _ in range(2)]
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    path = f"{ORDERS}/{first.json()['id']}"
    lowered = await client.put(path, json={"amount": 4}, headers={"Idempotency-Key": "b"})
    await client.put(path, json={"amount": 3})
    replayed = await client.put(path, json={"amount": 4}, headers={"Idempotency-Key": "b"})
    assert (replayed.content, replayed.headers["Idempotent-Replayed"]) == (lowered.content, "true")
    assert (await client.get(path)).json()["amount"] == 3
    kinds = [kind for _, kind, _, _ in await recorded(database, project)]
    assert kinds == ["customer.order.paid", "customer.order.changed", "customer.order.changed"]
