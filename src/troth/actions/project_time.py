"""What time it is in a project: the time of everything that belongs to loyalty (domain 2).

A live project's clock is the wall's. A sandbox's follows it until it is first moved, and stands still between moves.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from troth.actions.engine import Engine
from troth.db import access, clock
from troth.db.database import Connection


class ProjectTime(NamedTuple):
    """A project's present instant, and the time zone that its calendar rules are meant in."""

    now: datetime
    zone: ZoneInfo


async def project_now(engine: Engine, connection: Connection, project_id: str) -> datetime:
    """Return the project's present instant, for a transaction that writes.

    Ask after its row locks, so that it is later than what they waited for. In a sandbox this waits for a step of the
    clock that is under way, and keeps the clock from moving until the transaction ends; of a live project it asks the
    database nothing.
    """
    if not await engine.sandboxes.includes(connection, project_id):
        return engine.clock.now()
    return await clock.hold(connection, project_id) or engine.clock.now()


async def project_nows(engine: Engine, connection: Connection, project_ids: Iterable[str]) -> dict[str, datetime]:
    """Return the present instant of each project, for a transaction that writes in several; see `project_now`."""
    # In order, so that two transactions never wait for the clocks of the same projects crosswise.
    return {one: await project_now(engine, connection, one) for one in sorted(set(project_ids))}


async def read_project_now(engine: Engine, connection: Connection, project_id: str) -> datetime:
    """Return the project's present instant, for a read: without waiting, and of a live project without a query."""
    if not await engine.sandboxes.includes(connection, project_id):
        return engine.clock.now()
    return await clock.stands_at(connection, project_id) or engine.clock.now()


async def read_project_time(engine: Engine, connection: Connection, project_id: str) -> ProjectTime:
    """Return the project's present instant and its time zone, for a read that filters by either."""
    project = await access.find_project(connection, project_id)
    assert project is not None, "projects are never deleted"
    return ProjectTime(project.clock_at or engine.clock.now(), ZoneInfo(project.time_zone))


async def get_project_time(engine: Engine, project_id: str) -> ProjectTime:
    """Return the project's present instant and its time zone, for reading what a request means by times."""

    async def look(connection: Connection) -> ProjectTime:
        return await read_project_time(engine, connection, project_id)

    return await engine.database.read(look)
