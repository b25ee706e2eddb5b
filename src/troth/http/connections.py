"""HTTP/1.1 on one connection: httptools reads the requests, which are answered in their order (decision 0023).

What is not HTTP/1.1 is refused in plain text, after the answers that are still due, and the connection ends.
"""

import asyncio
from collections import deque
from http import HTTPStatus
from typing import Final
from urllib.parse import unquote

import httptools
from starlette.types import Scope

from troth.http.exchanges import Exchange, plain
from troth.http.wire import NEVER, Shared, Wire

LARGEST_HEAD: Final = 64 * 1024
"""How many bytes a request's line and headers may have; and roughly, what else comes between two pieces of its body."""

HEAD_SECONDS: Final = 15
"""How long a request's head may take from its first byte, and a new connection until its first."""

IDLE_SECONDS: Final = 75
"""How long a connection is kept without a request: longer than proxies keep theirs, or they would find it closed."""

LINGER_SECONDS: Final = 2
"""How long a client that is still sending has to read its refusal: a reset would take it away."""

_NOT_HTTP: Final = "The request is not HTTP/1.1."
_HEAD_TOO_LARGE: Final = f"The request's head has more than {LARGEST_HEAD} bytes."
_HEAD_TOO_SLOW: Final = f"The request's head took more than {HEAD_SECONDS} seconds."


class _Unacceptable(Exception):  # noqa: N818 - a refusal on its way through the parser
    """A head that the parser takes and this server does not."""


class Connection(Wire):
    """Reads requests and has them answered one at a time; those that come meanwhile wait."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self.expires = shared.now + HEAD_SECONDS
        self._parser = httptools.HttpRequestParser(self)
        self._addresses: tuple[object, object] = (None, None)
        self._current: Exchange | None = None
        self._arriving: Exchange | None = None
        """The exchange whose body is still coming."""
        self._waiting: deque[Exchange] = deque()
        self._refusal = b""
        """What is said to the rest of what came, once all before it is answered."""
        self._is_deaf = False
        """Whether whatever else comes is passed over."""
        self._has_hung_up = False
        """Whether the client has said that it sends no more."""
        self._in_head = False
        self._since_progress = 0
        """How many bytes have come since the last head, piece of a body or end of a request."""
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._hosts = 0
        self._expects = False
        self._is_encoded = False

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._addresses = transport.get_extra_info("sockname"), transport.get_extra_info("peername")

    def connection_lost(self, _: Exception | None) -> None:
        super().connection_lost(_)
        self._is_deaf = True
        self._waiting.clear()
        if self._current is not None:
            self._current.cut()

    def data_received(self, data: bytes) -> None:
        if self._is_deaf:
            return
        self._since_progress += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # nobody has to heed an Upgrade: the request is answered as any other, and is the last
        except httptools.HttpParserCallbackError as error:
            if not isinstance(error.__context__, _Unacceptable):
                raise
            self._refuse(HTTPStatus.BAD_REQUEST, str(error.__context__))
        except httptools.HttpParserError:
            if not self._is_deaf:  # else it is what follows the last request
                self._refuse(HTTPStatus.BAD_REQUEST, _NOT_HTTP)
        if self._since_progress > LARGEST_HEAD and not self._is_deaf:
            self._refuse(HTTPStatus.BAD_REQUEST, _HEAD_TOO_LARGE)

    def eof_received(self) -> bool:
        """Answer what is there even so: a client may close its own direction first."""
        self._is_deaf = self._has_hung_up = True
        last = self._waiting[-1] if self._waiting else self._current
        if last is not None:
            last.is_last = True
            last.cut()
        return last is not None

    # What the parser calls.

    def on_message_begin(self) -> None:
        self._url, self._headers = b"", []
        self._hosts, self._expects, self._is_encoded = 0, False, False
        self._in_head = True
        if self._current is None:
            self.expires = self.shared.now + HEAD_SECONDS

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # a trailer: nobody reads them
        name = name.lower()
        if name == b"host":
            self._hosts += 1
        elif name == b"expect":
            self._expects = value.lower() == b"100-continue"
        elif name == b"transfer-encoding":
            self._is_encoded |= value.lower() != b"chunked"
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        parser, version = self._parser, self._parser.get_http_version()
        self._check_head(version)
        self._in_head, self._since_progress = False, 0
        raw_path, path, query = _target(self._url)
        server, client = self._addresses
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": version,
            "method": parser.get_method().decode(),
            "scheme": "http",
            "path": path,
            "raw_path": raw_path,
            "query_string": query,
            "root_path": "",
            "headers": self._headers,
            "server": server,
            "client": client,
        }
        is_last = version == "1.0" or not parser.should_keep_alive() or parser.should_upgrade()
        exchange = Exchange(self, scope, is_last=is_last, expects=self._expects and version != "1.0")
        self._arriving = exchange
        if self._current is None:
            self._start(exchange)
        else:
            self._waiting.append(exchange)
            self.hold()  # so that no more wait than one read of the socket holds

    def on_body(self, body: bytes) -> None:
        self._since_progress = 0
        if self._arriving is not None:
            self._arriving.take(body)

    def on_message_complete(self) -> None:
        self._since_progress = 0
        if self._arriving is not None:
            self._is_deaf = self._arriving.is_last
            self._arriving.complete()
            self._arriving = None

    def _check_head(self, version: str) -> None:
        """Refuse what the parser lets pass and this server does not serve; and what others may read otherwise."""
        if version not in ("1.1", "1.0"):
            raise _Unacceptable(_NOT_HTTP)
        if self._hosts != 1 and (self._hosts or version != "1.0"):
            raise _Unacceptable("The request must have one Host.")
        if self._is_encoded:
            raise _Unacceptable("The request's Transfer-Encoding may only be chunked.")
        if self._since_progress > LARGEST_HEAD:
            lines = sum(len(name) + len(value) + len(": \r\n") for name, value in self._headers)
            if len(self._url) + lines > LARGEST_HEAD:
                raise _Unacceptable(_HEAD_TOO_LARGE)

    # What comes of it.

    def _start(self, exchange: Exchange) -> None:
        self._current = exchange
        self.expires = NEVER
        self.task = self._loop.create_task(self._answer(exchange))

    async def _answer(self, exchange: Exchange) -> None:
        await exchange.run(self.shared.app)
        self.task = self._current = None
        if self.transport.is_closing():
            return
        if exchange.is_last:
            self._hang_up(is_heard=exchange.is_whole)
        elif self._waiting:
            self._start(self._waiting.popleft())
        elif self._refusal:
            self._say_refusal()
        else:
            self.expires = self.shared.now + (HEAD_SECONDS if self._in_head else IDLE_SECONDS)
        if not self._waiting:
            self.go_on()

    def expire(self) -> None:
        """End the connection, since its time is over; who was slow to ask is told so."""
        if self._current is not None:
            self.transport.abort()
        elif self._in_head and not self._is_deaf:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, _HEAD_TOO_SLOW)
        else:
            super().expire()

    def stop(self) -> None:
        """End the connection, after the request that is being answered if there is one."""
        if self._current is None:
            super().stop()
        else:
            self._current.is_last = True

    def _refuse(self, status: HTTPStatus, words: str) -> None:
        self._is_deaf = True
        if self._arriving is not None:
            self._arriving.is_last = True
            self._arriving.cut()  # the application is to say so
            return
        self._refusal = plain(status, words, self.shared.date_line)
        if self._current is None:
            self._say_refusal()

    def _say_refusal(self) -> None:
        self.transport.write(self._refusal)
        self._hang_up(is_heard=False)

    def _hang_up(self, *, is_heard: bool) -> None:
        """Say no more; whether the client is heard to its end decides how soon it is over."""
        self._is_deaf = True
        self._waiting.clear()
        if is_heard or self._has_hung_up:
            self.transport.close()
        else:
            self.transport.write_eof()
            self.expires = self.shared.now + LINGER_SECONDS


def _target(url: bytes) -> tuple[bytes, str, bytes]:
    """Return the raw path, the path and the query that a request asks for."""
    if url.startswith(b"/") or url == b"*":
        raw_path, _, query = url.partition(b"#")[0].partition(b"?")
    else:
        try:
            parsed = httptools.parse_url(url)
        except httptools.HttpParserInvalidURLError:
            raise _Unacceptable(_NOT_HTTP) from None
        raw_path, query = parsed.path or b"/", parsed.query or b""
    try:
        path = raw_path.decode("ascii")
    except UnicodeDecodeError:
        raise _Unacceptable(_NOT_HTTP) from None
    return raw_path, unquote(path) if "%" in path else path, query
