"""Workers that are killed while orders earn: in the end exactly the points that were to be earned (domain 8)."""

from collections import Counter

import asyncpg
import pytest
from tests.conftest import TestProject
from tests.polling import until_async
from tests.processes import Server, TrothProcess, troth
from tests.reliability.stack import make_club, make_customers, requests_to, size

pytestmark = pytest.mark.anyio

SOON_SECONDS = 120.0
KILLS = size(3, 8)
POINTS = 10
"""What the club's rule gives on the first of its two wallets."""


async def test_killed_workers_lose_no_points_and_double_none(
    own_url: str, own_project: TestProject, connection: asyncpg.Connection
) -> None:
    orders_each = size(5, 50)
    with Server("--no-worker", database_url=own_url) as server:
        async with requests_to(server.until_ready().url, own_project.headers) as client:
            club = await make_club(client)
            customer_ids = await make_customers(connection, own_project.id, size(40, 100))
            for one in customer_ids:
                await client.post(club.members, json={"customer_id": one})
            for number in range(orders_each):
                for one in customer_ids:
                    body = {"source_id": f"{one}-{number}", "status": "PAID", "items": [], "amount": 5}
                    answer = await client.post("/v1/orders", json={**body, "customer": {"id": one}})
                    assert answer.status_code == 200, answer.text
    waiting = await connection.fetchval("SELECT count(*) FROM triggers")
    assert waiting == orders_each * len(customer_ids)

    for kill in range(1, KILLS + 1):
        with TrothProcess("worker", database_url=own_url) as worker:

            async def some_are_done(left: int = waiting * (KILLS - kill) // KILLS) -> bool:
                return bool(await connection.fetchval("SELECT count(*) FROM triggers") <= left)

            await until_async(some_are_done, within_seconds=SOON_SECONDS)
            worker.kill()
    cards = await connection.fetch("SELECT total, earned FROM cards")
    whole = POINTS * orders_each
    assert Counter(map(tuple, cards)) == {(whole, whole): len(customer_ids), (0, 0): len(customer_ids)}
    counted = "SELECT count(*), count(DISTINCT (member_id, subject_id)) FROM earning_evaluations WHERE earned"
    assert tuple(await connection.fetchrow(counted)) == (waiting, waiting)
    verified = troth("ledger", "verify", database_url=own_url)
    assert verified.returncode == 0, verified.stdout
