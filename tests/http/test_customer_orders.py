"""What a customer has ordered is told with it, and is always what its orders add up to (domain 9)."""

import asyncio
from collections.abc import Sequence
from importlib.resources import files
from random import Random
from typing import Any

import httpx
import pytest
from tests.conftest import TestProject
from tests.http.platform import created

from troth.actions import order_imports
from troth.actions.engine import Engine

pytestmark = pytest.mark.anyio

NOTHING = {"total_amount": 0, "total_count": 0, "average_amount": 0, "last_order_amount": 0}


async def summary(client: httpx.AsyncClient, reference: str) -> dict[str, Any]:
    """Return what a customer has ordered, as the customer alone, its list and a change of it tell alike."""
    answer = await client.get(f"/v1/customers/{reference}")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    listed = (await client.get("/v1/customers?limit=99")).json()["customers"]
    assert [one for one in listed if one["id"] == shown["id"]] == [shown]
    changed = await client.put(f"/v1/customers/{reference}", json={})
    assert changed.json()["summary"] == shown["summary"]
    orders: dict[str, Any] = shown["summary"]["orders"]
    return orders


def told(amounts: Sequence[int], last: dict[str, Any]) -> dict[str, Any]:
    return {
        "total_amount": sum(amounts),
        "total_count": len(amounts),
        "average_amount": sum(amounts) // len(amounts),
        "last_order_amount": last["total_amount"],
        "last_order_date": last["created_at"],
    }


async def put(client: httpx.AsyncClient, order: dict[str, Any], **changes: Any) -> dict[str, Any]:
    answer = await client.put(f"/v1/orders/{order['id']}", json=changes)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def test_orders_count_while_they_are_paid_or_fulfilled(client: httpx.AsyncClient) -> None:
    ada = await created(client, "customers", source_id="ada")
    assert await summary(client, "ada") == NOTHING
    whose = {"customer": {"source_id": "ada"}}
    first = await created(client, "orders", amount=1000, status="PAID", **whose)
    assert await summary(client, "ada") == told([1000], first)
    second = await created(client, "orders", amount=501, **whose)
    assert await summary(client, ada["id"]) == told([1000], first), "it is only CREATED"
    second = await put(client, second, status="FULFILLED")
    assert await summary(client, "ada") == told([1000, 501], second)
    await put(client, second, status="CANCELED")
    assert await summary(client, "ada") == told([1000], first)
    await put(client, first, status="CREATED")
    assert await summary(client, "ada") == NOTHING


async def test_what_is_to_be_paid_counts_as_it_is_now(client: httpx.AsyncClient) -> None:
    whose = {"customer": {"source_id": "ada"}}
    items = [{"source_id": "tea", "quantity": 2, "price": 300, "discount_amount": 100}]
    order = await created(client, "orders", items=items, discount_amount=50, status="PAID", **whose)
    assert order["total_amount"] == 450
    assert await summary(client, "ada") == told([450], order)
    order = await put(client, order, discount_amount=0)
    assert await summary(client, "ada") == told([500], order)
    order = await put(client, order, items=[{"source_id": "tea", "quantity": 1, "price": 300}])
    assert await summary(client, "ada") == told([300], order)
    await put(client, order, metadata={"any": "thing"})
    assert await summary(client, "ada") == told([300], order)


async def test_an_order_that_is_given_to_another_counts_there(client: httpx.AsyncClient) -> None:
    order = await created(client, "orders", amount=7, status="FULFILLED", customer={"source_id": "ada"})
    order = await put(client, order, customer={"source_id": "bob"})
    assert await summary(client, "ada") == NOTHING
    assert await summary(client, "bob") == told([7], order)


async def test_imported_orders_count_too(engine: Engine, project: TestProject, client: httpx.AsyncClient) -> None:
    entries = [
        {"source_id": f"o/{number}", "amount": number, "status": status, "customer": {"source_id": "ada"}}
        for number, status in ((1, "PAID"), (2, "FULFILLED"), (4, "CANCELED"), (8, "CREATED"), (16, "PAID"))
    ]
    assert (await client.post("/v1/orders/import", json=entries)).is_success
    while (await order_imports.work_off(engine, project.id)).more:
        pass
    last = (await client.get("/v1/orders/o%2F16")).json()
    assert await summary(client, "ada") == told([1, 2, 16], last)


async def test_an_erased_customer_has_ordered_nothing(engine: Engine, client: httpx.AsyncClient) -> None:
    """Its source id is another customer's afterwards; what becomes of its orders is nobody's."""
    order = await created(client, "orders", amount=7, status="PAID", customer={"source_id": "ada"})
    erased = order["customer"]["id"]
    assert (await client.delete(f"/v1/customers/{erased}")).status_code == 204
    await created(client, "customers", source_id="ada")
    await put(client, order, status="CANCELED")
    await put(client, order, status="PAID", amount=9)
    assert await summary(client, "ada") == NOTHING
    async with engine.database.connection() as connection:
        assert not await connection.fetchval("SELECT true FROM customer_orders WHERE customer_id = $1", erased)


async def test_however_orders_change_at_once_customers_have_what_theirs_add_up_to(client: httpx.AsyncClient) -> None:
    """Few orders of few customers, changed by many at once, in batches and alone; of one customer too."""
    random = Random(7)
    people = [(await created(client, "customers", source_id=name))["id"] for name in "abc"]

    async def change() -> None:
        given: dict[str, Any] = {"source_id": f"o{random.randrange(6)}"}
        given["status"] = random.choice(("CREATED", "PAID", "FULFILLED", "CANCELED"))
        if random.random() < 0.7:
            given["amount"] = random.randrange(1000)
        if random.random() < 0.7:
            given["customer"] = {"id": random.choice(people)}
        answer = await client.post("/v1/orders", json=given)
        assert answer.status_code in {200, 400}, answer.text

    for _ in range(8):
        await asyncio.gather(*(change() for _ in range(24)))
        orders = (await client.get("/v1/orders?limit=100&order=created_at")).json()["orders"]
        for customer_id in people:
            counted = [
                one
                for one in orders
                if one.get("customer", {}).get("id") == customer_id and one["status"] in {"PAID", "FULFILLED"}
            ]
            counted.sort(key=lambda one: (one["created_at"], one["id"]))
            amounts = [one["total_amount"] for one in counted]
            assert await summary(client, customer_id) == (told(amounts, counted[-1]) if counted else NOTHING)


async def test_orders_from_before_they_were_counted_are_counted_alike(
    engine: Engine, project: TestProject, client: httpx.AsyncClient
) -> None:
    """What the migration that began to count has found is what is counted since."""
    items = [{"source_id": "tea", "quantity": 2, "price": 300, "discount_amount": 100}]
    for status in ("PAID", "FULFILLED", "CREATED", "CANCELED", "PAID"):
        whose = {"status": status, "customer": {"source_id": "ada"}}
        await created(client, "orders", items=items, discount_amount=50, **whose)
        await created(client, "orders", amount=7, discount_amount=9, **whose)
    migration = (files("troth.db.migrations") / "0021_customer_orders.sql").read_text()
    found = migration[migration.index("SELECT placed.customer_id") :].rstrip().removesuffix(";")
    ours = "SELECT id FROM customers WHERE project_id = $1"
    async with engine.database.connection() as connection:
        counted = f"SELECT * FROM customer_orders WHERE customer_id IN ({ours})"
        rows = await connection.fetch(counted, project.id)
        again = await connection.fetch(f"SELECT * FROM ({found}) AS found WHERE customer_id IN ({ours})", project.id)
    assert [tuple(row) for row in rows] == [tuple(row) for row in again]
    assert [row[1:] for row in map(tuple, rows)] == [(3 * 450, 6)]
