"""Several units of work in one: committed, undone and run again as a whole."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import asyncpg
import pytest
from tests.db.proxy import COMMIT, SOON_SECONDS, Fate, Proxy, answer_is_lost, arrives_late, never_arrives

from troth.core.refusals import Reason, Refusal
from troth.db.database import Connection, Database, Outrun, Unit

pytestmark = pytest.mark.anyio

REFUSAL = Refusal(Reason.NOT_FOUND, "nothing")


async def insert(database: Database, row_id: str, then: Exception | None = None) -> str:
    """Insert a row in a unit of work of its own, and raise an error at its end if one is given."""

    async def attempt(unit: Unit) -> str:
        unit.prove("SELECT true FROM kept WHERE id = $1", row_id)
        await unit.connection.execute("INSERT INTO kept (id) VALUES ($1)", row_id)
        if then:
            raise then
        return row_id

    return await database.transact(attempt)


async def rows(database: Database) -> list[str]:
    async def look(connection: Connection) -> list[str]:
        return await stored(connection)

    return await database.read(look)


async def stored(connection: Connection | asyncpg.Connection) -> list[str]:
    return [row[0] for row in await connection.fetch("SELECT id FROM kept ORDER BY id")]


def enclosing(work: Callable[[], Awaitable[object]]) -> Callable[[Unit], Awaitable[object]]:
    async def attempt(_: Unit) -> object:
        return await work()

    return attempt


async def test_units_are_one_and_see_each_other(database: Database, witness: asyncpg.Connection) -> None:
    async def work() -> list[str]:
        await insert(database, "one")
        await insert(database, "two")
        assert await stored(witness) == []
        return await rows(database)

    assert await database.enclose(enclosing(work)) == ["one", "two"]
    assert await stored(witness) == ["one", "two"]
    assert not database.is_enclosed


async def test_a_refusal_undoes_all(database: Database, witness: asyncpg.Connection) -> None:
    async def work() -> None:
        await insert(database, "one")
        await insert(database, "two", REFUSAL)

    with pytest.raises(Refusal) as refused:
        await database.enclose(enclosing(work))
    assert refused.value is REFUSAL
    assert await stored(witness) == []


async def test_a_part_whose_refusal_is_caught_is_undone_by_itself(
    database: Database, witness: asyncpg.Connection
) -> None:
    proofs = []

    async def attempt(unit: Unit) -> None:
        for row_id, error in (("one", REFUSAL), ("two", None), ("three", asyncpg.DataError())):
            with suppress(Refusal, asyncpg.DataError):
                await insert(database, row_id, error)
            proofs.append(unit.proof and unit.proof[1])

    await database.enclose(attempt)
    assert proofs == [None, ("two",), ("two",)]
    assert await stored(witness) == ["two"]


async def test_a_lost_race_runs_all_of_it_again(database: Database, witness: asyncpg.Connection) -> None:
    woken: list[str] = []
    losses = iter([Outrun(), Outrun()])
    runs = []

    async def work() -> None:
        runs.append(await rows(database))
        await insert(database, "one")
        database.after_commit(woken.append, "job")
        await insert(database, "two", next(losses, None))

    await database.enclose(enclosing(work))
    assert runs == [[], [], []]
    assert woken == ["job"]
    assert await stored(witness) == ["one", "two"]


@pytest.mark.parametrize(
    ("word", "fate", "expected_runs"),
    [
        pytest.param(COMMIT, answer_is_lost, 1, id="committed, the answer lost"),
        pytest.param(COMMIT, never_arrives, 2, id="the commit lost"),
        pytest.param(COMMIT, arrives_late, 1, id="committed while being looked for"),
        pytest.param(b"SELECT id", never_arrives, 2, id="a reading lost"),
        pytest.param(b"RELEASE", answer_is_lost, 2, id="a part done, its answer lost"),
    ],
)
async def test_a_lost_connection_neither_loses_nor_doubles(
    narrow: Database, proxy: Proxy, witness: asyncpg.Connection, word: bytes, fate: Fate, expected_runs: int
) -> None:
    runs = []

    async def work() -> list[str]:
        runs.append(1)
        await insert(narrow, "one")
        await insert(narrow, "two")
        return await rows(narrow)

    proxy.next_at(word, fate)
    assert await asyncio.wait_for(narrow.enclose(enclosing(work)), SOON_SECONDS) == ["one", "two"]
    assert len(runs) == expected_runs
    assert await stored(witness) == ["one", "two"]


async def test_a_task_that_it_starts_is_on_its_own(database: Database, witness: asyncpg.Connection) -> None:
    async def work() -> None:
        await insert(database, "inside")
        await asyncio.create_task(insert(database, "outside"))
        raise REFUSAL

    with pytest.raises(Refusal):
        await database.enclose(enclosing(work))
    assert await stored(witness) == ["outside"]


async def test_what_waits_for_the_commit_is_told_after_it(database: Database, witness: asyncpg.Connection) -> None:
    woken: list[str] = []

    async def work() -> None:
        await insert(database, "one")
        database.after_commit(woken.append, "inside")
        assert woken == ["outside"]

    async def refused() -> None:
        database.after_commit(woken.append, "refused")
        raise REFUSAL

    database.after_commit(woken.append, "outside")
    await database.enclose(enclosing(work))
    with pytest.raises(Refusal):
        await database.enclose(enclosing(refused))
    assert woken == ["outside", "inside"]


async def test_half_of_the_connections_are_left_to_others(narrow: Database, witness: asyncpg.Connection) -> None:
    """The database has two connections: one unit has the first, another waits for it, and the second one serves."""
    begun, over = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        begun.set()
        await over.wait()

    first = asyncio.create_task(narrow.enclose(enclosing(wait)))
    await begun.wait()
    second = asyncio.create_task(narrow.enclose(enclosing(lambda: insert(narrow, "late"))))
    for row_id in ("one", "two"):
        await asyncio.wait_for(insert(narrow, row_id), SOON_SECONDS)
    assert not second.done()
    over.set()
    await first
    assert await second == "late"
    assert await stored(witness) == ["late", "one", "two"]
