"""The queue of projects whose midnights have come, or whose clocks are on their way."""

from datetime import datetime
from typing import NamedTuple

from troth.db.database import Unit
from troth.db.queries import queries

_SQL = queries("daily_work")


class Claimed(NamedTuple):
    """A project that something is to be done for, since when, and how often that has failed since its last step."""

    project_id: str
    claimed_at: datetime
    failures: int


async def insert(unit: Unit, project_id: str, night_at: datetime) -> None:
    """Save that a new project's first midnight is to come."""
    await unit.connection.execute(_SQL.insert, project_id, night_at)


async def claim(unit: Unit, wall: datetime) -> Claimed | None:
    """Return a project that something is to be done for, another one than other workers get if there are several.

    That is no lock: who does the work claims what it works at, so that several can be at one project.
    """
    row = await unit.connection.fetchrow(_SQL.claim, wall)
    return Claimed(*row) if row else None


async def put_off(unit: Unit, claimed: Claimed, try_at: datetime) -> None:
    """Save when a worker looks at a project again, unless somebody got it on, or claimed it too, meanwhile."""
    await unit.connection.execute(_SQL.put_off, claimed.project_id, claimed.claimed_at, try_at, claimed.failures)
