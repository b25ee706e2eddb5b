"""Rows of a CSV file, read from blocks of bytes as they come (RFC 4180, in UTF-8).

Cells are separated by commas and may stand in quotes, in which commas and line breaks mean nothing and a quote is
written twice. A line ends with LF or CRLF, also mixed; a byte order mark at the beginning and empty lines are passed
over. What is wrong with a row is told with the row, and reading goes on: after a quote that is out of place, on the
line after the one in which the row began, so that a forgotten quote costs one row and not the rest of the file.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

LARGEST_ROW: Final = 1024 * 1024
"""How many bytes a row may have, so that no file takes more memory than a few rows."""

_MARK: Final = b"\xef\xbb\xbf"
_TEXT: Final = r'(?:"([^"]*+(?:""[^"]*+)*+)"|((?:[^",\r\n][^,\r\n]*+)?))'
_ALONE: Final = re.compile(_TEXT.encode())
_CELL: Final = re.compile(rf"(?:\A|,){_TEXT}")
_STRAY_RETURN: Final = "has a carriage return that ends no line; put the cell in quotes"
_TEXT_AFTER_QUOTE: Final = "has text after a closing quote; a quote within quotes is written twice"
_TOO_LONG: Final = f"is longer than {LARGEST_ROW} bytes; if it should not be, a quote is not closed"


class Row(NamedTuple):
    """A row: the number of the line in which it begins, from 1, and its cells; or what is wrong with it."""

    line: int
    cells: tuple[str, ...]
    fault: str | None = None


class _Starved(Exception):  # noqa: N818 - no error: the rest of the row has not come yet
    """The row goes on beyond what is there."""


class _Malformed(Exception):  # noqa: N818 - an answer about a row
    """The row breaks the rules of CSV."""


class RowReader:
    """Reads rows from a file, from its beginning or from the `offset` and `line` at which another reader stopped."""

    def __init__(self, *, offset: int = 0, line: int = 1) -> None:
        self.offset = offset
        self.line = line
        self._held = b""
        self._position = 0
        self._dropped = 0
        self._ended = False

    def feed(self, block: bytes) -> None:
        """Hand over the next block of the file; an empty one says that the file is at its end."""
        self._ended = not block
        self._held, self._position = self._held[self._position :] + block, 0

    def rows(self) -> Iterator[Row]:
        """Yield the rows that are complete; after each, `offset` and `line` are those at which the next may begin."""
        if not self._is_past_mark():
            return
        yield from self._plain_rows()
        while True:
            try:
                row = self._next()
            except _Starved:
                return
            if row is not None:
                yield row

    def _is_past_mark(self) -> bool:
        """Pass over a byte order mark at the beginning of the file; tell whether there is enough to know of one."""
        if self.offset or self._dropped:
            return True
        if self._held.startswith(_MARK):
            self._go_to(len(_MARK), lines=0)
        return self._ended or len(self._held) >= len(_MARK)

    def _plain_rows(self) -> Iterator[Row]:
        """Yield the rows of whole lines all at once if none of them needs care, as is so in nearly all files."""
        plain = self._held[self._position : self._held.rfind(b"\n") + 1]
        has_stray_returns = plain.count(b"\r") != plain.count(b"\r\n")
        if self._dropped or len(plain) > LARGEST_ROW or b'"' in plain or b"\0" in plain or has_stray_returns:
            return
        try:
            text = plain.decode()
        except UnicodeDecodeError:
            return
        is_ascii = text.isascii()
        for line in text.split("\n")[:-1]:
            size = len(line) if is_ascii else len(line.encode())
            self._go_to(self._position + size + 1, lines=1)
            if record := line.removesuffix("\r"):
                yield Row(self.line - 1, tuple(record.split(",")))

    def _next(self) -> Row | None:
        held, begin = self._held, self._position
        if self._dropped:
            return self._rest_of_long_line()
        if begin == len(held):
            raise _Starved
        end = held.find(b"\n", begin, begin + LARGEST_ROW) + 1
        if not end:
            if len(held) - begin > LARGEST_ROW:
                return self._rest_of_long_line()
            if not self._ended:
                raise _Starved
            end = len(held)
        cells = _simple(held[begin:end])
        if cells is None:
            return self._with_care(begin, end)
        line = self.line
        self._go_to(end, lines=1)
        return Row(line, cells) if cells else None

    def _rest_of_long_line(self) -> Row:
        """Drop what there is of a line that is too long, and tell of it once its end is reached."""
        end = self._held.find(b"\n", self._position) + 1
        if not end and not self._ended:
            self._dropped += len(self._held) - self._position
            self._position = len(self._held)
            raise _Starved
        line = self.line
        self.offset += self._dropped
        self._dropped = 0
        self._go_to(end or len(self._held), lines=1)
        return Row(line, (), _TOO_LONG)

    def _with_care(self, begin: int, line_end: int) -> Row:
        """Read a row of which anything may be expected: line breaks in quotes, or faults."""
        line = self.line
        try:
            end = self._end(begin)
        except _Malformed as malformed:
            self._go_to(line_end, lines=1)
            return Row(line, (), str(malformed))
        record = self._held[begin:end]
        self._go_to(end, lines=record.count(b"\n") or 1)
        try:
            text = record.decode()
        except UnicodeDecodeError as error:
            return Row(line, (), f"is not UTF-8: byte 0x{record[error.start]:02x}")
        if "\0" in text:
            return Row(line, (), "must not contain the character U+0000")
        cells = _CELL.findall(text.removesuffix("\n").removesuffix("\r"))
        return Row(line, tuple([quoted.replace('""', '"') or plain for quoted, plain in cells]))

    def _end(self, begin: int) -> int:
        """Return where the row ends that begins at a position."""
        held, position = self._held, begin
        while True:
            cell = _ALONE.match(held, position)
            assert cell is not None, "it matches nothing, too"
            if cell[1] is None and held.startswith(b'"', position):
                raise self._unfinished(begin)
            position = cell.end()
            if position - begin > LARGEST_ROW:
                raise _Malformed(_TOO_LONG)
            following = held[position : position + 2]
            if following.startswith(b"\n") or following == b"\r\n":
                return position + len(following.partition(b"\n")[0]) + 1
            if following in (b"", b"\r"):
                if not self._ended:
                    raise self._unfinished(begin)
                return len(held)
            if not following.startswith(b","):
                raise _Malformed(_STRAY_RETURN if following.startswith(b"\r") else _TEXT_AFTER_QUOTE)
            position += 1

    def _unfinished(self, begin: int) -> Exception:
        if len(self._held) - begin > LARGEST_ROW:
            return _Malformed(_TOO_LONG)
        return _Malformed("has a quote that is never closed") if self._ended else _Starved()

    def _go_to(self, position: int, *, lines: int) -> None:
        self.offset += position - self._position
        self.line += lines
        self._position = position


def _simple(line: bytes) -> tuple[str, ...] | None:
    """Return the cells of a line as nearly all lines are, none of an empty one; None where more care is needed.

    That is: it is a whole row in UTF-8, and all quotes stand around whole cells. U+0000 holds the place of those.
    """
    try:
        text = line.removesuffix(b"\n").removesuffix(b"\r").decode()
    except UnicodeDecodeError:
        return None
    if "\0" in text or "\r" in text:
        return None
    if '"' not in text:
        return tuple(text.split(",")) if text else ()
    pieces = text.split('"')
    if len(pieces) % 2 == 0:
        return None
    quoted = iter(pieces[1::2])
    cells = tuple([next(quoted) if cell == "\0" else cell for cell in "\0".join(pieces[::2]).split(",")])
    return None if any("\0" in cell for cell in cells) else cells
