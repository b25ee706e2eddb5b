"""What a command finds in its context: a way to open an engine on the tests' database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from troth.actions.engine import Engine
from troth.clocks import WallClock
from troth.db.database import Database
from troth.identifiers import Identifiers


@pytest.fixture
def opener(anyio_backend: object, database_url: str) -> Any:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Engine]:
        clock = WallClock()
        database = await Database.open(database_url, clock, connections=1)
        try:
            yield Engine(database, clock, Identifiers(clock))
        finally:
            await database.close()

    return opened
