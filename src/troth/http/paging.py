"""Lists that are paged by a cursor, at the door: from the query string to a list query, and from a page to its answer.

A cursor is the list's prefix and, in hex, an authentication code of 16 bytes followed by what the next page needs:
order, filters, the instant that relative dates count from, where the last page ended, and when it expires. The code
covers the list and whom it belongs to, so that a cursor is good for the list that gave it out and no other (domain 3).
"""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final, Generic, Literal, TypeVar

import msgspec
from typing_extensions import TypedDict

from troth.core.configuration import timestamp
from troth.core.lists import (
    LARGEST_LIMIT,
    SETS,
    Filter,
    Junction,
    Kind,
    ListDeclaration,
    ListQuery,
    Page,
    invalid_query,
    read_filter,
    read_junction,
    read_number,
    read_order,
    sorted_filters,
)
from troth.core.refusals import Reason, Refusal
from troth.http.query_strings import Parameters, several, single, take_apart, written

CURSOR_LIFETIME: Final = timedelta(hours=1)

_CODE_BYTES: Final = 16
_STORED: Final = {Kind.TEXT: str, Kind.INSTANT: datetime, Kind.DAY: date}

Item = TypeVar("Item")


class Cursor(TypedDict):
    """Where the next page begins, and until when that is known."""

    next: str
    expires_at: str


class ListAnswer(TypedDict, Generic[Item]):
    """One page of a list; without a cursor it is the last."""

    object: Literal["list"]
    data: list[Item]
    cursor: Cursor | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Who reads a list, and when.

    `scope` is the project's id and those of whatever the list belongs to; `key` the secret that cursors are signed
    with; `now` the project's time and `zone` its time zone, for filters; `wall` the time that cursors expire by.
    """

    scope: tuple[str, ...]
    key: bytes
    now: datetime
    wall: datetime
    zone: tzinfo = UTC


def parse(declaration: ListDeclaration, query_string: bytes | str, reading: Reading) -> ListQuery:
    """Return what a request asks of a list.

    A cursor brings its order and filters along; a request may repeat them, but not change them. Raises a refusal with
    `INVALID_QUERY` or `INVALID_CURSOR`.
    """
    parameters = take_apart(query_string)
    refuse_unknown(declaration, parameters)
    limit = read_limit(declaration, parameters)
    asked_order = [name for name in several(parameters.get(("order",), [])) if name]
    order = read_order(declaration, asked_order)
    filters, junction = read_filters(declaration, parameters, now=reading.now, zone=reading.zone)
    cursor = single(parameters, "cursor")
    if cursor is None:
        return ListQuery(limit=limit, order=order, filters=filters, junction=junction, as_of=reading.now)
    resumed = _resume(declaration, cursor, limit, reading)
    filtered = any(path[0] == "filters" and len(path) > 1 for path in parameters)
    if (asked_order and order != resumed.order) or (
        filtered and (filters, junction) != (resumed.filters, resumed.junction)
    ):
        raise _invalid_cursor(
            "The cursor was given out for another order or other filters; repeat them or leave them out"
        )
    return resumed


def envelope(
    declaration: ListDeclaration, query: ListQuery, page: Page[Any], data: Sequence[Item], reading: Reading
) -> ListAnswer[Item]:
    """Return the answer that shows `data`, the rows of `page` as the API shows them."""
    if page.position is None:
        return {"object": "list", "data": list(data), "cursor": None}
    expires_at = reading.wall + CURSOR_LIFETIME
    held = _Held(
        expires_at=expires_at,
        as_of=query.as_of,
        order=tuple(str(one) for one in query.order if one.field in declaration.orders),
        junction=query.junction,
        filters=tuple((one.field, one.operator.value, one.asked) for one in query.filters),
        position=page.position,
    )
    payload = msgspec.msgpack.encode(held)
    text = (_code(declaration, payload, reading) + payload).hex()
    cursor: Cursor = {"next": f"{declaration.cursor_prefix}_{text}", "expires_at": timestamp(expires_at)}
    return {"object": "list", "data": list(data), "cursor": cursor}


def refuse_unknown(declaration: ListDeclaration, parameters: Parameters) -> None:
    """Raise a refusal for a parameter that the list does not know; those within `filters` are for `read_filters`."""
    known = declaration.parameter_names
    for path in parameters:
        name = written(path)
        if name not in known and not (path[0] == "filters" and "filters" in known):
            raise invalid_query(f"{name} is no parameter of this list; allowed are {', '.join(known)}")


def read_limit(declaration: ListDeclaration, parameters: Parameters) -> int:
    """Return how many rows a page has."""
    text = single(parameters, "limit")
    return declaration.default_limit if text is None else read_number("limit", text, LARGEST_LIMIT)


def read_filters(
    declaration: ListDeclaration, parameters: Parameters, *, now: datetime, zone: tzinfo
) -> tuple[tuple[Filter, ...], Junction]:
    """Return the filters of `filters[field][conditions][operator]` and what joins them."""
    filters = []
    junction = Junction.AND
    for path, values in parameters.items():
        match path:
            case ("filters", "junction"):
                junction = read_junction(single(parameters, *path) or junction)
            case ("filters", name, "conditions", operator):
                asked = several(values) if operator in SETS else [one.text for one in values]
                filters.append(read_filter(declaration, name, operator, asked, now=now, zone=zone))
            case ("filters", *inside) if inside or any(one.text for one in values):
                form = "filters[field][conditions][operator]=value or filters[junction]=AND"
                raise invalid_query(f"{written(path)} is no filter; write {form}")
    return sorted_filters(declaration, filters), junction


class _Held(msgspec.Struct, frozen=True, array_like=True):
    """What a cursor carries."""

    expires_at: datetime
    as_of: datetime
    order: tuple[str, ...]
    junction: Junction
    filters: tuple[tuple[str, str, tuple[str, ...]], ...]
    position: tuple[Any, ...]


def _code(declaration: ListDeclaration, payload: bytes, reading: Reading) -> bytes:
    owner = msgspec.msgpack.encode((declaration.cursor_prefix, reading.scope))
    return hmac.digest(reading.key, owner + payload, "sha256")[:_CODE_BYTES]


def _resume(declaration: ListDeclaration, cursor: str, limit: int, reading: Reading) -> ListQuery:
    match = re.fullmatch(f"{declaration.cursor_prefix}_((?:[0-9a-f]{{2}})+)", cursor)
    raw = bytes.fromhex(match[1]) if match else b""
    payload = raw[_CODE_BYTES:]
    if not hmac.compare_digest(raw[:_CODE_BYTES], _code(declaration, payload, reading)):
        raise _invalid_cursor("The cursor is none of this list; start again without it")
    try:
        held = msgspec.msgpack.decode(payload, type=_Held)
        order = read_order(declaration, held.order)
        filters = tuple(read_filter(declaration, *one, now=held.as_of, zone=reading.zone) for one in held.filters)
        # A calendar date travels as text; only the field's kind tells it from a name.
        stored: Any = tuple[tuple(_STORED[declaration.field(one.field).kind] | None for one in order)]  # type: ignore[misc]
        position = msgspec.convert(held.position, stored)
    except (msgspec.MsgspecError, Refusal):
        # Signed by a release whose lists were declared otherwise.
        raise _invalid_cursor("The cursor is out of date; start again without it") from None
    if held.expires_at <= reading.wall:
        raise _invalid_cursor(f"The cursor expired at {timestamp(held.expires_at)}; start again without it")
    return ListQuery(
        limit=limit, order=order, filters=filters, junction=held.junction, as_of=held.as_of, after=position
    )


def _invalid_cursor(details: str) -> Refusal:
    return Refusal(Reason.INVALID_CURSOR, details)
