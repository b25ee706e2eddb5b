"""A server around one application, spoken to in bytes, whose seconds pass only when they are told to."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from tests.polling import until_async

from troth.clocks import WallClock
from troth.http.connections import Connection
from troth.http.wire import Shared

HOST = "127.0.0.1"
SOON_SECONDS = 20.0
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
TEXT = [(b"content-type", b"text/plain")]


class Client:
    """One connection to a server, read answer by answer."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def head(self) -> tuple[int, dict[bytes, bytes]]:
        text = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), SOON_SECONDS)
        line, *lines = text[:-4].split(b"\r\n")
        return int(line.split(b" ")[1]), dict(one.split(b": ", 1) for one in lines)

    async def answer(self) -> tuple[int, bytes, dict[bytes, bytes]]:
        status, headers = await self.head()
        body = await asyncio.wait_for(self.reader.readexactly(int(headers.get(b"content-length", 0))), SOON_SECONDS)
        return status, body, headers

    async def rest(self) -> bytes:
        """Read to the end of the connection."""
        received = b""
        with suppress(ConnectionResetError):
            while part := await asyncio.wait_for(self.reader.read(1 << 16), SOON_SECONDS):
                received += part
        return received


class Site:
    """A server around one application."""

    def __init__(self, app: ASGIApp, shared: Shared, port: int) -> None:
        self.app, self.shared, self.port = app, shared, port

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Client]:
        client = Client(*await asyncio.open_connection(HOST, self.port, limit=1 << 20))
        try:
            yield client
        finally:
            client.writer.close()

    def pass_seconds(self, seconds: int) -> None:
        for _ in range(seconds):
            self.shared.tick()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let the loop turn until it is so."""

        async def is_so() -> bool:
            return condition()

        await until_async(is_so, within_seconds=SOON_SECONDS)


@asynccontextmanager
async def site(app: ASGIApp) -> AsyncIterator[Site]:
    """Run a server whose seconds pass only when they are told to."""
    shared = Shared(app, WallClock())
    server = await asyncio.get_running_loop().create_server(lambda: Connection(shared), HOST, 0)
    try:
        yield Site(app, shared, server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for connection in list(shared.connections):
            connection.break_off()


async def body_of(receive: Receive) -> bytes | None:
    """Read a request's body; None where the client goes away before its end."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body, more = body + message["body"], message["more_body"]
    return body


async def reply(send: Send, body: bytes, status: int = 200, headers: Any = ()) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [*TEXT, *headers]})
    await send({"type": "http.response.body", "body": body})


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what was asked: method, path, query and body."""
    body = await body_of(receive)
    if body is None:
        await reply(send, b"cut", 400)
    else:
        await reply(
            send, b"%b %b ? %b: %b" % (scope["method"].encode(), scope["path"].encode(), scope["query_string"], body)
        )


async def deaf(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer without a look at the body."""
    await reply(send, b"no", 401)
