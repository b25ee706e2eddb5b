"""Kept filters as SQL conditions over a row named `item` that has a column for each of their fields (domain 9)."""

import re
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Final

from troth.core.conditions import number
from troth.core.filters import Condition, Filter, Kind, span
from troth.core.json import text

_PATTERNS: Final = {"$contains": "%{}%", "$not_contain": "%{}%", "$starts_with": "{}%", "$ends_with": "%{}"}
_DENYING: Final = {"$is_not", "$not_in", "$not_contain", "$is_unknown"}
"""The exact contraries of others: rows without a value pass them."""

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
_PRESENT: Final = ("$has_value", "$is_unknown")

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
        fields.setdefault((one.field, one.property), []).append(_condition(one, arguments, now, zone))
    return f" {asked.junction.upper()} ".join(f"({' AND '.join(parts)})" for parts in fields.values())


def _condition(one: Condition, arguments: list[object], now: datetime, zone: tzinfo) -> str:
    field = f'item."{one.field}"'
    if one.property is not None:
        field = f"(item.metadata -> {_parameter(arguments, one.property, 'text')})"
    matches = _matches(one, field, arguments, now, zone)
    return f"({matches}) IS NOT TRUE" if one.operator in _DENYING else matches


def _matches(one: Condition, field: str, arguments: list[object], now: datetime, zone: tzinfo) -> str:
    if one.operator in _PRESENT:
        return f"jsonb_array_length({field}) > 0" if one.kind is Kind.TEXTS else f"{field} IS NOT NULL"
    if pattern := _PATTERNS.get(one.operator):
        patterns = [pattern.format(re.sub(r"([\\%_])", r"\\\1", str(value))) for value in one.values]
        return f"{_AS_TEXT[one.kind].format(field=field)} ILIKE ANY({_parameter(arguments, patterns, 'text[]')})"
    if one.kind is Kind.INSTANT:
        spans = [span(one.operator, value, now, zone) for value in one.values]
        begins = _parameter(arguments, [one.since for one in spans], "timestamptz[]")
        ends = _parameter(arguments, [one.until for one in spans], "timestamptz[]")
        return (
            f"EXISTS (SELECT FROM unnest({begins}, {ends}) AS span (since, until)"
            f" WHERE {field} >= coalesce(span.since, '-infinity') AND {field} < coalesce(span.until, 'infinity'))"
        )
    compared = _COMPARED[one.operator]
    if one.kind is Kind.TEXT:
        return f"{field} = ANY({_parameter(arguments, list(one.values), 'text[]')})"
    if one.kind in (Kind.TEXTS, Kind.METADATA) and one.operator in ("$is", "$is_not", "$in", "$not_in"):
        return f"{field} @> ANY({_parameter(arguments, [text(value) for value in one.values], 'jsonb[]')})"
    numbers = [number(value) for value in one.values]
    return f"{_AS_NUMBER[one.kind].format(field=field)} {compared} ANY({_parameter(arguments, numbers, 'numeric[]')})"


def _parameter(arguments: list[object], value: object, type_: str) -> str:
    arguments.append(value)
    return f"${len(arguments)}::{type_}"
