"""Create or update customers in bulk: received at once, worked off in the background (domain 9)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

import structlog
from prometheus_client import Counter

from troth.actions.customers import upsert_within
from troth.actions.engine import Engine
from troth.actions.progress import Progress
from troth.core.async_actions import AsyncAction
from troth.core.csv_rows import Row, RowReader
from troth.core.customer_files import columns, says_something
from troth.core.customer_imports import (
    BULK,
    CSV,
    Entry,
    LineReader,
    Outcome,
    Survey,
    advanced,
    begun,
    body_entry,
    file_entry,
    outcomes,
    shown,
)
from troth.core.customers import Customer, Upsert
from troth.core.json import encode
from troth.core.refusals import Reason, Refusal
from troth.db import async_actions, customer_imports
from troth.db.customer_imports import BLOCK_BYTES, Import
from troth.db.database import Broken, Connection, Unit

CUSTOMER_IMPORTS: Final = "customer_imports"
ROWS_AT_ONCE: Final = 500
ROWS_BETWEEN_PAUSES: Final = 100
"""After so many rows read or looked at, other work of the process has its turn."""

BLOCKS_RECEIVED_AT_ONCE: Final = 16
MOST_BLOCKS_OF_A_CHUNK: Final = 64
CHUNKS_AT_ONCE: Final = 10
"""How many chunks of a report are read at once."""

ABANDONED_AFTER: Final = timedelta(hours=1)
"""When the rest of a file is not waited for any longer: long after any connection would have been given up."""

rows_done = Counter("troth_customer_import_rows_total", "Rows of customer imports worked off.", ["status"])

log = structlog.get_logger()


@dataclass(slots=True)
class Received:
    """What was received of an import, and whether it has begun."""

    async_action_id: str
    type: str
    survey: Survey
    has_begun: bool = False


@asynccontextmanager
async def received_file(engine: Engine, project_id: str, file: AsyncIterator[bytes]) -> AsyncIterator[Received]:
    """Receive a CSV file piece by piece, and yield what `begin` needs; what has not begun is forgotten at the end.

    What its columns mean is said in `core.customer_files`. Raises a refusal with `INVALID_PAYLOAD` for a file whose
    header means nothing; what else is wrong is a row's own.
    """
    survey = Survey()

    async def pieces() -> AsyncIterator[bytes]:
        async for piece in file:
            survey.feed(piece)
            yield piece
        survey.feed(b"")

    async with _received(engine, project_id, pieces(), CSV, survey) as received:
        yield received


async def import_file(engine: Engine, project_id: str, file: AsyncIterator[bytes], request_id: str) -> str:
    """Receive a CSV file, and return the id of the async action that works it off; see `received_file`."""
    async with received_file(engine, project_id, file) as received:
        return await begin(engine, project_id, received, request_id)


async def import_entries(engine: Engine, project_id: str, entries: Sequence[Any], request_id: str) -> str:
    """Take on the entries of a body, and return the id of the async action that works them off."""
    survey = Survey()
    survey.rows_count = len(entries)

    async def pieces() -> AsyncIterator[bytes]:
        for entry in entries:
            yield encode(entry) + b"\n"

    async with _received(engine, project_id, pieces(), BULK, survey) as received:
        return await begin(engine, project_id, received, request_id)


@asynccontextmanager
async def _received(
    engine: Engine, project_id: str, pieces: AsyncIterator[bytes], type_: str, survey: Survey
) -> AsyncIterator[Received]:
    received = Received(engine.identifiers.fresh("aa"), type_, survey)

    async def forget() -> None:
        await engine.database.transact(
            lambda unit: customer_imports.discard(unit, project_id, received.async_action_id)
        )

    try:
        await _receive(engine, project_id, received.async_action_id, pieces)
        yield received
    except BaseException:
        await forget()
        raise
    if not received.has_begun:
        await forget()


async def _receive(engine: Engine, project_id: str, async_action_id: str, pieces: AsyncIterator[bytes]) -> None:
    """Keep what comes in blocks, few of them at a time in memory."""
    number, held = 0, bytearray()

    async def keep(size: int) -> None:
        nonlocal number
        blocks = [bytes(held[begin : begin + BLOCK_BYTES]) for begin in range(0, size, BLOCK_BYTES)]
        now = engine.clock.now()
        await engine.database.transact(
            lambda unit: customer_imports.receive(unit, project_id, async_action_id, number, blocks, now)
        )
        number += len(blocks)
        del held[:size]

    async for piece in pieces:
        held += piece
        while len(held) >= BLOCKS_RECEIVED_AT_ONCE * BLOCK_BYTES:
            await keep(BLOCKS_RECEIVED_AT_ONCE * BLOCK_BYTES)
    if held:
        await keep(len(held))


async def begin(engine: Engine, project_id: str, received: Received, request_id: str) -> str:
    """Let what was received be worked off, and return the id of the async action that does so."""
    async_action_id, survey = received.async_action_id, received.survey

    async def attempt(unit: Unit) -> None:
        now = engine.clock.now()
        action = begun(async_action_id, request_id, received.type, survey.rows_count, now)
        new = Import(async_action_id, project_id, survey.header, survey.offset, survey.line, 0)
        await async_actions.insert(unit, project_id, action)
        if survey.rows_count:
            await customer_imports.begin(unit, new, now)
        else:
            await customer_imports.discard(unit, project_id, async_action_id)

    await engine.database.transact(attempt)
    received.has_begun = True
    engine.wake(CUSTOMER_IMPORTS)
    return async_action_id


async def work_off(engine: Engine, async_action_id: str | None = None) -> Progress:
    """Work off the next rows of an import that waits, of the one with the id if one is given.

    The customers, what came of each row and the progress are one commit: a worker that is killed leaves a chunk done
    or not begun.
    """

    async def attempt(unit: Unit) -> list[Outcome] | None:
        now = engine.clock.now()
        claimed = await customer_imports.claim(unit, now, async_action_id)
        if claimed is None:
            await customer_imports.discard_abandoned(unit, now - ABANDONED_AFTER)
            return None
        rows, reader = await _read(unit, claimed)
        entries = await _entries(claimed, rows)
        asked = [one.asked for one in entries if isinstance(one.asked, Upsert)]
        chunk = outcomes(entries, iter(await _upserted(engine, unit, claimed, asked)))
        await customer_imports.advance(unit, claimed, reader.offset, reader.line, chunk, now)
        action = await async_actions.lock(unit, claimed.project_id, claimed.async_action_id)
        after = advanced(action, chunk, now)
        await async_actions.save(unit, claimed.project_id, after)
        if after.status == "DONE":
            await customer_imports.finish(unit, claimed.async_action_id)
        return chunk

    chunk = await engine.database.transact(attempt)
    if chunk is None:
        return Progress(0, more=False)
    for status in ("DONE", "FAILED"):
        rows_done.labels(status.lower()).inc(sum(one.status == status for one in chunk))
    return Progress(len(chunk), more=True)


async def _read(unit: Unit, claimed: Import) -> tuple[list[Row], RowReader | LineReader]:
    """Return an import's next rows, and the reader, which stands behind the last of them."""
    reader = (LineReader if claimed.header is None else RowReader)(offset=claimed.offset, line=claimed.line)
    number, behind = divmod(claimed.offset, BLOCK_BYTES)
    last = number + MOST_BLOCKS_OF_A_CHUNK
    rows: list[Row] = []
    while True:
        block = (await customer_imports.block(unit, claimed.async_action_id, number))[behind:]
        reader.feed(block)
        for row in reader.rows():
            if says_something(row):
                rows.append(row)
            if len(rows) == ROWS_AT_ONCE:
                return rows, reader
        number, behind = number + 1, 0
        if not block or (number > last and reader.offset > claimed.offset):
            return rows, reader
        await asyncio.sleep(0)


async def _entries(claimed: Import, rows: Sequence[Row]) -> list[Entry]:
    read = body_entry
    if claimed.header is not None:
        read = partial(file_entry, columns(Row(1, claimed.header)))
    entries: list[Entry] = []
    for first in range(0, len(rows), ROWS_BETWEEN_PAUSES):
        entries += map(read, rows[first : first + ROWS_BETWEEN_PAUSES])
        await asyncio.sleep(0)
    return entries


async def _upserted(
    engine: Engine, unit: Unit, claimed: Import, commands: Sequence[Upsert]
) -> Sequence[Customer | Refusal]:
    """Create or update customers; where that breaks, each half for itself, so that a row harms no other."""
    if not commands:
        return ()
    try:
        return await unit.alone(lambda: upsert_within(engine, unit, claimed.project_id, commands))
    except Broken as broken:
        if len(commands) == 1:
            log.exception(
                "customer_import.row_failed",
                async_action_id=claimed.async_action_id,
                source_id=commands[0].source_id,
                exc_info=broken.__cause__,
            )
            return (Refusal(Reason.INTERNAL_ERROR, "The log has the details"),)
    middle = len(commands) // 2
    return (
        *await _upserted(engine, unit, claimed, commands[:middle]),
        *await _upserted(engine, unit, claimed, commands[middle:]),
    )


async def report(engine: Engine, action: AsyncAction) -> AsyncIterator[list[dict[str, Any]]]:
    """Yield the lines of an import's report, some at a time: one for each row that is worked off, in their order."""
    first_chunk = 0

    async def look(connection: Connection) -> list[list[Outcome]]:
        return await customer_imports.outcomes(connection, action.id, first_chunk=first_chunk, limit=CHUNKS_AT_ONCE)

    while chunks := await engine.database.read(look):
        for chunk in chunks:
            yield [shown(action.type, one) for one in chunk]
        first_chunk += len(chunks)
