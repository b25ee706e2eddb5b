"""Batches of enrolments: kept in chunks, which workers claim one by one and give back with what came of them."""

from collections.abc import Sequence
from typing import NamedTuple

from troth.core.json import decode, text
from troth.core.member_batches import ENTRIES_IN_A_CHUNK, Entry, Outcome
from troth.db.database import Connection, Unit
from troth.db.queries import queries

_SQL = queries("member_batches")


class Chunk(NamedTuple):
    """Some entries of a batch, locked until the transaction ends; `source` is whoever asked, as JSON text."""

    async_action_id: str
    number: int
    project_id: str
    program_id: str
    source: str
    entries: Sequence[Entry]

    @property
    def first_index(self) -> int:
        """The place of the first entry in its batch, from 0."""
        return self.number * ENTRIES_IN_A_CHUNK


async def insert(
    unit: Unit, project_id: str, async_action_id: str, program_id: str, source: str, entries: Sequence[Entry]
) -> None:
    """Save the entries of a new async action."""
    chunks = [text(entries[first : first + ENTRIES_IN_A_CHUNK]) for first in range(0, len(entries), ENTRIES_IN_A_CHUNK)]
    await unit.connection.execute(_SQL.insert, project_id, async_action_id, program_id, source, chunks)


async def claim(unit: Unit, project_id: str | None) -> Chunk | None:
    """Return a chunk, of a project if one is given, that waits and that nobody else is at, None if there is none."""
    row = await unit.connection.fetchrow(_SQL.claim, project_id)
    if row is None:
        return None
    return Chunk(row[0], row[1], row[2], row[3], row[4], [Entry(*one) for one in decode(row[5])])


async def save(unit: Unit, chunk: Chunk, outcomes: Sequence[Outcome]) -> None:
    """Save what came of a chunk's entries, in their order."""
    unit.prove(_SQL.is_done, chunk.async_action_id, chunk.number)
    await unit.connection.execute(_SQL.save, chunk.async_action_id, chunk.number, text(outcomes))


async def has_batch(connection: Connection, project_id: str, async_action_id: str) -> bool:
    """Return whether an async action is a batch of enrolments."""
    return bool(await connection.fetchval(_SQL.is_batch, project_id, async_action_id))


async def outcomes(
    connection: Connection, async_action_id: str, *, first_chunk: int, limit: int
) -> list[list[Outcome]]:
    """Return what has come of the entries of some chunks so far, chunk by chunk."""
    rows = await connection.fetch(_SQL.chunks, async_action_id, first_chunk, limit)
    return [
        [Outcome(one[0], "ENQUEUED") for one in decode(waiting)]
        if waiting is not None
        else [Outcome(*one) for one in decode(done)]
        for _, waiting, done in rows
    ]
