"""A connection to PostgreSQL that a test cuts at a chosen word: the network as it is on a bad day."""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

BLOCK = 65536
COMMIT = b"COMMIT;\x00"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Fate = Callable[["Link", bytes], Awaitable[None]]
"""What happens to the message in which a word was found, and to its connection."""


class Link:
    """One connection through the proxy: the client's side and the server's side."""

    def __init__(self, proxy: "Proxy", client: Streams, server: Streams) -> None:
        self.proxy = proxy
        self.client = client
        self.server = server

    async def carry(self) -> None:
        """Carry messages both ways until one side ends."""
        answers = asyncio.create_task(self._carry_answers())
        with suppress(ConnectionError):
            while message := await self.client[0].read(BLOCK):
                self.proxy.seen(message)
                if fate := self.proxy.fate_of(message):
                    answers.cancel()
                    await fate(self, message)
                    if self.client[1].is_closing():
                        break
                    answers = asyncio.create_task(self._carry_answers())
                else:
                    self.server[1].write(message)
        answers.cancel()
        self.client[1].close()
        self.server[1].close()

    async def _carry_answers(self) -> None:
        while message := await self.server[0].read(BLOCK):
            self.client[1].write(message)
        self.client[1].close()


class Proxy:
    """Stands between a pool and the server; `next_at` decides what happens when a word passes."""

    def __init__(self, server_path: str, url: str) -> None:
        self.url = url
        self.is_open = True
        self._server_path = server_path
        self._fates: list[tuple[bytes, Fate]] = []
        self._refused_count = 0
        self._awaited: list[tuple[bytes, asyncio.Event]] = []

    def next_at(self, word: bytes, fate: Fate) -> None:
        """Give the next message with this word a fate of its own."""
        self._fates.append((word, fate))

    async def word(self, word: bytes) -> None:
        """Wait until a message with this word arrives."""
        event = asyncio.Event()
        self._awaited.append((word, event))
        await event.wait()

    async def was_tried(self) -> bool:
        """Tell whether a connection was refused."""
        return self._refused_count > 0

    def seen(self, message: bytes) -> None:
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
        await Link(self, (reader, writer), await asyncio.open_unix_connection(self._server_path)).carry()


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


async def never_arrives(link: Link, _: bytes) -> None:
    """The message is lost, and the connection with it."""
    link.client[1].close()


async def answer_is_lost(link: Link, message: bytes) -> None:
    """The server does what it is told, and the connection ends before it can say so."""
    link.server[1].write(message)
    await link.server[0].read(BLOCK)
    link.client[1].close()


async def arrives_late(link: Link, message: bytes) -> None:
    """The client loses the connection at once; the server gets the message when somebody asks whether it still runs."""
    link.client[1].close()
    await link.proxy.word(b"pg_stat_activity")
    link.server[1].write(message)
    await link.server[0].read(BLOCK)
