"""PostgreSQL and Troth itself killed under load: what was answered is stored, whole and once (domain 4, 6)."""

import asyncio
import json
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from tests.polling import until_async
from tests.processes import Server, children, command_of, data_folder, postmaster, troth
from tests.reliability.stack import Club, enrolled, make_club, make_customers, requests_to, size, until_coded

from troth.db.embedded import running_url

pytestmark = pytest.mark.anyio

CONNECTIONS = 16
CUSTOMERS = size(10_000, 100_000)
BETWEEN_KILLS = size(100, 500)
RECOVERY_SECONDS = 120.0


@dataclass
class Load:
    """Enrolments of one customer after the other, and how each was answered; None where no answer came."""

    club: Club
    customers: Iterator[str]
    answers: dict[str, httpx.Response | None] = field(default_factory=dict)
    enrolled_count: int = 0
    is_over: bool = False

    async def run(self, client: httpx.AsyncClient) -> None:
        """Keep all connections busy until a request is not answered at all, or the load is over."""
        await asyncio.gather(*(self._run(client) for _ in range(CONNECTIONS)))

    async def _run(self, client: httpx.AsyncClient) -> None:
        while not self.is_over:
            customer_id = next(self.customers)
            try:
                answer = await client.post(self.club.members, json={"customer_id": customer_id})
            except httpx.TransportError:
                self.answers[customer_id] = None
                return
            self.answers[customer_id] = answer
            self.enrolled_count += answer.status_code == 200

    async def until_more(self) -> None:
        """Wait for a number of further enrolments."""
        wanted = self.enrolled_count + BETWEEN_KILLS

        async def is_so() -> bool:
            return self.enrolled_count >= wanted

        await until_async(is_so, within_seconds=RECOVERY_SECONDS)


@pytest.fixture
def folder() -> Iterator[Path]:
    with data_folder() as made:
        yield made


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[asyncpg.Connection]:
    """Yield a connection to the database in a data folder."""
    connection = await asyncpg.connect(running_url(folder))
    try:
        yield connection
    finally:
        await connection.close()


def victim(folder: Path, round_number: int) -> int:
    """Return a process of PostgreSQL to kill: its first one, and in turn one that serves a connection of Troth's."""
    first = postmaster(folder)
    if round_number % 2 == 0:
        return first
    return next(pid for pid in children(first) if command_of(pid).startswith("postgres: troth troth"))


def make_key(folder: Path) -> dict[str, str]:
    made = troth("project", "create", "Crash", "--json", data_dir=str(folder))
    assert made.returncode == 0, made.stderr
    key: dict[str, str] = json.loads(made.stdout)
    return key


async def test_whatever_was_answered_is_stored_after_kills_of_postgresql_and_of_troth(folder: Path) -> None:
    with Server("--data", str(folder)) as server:
        server.until_ready()
        key = make_key(folder)
        headers = {"X-App-Id": key["app_id"], "X-App-Token": key["app_token"]}
        async with requests_to(server.url, headers) as client:
            async with opened(folder) as connection:
                customers = await make_customers(connection, key["project_id"], CUSTOMERS)
            load = Load(await make_club(client), iter(customers))
            running = asyncio.create_task(load.run(client))
            for round_number in range(size(2, 10)):
                await load.until_more()
                os.kill(victim(folder, round_number), signal.SIGKILL)
            await load.until_more()
            server.kill()
            await running
            broken = [line for line in server.log.splitlines() if '"level":"error"' in line]
    with Server("--data", str(folder)) as again:
        again.until_ready()
        async with opened(folder) as connection, requests_to(again.url, headers) as client:
            assert {json.loads(line)["event"] for line in broken} <= {"embedded_postgres_died"}, broken
            check(load, await enrolled(connection, key["project_id"]))
            await send_again(load, client)
            stored = await enrolled(connection, key["project_id"])
            assert stored.keys() == load.answers.keys()
            assert await until_coded(connection, key["project_id"]) == 2 * len(stored)
        assert again.stop() == 0, again.log


def check(load: Load, stored: dict[str, tuple[str, list[str]]]) -> None:
    """Check every answer against what is stored."""
    outcomes = Counter(answer and answer.status_code for answer in load.answers.values())
    assert outcomes[200] == load.enrolled_count
    assert outcomes.keys() <= {200, 503, None}, outcomes
    assert outcomes[None] == CONNECTIONS  # each connection had one request under way when Troth was killed
    for customer_id, answer in load.answers.items():
        if answer is None:
            continue
        shown: dict[str, Any] = answer.json()
        if answer.status_code == 503:
            assert (shown["key"], answer.headers["retry-after"]) == ("overloaded", "1")
        else:
            assert stored[customer_id] == (shown["id"], sorted(one["card"]["id"] for one in shown["cards"]))


async def send_again(load: Load, client: httpx.AsyncClient) -> None:
    """Send what got no answer, or no definite one, again: either it had been done, or it is done now."""
    for customer_id, answer in load.answers.items():
        if answer is None or answer.status_code == 503:
            second = await client.post(load.club.members, json={"customer_id": customer_id})
            assert second.status_code in {200, 409}, second.text
