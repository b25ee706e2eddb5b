"""Orders in bulk: worked off in their order, each for itself, and never a trigger (domain 9)."""

import json
from typing import Any

import httpx
import pytest
from tests.conftest import TestProject
from tests.http.clubs import new_club
from tests.http.platform import created
from tests.polling import until_async

from troth.actions import order_imports
from troth.actions.engine import Engine
from troth.core.orders import Order
from troth.db import orders
from troth.db.database import Database, Unit

pytestmark = pytest.mark.anyio

IMPORT = "/v1/orders/import"


async def imported(engine: Engine, client: httpx.AsyncClient, entries: list[Any]) -> dict[str, Any]:
    """Import orders, and return the async action once it is over."""
    answer = await client.post(IMPORT, json=entries)
    assert answer.status_code == 200, answer.text
    path = f"/v1/async-actions/{answer.json()['async_action_id']}"
    shown: dict[str, Any] = {}

    async def is_over() -> bool:
        nonlocal shown
        await order_imports.work_off(engine)
        shown = (await client.get(path)).json()
        return bool(shown["status"] == "DONE")

    await until_async(is_over, within_seconds=30)
    return shown


async def lines(client: httpx.AsyncClient, action: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/async-actions/{action['id']}/report")
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


async def triggers(database: Database, project: TestProject) -> list[str]:
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT kind FROM triggers WHERE project_id = $1 ORDER BY seq", project.id)
        return [row[0] for row in rows]


async def test_entries_succeed_or_fail_alone_and_in_their_order(engine: Engine, client: httpx.AsyncClient) -> None:
    entries: list[Any] = [{"source_id": f"o{n % 150}", "amount": n, "metadata": {str(n): n}} for n in range(250)]
    entries[3] = {"source_id": "bad", "amount": -1}
    entries[120] = {"source_id": "worse", "items": [{"product_id": "prod_9"}]}
    entries[249] = "no order"
    action = await imported(engine, client, entries)
    assert (action["type"], action["progress"]) == ("ORDERS.IMPORT", 100)
    result = action["result"]
    assert (result["done_count"], result["failed_count"]) == (247, 3)
    assert result["message"] == "247 orders were created or updated, 3 failed"
    assert result["failed"] == [
        {"index": 3, "source_id": "bad", "reason": "amount: must be at least 0"},
        {"index": 120, "source_id": "worse", "reason": "Cannot find product with id prod_9"},
        {"index": 249, "source_id": "", "reason": "body: must be an object"},
    ]
    report = await lines(client, action)
    assert [one["index"] for one in report] == list(range(250))
    assert report[3] == {
        "index": 3,
        "source_id": "bad",
        "order_id": None,
        "status": "FAILED",
        "key": "invalid_payload",
        "details": "amount: must be at least 0",
    }
    last = (await client.get("/v1/orders/o20")).json()
    assert (last["amount"], last["metadata"]) == (170, {"20": 20, "170": 170})
    assert {one["order_id"] for one in report if one["source_id"] == "o20"} == {last["id"]}
    assert (await client.get("/v1/orders")).json()["total"] == 149


async def test_an_import_is_no_trigger_now_or_later(
    engine: Engine, client: httpx.AsyncClient, database: Database, project: TestProject
) -> None:
    club = await new_club(client)
    customer = {"id": (await club.enrolled())["customer_id"]}
    await created(client, "orders", source_id="known", amount=5, customer=customer)
    paid = {"status": "PAID", "customer": customer, "created_at": "2020-01-01T00:00:00Z"}
    action = await imported(engine, client, [{"source_id": one, **paid} for one in ("new", "known")])
    assert action["result"]["failed_count"] == 0
    for source_id in ("new", "known"):
        for status in ("CREATED", "PAID"):
            await client.put(f"/v1/orders/{source_id}", json={"status": status})
        assert (await client.get(f"/v1/orders/{source_id}")).json()["created_at"] == "2020-01-01T00:00:00.000Z"
    assert await triggers(database, project) == []
    await created(client, "orders", source_id="live", **paid)
    assert await triggers(database, project) == ["customer.order.paid"]
    await imported(engine, client, [{"source_id": "live", "status": "CANCELED"}])
    assert await triggers(database, project) == ["customer.order.paid", "customer.order.changed"]


async def test_entries_that_wait_are_told_of(client: httpx.AsyncClient) -> None:
    answer = await client.post(IMPORT, json=[{"source_id": "a"}, {"amount": 5}, 5])
    action = (await client.get(f"/v1/async-actions/{answer.json()['async_action_id']}")).json()
    assert (action["status"], action["progress"]) == ("ENQUEUED", 0)
    assert [(one["source_id"], one["status"]) for one in await lines(client, action)] == [
        ("a", "ENQUEUED"), (None, "ENQUEUED"), (None, "ENQUEUED"),
    ]  # fmt: skip


async def test_no_entry_is_done_at_once(engine: Engine, client: httpx.AsyncClient) -> None:
    action = await imported(engine, client, [])
    assert (action["progress"], action["result"]["done_count"]) == (100, 0)
    assert await lines(client, action) == []


@pytest.mark.parametrize("body", [{}, {"orders": []}, "x", 5])
async def test_an_import_is_an_array(client: httpx.AsyncClient, body: Any) -> None:
    answer = await client.post(IMPORT, json=body)
    assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")


async def test_an_entry_that_breaks_harms_no_other(
    engine: Engine, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = orders.save

    async def breaking(unit: Unit, project_id: str, puts: Any) -> None:
        await save(unit, project_id, puts)
        if any(isinstance(one, Order) and one.source_id == "o7" for one in puts.answers):
            await unit.connection.execute("SELECT 1 / 0")

    monkeypatch.setattr(orders, "save", breaking)
    action = await imported(engine, client, [{"source_id": f"o{number}"} for number in range(20)])
    assert action["result"]["done_count"] == 19
    (failed,) = [one for one in await lines(client, action) if one["status"] == "FAILED"]
    assert (failed["source_id"], failed["key"]) == ("o7", "internal_error")
    assert (await client.get("/v1/orders/o7")).status_code == 404
    assert (await client.get("/v1/orders")).json()["total"] == 19
