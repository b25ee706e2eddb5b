"""What lies under HTTP: a client's connection, with its pressure both ways and how long it may wait (decision 0023)."""

import asyncio
from email.utils import format_datetime
from typing import Final, cast

from starlette.types import ASGIApp

from troth.clocks import Clock

BODY_SECONDS: Final = 30
"""How long nothing may come of a body that is waited for."""

WRITE_SECONDS: Final = 30
"""How long a client may leave untaken what is sent to it."""

NEVER: Final = 1 << 62


class Shared:
    """What the connections of a server share: the application, and a clock that ticks once a second."""

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self.app = app
        self.connections: set[Wire] = set()
        self.has_none = asyncio.Event()
        self.has_none.set()
        self.now = 0
        self.date_line = b""
        self._clock = clock
        self.tick()

    def tick(self) -> None:
        """Let a second pass: connections that have waited for long enough end."""
        self.now += 1
        self.date_line = f"date: {format_datetime(self._clock.now(), usegmt=True)}\r\n".encode()
        for connection in [one for one in self.connections if one.expires <= self.now]:
            connection.expire()


class Wire(asyncio.Protocol):
    """A connection to write to, and to wait for; `expires` is the tick at which its time is over."""

    transport: asyncio.Transport

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.expires = NEVER
        self.task: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._is_held = False
        self._news: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        """What is to come, of the request and in the transport's buffer; each only where somebody waits for it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.shared.connections.add(self)
        self.shared.has_none.clear()

    def connection_lost(self, _: Exception | None) -> None:
        self.shared.connections.discard(self)
        if not self.shared.connections:
            self.shared.has_none.set()
        self.resume_writing()

    def pause_writing(self) -> None:
        self._room = self._loop.create_future()
        self.expires = self.shared.now + WRITE_SECONDS

    def resume_writing(self) -> None:
        _come(self._room)
        self._room = None
        self.expires = NEVER

    def expire(self) -> None:
        """End the connection, since its time is over."""
        self.transport.close()

    def stop(self) -> None:
        """End the connection as soon as nothing is under way."""
        self.transport.close()

    def break_off(self) -> None:
        """End the connection and all that is under way."""
        self.transport.abort()
        if self.task is not None:
            self.task.cancel()

    def write(self, data: bytes) -> bool:
        """Send, and return whether the client keeps up with what is sent; without a client, nothing happens."""
        if not self.transport.is_closing():
            self.transport.write(data)
        return self._room is None

    async def drain(self) -> None:
        """Wait until the client has taken most of what was sent."""
        if self._room is not None:
            await self._room

    def tell(self) -> None:
        """Wake who waits for something to come."""
        _come(self._news)
        self._news = None

    async def wait(self, *, seconds: int = NEVER) -> None:
        """Wait until something has come; the connection ends when that takes longer."""
        self._news = self._loop.create_future()
        self.expires = self.shared.now + seconds
        await self._news
        self.expires = NEVER

    def hold(self) -> None:
        """Take no more from the socket."""
        if not self._is_held and not self.transport.is_closing():
            self._is_held = True
            self.transport.pause_reading()

    def go_on(self) -> None:
        """Take from the socket again."""
        if self._is_held and not self.transport.is_closing():
            self._is_held = False
            self.transport.resume_reading()


def _come(awaited: asyncio.Future[None] | None) -> None:
    if awaited is not None and not awaited.done():
        awaited.set_result(None)
