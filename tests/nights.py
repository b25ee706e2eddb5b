"""Things that fall due in projects: a daily job of the tests' own, which keeps a record of what it did and when."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import pytest
from tests.conftest import migrated_database
from tests.moving_clock import MovingClock

from troth.actions import daily
from troth.actions.daily import DailyJob, work_off
from troth.actions.engine import Engine
from troth.actions.progress import Progress
from troth.clocks import WallClock
from troth.db.database import Connection, Database, Unit
from troth.identifiers import Identifiers

AT_ONCE = 3

_TABLE = "CREATE TABLE falling_due (project_id text, due_at timestamptz, done_at timestamptz, times int DEFAULT 0)"
_NEXT = "SELECT min(due_at) FROM falling_due WHERE project_id = $1 AND done_at IS NULL"
_WORK = """
UPDATE falling_due SET done_at = $2, times = times + 1
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM falling_due WHERE project_id = $1 AND due_at <= $2 AND done_at IS NULL
    ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED
)) RETURNING true
"""


async def _next_due(_: Engine, connection: Connection, project_id: str) -> datetime | None:
    due: datetime | None = await connection.fetchval(_NEXT, project_id)
    return due


@dataclass
class Nights:
    """An engine on a database of its own, whose wall clock is moved; `before` is called before each batch."""

    engine: Engine
    wall: MovingClock
    before: Callable[[str, datetime], Any] = lambda _project, _until: None

    async def fall_due(self, project_id: str, moments: Sequence[datetime]) -> None:
        """Let something fall due at each instant."""
        async with self.engine.database.connection() as connection:
            await connection.executemany(
                "INSERT INTO falling_due (project_id, due_at) VALUES ($1, $2)", [(project_id, one) for one in moments]
            )

    async def record(self, project_id: str) -> list[tuple[datetime, datetime | None]]:
        """Return what has fallen due and at which instant it was done, having checked that nothing was done twice."""
        async with self.engine.database.connection() as connection:
            rows = await connection.fetch(
                "SELECT due_at, done_at, times FROM falling_due WHERE project_id = $1 ORDER BY due_at", project_id
            )
        assert all(row["times"] == (row["done_at"] is not None) for row in rows)
        return [(row["due_at"], row["done_at"]) for row in rows]

    async def work(self, engine: Engine, project_id: str, until: datetime) -> Progress:
        self.before(project_id, until)

        async def attempt(unit: Unit) -> int:
            return len(await unit.connection.fetch(_WORK, project_id, until, AT_ONCE))

        count = await engine.database.transact(attempt)
        return Progress(count, count == AT_ONCE)

    async def worked_off(self) -> int:
        """Do as a worker does until it has nothing to do; return in how many goes."""
        goes = 0
        while (await work_off(self.engine)).more:
            goes += 1
        return goes

    async def wall_at(self, moment: datetime) -> None:
        """Let the wall clock come to an instant, and a worker find what that brings."""
        self.wall.move_to(moment)
        await self.worked_off()


@asynccontextmanager
async def nights_database(server_url: str) -> AsyncIterator[str]:
    """Yield the URL of a database in which things fall due."""
    async with migrated_database(server_url) as url:
        connection = await asyncpg.connect(url)
        await connection.execute(_TABLE)
        await connection.close()
        yield url


@asynccontextmanager
async def nights_on(url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Nights]:
    """Yield a database's nights, those of earlier tests forgotten."""
    wall = MovingClock(WallClock())
    database = await Database.open(url, wall, connections=8)
    nights = Nights(Engine(database, wall, Identifiers(wall)), wall)
    monkeypatch.setattr(daily, "DAILY_JOBS", (DailyJob(_next_due, nights.work),))
    async with database.connection() as connection:
        await connection.execute("TRUNCATE daily_work, falling_due")
    yield nights
    await database.close()
