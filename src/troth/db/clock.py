"""Clocks of projects: where they stand and are on their way to, and the lock that steps and writers meet at."""

from datetime import datetime

from troth.core.clock import ProjectClock
from troth.db.database import Connection, Row, Unit
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


async def find(connection: Connection, project_id: str) -> ProjectClock:
    """Return a project's clock."""
    return _clock(await connection.fetchrow(_SQL.one, project_id))


async def lock(unit: Unit, project_id: str) -> ProjectClock:
    """Return a project's clock; nobody else moves it, or does away with its nights, until the transaction ends."""
    return _clock(await unit.connection.fetchrow(_SQL.lock, project_id))


async def stop_writers(unit: Unit, project_id: str) -> None:
    """Wait until nobody writes in a sandbox whose clock is locked, and keep writers waiting until the transaction ends.

    What is read from here on holds until then.
    """
    await unit.connection.execute(_SQL.stop_writers, project_id)


async def waiting(connection: Connection, project_id: str, most_failures: int) -> list[str]:
    """Return which jobs have something of a project to work off, in the order in which one leads to the other.

    What others are at counts, and so does what has failed and is tried again later, but not more than `most_failures`
    times.
    """
    row = await connection.fetchrow(_SQL.waiting, project_id, most_failures)
    assert row is not None, "it is one row, whatever waits"
    return [job for job, is_any in row.items() if is_any]


async def save(unit: Unit, project_id: str, clock: ProjectClock, try_at: datetime | None) -> None:
    """Save a locked clock; `try_at` is when, by the wall clock, a worker looks at it, None for never."""
    await unit.connection.execute(
        _SQL.save, project_id, clock.night_at, clock.stands_at, clock.moving_to, clock.async_action_id, try_at
    )


def prove_moved(unit: Unit, project_id: str, to: datetime) -> None:
    """Recognise the unit's commit by the clock's being on its way to an instant, or having come there."""
    unit.prove(_SQL.is_moved, project_id, to)


def _clock(row: Row | None) -> ProjectClock:
    assert row is not None, "projects are never deleted"
    return ProjectClock(
        time_zone=row["time_zone"],
        sandbox=row["sandbox"],
        night_at=row["night_at"],
        stands_at=row["clock_at"],
        moving_to=row["moving_to"],
        async_action_id=row["async_action_id"],
    )
