"""Sandboxes whose clock stands where a test wants it."""

from datetime import datetime

from troth.actions.engine import Engine

STEP = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
SET = "UPDATE projects SET clock_at = $2 WHERE id = $1"


async def set_clock(engine: Engine, project_id: str, moment: datetime) -> None:
    """Let a sandbox's clock stand at an instant, without what happens on the way there."""
    async with engine.database.connection() as connection, connection.transaction():
        await connection.execute(STEP, project_id)
        await connection.execute(SET, project_id, moment)
