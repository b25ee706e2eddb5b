"""From the bytes of a body to plain data that the rest of Troth can trust (domain 4: bodies and their bounds)."""

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from troth.core.configuration import LARGEST_INTEGER
from troth.core.json import decode
from troth.core.refusals import Reason, Refusal

LARGEST_BODY: Final = 10 * 1024 * 1024
DEEPEST: Final = 32

_SUSPECT: Final = re.compile(rb"\\u0000|[0-9]{16}|[0-9][eE]")
"""What a body must contain for a value in it to be refused by `_unusable`: so that most are never walked through."""


def json_body(body: bytes) -> Any:
    """Return the data of a JSON body.

    Refused are: what is not JSON in UTF-8, lone surrogates, the character U+0000 (PostgreSQL has no place for it),
    integers beyond 2^53 - 1, numbers beyond what a decimal column holds, and nesting beyond 32.
    """
    try:
        data = decode(body)
    except RecursionError:
        raise _refusal(f"nesting is deeper than {DEEPEST}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise _refusal(f"is not JSON: {error}") from None
    if body.count(b"{") + body.count(b"[") > DEEPEST and _depth(data) > DEEPEST:
        raise _refusal(f"nesting is deeper than {DEEPEST}")
    if _SUSPECT.search(body):
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
    match data:
        case dict():
            for name, value in data.items():
                if "\x00" in name:
                    yield f"{path or 'body'}: property names must not contain the character U+0000"
                yield from _unusable(f"{path}.{name}" if path else name, value)
        case list():
            for index, value in enumerate(data):
                yield from _unusable(f"{path}[{index}]", value)
        case str():
            if "\x00" in data:
                yield f"{path or 'body'}: must not contain the character U+0000"
        case None | bool():
            return
        case int():
            if abs(data) > LARGEST_INTEGER:
                yield f"{path or 'body'}: must be an integer between -{LARGEST_INTEGER} and {LARGEST_INTEGER}"
        case _:
            if data.adjusted() >= 16 or data.adjusted() < -40:
                yield f"{path or 'body'}: must be a number below 10^16 and, unless 0, at least 10^-40, in amount"
