"""One request and its answer, as an ASGI application sees them."""

from http import HTTPStatus
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Scope

from troth.http.wire import BODY_SECONDS, NEVER, Wire

log = structlog.get_logger()

MOST_UNREAD: Final = 64 * 1024
"""How many bytes of a body may wait for the application before no more are taken from the socket."""

_STATUS_LINES: Final = {one.value: f"HTTP/1.1 {one.value} {one.phrase}\r\n".encode() for one in HTTPStatus}
_WITHOUT_BODY: Final = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
_CLOSE: Final = b"connection: close\r\n"


def plain(status: HTTPStatus, words: str, date_line: bytes) -> bytes:
    """Return an answer in plain text, the last of its connection."""
    head = f"content-type: text/plain; charset=utf-8\r\ncontent-length: {len(words)}\r\n".encode()
    return b"".join((_STATUS_LINES[status], date_line, head, _CLOSE, b"\r\n", words.encode()))


class Exchange:
    """Hands an application the request's body as it comes, and frames what it answers.

    `is_whole` says that all of the request is there, `is_last` that the connection ends with the answer.
    """

    __slots__ = (
        "_begun",
        "_body",
        "_expects",
        "_is_answered",
        "_is_chunked",
        "_is_cut",
        "_is_silent",
        "_is_told",
        "_left",
        "_scope",
        "_start",
        "_wire",
        "is_last",
        "is_whole",
    )

    def __init__(self, wire: Wire, scope: Scope, *, is_last: bool, expects: bool) -> None:
        self.is_last = is_last
        self.is_whole = False
        self._wire = wire
        self._scope = scope
        self._expects = expects
        self._body = bytearray()
        self._is_cut = False
        self._is_told = False
        self._start: Message | None = None
        self._begun = False
        self._is_answered = False
        self._is_silent = False
        self._is_chunked = False
        self._left: int | None = None

    # What comes of the request.

    def take(self, body: bytes) -> None:
        """Keep a piece of the body for the application."""
        self._body += body
        if len(self._body) > MOST_UNREAD:
            self._wire.hold()
        self._wire.tell()

    def complete(self) -> None:
        """Note that the request is whole."""
        self.is_whole = True
        self._wire.tell()

    def cut(self) -> None:
        """Note that no more comes, neither of the request nor of its client."""
        self._is_cut = True
        self._wire.tell()

    # What the application does.

    async def run(self, app: ASGIApp) -> None:
        """Have the request answered. Where the application breaks within its answer, the connection breaks off."""
        try:
            await app(self._scope, self.receive, self.send)
        except Exception:
            log.exception("request.broke", path=self._scope["path"])
        if not self._is_answered:
            self.is_last = True
            if self._begun:
                self._wire.transport.abort()
            else:
                words = "The server has failed to answer."
                self._wire.write(plain(HTTPStatus.INTERNAL_SERVER_ERROR, words, self._wire.shared.date_line))

    async def receive(self) -> Message:
        """Return the next piece of the body (ASGI), and after the last one, once it is so, that the client is gone."""
        if self._expects and not self._body and not self.is_whole:
            self._wire.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._expects = False
        while self._is_told or not (self._body or self.is_whole):
            if self._is_cut:
                return {"type": "http.disconnect"}
            await self._wire.wait(seconds=NEVER if self._is_told else BODY_SECONDS)
        body, self._body = bytes(self._body), bytearray()
        self._is_told = self.is_whole
        if not self.is_whole:
            self._wire.go_on()
        return {"type": "http.request", "body": body, "more_body": not self.is_whole}

    async def send(self, message: Message) -> None:
        """Send a piece of the answer's body (ASGI); its head, which is told first, leaves with the first piece."""
        if message["type"] == "http.response.start":
            self._start = message
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        head = b"" if self._begun else self._head(body, more=more)
        self._begun = True
        if self._is_silent:
            body = b""
        elif self._is_chunked:
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (b"" if more else b"0\r\n\r\n")
        elif self._left is not None:
            self._left -= len(body)
            if self._left < 0 or (self._left and not more):
                raise ValueError("the body is not as long as the Content-Length says")
        self._is_answered = not more
        data = head + body
        if data and not self._wire.write(data):
            await self._wire.drain()

    def _head(self, body: bytes, *, more: bool) -> bytes:
        assert self._start is not None, "ASGI has the head told first"
        status, is_head = self._start["status"], self._scope["method"] == "HEAD"
        self._is_silent = is_head or status in _WITHOUT_BODY
        lines = [_STATUS_LINES[status], self._wire.shared.date_line]
        length: int | None = None
        for name, value in self._start.get("headers", ()):
            if b"\n" in value or b"\r" in value:
                raise ValueError("a header must not contain line breaks")
            if name == b"content-length":
                length = int(value)
            lines += (name, b": ", value, b"\r\n")
        if length is None and status not in _WITHOUT_BODY:
            if not more:
                length = len(body)
                lines.append(b"content-length: %d\r\n" % length)
            elif self._scope["http_version"] == "1.1":
                self._is_chunked = True
                lines.append(b"transfer-encoding: chunked\r\n")
        self._left = length
        if not self.is_whole:
            self.is_last = True  # what still comes of the request would be taken for the next one
        if self.is_last:
            lines.append(_CLOSE)
        lines.append(b"\r\n")
        return b"".join(lines)
