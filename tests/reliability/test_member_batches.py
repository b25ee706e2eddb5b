"""Batches of enrolments, worked off by workers that are killed, and by several at once (domain 6)."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import pytest
from tests.conftest import TestProject
from tests.polling import until_async
from tests.processes import TrothProcess
from tests.reliability.stack import enrolled, make_club, make_customers, size, until_coded

from troth.core.member_batches import ENTRIES_IN_A_CHUNK

pytestmark = pytest.mark.anyio

ENTRIES = size(600, 5_000)
SOON_SECONDS = 120.0

AT_WORK = "pg_stat_activity WHERE application_name = 'troth' AND xact_start IS NOT NULL"
STOPPED = "pg_locks WHERE relation = 'async_actions'::regclass AND NOT granted"
"""Workers that have done all of a chunk but the progress, which comes last before the commit."""


@pytest.fixture
async def gate(own_url: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(own_url)
    yield opened
    await opened.close()


async def close(gate: asyncpg.Connection) -> None:
    """Keep every worker from saving progress, as soon as those that do have committed; reading goes on."""
    await gate.execute("BEGIN; LOCK TABLE async_actions IN EXCLUSIVE MODE")


async def count(connection: asyncpg.Connection, rows: str) -> int:
    return int(await connection.fetchval(f"SELECT count(*) FROM {rows}"))


def counted(connection: asyncpg.Connection, number: int, rows: str) -> Callable[[], Awaitable[bool]]:
    async def is_so() -> bool:
        return await count(connection, rows) == number

    return is_so


class Batch:
    """A batch in which every seventh customer comes twice, and now and then an entry is malformed."""

    def __init__(self, client: httpx.AsyncClient, customers: list[str]) -> None:
        self._client = client
        self.customers = customers
        again = customers[::7]
        self.entries: list[dict[str, Any]] = [{"customer_id": one} for one in [*customers, *reversed(again)]]
        for place in range(0, len(self.entries), 90):
            self.entries.insert(place, {"customer_id": customers[place % len(customers)], "colour": "red"})
        self.action_id = ""

    async def submit(self, members: str) -> None:
        answer = await self._client.post(f"{members}/batch", json=self.entries)
        assert answer.status_code == 202, answer.text
        self.action_id = answer.json()["async_action_id"]

    async def shown(self) -> dict[str, Any]:
        shown: dict[str, Any] = (await self._client.get(f"/v1/async-actions/{self.action_id}")).json()
        return shown

    async def done_count(self) -> int:
        result = (await self.shown()).get("result", {"done_count": 0, "failed_count": 0})
        return int(result["done_count"] + result["failed_count"])

    async def is_over(self) -> bool:
        return bool((await self.shown())["status"] == "DONE")

    async def check(self, connection: asyncpg.Connection, project_id: str) -> None:
        """Check that each customer is a member once, and that the report tells of each entry what became of it."""
        stored = await enrolled(connection, project_id)
        assert stored.keys() == set(self.customers)
        answer = await self._client.get(f"/v1/async-actions/{self.action_id}/report")
        lines = [json.loads(line) for line in answer.text.splitlines()]
        assert [one["index"] for one in lines] == list(range(len(self.entries)))
        assert [one["customer_id"] for one in lines] == [one["customer_id"] for one in self.entries]
        malformed = [place for place, one in enumerate(self.entries) if "colour" in one]
        assert [one["index"] for one in lines if one["key"] == "invalid_payload"] == malformed
        won = Counter(one["customer_id"] for one in lines if one["status"] == "DONE")
        assert won == Counter(self.customers)
        result = (await self.shown())["result"]
        assert (result["done_count"], result["failed_count"]) == (len(won), len(lines) - len(won))
        failed = [one["index"] for one in lines if one["status"] == "FAILED"]
        assert [one["index"] for one in result["failed"]] == failed[:100]
        assert await until_coded(connection, project_id) == 2 * len(stored)


@pytest.fixture
async def batch(own_project: TestProject, connection: asyncpg.Connection, client_of_own: httpx.AsyncClient) -> Batch:
    """A batch that is taken on, and nobody works it off."""
    club = await make_club(client_of_own)
    made = Batch(client_of_own, await make_customers(connection, own_project.id, ENTRIES * 6 // 7))
    await made.submit(club.members)
    return made


async def test_killed_workers_lose_no_entry_and_double_none(
    own_url: str, own_project: TestProject, connection: asyncpg.Connection, gate: asyncpg.Connection, batch: Batch
) -> None:
    """Each round a worker comes some way, and is then killed between what it did and its commit."""
    for done in range(size(3, 10)):
        with TrothProcess("worker", database_url=own_url) as worker:

            async def is_further(least: int = done * ENTRIES_IN_A_CHUNK) -> bool:
                return await batch.done_count() >= least

            await until_async(is_further, within_seconds=SOON_SECONDS)
            await close(gate)
            if await batch.is_over():
                await gate.execute("ROLLBACK")
                break
            await until_async(counted(connection, 1, STOPPED), within_seconds=SOON_SECONDS)
            before = await batch.done_count(), await count(connection, "members")
            worker.kill()
            await gate.execute("ROLLBACK")
            await until_async(counted(connection, 0, AT_WORK), within_seconds=SOON_SECONDS)
            assert (await batch.done_count(), await count(connection, "members")) == before
    with TrothProcess("worker", database_url=own_url):
        await until_async(batch.is_over, within_seconds=SOON_SECONDS)
        await batch.check(connection, own_project.id)


async def test_workers_share_a_batch_and_go_on_for_one_that_is_killed(
    own_url: str, own_project: TestProject, connection: asyncpg.Connection, gate: asyncpg.Connection, batch: Batch
) -> None:
    """Three workers are about to save three chunks; two of them do, and count each other's in."""
    await close(gate)
    with (
        TrothProcess("worker", database_url=own_url) as one,
        TrothProcess("worker", database_url=own_url),
        TrothProcess("worker", database_url=own_url),
    ):
        await until_async(counted(connection, 3, STOPPED), within_seconds=SOON_SECONDS)
        assert await count(connection, "members") == 0
        one.kill()
        await gate.execute("ROLLBACK")
        await until_async(batch.is_over, within_seconds=SOON_SECONDS)
        await batch.check(connection, own_project.id)
