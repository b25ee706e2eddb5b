"""The HTTP server: connections around an ASGI application, stopped by whoever runs it (decision 0023)."""

import asyncio
import socket
from contextlib import suppress
from typing import Final

from starlette.types import ASGIApp

from troth.clocks import Clock
from troth.http.connections import Connection
from troth.http.wire import Shared

GRACE_SECONDS: Final = 10
"""How long requests under way may take to finish when the server stops."""

BACKLOG: Final = 2048


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises OSError if the address is taken or not this machine's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.listen(BACKLOG)
    listener.setblocking(False)
    return listener


async def serve(app: ASGIApp, clock: Clock, listener: socket.socket, stop: asyncio.Event) -> None:
    """Serve until `stop` is set, then let requests under way finish."""
    shared = Shared(app, clock)
    loop = asyncio.get_running_loop()
    accepting = await loop.create_server(lambda: Connection(shared), sock=listener, backlog=BACKLOG)
    ticking = asyncio.create_task(_tick(shared))
    try:
        await stop.wait()
        accepting.close()
        for connection in list(shared.connections):
            connection.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_SECONDS):
                await shared.has_none.wait()
    finally:
        accepting.close()
        ticking.cancel()
        for connection in list(shared.connections):
            connection.break_off()


async def _tick(shared: Shared) -> None:
    while True:
        await asyncio.sleep(1)
        shared.tick()
