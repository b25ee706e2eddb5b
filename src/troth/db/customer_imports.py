"""Customers in bulk: received in blocks, claimed chunk by chunk, with what came of each row."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from troth.core.customer_imports import Outcome
from troth.core.json import decode, text
from troth.db.database import Connection, Row, Unit
from troth.db.queries import queries

_SQL = queries("customer_imports")

BLOCK_BYTES = 64 * 1024
"""The size of each block but the last."""


class Import(NamedTuple):
    """An import that has rows left; `offset` and `line` are where the next one begins, `header` is of CSV alone."""

    async_action_id: str
    project_id: str
    header: tuple[str, ...] | None
    offset: int
    line: int
    chunks_count: int


async def receive(
    unit: Unit, project_id: str, async_action_id: str, number: int, blocks: Sequence[bytes], now: datetime
) -> None:
    """Keep more blocks of what is being received; the first of them has the number."""
    unit.prove(_SQL.is_received, async_action_id, number)
    await unit.connection.execute(_SQL.receive, project_id, async_action_id, number, blocks, now)


async def begin(unit: Unit, new: Import, now: datetime) -> None:
    """Let an import that was received be worked off; its async action, inserted as well, proves the commit."""
    await unit.connection.execute(
        _SQL.begin, new.project_id, new.async_action_id, new.header, new.offset, new.line, now
    )


async def discard(unit: Unit, project_id: str, async_action_id: str) -> None:
    """Forget what was received of an import that never began."""
    await unit.connection.execute(_SQL.discard, project_id, async_action_id)


async def discard_abandoned(unit: Unit, before: datetime) -> None:
    """Forget imports of which nothing has been received since an instant: who received them is gone."""
    await unit.connection.execute(_SQL.discard_abandoned, before)


async def claim(unit: Unit, now: datetime, async_action_id: str | None, project_id: str | None) -> Import | None:
    """Return an import that is due, unless another worker is at it: with the id, or of the project, that is given."""
    row = await unit.connection.fetchrow(_SQL.claim, now, async_action_id, project_id)
    return _import(row) if row else None


async def block(connection: Connection, async_action_id: str, number: int) -> bytes:
    """Return a block, empty after the last one."""
    found: bytes | None = await connection.fetchval(_SQL.block, async_action_id, number)
    return found or b""


async def advance(unit: Unit, claimed: Import, offset: int, line: int, chunk: Sequence[Outcome], now: datetime) -> None:
    """Save what came of a claimed import's next rows, and where those after them begin."""
    unit.prove(_SQL.is_advanced, claimed.async_action_id, claimed.chunks_count)
    await unit.connection.execute(
        _SQL.advance, claimed.async_action_id, claimed.chunks_count, text(chunk), offset, line, now
    )


async def finish(unit: Unit, async_action_id: str) -> None:
    """Forget what was received of an import that is over; what came of it stays."""
    await unit.connection.execute(_SQL.finish, async_action_id)


async def outcomes(
    connection: Connection, async_action_id: str, *, first_chunk: int, limit: int
) -> list[list[Outcome]]:
    """Return what has come of the rows of some chunks, numbered from 0, chunk by chunk."""
    rows = await connection.fetch(_SQL.outcomes, async_action_id, first_chunk, limit)
    return [[Outcome(*one) for one in decode(row[0])] for row in rows]


def _import(row: Row) -> Import:
    return Import(
        async_action_id=row["async_action_id"],
        project_id=row["project_id"],
        header=None if row["header"] is None else tuple(row["header"]),
        offset=row["read_bytes"],
        line=row["next_line"],
        chunks_count=row["chunks_count"],
    )
