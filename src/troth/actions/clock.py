"""Read a project's clock, and move a sandbox's (domain 16)."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Final

from troth.actions.card_codes import make_card_codes
from troth.actions.daily import DAILY_WORK, Advance, advance, save
from troth.actions.engine import Engine
from troth.core.async_actions import AsyncAction
from troth.core.clock import ProjectClock, move
from troth.db import async_actions, card_codes, clock
from troth.db.database import Connection, Unit

TYPE: Final = "CLOCK.MOVE"
ANSWER_WITHIN_SECONDS: Final = 10.0
"""After so long a move is left to the workers, and answered with the async action that tells of it."""

PAUSE_SECONDS: Final = 0.05
"""How long to wait for workers that are at the last of what is due."""


async def get_clock(engine: Engine, project_id: str) -> tuple[ProjectClock, datetime]:
    """Return a project's clock, and the wall clock's time beside it."""

    async def look(connection: Connection) -> ProjectClock:
        return await clock.find(connection, project_id)

    return await engine.database.read(look), engine.clock.now()


async def move_clock(engine: Engine, project_id: str, to: datetime, request_id: str) -> tuple[ProjectClock, datetime]:
    """Move a sandbox's clock to an instant, midnight by midnight, and return it, with the wall clock's time beside it.

    It has come there, and of what was recorded, taken on or bought before nothing is left to do; or, where that takes
    longer than `ANSWER_WITHIN_SECONDS`, or this is a part of a greater unit of work, it is on its way with the async
    action that tells of it. Raises the refusals of `core.clock.move`.
    """

    async def begin(unit: Unit) -> None:
        present = await clock.lock(unit, project_id)
        if present.sandbox:
            await clock.stop_writers(unit, project_id)
        await save(engine, unit, project_id, move(present, to, engine.clock.now()))
        clock.prove_moved(unit, project_id, to)

    await engine.database.transact(begin)
    if engine.database.is_enclosed:
        # Steps are commits of their own, and there is none before the request with its idempotency key is over.
        await _leave_to_workers(engine, project_id, request_id)
        return await get_clock(engine, project_id)
    deadline = engine.clock.seconds() + ANSWER_WITHIN_SECONDS
    await _make_card_codes(engine, project_id, deadline)
    while (came := await advance(engine, project_id)) is not Advance.OVER:
        if engine.clock.seconds() >= deadline:
            await _leave_to_workers(engine, project_id, request_id)
            break
        if came is Advance.OTHERS:
            await asyncio.sleep(PAUSE_SECONDS)
    await _make_card_codes(engine, project_id, deadline)
    return await get_clock(engine, project_id)


async def _make_card_codes(engine: Engine, project_id: str, deadline: float) -> None:
    """Make the codes that cards of the project wait for by now; whoever enrols meanwhile does not make that longer.

    They go by the wall, and a clock that is on its way does not wait for them.
    """
    now = engine.clock.now()
    while engine.clock.seconds() < deadline:
        progress = await make_card_codes(engine, project_id)
        if progress.more:
            continue
        if not await engine.database.read(lambda connection: card_codes.is_any_due(connection, project_id, now)):
            break
        await asyncio.sleep(PAUSE_SECONDS)


async def _leave_to_workers(engine: Engine, project_id: str, request_id: str) -> None:
    action_id, now = engine.identifiers.fresh("aa"), engine.clock.now()

    async def attempt(unit: Unit) -> None:
        present = await clock.lock(unit, project_id)
        if present.moving_to is None:
            return
        action = AsyncAction(
            id=action_id, type=TYPE, status="IN_PROGRESS", request_id=request_id, result=None, created_at=now
        )
        await async_actions.insert(unit, project_id, action)
        await save(engine, unit, project_id, replace(present, async_action_id=action_id))

    await engine.database.transact(attempt)
    engine.wake(DAILY_WORK)
