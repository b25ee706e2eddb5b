"""Imports of orders: kept in chunks, which workers claim one after the other and give back with what came of them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from troth.core.json import decode, text
from troth.core.order_imports import ENTRIES_IN_A_CHUNK, Outcome, waiting
from troth.db.database import Connection, Unit
from troth.db.queries import queries

_SQL = queries("order_imports")


class Chunk(NamedTuple):
    """The next entries of an import, which is locked until the transaction ends."""

    async_action_id: str
    project_id: str
    number: int
    entries: Sequence[Any]

    @property
    def first_index(self) -> int:
        """The place of the first entry in its import, from 0."""
        return self.number * ENTRIES_IN_A_CHUNK


async def insert(unit: Unit, project_id: str, async_action_id: str, entries: Sequence[Any]) -> None:
    """Save the entries of a new async action."""
    chunks = [text(entries[first : first + ENTRIES_IN_A_CHUNK]) for first in range(0, len(entries), ENTRIES_IN_A_CHUNK)]
    await unit.connection.execute(_SQL.insert, project_id, async_action_id, chunks)


async def claim(unit: Unit, project_id: str | None) -> Chunk | None:
    """Return the next chunk of an import that waits and that nobody else is at, None if there is none.

    It is one of the project's if one is given.
    """
    row = await unit.connection.fetchrow(_SQL.claim, project_id)
    if row is None:
        return None
    entries = await unit.connection.fetchval(_SQL.entries, row["async_action_id"], row["chunks_done"])
    return Chunk(row["async_action_id"], row["project_id"], row["chunks_done"], decode(entries))


async def save(unit: Unit, chunk: Chunk, outcomes: Sequence[Outcome]) -> None:
    """Save what came of a chunk's entries, in their order."""
    unit.prove(_SQL.is_done, chunk.async_action_id, chunk.number)
    await unit.connection.execute(_SQL.save, chunk.async_action_id, chunk.number, text(outcomes))


async def outcomes(
    connection: Connection, async_action_id: str, *, first_chunk: int, limit: int
) -> list[list[Outcome]]:
    """Return what has come of the entries of some chunks so far, chunk by chunk."""
    rows = await connection.fetch(_SQL.chunks, async_action_id, first_chunk, limit)
    return [
        [Outcome(*one) for one in decode(row["outcomes"])]
        if row["entries"] is None
        else [waiting(one) for one in decode(row["entries"])]
        for row in rows
    ]
