"""From the bytes of a body to plain data that the rest of Troth can trust (domain 4: bodies and their bounds)."""

import re
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
from starlette.types import Receive

from troth.core.configuration import LARGEST_INTEGER
from troth.core.json import decode
from troth.core.refusals import Reason, Refusal

LARGEST_BODY: Final = 10 * 1024 * 1024
DEEPEST: Final = 32
MOST_DECIMALS: Final = 100

_SUSPECT: Final = re.compile(
    rb"[0-9](?<![0-9A-Za-z_.].)(?:[0-9]{15}|[0-9]*\.[0-9]{%d}|[0-9]*(?:\.[0-9]+)?[eE])" % (MOST_DECIMALS + 1), re.DOTALL
)
"""What a body must contain, or U+0000, for a value in it to be refused by `_unusable`: most are never walked through.

A number begins behind neither a letter nor a digit; ids, which are full of digits, do not count.
"""


async def pieces(receive: Receive, largest: int) -> AsyncIterator[bytes]:
    """Yield a request's body as it comes.

    Raises a refusal with `PAYLOAD_TOO_LARGE` once it has more than `largest` bytes, with `INVALID_PAYLOAD` if it ends
    before its end.
    """
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _refusal("ends early")
        piece, more = message.get("body", b""), message.get("more_body", False)
        size += len(piece)
        if size > largest:
            raise too_large(largest)
        yield piece


def too_large(largest: int) -> Refusal:
    """Return the refusal for a body of more than `largest` bytes."""
    return Refusal(Reason.PAYLOAD_TOO_LARGE, f"The body may have at most {largest} bytes")


def json_body(body: bytes) -> Any:
    """Return the data of a JSON body.

    Refused are: what is not JSON in UTF-8, lone surrogates, the character U+0000 (PostgreSQL has no place for it),
    integers beyond 2^53 - 1, other numbers from 10^16 or with more than 100 decimals, and nesting beyond 32.
    """
    try:
        data = decode(body)
    except RecursionError:
        raise _refusal(f"nesting is deeper than {DEEPEST}") from None
    except InvalidOperation:
        raise _refusal("has a number whose exponent is too large") from None
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise _refusal(f"is not JSON: {error}") from None
    if body.count(b"{") + body.count(b"[") > DEEPEST and _depth(data) > DEEPEST:
        raise _refusal(f"nesting is deeper than {DEEPEST}")
    if b"\\u0000" in body or _SUSPECT.search(body):
        for words in _unusable("", data):
            raise Refusal(Reason.INVALID_PAYLOAD, words)
    return data


def form_body(body: bytes) -> dict[str, str]:
    """Return the fields of a form body; one given twice, or text that is not UTF-8, is refused."""
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, errors="strict") if body else []
    except ValueError:
        raise _refusal("is not a form: application/x-www-form-urlencoded in UTF-8") from None
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise _refusal("has a field twice")
    if any("\x00" in text for pair in pairs for text in pair):
        raise _refusal("must not contain the character U+0000")
    return fields


def _refusal(words: str) -> Refusal:
    return Refusal(Reason.INVALID_PAYLOAD, f"body: {words}")


def _depth(data: Any) -> int:
    depth, level = 0, [data]
    while level := [one for one in level if isinstance(one, dict | list)]:
        depth += 1
        if depth > DEEPEST:
            break
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]
    return depth


def _unusable(path: str, data: Any) -> Iterator[str]:
    where = path or "body"
    match data:
        case dict():
            for name, value in data.items():
                if "\x00" in name:
                    yield f"{where}: property names must not contain the character U+0000"
                yield from _unusable(f"{path}.{name}" if path else name, value)
        case list():
            for index, value in enumerate(data):
                yield from _unusable(f"{path}[{index}]", value)
        case str() if "\x00" in data:
            yield f"{where}: must not contain the character U+0000"
        case int() if abs(data) > LARGEST_INTEGER:
            yield f"{where}: must be an integer between -{LARGEST_INTEGER} and {LARGEST_INTEGER}"
        case Decimal() if data.adjusted() >= 16 or int(data.as_tuple().exponent) < -MOST_DECIMALS:
            yield f"{where}: must be a number below 10^16 in amount, with at most {MOST_DECIMALS} decimals"
