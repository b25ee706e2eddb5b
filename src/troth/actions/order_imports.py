"""Create or update orders in bulk, in the background, each entry for itself (domain 9)."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import structlog
from prometheus_client import Counter

from troth.actions.engine import Engine
from troth.actions.orders import Done, put_within, wake_for_triggers
from troth.actions.progress import Progress
from troth.core.async_actions import AsyncAction, advanced, enqueued
from troth.core.order_imports import MESSAGE, TYPE, asked, outcomes, shown, shown_failure
from troth.core.orders import Put
from troth.core.refusals import Reason, Refusal
from troth.db import async_actions, order_imports
from troth.db.database import Broken, Connection, Unit
from troth.db.order_imports import Chunk

ORDER_IMPORTS: Final = "order_imports"
CHUNKS_AT_ONCE: Final = 10
"""How many chunks of a report are read at once."""

entries_done = Counter("troth_order_import_entries_total", "Entries of order imports worked off.", ["status"])

log = structlog.get_logger()


async def import_orders(engine: Engine, project_id: str, entries: Sequence[Any], request_id: str) -> str:
    """Take on orders to create or update, and return the id of the async action that works them off."""

    async def attempt(unit: Unit) -> str:
        action_id, now = engine.identifiers.fresh("aa"), engine.clock.now()
        new = enqueued(action_id, TYPE, request_id, len(entries), MESSAGE, now)
        await async_actions.insert(unit, project_id, new)
        await order_imports.insert(unit, project_id, new.id, entries)
        return new.id

    async_action_id = await engine.database.transact(attempt)
    engine.wake(ORDER_IMPORTS)
    return async_action_id


async def work_off(engine: Engine, project_id: str | None = None) -> Progress:
    """Work off the next chunk of an import that waits: its orders, their outcomes and the progress are one commit.

    It is an import of the project's if one is given. An import's entries are decided in their order.
    """

    async def attempt(unit: Unit) -> tuple[int, Done]:
        chunk = await order_imports.claim(unit, project_id)
        if chunk is None:
            return 0, Done((), has_triggers=False)
        wanted = [asked(entry) for entry in chunk.entries]
        done = await _put(engine, unit, chunk, [one for one in wanted if isinstance(one, Put)])
        found = outcomes(chunk.entries, wanted, iter(done.answers))
        await order_imports.save(unit, chunk, found)
        failures = [
            shown_failure(index, one) for index, one in enumerate(found, chunk.first_index) if one.status == "FAILED"
        ]
        action = await async_actions.lock(unit, chunk.project_id, chunk.async_action_id)
        after = advanced(
            action, done=len(found) - len(failures), failures=failures, message=MESSAGE, now=engine.clock.now()
        )
        await async_actions.save(unit, chunk.project_id, after)
        return len(found), done

    count, done = await engine.database.transact(attempt)
    wake_for_triggers(engine, done)
    succeeded = sum(not isinstance(one, Refusal) for one in done.answers)
    entries_done.labels("done").inc(succeeded)
    entries_done.labels("failed").inc(count - succeeded)
    return Progress(count, more=bool(count))


async def _put(engine: Engine, unit: Unit, chunk: Chunk, commands: Sequence[Put]) -> Done:
    """Create or update orders; where that breaks, each half for itself, so that an entry harms no other."""
    if not commands:
        return Done((), has_triggers=False)
    try:
        return await unit.alone(lambda: put_within(engine, unit, chunk.project_id, commands))
    except Broken as broken:
        if len(commands) == 1:
            log.exception(
                "order_import.entry_failed",
                async_action_id=chunk.async_action_id,
                source_id=commands[0].source_id,
                exc_info=broken.__cause__,
            )
            return Done((Refusal(Reason.INTERNAL_ERROR, "The log has the details"),), has_triggers=False)
    middle = len(commands) // 2
    first = await _put(engine, unit, chunk, commands[:middle])
    second = await _put(engine, unit, chunk, commands[middle:])
    return Done((*first.answers, *second.answers), first.has_triggers or second.has_triggers)


async def report(engine: Engine, action: AsyncAction) -> AsyncIterator[list[dict[str, Any]]]:
    """Yield the lines of an import's report, some at a time: one for each entry, in their order."""
    first_chunk, index = 0, 0

    async def look(connection: Connection) -> list[list[Any]]:
        return await order_imports.outcomes(connection, action.id, first_chunk=first_chunk, limit=CHUNKS_AT_ONCE)

    while chunks := await engine.database.read(look):
        for found in chunks:
            yield [shown(place, one) for place, one in enumerate(found, index)]
            index += len(found)
        first_chunk += len(chunks)
