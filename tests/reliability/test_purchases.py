"""Purchases that race for the last items and the last points, and workers that are killed at issuing (domain 11)."""

import asyncio
from collections import Counter

import asyncpg
import httpx
import pytest
from tests.conftest import TestProject
from tests.http.shops import Buyer, campaign, coupon, new_shop
from tests.polling import until_async
from tests.processes import Server, TrothProcess
from tests.reliability.stack import requests_to, size

from troth.actions import ledger_audit
from troth.actions.engine import Engine

pytestmark = pytest.mark.anyio

SOON_SECONDS = 120.0
PRICE = 10


async def is_clean(engine: Engine, project: TestProject) -> bool:
    return [some async for _, some in ledger_audit.verify(engine, project.id) if some] == []


async def test_the_last_five_are_bought_once_over_two_processes(
    own_url: str, own_engine: Engine, own_project: TestProject, client_of_own: httpx.AsyncClient
) -> None:
    """64 at once, by members with points for three each: five get one, nobody more than the points are for."""
    shop = await new_shop(client_of_own)
    with Server(database_url=own_url) as one, Server(database_url=own_url) as other:
        one.until_ready()
        other.until_ready()
        async with (
            requests_to(one.url, own_project.headers) as first,
            requests_to(other.url, own_project.headers) as second,
        ):
            for members in (16, 1, *([2] * size(1, 20))):
                reward = await shop.reward(PRICE, stock=5)
                buyers = [await shop.member(3 * PRICE) for _ in range(members)]
                answers = await asyncio.gather(
                    *(
                        client.post(f"{buyer.path}/rewards/purchases", json={"reward_id": reward})
                        for buyer in buyers
                        for client in (first, second)
                        for _ in range(32 // members)
                    )
                )
                bought = min(5, 3 * members)
                assert len(answers) == 64
                assert Counter(answer.status_code for answer in answers) == {202: bought, 423: 64 - bought}
                keys = {answer.json()["key"] for answer in answers if answer.status_code == 423}
                assert keys <= {"reward_out_of_stock", "insufficient_card_balance"}
                assert ("reward_out_of_stock" in keys) == (bought == 5)

                async def are_issued(buyers: list[Buyer] = buyers) -> bool:
                    found = [purchase for buyer in buyers for purchase in await buyer.purchases()]
                    return {purchase["status"] for purchase in found} == {"APPROVED"}

                await until_async(are_issued, within_seconds=SOON_SECONDS)
                counts = [len(await buyer.purchases()) for buyer in buyers]
                assert sum(counts) == bought
                assert [await buyer.balance() for buyer in buyers] == [PRICE * (3 - count) for count in counts]
                assert await shop.stock(reward) == (5 - bought, bought)
    assert await is_clean(own_engine, own_project)


async def test_a_killed_worker_issues_nothing_twice_and_leaves_nothing_locked(
    own_url: str,
    own_engine: Engine,
    own_project: TestProject,
    client_of_own: httpx.AsyncClient,
    connection: asyncpg.Connection,
) -> None:
    """Killed at its last statement: vouchers are made, points unlocked, and nothing of it is committed."""
    shop = await new_shop(client_of_own)
    reward = await shop.reward(PRICE, stock=100, digital=coupon(await campaign(client_of_own)))
    buyers = [await shop.member(2 * PRICE) for _ in range(10)]
    for buyer in buyers:
        await buyer.buy(reward)
        await buyer.buy(reward)
    gate = await asyncpg.connect(own_url)

    async def waits() -> bool:
        waiting = (
            "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'program_assignments'::regclass AND NOT granted)"
        )
        return bool(await connection.fetchval(waiting))

    async def is_quiet() -> bool:
        return not await waits()

    async def statuses() -> Counter[str]:
        return Counter(row[0] for row in await connection.fetch("SELECT status FROM reward_transactions"))

    for _ in range(size(1, 5)):
        await gate.execute("BEGIN; LOCK TABLE program_assignments IN SHARE MODE")
        with TrothProcess("worker", database_url=own_url) as worker:
            await until_async(waits, within_seconds=SOON_SECONDS)
            worker.kill()
        await gate.execute("ROLLBACK")
        await until_async(is_quiet, within_seconds=SOON_SECONDS)
        assert await statuses() == {"PENDING": 20}
        assert await connection.fetchval("SELECT count(*) FROM vouchers") == 0

    async def is_done() -> bool:
        return await statuses() == {"APPROVED": 20}

    with TrothProcess("worker", database_url=own_url), TrothProcess("worker", database_url=own_url):
        await until_async(is_done, within_seconds=SOON_SECONDS)
    issued = [one["details"]["result"]["digital"]["discount_coupons"] for b in buyers for one in await b.purchases()]
    codes = {row[0] for row in await connection.fetch("SELECT code FROM vouchers")}
    assert {one["code"] for (one,) in issued} == codes
    assert len(codes) == 20
    assert await shop.stock(reward) == (80, 20)
    assert [await buyer.counters() for buyer in buyers] == [
        {"total": 20, "added": 20, "locked": 20, "unlocked": 20, "spent": 20}
    ] * 10
    assert await is_clean(own_engine, own_project)
    await gate.close()
