"""Enrol many customers in the background, each entry for itself (domain 6)."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import structlog
from prometheus_client import Counter

from troth.actions.engine import Engine
from troth.actions.members import enrol_within, wake_for_codes
from troth.actions.progress import Progress
from troth.core.access import Caller
from troth.core.async_actions import advanced, enqueued
from troth.core.member_batches import MESSAGE, TYPE, Entry, command, malformed, outcome, shown, shown_failure
from troth.core.members import Enrol, Enrolment, open_program
from troth.core.refusals import Reason, Refusal, not_found
from troth.db import async_actions, definitions, member_batches
from troth.db.database import Broken, Connection, Unit
from troth.db.member_batches import Chunk

MEMBER_BATCHES: Final = "member_batches"
CHUNKS_AT_ONCE: Final = 10
"""How many chunks of a report are read at once."""

entries_done = Counter("troth_member_batch_entries_total", "Entries of member batches worked off.", ["status"])

log = structlog.get_logger()


async def create(engine: Engine, caller: Caller, program_id: str, entries: Sequence[Entry], request_id: str) -> str:
    """Take on enrolments in a program and return the id of the async action that works them off.

    Raises a refusal with `NOT_FOUND` or `NON_ACTIVE_PROGRAM` for the program; whatever else is wrong is an entry's own.
    """

    async def attempt(unit: Unit) -> str:
        version = await definitions.version(unit.connection, caller.project_id)
        present = await engine.definitions.at(unit.connection, caller.project_id, version)
        program = open_program(program_id, present)
        if isinstance(program, Refusal):
            raise program
        action_id, now = engine.identifiers.fresh("aa"), engine.clock.now()
        new = enqueued(action_id, TYPE, request_id, len(entries), MESSAGE, now)
        await async_actions.insert(unit, caller.project_id, new)
        await member_batches.insert(unit, caller.project_id, new.id, program_id, caller.source, entries)
        return new.id

    async_action_id = await engine.database.transact(attempt)
    engine.wake(MEMBER_BATCHES)
    return async_action_id


async def work_off(engine: Engine, project_id: str | None = None) -> Progress:
    """Work off one chunk of the batches that wait, of a project's if one is given.

    Its enrolments, their outcomes and the progress are one commit.
    """

    async def attempt(unit: Unit) -> list[Enrolment | Refusal]:
        chunk = await member_batches.claim(unit, project_id)
        if chunk is None:
            return []
        answers = await _answers(engine, unit, chunk)
        outcomes = [outcome(*pair) for pair in zip(chunk.entries, answers, strict=True)]
        await member_batches.save(unit, chunk, outcomes)
        failures = [
            shown_failure(index, one) for index, one in enumerate(outcomes, chunk.first_index) if one.status == "FAILED"
        ]
        # Last, and for no longer than the commit takes: other workers' chunks of the same batch wait for it.
        action = await async_actions.lock(unit, chunk.project_id, chunk.async_action_id)
        done = len(outcomes) - len(failures)
        now = engine.clock.now()
        await async_actions.save(
            unit, chunk.project_id, advanced(action, done=done, failures=failures, message=MESSAGE, now=now)
        )
        return answers

    answers = await engine.database.transact(attempt)
    wake_for_codes(engine, answers)
    for status in ("failed" if isinstance(one, Refusal) else "done" for one in answers):
        entries_done.labels(status).inc()
    return Progress(len(answers), bool(answers))


async def report(engine: Engine, project_id: str, async_action_id: str) -> AsyncIterator[list[dict[str, Any]]]:
    """Return the lines of a batch's report, a page of them at a time: one for each entry, in their order.

    An entry that waits is in it too. Raises a refusal with `NOT_FOUND` for an async action that is no batch.
    """

    async def look(connection: Connection) -> bool:
        return await member_batches.has_batch(connection, project_id, async_action_id)

    if not await engine.database.read(look):
        raise not_found("report", async_action_id)
    return _lines(engine, async_action_id)


async def _lines(engine: Engine, async_action_id: str) -> AsyncIterator[list[dict[str, Any]]]:
    first_chunk, index = 0, 0

    async def look(connection: Connection) -> list[list[Any]]:
        return await member_batches.outcomes(connection, async_action_id, first_chunk=first_chunk, limit=CHUNKS_AT_ONCE)

    while chunks := await engine.database.read(look):
        for outcomes in chunks:
            yield [shown(place, one) for place, one in enumerate(outcomes, index)]
            index += len(outcomes)
        first_chunk += len(chunks)


async def _answers(engine: Engine, unit: Unit, chunk: Chunk) -> list[Enrolment | Refusal]:
    """Enrol the entries that are well formed, and refuse the others."""
    commands = [command(one, chunk.program_id, chunk.source) for one in chunk.entries if one.fault is None]
    enrolled = iter(await _enrolled(engine, unit, chunk, commands))
    return [malformed(one) or next(enrolled) for one in chunk.entries]


async def _enrolled(engine: Engine, unit: Unit, chunk: Chunk, commands: Sequence[Enrol]) -> list[Enrolment | Refusal]:
    """Enrol customers; where that breaks, each half for itself, so that an entry which breaks it harms no other."""
    if not commands:
        return []
    try:
        return await unit.alone(lambda: enrol_within(engine, unit, chunk.project_id, commands))
    except Broken as broken:
        if len(commands) == 1:
            log.exception(
                "member_batch.entry_failed",
                async_action_id=chunk.async_action_id,
                customer_id=commands[0].customer_id,
                exc_info=broken.__cause__,
            )
            return [Refusal(Reason.INTERNAL_ERROR, "The log has the details")]
    middle = len(commands) // 2
    return [
        *await _enrolled(engine, unit, chunk, commands[:middle]),
        *await _enrolled(engine, unit, chunk, commands[middle:]),
    ]
