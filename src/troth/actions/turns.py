"""Turns: a decision that would book past a midnight comes after the member's triggers from before it (domain 7)."""

from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import Final

import structlog

from troth.actions.desk import Open, open_desk
from troth.actions.earning import evaluate
from troth.actions.engine import Engine
from troth.actions.project_time import project_now
from troth.core.calendar import day_of, midnight
from troth.db import triggers
from troth.db.database import Broken, Unit
from troth.db.ledger import Locked

TRIGGERS_OF_A_MEMBER_AT_ONCE: Final = 20

log = structlog.get_logger()


async def open_desk_in_turn(
    engine: Engine,
    unit: Unit,
    project_id: str,
    member_ids: Collection[str],
    *,
    buckets: Collection[str] = (),
    patient: bool = False,
    then_lock: Callable[[], Awaitable[None]] | None = None,
) -> Open:
    """Work off what happened to the members before today and waits still, then open the desk; see `open_desk`.

    Where that fails the worker tries again, as with any trigger, and the decision does not wait for it.
    """
    first = partial(_catch_up, engine, unit, project_id)
    return await open_desk(
        engine, unit, project_id, member_ids, buckets=buckets, patient=patient, first=first, then_lock=then_lock
    )


async def _catch_up(engine: Engine, unit: Unit, project_id: str, locked: Locked) -> None:
    if not locked.waiting_since:
        return
    zone = (await engine.definitions.at(unit.connection, project_id, locked.version)).zone
    now = await project_now(engine, unit.connection, project_id)
    today = midnight(day_of(now, zone), zone)
    behind = sorted(member_id for member_id, since in locked.waiting_since.items() if since < today)
    waiting = await triggers.waiting(unit, behind, engine.clock.now(), TRIGGERS_OF_A_MEMBER_AT_ONCE)
    late = [one for one in waiting if one.occurred_at < today]
    if not late:
        return
    try:
        await unit.alone(lambda: evaluate(engine, unit, late))
    except Broken as broken:
        log.warning("triggers.late", project_id=project_id, members=behind, failure=str(broken.__cause__))
        return
    await triggers.remove(unit, late)
