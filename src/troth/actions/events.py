"""Track custom events; that they happened, and what they set off, is recorded at once (domain 8, 9)."""

from collections.abc import Sequence

from troth.actions import customers
from troth.actions.engine import Engine
from troth.actions.triggers import TRIGGERS
from troth.core.events import CustomEvent, Track, decide, triggered
from troth.core.refusals import Refusal
from troth.db import events, triggers
from troth.db.database import Unit


async def track_events(engine: Engine, project_id: str, commands: Sequence[Track]) -> Sequence[CustomEvent | Refusal]:
    """Record custom events and return each, or why not.

    Commands are decided in their order. All that are not refused are saved in one transaction, with the customers they
    tell of and the triggers they are.
    """

    async def attempt(unit: Unit) -> tuple[list[CustomEvent | Refusal], bool]:
        known = await customers.load_within(engine, unit, project_id, [command.customer for command in commands])
        upserts, decided = decide(commands, known.facts, known.definitions, known.now, engine.identifiers.fresh)
        happened = [one for one in decided if isinstance(one, CustomEvent)]
        await customers.save_within(unit, project_id, upserts, known)
        if happened:
            await events.save(unit, project_id, happened, known.now)
        recorded = await triggers.record(unit, project_id, [triggered(one) for one in happened], known.now)
        return decided, bool(recorded or any(upserts.crossings))

    decided, has_triggers = await engine.database.transact(attempt)
    if has_triggers:
        engine.wake(TRIGGERS)
    return decided
