"""Imports of customers by workers that are killed: exactly the rows of the file, none twice, each reported."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import pytest
from tests.conftest import TestProject
from tests.polling import until_async
from tests.processes import TrothProcess
from tests.reliability.stack import size

from troth.actions.customer_imports import ROWS_AT_ONCE

pytestmark = pytest.mark.anyio

SOON_SECONDS = 120.0
FULL_SECONDS = 600.0
CHUNKS = size(6, 2000)
KILLS = size(2, 20)
BAD_EVERY = 50

_STOPPED = "pg_locks WHERE relation = 'async_actions'::regclass AND NOT granted"
_AT_WORK = "pg_stat_activity WHERE application_name = 'troth' AND xact_start IS NOT NULL"


def file_of(rows: int) -> bytes:
    """Return a file with so many rows: most are customers with a source id, some without, and some are bad."""
    return b"source_id,name,email\n" + b"".join(
        b"crm/%d,Customer,%s\n" % (number, b"bad" if number % BAD_EVERY == 0 else b"a@b")
        if number % BAD_EVERY != 1
        else b",Nameless %d,\n" % number
        for number in range(rows)
    )


async def test_killed_workers_lose_no_row_and_double_none(
    own_url: str, own_project: TestProject, connection: asyncpg.Connection, client_of_own: httpx.AsyncClient
) -> None:
    """Two workers at once, killed between what they did and its commit: that waits for the lock on the progress."""
    rows = CHUNKS * ROWS_AT_ONCE
    answer = await client_of_own.post("/v1/customers/importCSV", files={"file": file_of(rows)})
    assert answer.status_code == 202, answer.text
    action_id = answer.json()["async_action_id"]

    def counted(number: int, condition: str) -> Callable[[], Awaitable[bool]]:
        async def is_so() -> bool:
            return int(await connection.fetchval(f"SELECT count(*) FROM {condition}")) == number

        return is_so

    gate = await asyncpg.connect(own_url)
    for kill in range(KILLS):
        await gate.execute("BEGIN; LOCK TABLE async_actions IN ACCESS EXCLUSIVE MODE")
        with TrothProcess("worker", database_url=own_url) as one, TrothProcess("worker", database_url=own_url) as other:
            await until_async(counted(1, _STOPPED), within_seconds=SOON_SECONDS)
            one.kill()
            if kill % 2:
                await gate.execute("ROLLBACK; BEGIN; LOCK TABLE async_actions IN ACCESS EXCLUSIVE MODE")
                await until_async(counted(1, _STOPPED), within_seconds=SOON_SECONDS)
            other.kill()
        await gate.execute("ROLLBACK")
        await until_async(counted(0, _AT_WORK), within_seconds=SOON_SECONDS)
        chunks = await connection.fetchval("SELECT count(*) FROM customer_import_chunks")
        good = await connection.fetchval("SELECT count(*) FROM customers")
        assert good == chunks * ROWS_AT_ONCE * (BAD_EVERY - 1) // BAD_EVERY
    await gate.close()

    async def action() -> dict[str, Any]:
        shown: dict[str, Any] = (await client_of_own.get(f"/v1/async-actions/{action_id}")).json()
        return shown

    async def is_done() -> bool:
        return (await action())["status"] == "DONE"

    assert not await is_done()
    with TrothProcess("worker", database_url=own_url), TrothProcess("worker", database_url=own_url):
        await until_async(is_done, within_seconds=FULL_SECONDS)
    await check(connection, client_of_own, await action(), rows)


async def check(connection: asyncpg.Connection, client: httpx.AsyncClient, action: dict[str, Any], rows: int) -> None:
    """Check that there is one customer for each good row, and one line of the report for each row, in their order."""
    bad = rows // BAD_EVERY
    assert (action["result"]["done_count"], action["result"]["failed_count"]) == (rows - bad, bad)
    stored = {row["id"]: row["source_id"] for row in await connection.fetch("SELECT id, source_id FROM customers")}
    named = [source_id for source_id in stored.values() if source_id is not None]
    assert (len(stored), len(named)) == (rows - bad, rows - 2 * bad)
    assert sorted(named) == sorted(f"crm/{number}" for number in range(rows) if number % BAD_EVERY > 1)
    keys = await connection.fetch("SELECT source_id, customer_id FROM customer_source_ids")
    assert {(row["source_id"], row["customer_id"]) for row in keys} == {
        (source_id, customer_id) for customer_id, source_id in stored.items() if source_id is not None
    }
    text = (await client.get(f"/v1/async-actions/{action['id']}/report")).text
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line["row"] for line in lines] == list(range(2, rows + 2))
    done = {line["customer_id"]: line["source_id"] for line in lines if line["status"] == "DONE"}
    assert done == stored
    assert [line["source_id"] for line in lines if line["status"] == "FAILED"] == [
        f"crm/{number}" for number in range(0, rows, BAD_EVERY)
    ]
    for table in ("customer_imports", "customer_import_blocks"):
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_a_killed_receiver_leaves_nothing_that_lasts(
    own_url: str, own_project: TestProject, connection: asyncpg.Connection
) -> None:
    """What was received of a file whose receiver died is forgotten once nothing more has come for long."""
    await connection.execute(
        "INSERT INTO customer_imports (async_action_id, project_id, received_at) VALUES"
        " ('aa_old', $1, now() - interval '61 minutes'), ('aa_new', $1, now() - interval '50 minutes')",
        own_project.id,
    )
    await connection.execute("INSERT INTO customer_import_blocks VALUES ('aa_old', 0, 'x'), ('aa_new', 0, 'x')")

    async def is_forgotten() -> bool:
        return await connection.fetchval("SELECT count(*) FROM customer_import_blocks") == 1

    with TrothProcess("worker", database_url=own_url):
        await until_async(is_forgotten, within_seconds=SOON_SECONDS)
    assert await connection.fetchval("SELECT async_action_id FROM customer_imports") == "aa_new"
