"""A connection to PostgreSQL that a test cuts at a chosen word: the network as it is on a bad day."""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

SOON_SECONDS = 10.0
BLOCK = 65536
COMMIT = b"COMMIT;\x00"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Fate = Callable[["Link", bytes], Awaitable[None]]
"""What happens to the message in which a word was found, and to its connection."""


class Link:
    """One connection through the proxy: the client's side and the server's side."""

    def __init__(self, proxy: "Proxy", client: Streams, server: Streams) -> None:
        self.proxy = proxy
        self._client = client
        self._server = server
        self._is_mute = False
        self._farewell = b""
        self._answered = asyncio.Event()

    async def carry(self) -> None:
        """Carry messages both ways until the client ends, or the server does."""
        answers = asyncio.create_task(self._carry_answers())
        try:
            while not self._client[1].is_closing() and (message := await self._client[0].read(BLOCK)):
                self.proxy.see(message)
                if fate := self.proxy.fate_of(message):
                    await fate(self, message)
                else:
                    self.send(message)
        except ConnectionError:
            pass  # a client that ends in the middle
        finally:
            answers.cancel()
            self.end()
            self._server[1].close()

    async def _carry_answers(self) -> None:
        while answer := await self._server[0].read(BLOCK):
            self._answered.set()
            if not self._is_mute:
                self._client[1].write(answer + self._farewell)
        self.end()

    def send(self, message: bytes) -> None:
        """Pass a message on to the server."""
        self._server[1].write(message)

    async def tell(self, message: bytes) -> None:
        """Give the server a message and keep its answer from the client."""
        self._is_mute = True
        self._answered.clear()
        self.send(message)
        await self._answered.wait()

    def say_farewell(self) -> None:
        """Let the next answer be followed by what a server says before it ends a connection, but do not end it."""
        fields = b"SFATAL\0VFATAL\0C57P02\0Mterminating connection\0\0"
        self._farewell = b"E" + (len(fields) + 4).to_bytes(4, "big") + fields

    def end(self) -> None:
        """End the connection, as the client sees it."""
        self._client[1].close()


class Proxy:
    """Stands between a pool and the server; `next_at` decides what happens when a word passes."""

    def __init__(self, server_path: str, url: str) -> None:
        self.url = url
        self.is_open = True
        self._server_path = server_path
        self._fates: list[tuple[bytes, Fate]] = []
        self._links: set[asyncio.Task[None]] = set()
        self._refused_count = 0
        self._awaited: list[tuple[bytes, asyncio.Event]] = []

    def next_at(self, word: bytes, fate: Fate) -> None:
        """Give the next message with this word a fate of its own."""
        self._fates.append((word, fate))

    async def word(self, word: bytes) -> None:
        """Wait until a message with this word arrives."""
        event = asyncio.Event()
        self._awaited.append((word, event))
        await asyncio.wait_for(event.wait(), SOON_SECONDS)

    async def was_tried(self) -> bool:
        """Tell whether a connection was refused."""
        return self._refused_count > 0

    def see(self, message: bytes) -> None:
        for word, event in self._awaited:
            if word in message:
                event.set()

    def fate_of(self, message: bytes) -> Fate | None:
        for place, (word, _) in enumerate(self._fates):
            if word in message:
                return self._fates.pop(place)[1]
        return None

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.is_open:
            self._refused_count += 1
            writer.close()
            return
        link = Link(self, (reader, writer), await asyncio.open_unix_connection(self._server_path))
        task = asyncio.create_task(link.carry())
        self._links.add(task)
        task.add_done_callback(self._links.discard)

    async def close(self) -> None:
        """End all connections."""
        for task in self._links:
            task.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)


@asynccontextmanager
async def proxied(url: str) -> AsyncIterator[Proxy]:
    """Yield a proxy before the server at a URL with a socket folder."""
    folder = parse_qs(urlsplit(url).query)["host"][0]
    with tempfile.TemporaryDirectory() as own:
        proxy = Proxy(f"{folder}/.s.PGSQL.5432", re.sub(r"host=[^&]*", f"host={quote(own)}", url))
        listener = await asyncio.start_unix_server(proxy.connected, Path(own) / ".s.PGSQL.5432")
        try:
            yield proxy
        finally:
            listener.close()
            await proxy.close()


async def never_arrives(link: Link, _: bytes) -> None:
    """The message is lost, and the connection with it."""
    link.end()


async def answer_is_lost(link: Link, message: bytes) -> None:
    """The server does what it is told, and the connection ends before it can say so."""
    await link.tell(message)
    link.end()


async def arrives_late(link: Link, message: bytes) -> None:
    """The client loses the connection at once; the server gets the message when somebody asks whether it still runs."""
    link.end()
    await link.proxy.word(b"pg_stat_activity")
    await link.tell(message)
