"""Kept filters as SQL conditions over a row named `item` that has a column for each of their fields (domain 9).

The twin of `core.predicates`, which asks one item the same; a property test holds both equal.
"""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Final

from troth.core.filters import PRESENCE, Condition, Filter, Kind
from troth.core.json import text
from troth.core.patterns import PATTERNS, pattern

_COMPARED: Final = {
    "$is": "=",
    "$is_not": "=",
    "$in": "=",
    "$not_in": "=",
    "$more_than": ">",
    "$more_than_equal": ">=",
    "$less_than": "<",
    "$less_than_equal": "<=",
    "$count": "=",
    "$count_more": ">",
    "$count_less": "<",
}

# What a condition's own value is compared as, and how its field is read for that. Metadata hold anything: what is not
# of the right type matches nothing. A list in metadata matches when one of its entries does.
_AS_TEXT: Final[Mapping[Kind, str]] = {
    Kind.TEXT: "{field}",
    Kind.METADATA: "CASE WHEN jsonb_typeof({field}) = 'string' THEN {field} #>> '{{}}' END",
}
_AS_NUMBER: Final[Mapping[Kind, str]] = {
    Kind.NUMBER: "{field}",
    Kind.TEXTS: "jsonb_array_length({field})",
    Kind.METADATA: "CASE WHEN jsonb_typeof({field}) = 'number' THEN ({field})::numeric END",
}


def condition(asked: Filter, arguments: list[object], *, now: datetime, zone: tzinfo) -> str:
    """Return the SQL condition of a filter as of `now`, and append its arguments."""
    fields: dict[tuple[str, str | None], list[str]] = {}
    for one in asked.conditions():
        fields.setdefault((one.field, one.key), []).append(_condition(one, arguments, now, zone))
    return f" {asked.junction.upper()} ".join(f"({' AND '.join(parts)})" for parts in fields.values())


def _condition(one: Condition, arguments: list[object], now: datetime, zone: tzinfo) -> str:
    field = f'item."{one.field}"'
    if one.key is not None:
        field = f"(item.metadata -> {_parameter(arguments, one.key, 'text')})"
    matches = _matches(one, field, arguments, now, zone)
    return f"({matches}) IS NOT TRUE" if one.denies else matches


def _matches(one: Condition, field: str, arguments: list[object], now: datetime, zone: tzinfo) -> str:
    if one.operator in PRESENCE:
        return f"jsonb_array_length({field}) > 0" if one.kind is Kind.TEXTS else f"{field} IS NOT NULL"
    if one.operator in PATTERNS:
        found = _parameter(arguments, pattern(one.operator, map(str, one.values)), "text")
        return f"{_AS_TEXT[one.kind].format(field=field)} ~ {found}"
    if one.kind.is_time:
        return _within(one, field, arguments, now, zone)
    if one.kind is Kind.TEXT:
        return f"{field} = ANY({_parameter(arguments, list(one.values), 'text[]')})"
    if one.kind in (Kind.TEXTS, Kind.METADATA) and one.operator in ("$is", "$is_not", "$in", "$not_in"):
        return f"{field} @> ANY({_parameter(arguments, [text(value) for value in one.values], 'jsonb[]')})"
    numbers = _parameter(arguments, one.numbers, "numeric[]")
    return f"{_AS_NUMBER[one.kind].format(field=field)} {_COMPARED[one.operator]} ANY({numbers})"


def _within(one: Condition, field: str, arguments: list[object], now: datetime, zone: tzinfo) -> str:
    type_, stretches = "timestamptz", list[tuple[object, object]](one.spans(now, zone))
    if one.kind is Kind.DAY:
        type_, stretches = "date", list(one.days(now, zone))
    begins = _parameter(arguments, [since for since, _ in stretches], f"{type_}[]")
    ends = _parameter(arguments, [until for _, until in stretches], f"{type_}[]")
    return (
        f"EXISTS (SELECT FROM unnest({begins}, {ends}) AS span (since, until)"
        f" WHERE {field} >= coalesce(span.since, '-infinity') AND {field} < coalesce(span.until, 'infinity'))"
    )


def _parameter(arguments: list[object], value: object, type_: str) -> str:
    arguments.append(value)
    return f"${len(arguments)}::{type_}"
