"""Migrations: from nothing to the present schema, once, whoever asks."""

import asyncio
import secrets
from collections.abc import AsyncIterator

import asyncpg
import pytest

from troth.clocks import WallClock
from troth.core.refusals import Refusal
from troth.db.database import Database
from troth.db.migrate import assert_migrated, migrate, migrations

pytestmark = pytest.mark.anyio


@pytest.fixture
async def empty(server_url: str) -> AsyncIterator[Database]:
    """A database with nothing in it."""
    name = f"troth_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(server_url)
    await connection.execute(f"CREATE DATABASE {name}")
    database = await Database.open(server_url.replace("/troth?", f"/{name}?"), WallClock(), connections=4)
    yield database
    await database.close()
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


async def test_an_empty_database_is_brought_up_to_date_once(empty: Database) -> None:
    with pytest.raises(Refusal, match="migration 0, not"):
        await assert_migrated(empty)
    done = await asyncio.gather(*(migrate(empty) for _ in range(3)))
    assert sorted(len(steps) for steps in done) == [0, 0, len(migrations())]
    await assert_migrated(empty)
    assert await migrate(empty) == []


async def test_a_step_that_was_applied_must_not_change(empty: Database) -> None:
    await migrate(empty)
    async with empty.connection() as connection:
        await connection.execute("UPDATE migrations SET digest = 'other' WHERE number = 1")
    with pytest.raises(ValueError, match=r"migration 1 \(foundation\) was applied with another text"):
        await migrate(empty)


async def test_a_newer_database_is_left_alone(empty: Database) -> None:
    await migrate(empty)
    async with empty.connection() as connection:
        await connection.execute("INSERT INTO migrations VALUES (9999, 'future', 'x')")
    with pytest.raises(ValueError, match="upgrade it"):
        await migrate(empty)
