"""Clocks of projects: where they stand, and the lock that steps and writers meet at."""

from datetime import datetime

from troth.db.database import Connection
from troth.db.queries import queries

_SQL = queries("clock")


async def is_sandbox(connection: Connection, project_id: str) -> bool:
    """Return whether the project is a sandbox."""
    return bool(await connection.fetchval(_SQL.is_sandbox, project_id))


async def hold(connection: Connection, project_id: str) -> datetime | None:
    """Return where a sandbox's clock stands, None if it follows the wall; it does not move before the transaction ends.

    Waits for a step that is under way.
    """
    await connection.execute(_SQL.share, project_id)
    return await stands_at(connection, project_id)


async def stands_at(connection: Connection, project_id: str) -> datetime | None:
    """Return where a project's clock stands, None if it follows the wall."""
    moment: datetime | None = await connection.fetchval(_SQL.stands_at, project_id)
    return moment
