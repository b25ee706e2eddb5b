"""Change a project: its name, and its time zone as long as nothing was decided by it (domain 2)."""

from dataclasses import replace

from troth.actions.access import check_name, check_time_zone
from troth.actions.daily import save as save_clock
from troth.actions.engine import Engine
from troth.actions.project_time import project_now
from troth.actions.segments import make_up_all
from troth.core.clock import next_midnight
from troth.core.projects import Project, check_zone_is_free
from troth.core.refusals import not_found
from troth.db import access, clock, definitions
from troth.db.database import Unit


async def update_project(engine: Engine, project_id: str, *, name: str | None, time_zone: str | None) -> Project:
    """Change a project's name or time zone, None being what stays, and return it.

    The days that filters of segments name are then those of the new zone. Raises a refusal with `INVALID_PAYLOAD` for
    what is no name or no zone, and for another zone once the project has members.
    """
    if name is not None:
        check_name(name)
    if time_zone is not None:
        check_time_zone(time_zone)

    async def attempt(unit: Unit) -> Project:
        await definitions.change(unit, project_id)
        present = await access.find_project(unit.connection, project_id)
        if present is None:
            raise not_found("project", project_id)
        desired = replace(present, name=name or present.name, time_zone=time_zone or present.time_zone)
        if desired == present:
            return present
        moves = desired.time_zone != present.time_zone
        if moves:
            check_zone_is_free(present, has_members=await access.has_members(unit.connection, project_id))
        now = engine.clock.now()
        desired = replace(desired, updated_at=now)
        await access.save_project(unit, desired)
        if moves:
            await _count_days_anew(engine, unit, project_id)
        return desired

    return await engine.database.transact(attempt)


async def _count_days_anew(engine: Engine, unit: Unit, project_id: str) -> None:
    """Let midnights come, and segments hold whom their filters find, as the project's new zone has its days."""
    now = await project_now(engine, unit.connection, project_id)
    present = await clock.lock(unit, project_id)
    night_at = next_midnight(now, present.zone)
    await save_clock(engine, unit, project_id, replace(present, night_at=night_at))
    await make_up_all(unit, project_id, now, night_at)
