"""Points that many want at once, over two processes: nobody gets what is not there, nobody waits forever (domain 7)."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest
from tests.conftest import TestProject
from tests.postings import check_postings
from tests.processes import Server
from tests.reliability.points import Card, adjust, balances, deadlocks, make_cards, stored_transactions
from tests.reliability.stack import requests_to, size

pytestmark = pytest.mark.anyio

CONNECTIONS = 64
MONTH = {"type": "ROLLING_EXPIRATION", "rolling_expiration": {"period": {"value": 1, "unit": "MONTH"}}}


@asynccontextmanager
async def two_processes(url: str, project: TestProject) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    """Yield a client of each of two servers, which must have said nothing of errors and end well."""
    with Server(database_url=url) as one, Server(database_url=url) as other:
        async with (
            requests_to(one.until_ready().url, project.headers) as first,
            requests_to(other.until_ready().url, project.headers) as second,
        ):
            yield first, second
        for server in (one, other):
            assert server.stop() == 0, server.log
            assert '"level":"error"' not in server.log, server.log


async def test_of_32_debits_as_many_are_approved_as_the_balance_covers(
    own_url: str, own_project: TestProject, connection: asyncpg.Connection
) -> None:
    async with two_processes(own_url, own_project) as clients:
        cards = await make_cards(clients[0], connection, own_project.id, size(5, 50), points_expiration=MONTH)
        for card in cards:
            await adjust(clients[0], card, 105)
            made = await asyncio.gather(*(adjust(client, card, -10) for client in clients for _ in range(16)))
            assert Counter(one["status"] for one in made) == {"APPROVED": 10, "REJECTED": 22}
            reasons = {one["details"]["rejection"]["reason"] for one in made if one["status"] == "REJECTED"}
            assert reasons == {"NOT_ENOUGH_BALANCE"}
    assert await check_postings(connection, own_project.id) == len(cards)
    assert set((await balances(connection, own_project.id)).values()) == {5}
    assert len(await stored_transactions(connection, cards)) == 33 * len(cards)


async def moved_at_random(
    clients: tuple[httpx.AsyncClient, ...], cards: list[Card], count: int, seed: int
) -> list[dict[str, Any]]:
    """Adjust cards at random, over all connections of all clients, and return every transaction."""
    chance = random.Random(seed)
    orders = [(chance.choice(clients), chance.choice(cards), chance.randint(-30, 30) or 1) for _ in range(count)]
    made: list[dict[str, Any]] = []

    async def work() -> None:
        while orders:
            made.append(await adjust(*orders.pop()))

    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    return made


async def check_moved(
    connection: asyncpg.Connection, project_id: str, cards: list[Card], made: list[dict[str, Any]]
) -> None:
    """Check that what was answered is what is stored, each transaction once, and that it makes the balances."""
    assert await check_postings(connection, project_id) == len(cards)
    assert sorted(await stored_transactions(connection, cards)) == sorted(one["id"] for one in made)
    sums: dict[str, int] = defaultdict(int)
    for one in made:
        sums[one["card_id"]] += one["details"]["points"]["total"] if one["status"] == "APPROVED" else 0
    assert {card: points for card, points in (await balances(connection, project_id)).items() if points} == {
        card: points for card, points in sums.items() if points
    }
    assert await deadlocks(connection) == 0


async def test_one_card_that_all_connections_want(
    own_url: str, own_project: TestProject, connection: asyncpg.Connection
) -> None:
    async with two_processes(own_url, own_project) as clients:
        cards = await make_cards(clients[0], connection, own_project.id, 1, points_expiration=MONTH)
        made = await moved_at_random(clients, cards, size(1500, 50_000), seed=1)
    assert {one["status"] for one in made} == {"APPROVED", "REJECTED"}
    await check_moved(connection, own_project.id, cards, made)


async def test_the_same_cards_are_moved_by_two_processes_without_a_deadlock(
    own_url: str, own_project: TestProject, connection: asyncpg.Connection
) -> None:
    """Few enough members that batches of both processes are about the same ones, in any order."""
    async with two_processes(own_url, own_project) as clients:
        cards = await make_cards(clients[0], connection, own_project.id, 12, points_expiration=MONTH)
        made = await moved_at_random(clients, cards, size(1500, 50_000), seed=2)
    await check_moved(connection, own_project.id, cards, made)
