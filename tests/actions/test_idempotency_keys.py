"""Keys through the action: what is kept, for how long, and what is forgotten (domain 17)."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from tests.conftest import TestProject
from tests.moving_clock import MovingClock

from troth.actions.customers import upsert_customers
from troth.actions.engine import Engine
from troth.actions.idempotency_keys import FORGET_AT_ONCE, FORGET_EVERY_SECONDS, forget_expired, once
from troth.actions.progress import Progress
from troth.core.customers import Upsert
from troth.core.idempotency_keys import KEPT_FOR, Given, Keyed, scope_of
from troth.core.refusals import Refusal

pytestmark = pytest.mark.anyio

DAY_SECONDS = 24 * 60 * 60


@pytest.fixture
def clock(engine: Engine) -> MovingClock:
    return MovingClock(engine.clock)


@pytest.fixture
def moved(engine: Engine, clock: MovingClock) -> Engine:
    """The engine, by a clock that the test moves."""
    return replace(engine, clock=clock)


def keyed(project: TestProject, key: str, body: bytes = b"{}") -> Keyed:
    return Keyed(project.id, scope_of("POST", "/", key), scope_of(body.decode()), f"v-{key}")


def change(engine: Engine, project: TestProject, body: bytes) -> Callable[[], Awaitable[Given]]:
    """Return an endpoint that makes a customer and answers with a body."""

    async def answer() -> Given:
        (made,) = await upsert_customers(engine, project.id, [Upsert({})])
        assert not isinstance(made, Refusal)
        return Given(201, [(b"etag", b'"1"'), (b"x-customer", made.customer.id.encode())], body)

    return answer


async def kept(engine: Engine, project: TestProject) -> int:
    async with engine.database.connection() as connection:
        return int(await connection.fetchval("SELECT count(*) FROM idempotency_keys WHERE project_id = $1", project.id))


async def test_status_headers_and_body_are_given_again(engine: Engine, project: TestProject) -> None:
    first, replayed = await once(engine, keyed(project, "k"), change(engine, project, b"\x00one"))
    assert (first.status, first.body, replayed) == (201, b"\x00one", False)
    again, replayed = await once(engine, keyed(project, "k"), change(engine, project, b"two"))
    assert (again, replayed) == (first, True)


async def test_what_changed_nothing_is_not_kept(engine: Engine, project: TestProject) -> None:
    bodies = iter([b"one", b"two"])

    async def answer() -> Given:
        return Given(200, [], next(bodies))

    for expected in (b"one", b"two"):
        given, replayed = await once(engine, keyed(project, "k"), answer)
        assert (given.body, replayed) == (expected, False)
    assert await kept(engine, project) == 0


async def test_a_key_is_as_new_after_a_day(moved: Engine, clock: MovingClock, project: TestProject) -> None:
    assert KEPT_FOR.total_seconds() == DAY_SECONDS
    request = keyed(project, "k")
    first, _ = await once(moved, request, change(moved, project, b"one"))
    clock.move(DAY_SECONDS - 0.001)
    assert await once(moved, request, change(moved, project, b"two")) == (first, True)
    clock.move(0.001)
    other = keyed(project, "k", b"another body")
    second, replayed = await once(moved, other, change(moved, project, b"three"))
    assert (second.body, replayed) == (b"three", False)
    clock.move(DAY_SECONDS - 0.001)
    assert await once(moved, other, change(moved, project, b"four")) == (second, True)
    assert await kept(moved, project) == 1


async def test_a_day_later_keys_are_forgotten_in_batches(
    moved: Engine, clock: MovingClock, project: TestProject
) -> None:
    async with moved.database.connection() as connection:
        await connection.execute(
            "INSERT INTO idempotency_keys (project_id, scope, body_digest, request_id, created_at)"
            " SELECT $1, sha256(n::text::bytea), sha256(''), 'v-1', $2 FROM generate_series(1, $3::int) AS n",
            project.id,
            clock.now(),
            FORGET_AT_ONCE + 1,
        )
    clock.move(DAY_SECONDS - 0.001)
    await forget_expired(moved)
    assert await kept(moved, project) == FORGET_AT_ONCE + 1
    await once(moved, keyed(project, "young"), change(moved, project, b""))
    clock.move(0.001)
    assert await forget_expired(moved) == Progress(FORGET_AT_ONCE, True, FORGET_EVERY_SECONDS)
    while (await forget_expired(moved)).more:
        pass
    assert await kept(moved, project) == 1
