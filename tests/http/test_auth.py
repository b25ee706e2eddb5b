"""From headers to a caller: what is believed, what is refused, and for how long either is remembered (domain 2)."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import jwt
import pytest
from tests.moving_clock import MovingClock

from troth.actions import access, access_cache, access_tokens
from troth.actions.access import NewKey
from troth.actions.engine import Engine
from troth.core.access import Caller, Role
from troth.core.refusals import Reason, Refusal
from troth.db.database import Connection, Database
from troth.http.auth import Authenticator

pytestmark = pytest.mark.anyio

T = TypeVar("T")
Headers = Sequence[tuple[bytes, bytes]]


class CountingDatabase(Database):
    """The real database, with a count of its reads and a gate that each waits at before it begins."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.reads = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def read(self, attempt: Callable[[Connection], Awaitable[T]]) -> T:
        self.reads += 1
        await self.gate.wait()
        return await self._database.read(attempt)


@dataclass
class Shop:
    """A project with a key, an engine with a clock to move, and an authenticator at its start."""

    engine: Engine
    clock: MovingClock
    database: CountingDatabase
    authenticator: Authenticator
    made: NewKey

    @property
    def caller(self) -> Caller:
        key = self.made.key
        return Caller(key.project_id, key.app_id, key.name, key.role)

    @property
    def pair(self) -> Headers:
        return pair_of(self.made)

    async def bearer(self, scope: str = "api") -> Headers:
        token = await access_tokens.issue_token(self.engine, self.caller, self.made.token, scope)
        return [(b"authorization", b"Bearer " + token.text.encode())]

    async def accepts(self, headers: Headers) -> bool:
        """Return whether the headers are believed; that they are not must always read the same."""
        try:
            await self.authenticator.authenticate(headers)
        except Refusal as refusal:
            told = (refusal.reason, refusal.details)
        else:
            return True
        assert told == (Reason.UNAUTHORIZED, access.unauthorized().details)
        return False


def pair_of(made: NewKey) -> Headers:
    return [(b"x-app-id", made.key.app_id.encode()), (b"x-app-token", made.token.encode())]


async def open_shop(engine: Engine, role: Role = Role.ADMIN) -> Shop:
    clock, database = MovingClock(engine.clock), CountingDatabase(engine.database)
    _, made = await access.create_project(engine, "Shop")
    if role is not Role.ADMIN:
        made = await access.create_key(engine, made.key.project_id, "Till", role)
    return Shop(
        replace(engine, clock=clock),
        clock,
        database,
        Authenticator(replace(engine, clock=clock, database=database)),
        made,
    )


@pytest.fixture
async def shop(engine: Engine) -> Shop:
    return await open_shop(engine)


async def breathe() -> None:
    """Let every task that can run do so, as far as it gets without the database."""
    for _ in range(5):
        await asyncio.sleep(0)


async def settle() -> None:
    """Let background loads come to their end."""
    await breathe()
    if loads := [task for task in asyncio.all_tasks() if getattr(task.get_coro(), "__name__", "") == "_fly"]:
        _, late = await asyncio.wait(loads, timeout=10)
        assert not late


async def test_a_key_and_its_bearer_token_stand_for_the_same_project(shop: Shop) -> None:
    pair, bearer = shop.pair, await shop.bearer("loyalties orders")
    assert await shop.authenticator.authenticate(pair) == shop.caller
    scoped = replace(shop.caller, scopes=frozenset({"loyalties", "orders"}))
    assert await shop.authenticator.authenticate(bearer) == scoped
    assert await shop.authenticator.authenticate([(b"host", b"x"), *bearer, *pair]) == shop.caller
    lower = [(b"authorization", b"bearer  " + bearer[0][1][7:])]
    assert await shop.authenticator.authenticate(lower) == scoped


async def test_a_token_of_a_read_only_key_stays_read_only(engine: Engine) -> None:
    till = await open_shop(engine, Role.READ_ONLY)
    for headers in (till.pair, await till.bearer("api")):
        caller = await till.authenticator.authenticate(headers)
        assert caller.role is Role.READ_ONLY
        assert not caller.may("loyalties", changes=True)
        assert caller.may("loyalties", changes=False)


async def test_a_wrong_pair_is_refused_whatever_is_wrong_with_it(shop: Shop, engine: Engine) -> None:
    stranger = await open_shop(engine)
    (app_id, app_token), bearer = shop.pair, (await shop.bearer())[0]
    other_id, other_token = stranger.pair
    refused: list[Headers] = [
        [],
        [(b"host", b"localhost")],
        [app_id],
        [app_token],
        [app_id, (b"x-app-token", b"")],
        [(b"x-app-id", b""), app_token],
        [app_id, (b"x-app-token", app_token[1][:-1])],
        [app_id, (b"x-app-token", app_token[1] + b"=")],
        [app_id, (b"x-app-token", b"x" * 100_000)],
        [(b"x-app-id", b"x" * 100_000), app_token],
        [(b"x-app-id", app_id[1].upper()), app_token],
        [(b"x-app-id", b"a\x00b"), app_token],
        [(b"x-app-id", b"\xff\xfe"), (b"x-app-token", b"\xff")],
        [(b"x-app-id", b"9d1f0c1e-5f0a-4a4e-8a58-3a9c7d4d8a11"), app_token],
        [app_id, other_token],
        [other_id, app_token],
        [app_id, app_id, app_token],
        [app_id, app_token, app_token],
        [app_id, app_token, other_token],
        [bearer, bearer],
        [bearer, app_id],
        [bearer, app_token],
        [bearer, other_id, other_token],
        [bearer, app_id, other_token],
        [(b"authorization", b"Bearer a.b.c"), app_id, app_token],
        [(b"authorization", b""), app_id, app_token],
        [(b"authorization", b"Basic dXNlcjpwYXNz"), app_id, app_token],
    ]
    assert [headers for headers in refused if await shop.accepts(headers)] == []
    assert await shop.accepts(shop.pair)


async def test_a_wrong_bearer_token_is_refused_whatever_is_wrong_with_it(shop: Shop, engine: Engine) -> None:
    stranger = await open_shop(engine)
    bearer = (await shop.bearer())[0][1]
    secret = await access_tokens.find_signing_secret(engine)
    assert secret
    claims = jwt.decode(bearer[7:], options={"verify_signature": False})
    forged = jwt.encode(claims, bytes(32), algorithm="HS256").encode()
    unsigned = jwt.encode(claims, None, algorithm="none").encode()
    foreign = jwt.encode(claims | {"project": stranger.caller.project_id}, secret, algorithm="HS256").encode()
    refused = [
        b"",
        b"Bearer",
        b"Bearer ",
        b"Bearer  ",
        b"Token " + bearer[7:],
        b"Bearer" + bearer[7:],
        bearer + b" x",
        b"Bearer " + forged,
        b"Bearer " + unsigned,
        b"Bearer " + foreign,
        b"Bearer \xff\xfe.\x00.x",
        b"Bearer " + b"x." * 100_000,
    ]
    assert [value for value in refused if await shop.accepts([(b"authorization", value)])] == []
    assert await shop.accepts([(b"authorization", bearer)])


async def test_rotation_revocation_and_revoked_tokens_take_effect_within_a_second(shop: Shop) -> None:
    pair, revoked, derived = shop.pair, await shop.bearer(), await shop.bearer()
    for headers in (pair, revoked, derived):
        assert await shop.accepts(headers)
    await access_tokens.revoke_token(shop.engine, shop.caller, revoked[0][1][7:].decode())
    shop.clock.move(0.91)
    assert not await shop.accepts(revoked)
    assert await shop.accepts(derived)
    assert await shop.accepts(pair)
    shop.made = await access.rotate_key(shop.engine, shop.made.key.app_id)
    assert await shop.accepts(shop.pair)
    shop.clock.move(0.91)
    assert not await shop.accepts(pair)
    assert not await shop.accepts(derived)
    fresh = await shop.bearer()
    assert await shop.accepts(fresh)
    await access.revoke_key(shop.engine, shop.made.key.app_id)
    shop.clock.move(0.91)
    assert not await shop.accepts(shop.pair)
    assert not await shop.accepts(fresh)


async def test_a_revocation_is_obeyed_within_a_second_at_any_pace_of_requests(shop: Shop) -> None:
    for pace in (0.05, 0.3, 0.45, 0.6, 0.89):
        shop.made = await access.rotate_key(shop.engine, shop.made.key.app_id)
        for _ in range(7):
            assert await shop.accepts(shop.pair)
            shop.clock.move(pace)
        old, rotated_at = shop.pair, shop.clock.seconds()
        assert await shop.accepts(old)
        shop.made = await access.rotate_key(shop.engine, shop.made.key.app_id)
        while await shop.accepts(old):
            assert shop.clock.seconds() - rotated_at < 1
            await settle()
            shop.clock.move(pace)


async def test_a_token_is_not_remembered_beyond_its_expiry(shop: Shop) -> None:
    bearer = await shop.bearer()
    expires_at = jwt.decode(bearer[0][1][7:], options={"verify_signature": False})["exp"]
    shop.clock.move(expires_at - shop.clock.milliseconds() / 1000 - 0.2)
    assert await shop.accepts(bearer)
    shop.clock.move(0.19)
    assert await shop.accepts(bearer)
    shop.clock.move(0.02)
    assert not await shop.accepts(bearer)


async def test_requests_that_come_together_load_once(shop: Shop) -> None:
    shop.database.gate.clear()
    requests = [asyncio.create_task(shop.authenticator.authenticate(shop.pair)) for _ in range(64)]
    await breathe()
    requests[0].cancel()
    await breathe()
    shop.database.gate.set()
    callers = await asyncio.gather(*requests, return_exceptions=True)
    assert isinstance(callers[0], asyncio.CancelledError)
    assert callers[1:] == [shop.caller] * 63
    assert shop.database.reads == 1
    assert await shop.accepts(shop.pair)
    assert shop.database.reads == 1


async def test_a_load_that_hangs_answers_nobody_who_came_a_second_later(shop: Shop) -> None:
    hanging = shop.database.gate = asyncio.Event()
    early = asyncio.create_task(shop.accepts(shop.pair))
    await breathe()
    shop.clock.move(0.89)
    joined = asyncio.create_task(shop.accepts(shop.pair))
    await breathe()
    assert shop.database.reads == 1
    shop.clock.move(0.02)
    shop.database.gate = asyncio.Event()
    shop.database.gate.set()
    assert await shop.accepts(shop.pair)
    assert shop.database.reads == 2
    hanging.set()
    assert await asyncio.gather(early, joined) == [True, True]
    # The old answer has not taken the new one's place.
    shop.clock.move(0.4)
    assert await shop.accepts(shop.pair)
    assert shop.database.reads == 2


async def test_what_took_long_to_load_is_remembered_for_no_longer(shop: Shop) -> None:
    shop.database.gate.clear()
    slow = asyncio.create_task(shop.accepts(shop.pair))
    await breathe()
    shop.clock.move(0.6)
    shop.database.gate.set()
    assert await slow
    shop.clock.move(0.31)
    assert await shop.accepts(shop.pair)
    assert shop.database.reads == 2


async def test_an_entry_in_use_is_renewed_before_it_dies(shop: Shop) -> None:
    assert await shop.accepts(shop.pair)
    shop.clock.move(0.49)
    assert await shop.accepts(shop.pair)
    await settle()
    assert shop.database.reads == 1
    shop.clock.move(0.02)
    shop.database.gate.clear()
    for _ in range(3):
        assert await shop.accepts(shop.pair)  # answered at once, though the database is silent
        await breathe()
    assert shop.database.reads == 2
    shop.database.gate.set()
    await settle()
    shop.clock.move(0.49)
    assert await shop.accepts(shop.pair)
    await settle()
    assert shop.database.reads == 2


async def test_an_entry_out_of_use_is_not_renewed(shop: Shop) -> None:
    assert await shop.accepts(shop.pair)
    shop.clock.move(10)
    await settle()
    assert shop.database.reads == 1
    assert await shop.accepts(shop.pair)
    assert shop.database.reads == 2


async def test_wrong_credentials_are_remembered_for_less_than_a_second(shop: Shop) -> None:
    wrong = [shop.pair[0], (b"x-app-token", b"wrong")]
    for _ in range(5):
        assert not await shop.accepts(wrong)
    assert shop.database.reads == 1
    shop.clock.move(0.91)
    assert not await shop.accepts(wrong)
    assert shop.database.reads == 2


async def test_garbage_costs_no_query(shop: Shop) -> None:
    await shop.accepts(await shop.bearer())
    before = shop.database.reads
    for place in range(20):
        assert not await shop.accepts([(b"authorization", f"Bearer a.b.{place}".encode())])
        assert not await shop.accepts([(b"x-app-id", b"\xff%d" % place), (b"x-app-token", b"x")])
    assert shop.database.reads == before


async def test_what_was_not_used_for_the_longest_time_is_forgotten_first(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_cache, "ENTRIES", 4)
    cache = access_cache.AccessCache(replace(shop.engine, database=shop.database))
    app_id, app_token = (value for _, value in shop.pair)
    assert await cache.find_by_key(app_id, app_token)
    for place in range(50):
        assert await cache.find_by_key(app_id, b"wrong %d" % place) is None
        assert await cache.find_by_key(app_id, app_token)
        assert len(cache) <= 4
    assert len(cache) == 4
    assert shop.database.reads == 51
    assert await cache.find_by_key(app_id, b"wrong 49") is None
    assert shop.database.reads == 51
    assert await cache.find_by_key(app_id, b"wrong 0") is None
    assert shop.database.reads == 52


async def test_a_load_that_fails_is_told_to_all_and_remembered_by_none(shop: Shop) -> None:
    class Unreachable(CountingDatabase):
        async def read(self, attempt: Callable[[Connection], Awaitable[T]]) -> T:
            await super().read(attempt)
            raise Refusal(Reason.OVERLOADED, "The database is out of reach; try again later")

    engine = replace(shop.engine, database=Unreachable(shop.engine.database))
    authenticator = Authenticator(engine)
    found = await asyncio.gather(*(authenticator.authenticate(shop.pair) for _ in range(4)), return_exceptions=True)
    assert [one.reason for one in found if isinstance(one, Refusal)] == [Reason.OVERLOADED] * 4
    engine.database = shop.engine.database
    assert await authenticator.authenticate(shop.pair) == shop.caller
