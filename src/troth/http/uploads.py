"""Files that are uploaded: multipart/form-data, read piece by piece, so that no file has to fit into memory."""

from collections.abc import AsyncIterator
from typing import Final, Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.types import Receive

from troth.core.refusals import Reason, Refusal
from troth.http.bodies import pieces

LARGEST_UPLOAD: Final = 1024 * 1024 * 1024
MULTIPART: Final = b"multipart/form-data"

_FIELD: Final = b"file"


class Digest(Protocol):
    """A digest as `hashlib` makes them."""

    def update(self, data: bytes, /) -> None: ...


class _File:
    """Takes a multipart body apart and keeps what belongs to the field `file`; other fields are passed over."""

    def __init__(self, boundary: bytes) -> None:
        self.count = 0
        self.ended = False
        self._pieces: list[bytes] = []
        self._is_file = False
        self._name = b""
        self._value = b""
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begins,
                "on_header_field": self._name_goes_on,
                "on_header_value": self._value_goes_on,
                "on_header_end": self._header_ends,
                "on_part_data": self._data_goes_on,
                "on_end": self._body_ends,
            },
        )

    def take(self, piece: bytes) -> bytes:
        """Read on, and return what of the file was in the piece."""
        self._parser.write(piece)
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken

    def _part_begins(self) -> None:
        self._is_file = False

    def _name_goes_on(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _value_goes_on(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_ends(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._is_file = parse_options_header(self._value)[1].get(b"name") == _FIELD
            self.count += self._is_file
        self._name = self._value = b""

    def _data_goes_on(self, data: bytes, start: int, end: int) -> None:
        if self._is_file and self.count == 1:
            self._pieces.append(data[start:end])

    def _body_ends(self) -> None:
        self.ended = True


async def uploaded_file(receive: Receive, content_type: bytes, digest: Digest) -> AsyncIterator[bytes]:
    """Yield the content of the field `file` of a request's body as it comes, and add it to a digest.

    Raises a refusal with `INVALID_PAYLOAD` for a body that is malformed, ends early or has not exactly one such field,
    and with `PAYLOAD_TOO_LARGE` for one of more than `LARGEST_UPLOAD` bytes: at the end at the latest, so that nobody
    may trust a file before.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise _refusal("multipart/form-data needs a boundary in its Content-Type")
    try:
        file = _File(boundary)
        async for piece in pieces(receive, LARGEST_UPLOAD):
            if taken := file.take(piece):
                digest.update(taken)
                yield taken
    except FormParserError as error:
        raise _refusal(f"is not multipart/form-data: {error}") from None
    if not file.ended:
        raise _refusal("is not multipart/form-data: its last boundary is missing")
    if file.count != 1:
        raise Refusal(Reason.INVALID_PAYLOAD, "file: is required" if not file.count else "file: only one is allowed")


def _refusal(words: str) -> Refusal:
    return Refusal(Reason.INVALID_PAYLOAD, f"body: {words}")
