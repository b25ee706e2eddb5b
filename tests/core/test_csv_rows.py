"""CSV as people's programs write it: what is read, and how what cannot be read is told (domain 9)."""

import csv
import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.core.csv_rows import LARGEST_ROW, Row, RowReader

BIG = LARGEST_ROW + 1


def read(data: bytes, size: int = 65536) -> list[Row]:
    reader, found = RowReader(), []
    for begin in range(0, len(data), size):
        reader.feed(data[begin : begin + size])
        found += reader.rows()
    reader.feed(b"")
    found += reader.rows()
    assert reader.offset == len(data)
    return found


def good(line: int, *cells: str) -> Row:
    return Row(line, cells)


def bad(line: int, words: str) -> tuple[int, str]:
    return line, words


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b"", []),
        (b"\xef\xbb\xbf", []),
        (b"\xef\xbb\xbfa,b\n", [good(1, "a", "b")]),
        (b"a\n\xef\xbb\xbfb\n", [good(1, "a"), good(2, "\ufeffb")]),
        (b"a,b\n1,2", [good(1, "a", "b"), good(2, "1", "2")]),
        (b"a\r\nb\nc\r\n", [good(1, "a"), good(2, "b"), good(3, "c")]),
        (b"a\r", [good(1, "a")]),
        (b"\n\r\na\n\n", [good(3, "a")]),
        (b",\n", [good(1, "", "")]),
        (b'""\n', [good(1, "")]),
        (b'"a,b","c ""d""",e\n', [good(1, "a,b", 'c "d"', "e")]),
        (b'"a\nb\r\nc",d\r\nlast\n', [good(1, "a\nb\r\nc", "d"), good(4, "last")]),
        (b'5" nail, "x"\n', [good(1, '5" nail', ' "x"')]),
        (b'"a"', [good(1, "a")]),
        (b'"a","b"\r', [good(1, "a", "b")]),
        ("ż,😀\n".encode(), [good(1, "ż", "😀")]),
        (b"a\n\xff,b\nc\n", [good(1, "a"), bad(2, "is not UTF-8: byte 0xff"), good(3, "c")]),
        (b'a\n"x\n\xc3",b\nc\n', [good(1, "a"), bad(2, "is not UTF-8: byte 0xc3"), good(4, "c")]),
        (b"a\nb\x00\nc", [good(1, "a"), bad(2, "must not contain the character U+0000"), good(3, "c")]),
        (b"a\rb\nc", [bad(1, "has a carriage return that ends no line; put the cell in quotes"), good(2, "c")]),
        (b'"a"\rb\nc', [bad(1, "has a carriage return that ends no line; put the cell in quotes"), good(2, "c")]),
        (b'"a"b\nd', [bad(1, "has text after a closing quote; a quote within quotes is written twice"), good(2, "d")]),
        (b'a\n"b,c\nd,e\n', [good(1, "a"), bad(2, "has a quote that is never closed"), good(3, "d", "e")]),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 7, 65536])
def test_rows_are_read_or_told_of(data: bytes, rows: list[Row | tuple[int, str]], size: int) -> None:
    expected = [row if isinstance(row, Row) else Row(row[0], (), row[1]) for row in rows]
    assert read(data, size) == expected


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        pytest.param(b"x" * BIG + b"\nlast\n", [1, 2], id="a cell without end"),
        pytest.param(b"x" * (5 * BIG) + b"\nlast", [1, 2], id="several blocks of it"),
        pytest.param(b"x" * BIG, [1], id="and no line after it"),
        pytest.param(b'"' + b"x" * BIG + b'"\nlast\n', [1, 2], id="a quoted cell"),
        pytest.param(b'"a\n",' + b"x" * BIG + b"\nlast\n", [1, 2, 3], id="after a quoted line break"),
        pytest.param(b'"' + b"y\n" * (BIG // 2 + 1), [1, *range(2, BIG // 2 + 2)], id="a quote that is never closed"),
        pytest.param(b'"' + b"\n" * BIG + b'"', [1, BIG + 1], id="a quote that is closed too late"),
    ],
)
def test_a_row_has_a_bound(data: bytes, lines: list[int]) -> None:
    found = read(data)
    assert [row.line for row in found] == lines
    assert found[0].fault is not None
    assert found[0].fault.startswith(f"is longer than {LARGEST_ROW} bytes")


def test_the_longest_row_is_read() -> None:
    (row,) = read(b'"' + b"x" * (LARGEST_ROW - 3) + b'"\n')
    assert row.fault is None
    assert len(row.cells[0]) == LARGEST_ROW - 3


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00\ufeff"), max_size=6)
ROWS = st.lists(st.lists(TEXT, min_size=1, max_size=4), max_size=8)
OF_NOTE = st.lists(st.sampled_from([b'"', b",", b"\n", b"\r", b"a", b"\xff", b"\x00", b"\xef\xbb\xbf"]), max_size=40)
WILD = OF_NOTE.map(b"".join)


@given(ROWS, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_what_a_csv_writer_writes_is_read(rows: list[list[str]], quoting: int) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, quoting=quoting).writerows(rows)
    found = read(file.getvalue().encode())
    assert [list(row.cells) for row in found] == rows
    for row, following in pairwise(found):
        assert following.line - row.line == 1 + sum(cell.count("\n") for cell in row.cells)


@given(WILD, st.integers(1, 9))
def test_neither_blocks_nor_a_new_reader_make_a_difference(data: bytes, size: int) -> None:
    """Whoever goes on where another stopped reads the same rows: nothing but `offset` and `line` is remembered."""
    whole = read(data)
    assert read(data, size) == whole
    found: list[Row] = []
    offset, line = 0, 1
    while True:
        reader = RowReader(offset=offset, line=line)
        reader.feed(data[offset:])
        row = next(reader.rows(), None)
        if row is None:
            reader.feed(b"")
            row = next(reader.rows(), None)
        if row is None:
            break
        found.append(row)
        offset, line = reader.offset, reader.line
    assert found == whole
