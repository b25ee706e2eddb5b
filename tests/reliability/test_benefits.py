"""Workers that are killed at fulfilling benefits: in the end each grant is given once, or refused (domain 13)."""

from collections import Counter

import asyncpg
import httpx
import pytest
from tests.conftest import TestProject
from tests.http.definitions import made
from tests.http.programs import active_wallet, program, rule
from tests.http.shops import campaign, coupon
from tests.polling import until_async
from tests.processes import TrothProcess
from tests.reliability.stack import make_customers, size

from troth.actions.earning import evaluate
from troth.actions.engine import Engine
from troth.actions.triggers import Round

pytestmark = pytest.mark.anyio

SOON_SECONDS = 120.0
STOCK = 7


async def test_killed_workers_give_no_benefit_twice_and_lose_none(
    own_url: str,
    own_engine: Engine,
    own_project: TestProject,
    client_of_own: httpx.AsyncClient,
    connection: asyncpg.Connection,
) -> None:
    """Killed where stock is counted down: vouchers are made, and nothing of it is committed."""
    digital = coupon(await campaign(client_of_own))
    stock = {"type": "LIMITED", "limited": {"quantity": STOCK}}
    benefit = {"name": "Gift", "status": "ACTIVE", "type": "DIGITAL", "digital": digital, "stock": stock}
    benefit_id = (await made(client_of_own, "benefits", benefit))["id"]
    effects = [{"type": "BENEFIT", "benefit": {"id": benefit_id}}]
    wallet_id = await active_wallet(client_of_own)
    rule_id = await rule(client_of_own, earnings=[{"effects": effects}])
    club = await program(
        client_of_own, status="ACTIVE", card_definitions=[{"id": wallet_id}], earning_rules=[{"id": rule_id}]
    )
    for one in await make_customers(connection, own_project.id, 10):
        await client_of_own.post(f"/v2/loyalties/programs/{club['id']}/members", json={"customer_id": one})
        order = {"source_id": one, "status": "PAID", "customer": {"id": one}, "items": [], "amount": 1}
        assert (await client_of_own.post("/v1/orders", json=order)).status_code == 200
    while (await Round(evaluate).work_off(own_engine)).more:
        pass
    gate = await asyncpg.connect(own_url)

    async def waits() -> bool:
        waiting = "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'definitions'::regclass AND NOT granted)"
        return bool(await connection.fetchval(waiting))

    async def is_quiet() -> bool:
        return not await waits()

    async def statuses() -> Counter[str]:
        return Counter(row[0] for row in await connection.fetch("SELECT status FROM benefit_grants"))

    for _ in range(size(1, 5)):
        await gate.execute("BEGIN; LOCK TABLE definitions IN SHARE MODE")
        with TrothProcess("worker", database_url=own_url) as worker:
            await until_async(waits, within_seconds=SOON_SECONDS)
            worker.kill()
        await gate.execute("ROLLBACK")
        await until_async(is_quiet, within_seconds=SOON_SECONDS)
        assert await statuses() == {"PENDING": 10}
        assert await connection.fetchval("SELECT count(*) FROM vouchers") == 0

    async def is_done() -> bool:
        return "PENDING" not in await statuses()

    with TrothProcess("worker", database_url=own_url), TrothProcess("worker", database_url=own_url):
        await until_async(is_done, within_seconds=SOON_SECONDS)
    assert await statuses() == {"APPROVED": STOCK, "REJECTED": 10 - STOCK}
    holders = await connection.fetch("SELECT holder_id, count(*) FROM vouchers GROUP BY 1")
    assert Counter(row[1] for row in holders) == {1: STOCK}
    shown = (await client_of_own.get(f"/v2/loyalties/benefits/{benefit_id}")).json()
    assert shown["stock"] == {"type": "LIMITED", "limited": {"quantity": 0}}
    await gate.close()
