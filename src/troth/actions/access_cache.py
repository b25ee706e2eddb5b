"""Each process remembers for a moment whom credentials stand for, so that a request seldom waits for the database.

What is remembered lives for less than a second from the moment its load began, so a revocation, a rotation or a
revoked bearer token takes effect within a second in every process. An entry in use is renewed before it dies.
"""

import asyncio
import hmac
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import structlog

from troth.actions import access_tokens
from troth.actions.engine import Engine
from troth.core.access import Caller
from troth.core.projects import Key
from troth.db import access
from troth.db.access import Credential
from troth.db.database import Connection

log = structlog.get_logger()

KEEP_SECONDS: Final = 0.9
RENEW_SECONDS: Final = 0.5
"""From this age on an entry in use is loaded anew, while the old one still serves."""

ENTRIES: Final = 10_000
LONGEST_KEY_PART: Final = 128
"""How many bytes an app id or a key's token may have; real ones have 36 and 43."""

_Name = tuple[bytes, bytes]
_Answer = tuple[Caller | None, float]
"""A caller, None for credentials that are not valid, and for how many more seconds they can be."""

_NOBODY: Final = bytes(32)


@dataclass(slots=True)
class _Entry:
    caller: Caller | None
    began: float
    dies: float


@dataclass(slots=True)
class _Flight:
    began: float
    task: asyncio.Task[Caller | None]


class AccessCache:
    """Whom credentials stand for; at most `ENTRIES` are remembered, those not used for the longest time go first.

    Credentials are remembered by their SHA-256 and never themselves. For one event loop.
    """

    __slots__ = ("_clock", "_engine", "_entries", "_flights", "_secret")

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._clock = engine.clock
        self._entries: OrderedDict[_Name, _Entry] = OrderedDict()
        self._flights: dict[_Name, _Flight] = {}
        self._secret: bytes | None = None

    def __len__(self) -> int:
        return len(self._entries)

    async def find_by_key(self, app_id: bytes, app_token: bytes) -> Caller | None:
        """Return whom an app id and a key's token stand for; None if they are not valid."""
        token_digest = sha256(app_token).digest()
        return await self._find((app_id, token_digest), lambda: self._load_key(app_id, token_digest))

    async def find_by_token(self, text: bytes) -> Caller | None:
        """Return whom a bearer token stands for; None if it is not valid."""
        return await self._find((b"", sha256(text).digest()), lambda: self._load_token(text))

    async def _find(self, name: _Name, load: Callable[[], Awaitable[_Answer]]) -> Caller | None:
        now = self._clock.seconds()
        entry = self._entries.get(name)
        if entry is not None and now < entry.dies:
            self._entries.move_to_end(name)
            if now - entry.began >= RENEW_SECONDS and name not in self._flights:
                self._start(name, load, now)
            return entry.caller
        flight = self._flights.get(name)
        if flight is None or now - flight.began >= KEEP_SECONDS:
            flight = self._start(name, load, now)
        # A request that is given up must not take the load of all others with it.
        return await asyncio.shield(flight.task)

    def _start(self, name: _Name, load: Callable[[], Awaitable[_Answer]], began: float) -> _Flight:
        flight = _Flight(began, asyncio.create_task(self._fly(name, load, began)))
        self._flights[name] = flight

        def landed(task: asyncio.Task[Caller | None]) -> None:
            if self._flights.get(name) is flight:
                del self._flights[name]
            if not task.cancelled() and (error := task.exception()):
                log.info("access.load_failed", error=repr(error))

        flight.task.add_done_callback(landed)
        return flight

    async def _fly(self, name: _Name, load: Callable[[], Awaitable[_Answer]], began: float) -> Caller | None:
        caller, left = await load()
        known = self._entries.get(name)
        if known is None or known.began <= began:
            self._entries[name] = _Entry(caller, began, dies=began + min(KEEP_SECONDS, left))
            self._entries.move_to_end(name)
            if len(self._entries) > ENTRIES:
                self._entries.popitem(last=False)
        return caller

    async def _load_key(self, app_id: bytes, token_digest: bytes) -> _Answer:
        if not _is_plain(app_id):
            return None, KEEP_SECONDS

        async def attempt(connection: Connection) -> Credential | None:
            return await access.find_credential(connection, app_id.decode())

        found = await self._engine.database.read(attempt)
        # An unknown app id costs the same comparison as a wrong token.
        same = hmac.compare_digest(found.token_digest if found else _NOBODY, token_digest)
        return (_caller(found.key) if found and same else None), KEEP_SECONDS

    async def _load_token(self, text: bytes) -> _Answer:
        if self._secret is None:
            self._secret = await access_tokens.find_signing_secret(self._engine)
        now = self._clock.milliseconds()
        token = access_tokens.decode(text.decode("latin-1"), self._secret, now) if self._secret else None
        key = await access_tokens.find_holder(self._engine, token) if token else None
        if token is None or key is None:
            return None, KEEP_SECONDS
        return _caller(key, frozenset(token.scope.split())), token.expires_at - now / 1000


def _is_plain(app_id: bytes) -> bool:
    return 0 < len(app_id) <= LONGEST_KEY_PART and all(0x20 < byte < 0x7F for byte in app_id)


def _caller(key: Key, scopes: frozenset[str] | None = None) -> Caller:
    return Caller(key.project_id, key.app_id, key.name, key.role, scopes)
