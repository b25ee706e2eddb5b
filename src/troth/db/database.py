"""The connection to PostgreSQL: one pool a process, one way to read and one funnel for writes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final, NamedTuple, Self, TypeVar

import asyncpg
import structlog

from troth.clocks import Clock
from troth.core.refusals import Reason, Refusal

log = structlog.get_logger()

T = TypeVar("T")
Connection = asyncpg.pool.PoolConnectionProxy
Row = asyncpg.Record

ATTEMPTS: Final = 8
"""How often a unit of work that races with others is tried."""

PATIENCE_SECONDS: Final = 10.0
"""How long a unit of work waits for a database that has gone away."""

STATEMENT_SECONDS: Final = 60.0
"""After how long a statement is given up; a healthy one takes milliseconds."""

_RACED: Final = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
_GONE: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a statement on a connection that the server has said farewell to
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    OSError,
)


class Unreachable(OSError):  # noqa: N818 - reads as what it is
    """The database cannot be connected to; the text says why."""


class Outrun(Exception):  # noqa: N818 - no error: somebody else was faster
    """Another transaction changed a fact between its load and the save; the unit of work starts anew."""


class Broken(Exception):  # noqa: N818 - the error is its cause
    """A part of a unit of work broke; the rest of it can go on."""


class Unit:
    """One attempt at a unit of work: its connection, and how to recognise afterwards that it was committed."""

    __slots__ = ("committing", "connection", "proof")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.committing = False
        self.proof: tuple[str, tuple[object, ...]] | None = None

    def prove(self, query: str, *key: object) -> None:
        """Name a row that this unit inserts: it is there afterwards if and only if the unit was committed.

        Whatever writes names one, its last one if it writes several: by that it is known that something was written.
        """
        self.proof = (query, key)

    async def join(self, attempt: Callable[["Unit"], Awaitable[T]]) -> T:
        """Run a unit of work as a part of this one: where it raises, it is undone by itself."""
        proof = self.proof
        try:
            async with self.connection.transaction():
                return await attempt(self)
        except BaseException:
            self.proof = proof
            raise

    async def alone(self, part: Callable[[], Awaitable[T]]) -> T:
        """Run a part of the unit that is undone by itself, with nothing else, where it breaks.

        Raises Broken then; what concerns the whole unit (a refusal, a lost race or connection) is raised as it is.
        """
        try:
            async with self.connection.transaction():
                return await part()
        except (Refusal, Outrun, *_RACED):
            raise
        except Exception as error:
            if isinstance(error, _GONE) and not isinstance(error, ValueError):
                raise
            raise Broken from error


class _Enclosure(NamedTuple):
    """A unit that others join, and what waits for its commit."""

    unit: Unit
    afterwards: list[Callable[[], None]]


async def _no_reset(_: object) -> None:
    """Leave a returned connection as it is: our own statements change no setting, and a reset costs a round trip."""


class Database:
    """A pool of connections; every process has one."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._enclosures: dict[asyncio.Task[object] | None, _Enclosure] = {}
        self._may_enclose = asyncio.Semaphore((pool.get_max_size() + 1) // 2)

    @classmethod
    async def open(cls, url: str, clock: Clock, *, connections: int = 8) -> Self:
        """Connect to the database at a PostgreSQL URL, keeping up to `connections` open.

        The server may still be starting: this waits as long as any unit of work does, then raises `Unreachable`; at
        once where the server refuses. A URL that is none is a ValueError.
        """
        deadline = clock.seconds() + PATIENCE_SECONDS
        while True:
            try:
                pool = await asyncpg.create_pool(
                    url,
                    min_size=1,
                    max_size=connections,
                    max_queries=0x7FFFFFFF,
                    max_inactive_connection_lifetime=0,
                    command_timeout=STATEMENT_SECONDS,
                    reset=_no_reset,
                    server_settings={"application_name": "troth", "jit": "off", "timezone": "UTC"},
                )
                return cls(pool, clock)
            except _GONE as error:
                if isinstance(error, ValueError):
                    raise
                if clock.seconds() > deadline:
                    raise Unreachable(str(error)) from error
                await asyncio.sleep(0.1)
            except asyncpg.PostgresError as error:
                raise Unreachable(str(error)) from error

    async def close(self) -> None:
        """Close all connections, waiting a moment for those in use."""
        try:
            async with asyncio.timeout(5):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """Lend a connection outside any transaction, for what manages its own: listening, streaming, migrating."""
        async with self._pool.acquire() as connection:
            yield connection

    async def read(
        self, attempt: Callable[[Connection], Awaitable[T]], *, patience_seconds: float = PATIENCE_SECONDS
    ) -> T:
        """Run a reading `attempt`, again if the database goes away meanwhile.

        Raises a refusal with `OVERLOADED` when it stays away for `patience_seconds`. See `enclose` for whom it joins.
        """
        if enclosure := self._enclosure():
            return await attempt(enclosure.unit.connection)
        patience = _Patience(self._clock, patience_seconds)
        while True:
            try:
                async with self._pool.acquire() as connection:
                    return await attempt(connection)
            except _GONE as error:
                if isinstance(error, ValueError):  # asyncpg's word for an argument that does not fit its parameter
                    raise
                await patience.wait(error)

    async def transact(self, attempt: Callable[[Unit], Awaitable[T]]) -> T:
        """Run `attempt` in one transaction and return its answer once that is committed.

        An attempt that loses a race (serialization, deadlock, `Outrun`) or its connection is rolled back and run
        again from its first load. A connection lost during the commit is looked into: if the row that the unit
        promised to insert is there, the answer holds; if not, the attempt is run again, as is one that promised none
        because it had nothing to write. Whatever else the attempt raises, a refusal above all, rolls back and goes to
        the caller. See `enclose` for whom it joins.
        """
        if enclosure := self._enclosure():
            return await enclosure.unit.join(attempt)
        patience = _Patience(self._clock)
        races = 0
        while races < ATTEMPTS:
            unit: Unit | None = None
            answer: list[T] = []
            try:
                async with self._pool.acquire() as connection:
                    unit = Unit(connection)
                    backend = connection.get_server_pid()
                    await self._run(unit, attempt, answer)
                    return answer[0]
            except (Outrun, *_RACED):
                races += 1
            except _GONE as error:
                if isinstance(error, ValueError):
                    raise
                await patience.wait(error)
                if unit is not None and unit.committing and await self._was_committed(unit, backend):
                    return answer[0]
        raise Refusal(Reason.OVERLOADED, f"The request lost {ATTEMPTS} races against others; try again")

    async def enclose(self, attempt: Callable[[Unit], Awaitable[T]]) -> T:
        """Run `attempt` as `transact` does, and in its transaction all that its task transacts and reads meanwhile.

        So what else would be several units of work is committed, or run again, as a whole. Tasks that the attempt
        starts are on their own: a connection serves one at a time. Units that wait for each other inside the database
        take half of the connections at most, and leave the rest to everybody else.
        """
        task = asyncio.current_task()
        afterwards: list[Callable[[], None]] = []

        async def enclosed(unit: Unit) -> T:
            afterwards.clear()
            self._enclosures[task] = _Enclosure(unit, afterwards)
            try:
                return await attempt(unit)
            finally:
                del self._enclosures[task]

        async with self._may_enclose:
            answer = await self.transact(enclosed)
        for callback in afterwards:
            callback()
        return answer

    @property
    def is_enclosed(self) -> bool:
        """Whether the present task is in the attempt of an `enclose`."""
        return self._enclosure() is not None

    def after_commit(self, callback: Callable[[str], None], argument: str) -> None:
        """Call back once the unit that encloses the present task is committed, or at once where there is none."""
        if enclosure := self._enclosure():
            enclosure.afterwards.append(partial(callback, argument))
        else:
            callback(argument)

    def _enclosure(self) -> _Enclosure | None:
        return self._enclosures.get(asyncio.current_task()) if self._enclosures else None

    @staticmethod
    async def _run(unit: Unit, attempt: Callable[[Unit], Awaitable[T]], answer: list[T]) -> None:
        transaction = unit.connection.transaction()
        await _or_lost(unit.connection, transaction.start())
        try:
            answer.append(await attempt(unit))
        except BaseException:
            with suppress(*_GONE):
                await _or_lost(unit.connection, transaction.rollback())
            raise
        unit.committing = True
        await _or_lost(unit.connection, transaction.commit())

    async def _was_committed(self, unit: Unit, backend: int) -> bool:
        if unit.proof is None:
            return False
        query, key = unit.proof

        async def look(connection: Connection) -> bool | None:
            if await connection.fetchval("SELECT true FROM pg_stat_activity WHERE pid = $1", backend):
                return None
            return bool(await connection.fetchval(query, *key))

        patience = _Patience(self._clock)
        while (found := await self.read(look)) is None:
            await patience.wait(TimeoutError(f"backend {backend} still runs"))
        return found


async def _or_lost(connection: Connection, step: Awaitable[None]) -> None:
    """Wait for a step of a transaction; a connection that it is not known to have been taken on serves nobody again."""
    try:
        await step
    except (asyncio.CancelledError, *_GONE):
        with suppress(asyncpg.InterfaceError):  # it has ended already
            connection.terminate()
        raise


class _Patience:
    """Waits a little longer each time, and gives up when the time is over."""

    __slots__ = ("_clock", "_deadline", "_pause")

    def __init__(self, clock: Clock, seconds: float = PATIENCE_SECONDS) -> None:
        self._clock = clock
        self._deadline = clock.seconds() + seconds
        self._pause = 0.02

    async def wait(self, error: BaseException) -> None:
        if self._clock.seconds() > self._deadline:
            log.error("database.unreachable", error=repr(error))
            raise Refusal(Reason.OVERLOADED, "The database is out of reach; try again later") from error
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 2, 0.5)
