"""The funnel for writes: whatever happens to a transaction, its answer is true and its rows are there once."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count

import asyncpg
import pytest
from tests.db.proxy import (
    COMMIT,
    SOON_SECONDS,
    Fate,
    Link,
    Proxy,
    answer_is_lost,
    arrives_late,
    never_arrives,
)
from tests.moving_clock import HastyClock
from tests.polling import until_async

from troth.clocks import WallClock
from troth.core.refusals import Reason, Refusal
from troth.db.database import ATTEMPTS, Connection, Database, Outrun, Unit

pytestmark = pytest.mark.anyio

INSERT = "INSERT INTO kept (id) VALUES ($1)"
PROOF = "SELECT true FROM kept WHERE id = $1"


class Insertion:
    """An attempt that inserts one row; it counts how often it is run."""

    def __init__(self, row_id: str = "row", then: Callable[[], Awaitable[None]] | None = None) -> None:
        self.row_id = row_id
        self.runs = 0
        self._then = then

    async def __call__(self, unit: Unit) -> int:
        self.runs += 1
        unit.prove(PROOF, self.row_id)
        await unit.connection.execute(INSERT, self.row_id)
        if self._then:
            await self._then()
        return self.runs


async def stored(witness: asyncpg.Connection) -> list[str]:
    return [row[0] for row in await witness.fetch("SELECT id FROM kept ORDER BY id")]


async def until_no_transaction_is_open(witness: asyncpg.Connection) -> None:
    async def is_so() -> bool:
        return not await witness.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL"
        )

    await until_async(is_so, within_seconds=10)


@pytest.mark.parametrize(
    ("word", "fate", "runs"),
    [
        pytest.param(COMMIT, answer_is_lost, 1, id="committed, the answer lost"),
        pytest.param(COMMIT, never_arrives, 2, id="the commit lost"),
        pytest.param(COMMIT, arrives_late, 1, id="committed while being looked for"),
        pytest.param(b"INSERT", never_arrives, 2, id="a statement lost"),
        pytest.param(b"INSERT", answer_is_lost, 2, id="a statement done, its answer lost"),
        pytest.param(b"BEGIN", never_arrives, 1, id="the beginning lost"),
    ],
)
async def test_a_lost_connection_neither_loses_nor_doubles(
    narrow: Database, proxy: Proxy, witness: asyncpg.Connection, word: bytes, fate: Fate, runs: int
) -> None:
    proxy.next_at(word, fate)
    insertion = Insertion()
    assert await asyncio.wait_for(narrow.transact(insertion), SOON_SECONDS) == insertion.runs == runs
    assert await stored(witness) == ["row"]
    await until_no_transaction_is_open(witness)


async def test_a_commit_lost_twice_is_looked_into_twice(
    narrow: Database, proxy: Proxy, witness: asyncpg.Connection
) -> None:
    proxy.next_at(COMMIT, never_arrives)
    proxy.next_at(COMMIT, answer_is_lost)
    insertion = Insertion()
    assert await narrow.transact(insertion) == insertion.runs == 2
    assert await stored(witness) == ["row"]


async def test_what_wrote_nothing_is_run_again_when_its_commit_is_lost(narrow: Database, proxy: Proxy) -> None:
    runs = count(1)

    async def look(unit: Unit) -> int:
        await unit.connection.fetchval("SELECT 1")
        return next(runs)

    proxy.next_at(COMMIT, answer_is_lost)
    assert await narrow.transact(look) == 2


async def test_a_connection_that_the_server_said_farewell_to_is_used_no_more(
    narrow: Database, proxy: Proxy, witness: asyncpg.Connection
) -> None:
    async def is_the_last(link: Link, message: bytes) -> None:
        link.say_farewell()
        link.send(message)

    async def look(connection: Connection) -> int:
        return int(await connection.fetchval("SELECT count(*) FROM kept"))

    proxy.next_at(COMMIT, is_the_last)
    assert await narrow.transact(Insertion("one")) == 1
    assert await narrow.transact(Insertion("two")) == 1
    proxy.next_at(COMMIT, is_the_last)
    assert await narrow.transact(Insertion("three")) == 1
    assert await narrow.read(look) == 3


async def test_a_lost_reading_is_read_again(narrow: Database, proxy: Proxy) -> None:
    async def look(connection: Connection) -> int:
        return int(await connection.fetchval("SELECT 41 + 1"))

    proxy.next_at(b"SELECT 41", answer_is_lost)
    assert await narrow.read(look) == 42


async def test_a_database_that_stays_away_is_waited_for_only_so_long(proxy: Proxy, witness: asyncpg.Connection) -> None:
    database = await Database.open(proxy.url, HastyClock(), connections=1)

    async def leave(link: Link, message: bytes) -> None:
        proxy.is_open = False
        link.end()

    async def look(connection: Connection) -> None:
        await connection.fetchval("SELECT 1")

    proxy.next_at(b"INSERT", leave)
    for work in (lambda: database.transact(Insertion()), lambda: database.read(look)):
        with pytest.raises(Refusal) as refused:
            await asyncio.wait_for(work(), SOON_SECONDS)
        assert refused.value.reason is Reason.OVERLOADED
    proxy.is_open = True
    assert await database.transact(Insertion()) == 1
    await database.close()


async def test_opening_waits_for_a_server_that_starts_late(proxy: Proxy) -> None:
    proxy.is_open = False
    opening = asyncio.create_task(Database.open(proxy.url, WallClock(), connections=1))
    await until_async(proxy.was_tried, within_seconds=10)
    assert not opening.done()
    proxy.is_open = True
    await (await opening).close()


async def test_a_deadlock_is_resolved_by_running_one_unit_again(
    database: Database, witness: asyncpg.Connection
) -> None:
    await witness.execute("INSERT INTO kept (id) VALUES ('one'), ('two')")
    both_hold = asyncio.Barrier(2)
    runs = count(1)

    def crosswise(first: str, second: str) -> Callable[[Unit], Awaitable[None]]:
        async def attempt(unit: Unit) -> None:
            unit.prove(PROOF, first)
            await unit.connection.execute("UPDATE kept SET number = number + 1 WHERE id = $1", first)
            if next(runs) <= 2:
                await both_hold.wait()
            await unit.connection.execute("UPDATE kept SET number = number + 1 WHERE id = $1", second)

        return attempt

    await asyncio.gather(database.transact(crosswise("one", "two")), database.transact(crosswise("two", "one")))
    assert next(runs) >= 4  # two, and each loser once more; they may meet again
    assert [row[0] for row in await witness.fetch("SELECT number FROM kept")] == [2, 2]


async def test_a_serialization_failure_is_run_again(database: Database, witness: asyncpg.Connection) -> None:
    await witness.execute("INSERT INTO kept (id) VALUES ('row')")
    seen = []

    async def attempt(unit: Unit) -> None:
        await unit.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        seen.append(await unit.connection.fetchval("SELECT number FROM kept"))
        if len(seen) == 1:
            await witness.execute("UPDATE kept SET number = 5")
        await unit.connection.execute("UPDATE kept SET number = number + 1")

    await database.transact(attempt)
    assert seen == [0, 5]
    assert await witness.fetchval("SELECT number FROM kept") == 6


@pytest.mark.parametrize("losses", [1, ATTEMPTS - 1])
async def test_who_is_outrun_starts_anew(database: Database, witness: asyncpg.Connection, losses: int) -> None:
    insertion = Insertion()

    async def outrun() -> None:
        if insertion.runs <= losses:
            raise Outrun

    insertion = Insertion(then=outrun)
    assert await database.transact(insertion) == losses + 1
    assert await stored(witness) == ["row"]


async def test_who_is_always_outrun_is_refused(database: Database, witness: asyncpg.Connection) -> None:
    async def outrun() -> None:
        raise Outrun

    insertion = Insertion(then=outrun)
    with pytest.raises(Refusal) as refused:
        await database.transact(insertion)
    assert (refused.value.reason, insertion.runs) == (Reason.OVERLOADED, ATTEMPTS)
    assert await stored(witness) == []


@pytest.mark.parametrize("raised", [Refusal(Reason.NOT_FOUND, "nothing"), ValueError("a mistake"), KeyError("id")])
async def test_whatever_is_raised_rolls_back_and_goes_to_the_caller(
    database: Database, witness: asyncpg.Connection, raised: Exception
) -> None:
    async def fail() -> None:
        raise raised

    insertion = Insertion(then=fail)
    with pytest.raises(type(raised)) as caught:
        await database.transact(insertion)
    assert caught.value is raised
    assert insertion.runs == 1
    assert await stored(witness) == []
    await until_no_transaction_is_open(witness)


async def test_an_argument_that_does_not_fit_is_a_mistake_and_no_lost_connection(database: Database) -> None:
    runs = count(1)

    async def mistaken(unit: Unit) -> None:
        next(runs)
        await unit.connection.fetchval("SELECT $1::int", "one")

    async def look(connection: Connection) -> None:
        next(runs)
        await connection.fetchval("SELECT $1::int", "one")

    for work in (lambda: database.transact(mistaken), lambda: database.read(look)):
        with pytest.raises(asyncpg.DataError):
            await work()
    assert next(runs) == 3


@pytest.mark.parametrize("query", [None, "SELECT pg_sleep(60)"], ids=["between statements", "within a statement"])
async def test_a_cancelled_unit_leaves_nothing(
    narrow: Database, witness: asyncpg.Connection, query: str | None
) -> None:
    reached = asyncio.Event()

    async def hang(unit: Unit) -> None:
        await unit.connection.execute(INSERT, "row")
        reached.set()
        await (unit.connection.execute(query) if query else asyncio.Event().wait())

    working = asyncio.create_task(narrow.transact(hang))
    await reached.wait()
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    await until_no_transaction_is_open(witness)
    assert await stored(witness) == []
    assert await narrow.transact(Insertion()) == 1


async def test_what_a_unit_raises_is_raised_though_its_rollback_is_lost(
    narrow: Database, proxy: Proxy, witness: asyncpg.Connection
) -> None:
    runs = count(1)

    async def refuse(unit: Unit) -> None:
        next(runs)
        await unit.connection.execute(INSERT, "row")
        raise Refusal(Reason.NOT_FOUND, "not here")

    proxy.next_at(b"ROLLBACK", never_arrives)
    with pytest.raises(Refusal, match="not here"):
        await asyncio.wait_for(narrow.transact(refuse), SOON_SECONDS)
    assert next(runs) == 2
    assert await narrow.transact(Insertion()) == 1
    assert await stored(witness) == ["row"]


async def test_a_unit_cancelled_at_its_beginning_is_no_error(narrow: Database, proxy: Proxy) -> None:
    arrived, told = asyncio.Event(), []

    async def is_held_up(link: Link, _: bytes) -> None:
        arrived.set()

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: told.append(context["message"]))
    try:
        proxy.next_at(b"BEGIN", is_held_up)
        working = asyncio.create_task(narrow.transact(Insertion()))
        await asyncio.wait_for(arrived.wait(), SOON_SECONDS)
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(working, SOON_SECONDS)
        assert await asyncio.wait_for(narrow.transact(Insertion()), SOON_SECONDS) == 1
    finally:
        loop.set_exception_handler(None)
    assert told == []


async def test_a_unit_cancelled_at_its_commit_leaves_no_transaction_open(
    narrow: Database, proxy: Proxy, witness: asyncpg.Connection
) -> None:
    """Whether it is committed then is open, but it is one or the other."""
    arrived, cancelled = asyncio.Event(), asyncio.Event()

    async def is_held_up(link: Link, message: bytes) -> None:
        arrived.set()
        await cancelled.wait()
        link.send(message)

    proxy.next_at(COMMIT, is_held_up)
    working = asyncio.create_task(narrow.transact(Insertion()))
    await arrived.wait()
    working.cancel()
    cancelled.set()
    with suppress(asyncio.CancelledError):
        await working
    await until_no_transaction_is_open(witness)
    with suppress(asyncpg.UniqueViolationError):
        await narrow.transact(Insertion())
    assert await stored(witness) == ["row"]
