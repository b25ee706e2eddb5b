"""Filters that are kept: which products a collection holds, which customers a segment (domain 9).

They speak the language of list filters (domain 3), over properties and `metadata.x`, with a list of values for each
operator. The values are alternatives; of an operator that denies, none may hold. All operators on a field must hold,
and the junction joins the fields. A date means its whole day in the project's time zone; a birthday is such a day.

What a filter finds is said twice and means the same: `core.predicates` asks one item, `db.filters` a whole table.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, ClassVar, Final, Literal, NamedTuple, Self

from pydantic import BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, WithJsonSchema, model_validator
from pydantic_core import CoreSchema

from troth.core.calendar import ONE_DAY, day_of, midnight
from troth.core.conditions import number
from troth.core.configuration import Configuration, instant
from troth.core.lists import LONGEST_VALUE, MOST_DAYS
from troth.core.patterns import PATTERNS
from troth.core.sections import Fault, refuse

MOST_FIELDS: Final = 50
MOST_VALUES: Final = 100

_METADATA: Final = "metadata."
_EQUALITY: Final = ("$is", "$is_not", "$in", "$not_in")
_COMPARISON: Final = ("$more_than", "$less_than", "$more_than_equal", "$less_than_equal")
PRESENCE: Final = ("$has_value", "$is_unknown")
DENYING: Final = frozenset({"$is_not", "$not_in", "$not_contain", "$is_unknown"})
"""The exact contraries of others: items without a value pass them."""

_COUNTS: Final = ("$count", "$count_less", "$count_more")
_MOMENTS: Final = ("$before", "$after")
_DAYS: Final = (
    "$more_than",
    "$less_than",
    "$more_than_ago",
    "$less_than_ago",
    "$more_than_future",
    "$less_than_future",
    "$is_days_ago",
    "$is_days_in_future",
)


_WHOLE_DAYS: Final = {"$is_days_ago": -1, "$is_days_in_future": 1}
_DATE: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TICK: Final = timedelta(milliseconds=1)
"""Time is known to the millisecond, and neither "more than" nor "less than" includes the instant itself."""

_FIRST_INSTANT: Final = datetime.min.replace(tzinfo=UTC)
_NEVER: Final = date.max
"""After all days: no filter names the last day that there is."""

_ANY_INSTANT: Final = datetime(2000, 1, 1, tzinfo=UTC)


class Span(NamedTuple):
    """A stretch of time: from its first instant to the first one after it, open where that is None."""

    since: datetime | None
    until: datetime | None


_SPANS: Final[Mapping[str, Callable[[datetime, timedelta], Span]]] = {
    "$more_than": lambda now, days: Span(None, now - days),
    "$more_than_ago": lambda now, days: Span(None, now - days),
    "$less_than": lambda now, days: Span(now - days + _TICK, None),
    "$less_than_ago": lambda now, days: Span(now - days + _TICK, now + _TICK),
    "$more_than_future": lambda now, days: Span(now + days + _TICK, None),
    "$less_than_future": lambda now, days: Span(now, now + days),
}


class Kind(Enum):
    """What a field holds."""

    TEXT = "text"
    NUMBER = "number"
    INSTANT = "instant"
    DAY = "day"
    TEXTS = "texts"
    METADATA = "metadata"

    @property
    def operators(self) -> tuple[str, ...]:
        """The operators that such a field knows."""
        return _OPERATORS[self]

    @property
    def is_time(self) -> bool:
        """Whether its operators mean stretches of time."""
        return self in (Kind.INSTANT, Kind.DAY)


_OPERATORS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.TEXT: (*_EQUALITY, *PATTERNS, *PRESENCE),
    Kind.NUMBER: (*_EQUALITY, *_COMPARISON, *PRESENCE),
    Kind.INSTANT: ("$is", *_MOMENTS, *_DAYS, *PRESENCE),
    Kind.DAY: ("$is", *_MOMENTS, *_DAYS, *PRESENCE),
    Kind.TEXTS: (*_EQUALITY, *_COUNTS, *PRESENCE),
    Kind.METADATA: (*_EQUALITY, *PATTERNS, *_COMPARISON, *PRESENCE),
}

Value = str | int | Decimal | bool


def _values(given: object) -> tuple[Value, ...]:
    values = given if isinstance(given, list | tuple) else [given]
    if len(values) > MOST_VALUES:
        raise ValueError(f"must hold at most {MOST_VALUES} values")
    for value in values:
        if not isinstance(value, str | int | Decimal):
            raise ValueError("must hold texts, numbers, true or false")  # noqa: TRY004 - shown with its path
        if isinstance(value, str) and len(value) > LONGEST_VALUE:
            raise ValueError(f"must hold texts of at most {LONGEST_VALUE} characters")
    return tuple(values)


Values = Annotated[tuple[Any, ...], BeforeValidator(_values), WithJsonSchema({"type": "array", "items": {}})]


class FieldConditions(Configuration):
    """The operators on one field with their values; a single value may stand without its list."""

    conditions: Mapping[str, Values]


class Condition(NamedTuple):
    """One operator on one field; of `metadata`, `key` names which."""

    field: str
    key: str | None
    kind: Kind
    operator: str
    values: tuple[Value, ...]

    @property
    def denies(self) -> bool:
        """Whether it holds where its contrary does not."""
        return self.operator in DENYING

    @property
    def follows_time(self) -> bool:
        """Whether what it finds changes as time passes."""
        return self.kind.is_time and self.operator in _DAYS

    @property
    def numbers(self) -> list[Decimal]:
        """The values, which are numbers or texts that are."""
        return [known for value in self.values if (known := number(value)) is not None]

    def spans(self, now: datetime, zone: tzinfo) -> list[Span]:
        """Return the stretches of time in one of which a field of instants must lie."""
        return [span(self.operator, value, now, zone) for value in self.values]

    def days(self, now: datetime, zone: tzinfo) -> list[tuple[date, date]]:
        """Return the first day and the first day after of each stretch in which a day must begin."""
        return [
            (
                _first_day(one.since, zone) if one.since else date.min,
                _first_day(one.until, zone) if one.until else _NEVER,
            )
            for one in self.spans(now, zone)
        ]


class Filter(Configuration):
    """A filter over the fields that a subclass names in `kinds`."""

    model_config = ConfigDict(extra="allow")
    kinds: ClassVar[Mapping[str, Kind]] = {}

    junction: Literal["and", "or"]
    __pydantic_extra__: dict[str, FieldConditions] = Field(init=False)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        schema = super().__get_pydantic_json_schema__(core_schema, handler)
        known = schema.pop("additionalProperties")
        names = "|".join(re.escape(name) for name in cls.kinds)
        return schema | {"patternProperties": {f"^({names}|metadata\\..+)$": known}, "additionalProperties": False}

    @model_validator(mode="after")
    def _can_be_asked(self) -> Self:
        refuse(type(self).__name__, self._faults())
        return self

    def conditions(self) -> Iterator[Condition]:
        """Yield every operator, in the order in which the filter was written."""
        for name, asked in (self.__pydantic_extra__ or {}).items():
            kind = self._kind(name)
            assert kind is not None, "checked when the filter was read"
            inside = name.removeprefix(_METADATA) if kind is Kind.METADATA else None
            for operator, values in asked.conditions.items():
                yield Condition("metadata" if inside else name, inside, kind, operator, values)

    @property
    def follows_time(self) -> bool:
        """Whether what the filter finds changes as time passes, although nothing else does."""
        return any(one.follows_time for one in self.conditions())

    def _kind(self, name: str) -> Kind | None:
        if name.startswith(_METADATA) and len(name) > len(_METADATA):
            return Kind.METADATA
        return self.kinds.get(name)

    def _faults(self) -> Iterable[Fault]:
        fields = self.__pydantic_extra__ or {}
        if not 1 <= len(fields) <= MOST_FIELDS:
            yield Fault((), f"must name 1 to {MOST_FIELDS} fields")
        for name, asked in fields.items():
            kind = self._kind(name)
            if kind is None:
                yield Fault((name,), f"is no field to filter by; there are {', '.join(self.kinds)} and metadata.…")
            elif not asked.conditions:
                yield Fault((name, "conditions"), "must hold at least one operator")
            else:
                for operator, values in asked.conditions.items():
                    for path, words in _operator_faults(kind, operator, values):
                        yield Fault((name, "conditions", operator, *path), words)


class ProductFilter(Filter):
    """A filter over products."""

    kinds: ClassVar = {
        "id": Kind.TEXT,
        "source_id": Kind.TEXT,
        "name": Kind.TEXT,
        "price": Kind.NUMBER,
        "attributes": Kind.TEXTS,
        "image_url": Kind.TEXT,
        "created_at": Kind.INSTANT,
        "updated_at": Kind.INSTANT,
    }


class CustomerFilter(Filter):
    """A filter over customers."""

    kinds: ClassVar = {
        "id": Kind.TEXT,
        "source_id": Kind.TEXT,
        "name": Kind.TEXT,
        "description": Kind.TEXT,
        "email": Kind.TEXT,
        "phone": Kind.TEXT,
        "birthday": Kind.DAY,
        "address.city": Kind.TEXT,
        "address.state": Kind.TEXT,
        "address.line_1": Kind.TEXT,
        "address.line_2": Kind.TEXT,
        "address.country": Kind.TEXT,
        "address.postal_code": Kind.TEXT,
        "created_at": Kind.INSTANT,
        "updated_at": Kind.INSTANT,
    }


def span(operator: str, value: Value, now: datetime, zone: tzinfo) -> Span:
    """Return the time in which a field of instants must lie for one value of an operator (domain 3)."""
    if operator in _DAYS:
        days = timedelta(days=int(number(value) or 0))
        if operator in _WHOLE_DAYS:
            return _day(day_of(now, zone) + _WHOLE_DAYS[operator] * days, zone)
        return _SPANS[operator](now, days)
    text = str(value)
    if _DATE.fullmatch(text):
        begin, end = _day(date.fromisoformat(text), zone)
    else:
        begin = instant(text)
        end = begin + _TICK
    return {"$before": Span(None, begin), "$after": Span(end, None)}.get(operator, Span(begin, end))


def _day(day: date, zone: tzinfo) -> Span:
    return Span(_midnight(day, zone), _midnight(day + ONE_DAY, zone))


def _midnight(day: date, zone: tzinfo) -> datetime:
    # East of Greenwich the first day that there is begins before all instants that there are.
    try:
        return midnight(day, zone)
    except OverflowError:
        return _FIRST_INSTANT


def _first_day(moment: datetime, zone: tzinfo) -> date:
    """Return the first day that does not begin before an instant."""
    try:
        day = day_of(moment, zone)
        return day if midnight(day, zone) == moment else day + ONE_DAY
    except OverflowError:
        return date.min if moment.year == 1 else _NEVER


def _operator_faults(kind: Kind, operator: str, values: tuple[Value, ...]) -> Iterable[Fault]:
    if operator not in kind.operators:
        yield Fault((), f"is not allowed here, only {', '.join(kind.operators)}")
    elif operator not in PRESENCE:
        if not values:
            yield Fault((), "must hold at least one value")
        fits, words = _wanted(kind, operator)
        for place, value in enumerate(values):
            if not fits(value):
                yield Fault((place,), f"must be {words}")


def _is_text(value: Value) -> bool:
    return isinstance(value, str)


def _is_number(value: Value) -> bool:
    return number(value) is not None


def _is_count(value: Value) -> bool:
    counted = number(value)
    return counted is not None and counted == counted.to_integral_value() and 0 <= counted <= MOST_DAYS


def _is_moment(value: Value) -> bool:
    try:
        span("$is", value, _ANY_INSTANT, UTC)
    except (ValueError, OverflowError):
        return False
    return isinstance(value, str)


def _wanted(kind: Kind, operator: str) -> tuple[Callable[[Value], bool], str]:
    """Return the check of an operator's values, and what it allows."""
    if kind.is_time:
        if operator in _DAYS:
            return _is_count, f"a number of days from 0 to {MOST_DAYS}"
        return _is_moment, "a date such as 2026-01-31 or a date-time such as 2026-01-31T12:00:00Z"
    if kind is Kind.NUMBER or operator in _COMPARISON:
        return _is_number, "a number, or a text that is one"
    if operator in _COUNTS:
        return _is_count, f"a whole number from 0 to {MOST_DAYS}"
    if kind is Kind.METADATA and operator in _EQUALITY:
        return lambda _: True, "anything"
    return _is_text, "a text"
