"""Create or update customers in bulk: received at once, worked off in the background (domain 9)."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias

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
ROWS_AT_ONCE: Final = 1000
ROWS_BETWEEN_PAUSES: Final = 100
"""After so many rows read or looked at, other work of the process has its turn."""

BLOCKS_RECEIVED_AT_ONCE: Final = 16
MOST_BLOCKS_OF_A_CHUNK: Final = 64
MOST_READ_AHEAD: Final = 4
"""Of how many imports that take turns a chunk is read ahead."""

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


_Place: TypeAlias = tuple[str, int]


def _place(one: Import) -> _Place:
    return one.async_action_id, one.offset


class _Chunk(NamedTuple):
    """What the next rows of an import ask for, and where those after them begin."""

    entries: list[Entry]
    offset: int
    line: int


class Importer:
    """Works imports off, and reads ahead: while a chunk is being saved, the one after it is read and looked at.

    What was read is good for the offset at which the next chunk begins, whoever worked off the one before it.
    """

    def __init__(self) -> None:
        self._ahead: OrderedDict[_Place, asyncio.Task[_Chunk | None]] = OrderedDict()

    async def work_off(
        self, engine: Engine, async_action_id: str | None = None, *, project_id: str | None = None
    ) -> Progress:
        """Work off the next rows of an import that waits, of the one with the id, or the project's, if that is given.

        The customers, what came of each row and the progress are one commit: a worker that is killed leaves a chunk
        done or not begun.
        """

        async def attempt(unit: Unit) -> tuple[_Place, list[Outcome]] | None:
            now = engine.clock.now()
            claimed = await customer_imports.claim(unit, now, async_action_id, project_id)
            if claimed is None:
                await customer_imports.discard_abandoned(unit, now - ABANDONED_AFTER)
                return None
            chunk = self._read_before(claimed) or await _read(claimed, unit.connection)
            self._read_ahead(engine, claimed._replace(offset=chunk.offset, line=chunk.line))
            asked = [one.asked for one in chunk.entries if isinstance(one.asked, Upsert)]
            came = outcomes(chunk.entries, iter(await _upserted(engine, unit, claimed, asked)))
            await customer_imports.advance(unit, claimed, chunk.offset, chunk.line, came, now)
            action = await async_actions.lock(unit, claimed.project_id, claimed.async_action_id)
            after = advanced(action, came, now)
            await async_actions.save(unit, claimed.project_id, after)
            if after.status == "DONE":
                await customer_imports.finish(unit, claimed.async_action_id)
            return _place(claimed), came

        if self._ahead:
            await asyncio.wait(self._ahead.values())  # before a connection is taken that the reading may wait for
        done = await engine.database.transact(attempt)
        if done is None:
            return Progress(0, more=False)
        place, came = done
        self._ahead.pop(place, None)
        for status in ("DONE", "FAILED"):
            rows_done.labels(status.lower()).inc(sum(one.status == status for one in came))
        return Progress(len(came), more=True)

    def _read_before(self, claimed: Import) -> _Chunk | None:
        task = self._ahead.get(_place(claimed))
        return task.result() if task is not None and task.done() else None

    def _read_ahead(self, engine: Engine, following: Import) -> None:
        if _place(following) in self._ahead:
            return
        if len(self._ahead) == MOST_READ_AHEAD:
            self._ahead.popitem(last=False)
        self._ahead[_place(following)] = asyncio.create_task(_tried(engine, following))


async def _tried(engine: Engine, following: Import) -> _Chunk | None:
    """Read a chunk before its turn; whatever hinders that is met again when it has its turn."""
    try:
        return await engine.database.read(partial(_read, following))
    except Exception:
        return None


async def _read(claimed: Import, connection: Connection) -> _Chunk:
    """Return what an import's next rows ask for."""
    reader = (LineReader if claimed.header is None else RowReader)(offset=claimed.offset, line=claimed.line)
    number, behind = divmod(claimed.offset, BLOCK_BYTES)
    last = number + MOST_BLOCKS_OF_A_CHUNK
    read = body_entry if claimed.header is None else partial(file_entry, columns(Row(1, claimed.header)))
    entries: list[Entry] = []
    while True:
        block = (await customer_imports.block(connection, claimed.async_action_id, number))[behind:]
        reader.feed(block)
        for row in reader.rows():
            if not says_something(row):
                continue
            entries.append(read(row))
            if len(entries) == ROWS_AT_ONCE:
                return _Chunk(entries, reader.offset, reader.line)
            if len(entries) % ROWS_BETWEEN_PAUSES == 0:
                await asyncio.sleep(0)
        number, behind = number + 1, 0
        if not block or (number > last and reader.offset > claimed.offset):
            return _Chunk(entries, reader.offset, reader.line)
        await asyncio.sleep(0)


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
