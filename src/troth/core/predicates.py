"""Kept filters asked of one item: a customer, a product (domain 9).

The twin of `db.filters`, which asks a whole table the same; a property test holds both equal. Numbers are compared
exactly, as PostgreSQL's `numeric` does.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, TypeAlias

from troth.core.filters import PRESENCE, Condition, Filter, Kind
from troth.core.patterns import PATTERNS, pattern

Predicate: TypeAlias = Callable[[Any, datetime], bool]
"""Whether an item passes as of an instant."""

_Matches: TypeAlias = Callable[[Any, datetime], bool]
"""Whether a value that is there matches as of an instant."""

_COMPARED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "$is": operator.eq,
    "$is_not": operator.eq,
    "$in": operator.eq,
    "$not_in": operator.eq,
    "$more_than": operator.gt,
    "$more_than_equal": operator.ge,
    "$less_than": operator.lt,
    "$less_than_equal": operator.le,
    "$count": operator.eq,
    "$count_more": operator.gt,
    "$count_less": operator.lt,
}
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_SCALARS: Final = (str, int, Decimal)
_EQUALITY: Final = ("$is", "$is_not", "$in", "$not_in")


def predicate(asked: Filter, zone: tzinfo) -> Predicate:
    """Return a filter as a function, made once and then asked of many items."""
    fields: dict[tuple[str, str | None], list[Predicate]] = {}
    for one in asked.conditions():
        fields.setdefault((one.field, one.key), []).append(_condition(one, zone))
    join = _every if asked.junction == "and" else _any
    return join([_every(tests) for tests in fields.values()])


def _every(tests: Sequence[Predicate]) -> Predicate:
    if len(tests) == 1:
        return tests[0]

    def passes(item: Any, now: datetime) -> bool:
        for test in tests:  # noqa: SIM110 - a plain loop costs half of a generator
            if not test(item, now):
                return False
        return True

    return passes


def _any(tests: Sequence[Predicate]) -> Predicate:
    if len(tests) == 1:
        return tests[0]

    def passes(item: Any, now: datetime) -> bool:
        for test in tests:  # noqa: SIM110 - as above
            if test(item, now):
                return True
        return False

    return passes


def _condition(one: Condition, zone: tzinfo) -> Predicate:
    read, matches = _reader(one), _matches(one, zone)
    if one.denies:
        return lambda item, now: (value := read(item)) is None or not matches(value, now)
    return lambda item, now: (value := read(item)) is not None and matches(value, now)


def _reader(one: Condition) -> Callable[[Any], Any]:
    """Return the function that reads a condition's field of an item."""
    if (name := one.key) is not None:
        return lambda item: item.metadata.get(name)
    outer, _, inner = one.field.partition(".")
    if inner:
        return lambda item: (getattr(item, outer) or {}).get(inner)
    return operator.attrgetter(outer)


def _matches(one: Condition, zone: tzinfo) -> _Matches:
    if one.operator in PRESENCE:
        return (lambda value, _: len(value) > 0) if one.kind is Kind.TEXTS else (lambda _value, _now: True)
    if one.operator in PATTERNS:
        search = re.compile(pattern(one.operator, map(str, one.values))).search
        return lambda value, _: isinstance(value, str) and search(value) is not None
    if one.kind.is_time:
        return _within(one, zone)
    if one.operator in _EQUALITY and one.kind is not Kind.NUMBER:
        return _equals(one)
    return _compares(one)


def _equals(one: Condition) -> _Matches:
    values = one.values
    if one.kind is Kind.TEXT:
        texts = frozenset(values)
        return lambda value, _: value in texts

    # To Python, true would equal 1.
    wanted = frozenset((isinstance(value, bool), value) for value in values)

    def matches(value: Any, _: datetime) -> bool:
        if isinstance(value, list | tuple):
            return any(isinstance(inner, _SCALARS) and (isinstance(inner, bool), inner) in wanted for inner in value)
        return isinstance(value, _SCALARS) and (isinstance(value, bool), value) in wanted

    return matches


def _compares(one: Condition) -> _Matches:
    compare, numbers = _COMPARED[one.operator], one.numbers
    if one.kind is Kind.TEXTS:
        return lambda value, _: any(compare(len(value), wanted) for wanted in numbers)

    def matches(value: Any, _: datetime) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            return False
        return any(compare(value, wanted) for wanted in numbers)

    return matches


def _within(one: Condition, zone: tzinfo) -> _Matches:
    # What one batch asks is asked as of one instant.
    @lru_cache(maxsize=1)
    def stretches(now: datetime) -> list[tuple[Any, Any]]:
        if one.kind is Kind.DAY:
            return [*one.days(now, zone)]
        return [(since or _FIRST, until or _NEVER) for since, until in one.spans(now, zone)]

    def matches(value: date, now: datetime) -> bool:
        return any(since <= value < until for since, until in stretches(now))

    return matches
