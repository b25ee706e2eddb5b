"""Orders that are paid in two processes at once, and servers that are killed meanwhile: one trigger a membership."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

import asyncpg
import httpx
import pytest
from tests.conftest import TestProject
from tests.polling import until_async
from tests.processes import Server, TrothProcess
from tests.reliability.stack import Club, make_club, make_customers, requests_to, size

pytestmark = pytest.mark.anyio

ORDERS = "/v1/orders"
TIMES = 5
SOON_SECONDS = 60.0
COUNTED = "SELECT member_id, subject_id, count(*) FROM triggers WHERE project_id = $1 GROUP BY member_id, subject_id"


async def enrolled(client: httpx.AsyncClient, clubs: list[Club], customer_ids: list[str]) -> dict[str, list[str]]:
    """Enrol every customer everywhere and return the members that each is."""
    members: dict[str, list[str]] = {customer_id: [] for customer_id in customer_ids}
    for club in clubs:
        for customer_id in customer_ids:
            answer = await client.post(club.members, json={"customer_id": customer_id})
            members[customer_id].append(answer.json()["id"])
    return members


def bodies(customer_ids: list[str]) -> Iterator[dict[str, Any]]:
    items = [{"source_id": f"p{number}", "price": number, "quantity": 2} for number in range(5)]
    for number, customer_id in enumerate(customer_ids):
        yield {"source_id": f"o{number}", "customer": {"id": customer_id}, "items": items, "status": "PAID"}


async def stored(connection: asyncpg.Connection, project_id: str) -> dict[str, str]:
    rows = await connection.fetch("SELECT id, customer_id FROM orders WHERE project_id = $1", project_id)
    return {row["id"]: row["customer_id"] for row in rows}


async def test_an_order_that_is_paid_again_and_again_is_one_trigger_for_each_membership(
    own_url: str, own_project: TestProject, connection: asyncpg.Connection
) -> None:
    with Server("--no-worker", database_url=own_url) as one, Server("--no-worker", database_url=own_url) as other:
        one.until_ready()
        other.until_ready()
        async with (
            requests_to(one.url, own_project.headers) as first,
            requests_to(other.url, own_project.headers) as second,
        ):
            clubs = [await make_club(first) for _ in range(2)]
            customer_ids = await make_customers(connection, own_project.id, size(20, 100))
            members = await enrolled(first, clubs, customer_ids)
            answers = await asyncio.gather(
                *(
                    client.post(ORDERS, json=body)
                    for _ in range(TIMES)
                    for body in bodies(customer_ids)
                    for client in (first, second)
                )
            )
            assert {answer.status_code for answer in answers} == {200}
            orders = await stored(connection, own_project.id)
            assert Counter(orders.values()) == Counter(customer_ids)
            rows = await connection.fetch(COUNTED, own_project.id)
            assert {tuple(row) for row in rows} == {
                (member_id, order_id, 1) for order_id, owner in orders.items() for member_id in members[owner]
            }
            assert await second.put(f"{ORDERS}/o0", json={"status": "PAID"})
            assert len(await connection.fetch(COUNTED, own_project.id)) == len(rows)


async def test_no_trigger_is_lost_or_doubled_where_servers_and_workers_are_killed(
    own_url: str, own_project: TestProject, connection: asyncpg.Connection
) -> None:
    """Whoever is not answered sends again; in the end each membership has been told of each order once."""
    await connection.execute(
        "CREATE TABLE removed AS SELECT member_id, subject_id FROM triggers;"
        "CREATE FUNCTION remove() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN INSERT INTO removed VALUES (OLD.member_id, OLD.subject_id); RETURN OLD; END';"
        "CREATE TRIGGER removed BEFORE DELETE ON triggers FOR EACH ROW EXECUTE FUNCTION remove()"
    )
    with Server("--no-worker", database_url=own_url) as server:
        async with requests_to(server.until_ready().url, own_project.headers) as client:
            clubs = [await make_club(client)]
            customer_ids = await make_customers(connection, own_project.id, size(100, 600))
            members = await enrolled(client, clubs, customer_ids)
    sent = list(bodies(customer_ids))

    async def send(client: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any] | None:
        """Send an order, and return it if it must be sent again."""
        try:
            answer = await client.post(ORDERS, json=body)
        except httpx.TransportError:
            return body
        return None if answer.status_code == 200 else body

    for _ in range(size(3, 6)):
        with (
            Server("--no-worker", database_url=own_url) as server,
            TrothProcess("worker", database_url=own_url) as worker,
        ):
            async with requests_to(server.until_ready().url, own_project.headers) as client:
                tasks = [asyncio.create_task(send(client, body)) for body in sent]

                async def some_are_done(least: int = len(sent) // 4, tasks: list[Any] = tasks) -> bool:
                    return sum(task.done() for task in tasks) >= least

                await until_async(some_are_done, within_seconds=SOON_SECONDS)
                server.kill()
                worker.kill()
                sent = [body for body in await asyncio.gather(*tasks) if body is not None] or sent[:4]
    with Server(database_url=own_url) as server:
        async with requests_to(server.until_ready().url, own_project.headers) as client:
            assert await asyncio.gather(*(send(client, body) for body in sent)) == [None] * len(sent)

        async def is_over() -> bool:
            return not await connection.fetchval("SELECT EXISTS (SELECT FROM triggers)")

        await until_async(is_over, within_seconds=SOON_SECONDS)
    orders = await stored(connection, own_project.id)
    assert Counter(orders.values()) == Counter(customer_ids)
    rows = await connection.fetch("SELECT member_id, subject_id FROM removed")
    assert Counter(map(tuple, rows)) == Counter((members[owner][0], order_id) for order_id, owner in orders.items())
