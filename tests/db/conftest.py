"""A table of a test's own, somebody who sees what is committed in it, and a database behind a bad network."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from tests.db.proxy import Proxy, proxied

from troth.clocks import WallClock
from troth.db.database import Database


@pytest.fixture
async def witness(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the test's own, which sees only what is committed."""
    connection = await asyncpg.connect(database_url)
    await connection.execute("CREATE TABLE kept (id text PRIMARY KEY, number int NOT NULL DEFAULT 0)")
    yield connection
    await connection.execute("DROP TABLE kept")
    await connection.close()


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[Proxy]:
    async with proxied(database_url) as opened:
        yield opened


@pytest.fixture
async def narrow(proxy: Proxy, witness: asyncpg.Connection) -> AsyncIterator[Database]:
    """A database of two connections, through the proxy."""
    database = await Database.open(proxy.url, WallClock(), connections=2)
    yield database
    proxy.is_open = True
    await database.close()
