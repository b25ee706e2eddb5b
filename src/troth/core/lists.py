"""Lists: what a list offers (its declaration) and what one request asks of it (its query); domain 3.

A declaration names fields as requests do, and the SQL behind the list shows columns of the same names. Every rule of
reading a request is here, once: the door only takes the query string apart, `db` only turns the query into SQL.

What the operators mean:

- `$is` and `$in` compare exactly. `$contains`, `$starts_with` and `$ends_with` ignore case and know no wildcards.
- `$is_not`, `$not_in` and `$not_contain` are the exact contrary of `$is`, `$in` and `$contains`: rows without a value
  pass them.
- A date-time means its millisecond, a date its whole day in the project's time zone: `$before` is before that begins,
  `$after` is once it is over, `$is` is within.
- `$more_than` and `$less_than` count days of 24 hours back from now, neither includes that instant itself.
- All conditions on one field must hold, so that two of them make a range; the junction joins the fields.
"""

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import Enum, StrEnum
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

from troth.core.configuration import instant
from troth.core.refusals import Reason, Refusal

LARGEST_LIMIT: Final = 100
LONGEST_VALUE: Final = 500
"""How many characters a value has at most: more than any field that is filtered by, so that cursors stay short."""

MOST_DAYS: Final = 36_500
"""How far back `$more_than` and `$less_than` reach: a hundred years."""

Row = TypeVar("Row")
Position: TypeAlias = tuple[str | datetime | date | None, ...]
"""Where a page ended: what its last row holds in the fields that order it."""


class Junction(StrEnum):
    """Whether a row passes when all of the filtered fields match, or any."""

    AND = "AND"
    OR = "OR"


class Operator(StrEnum):
    """Every way to compare a field, as requests write it."""

    IS = "$is"
    IS_NOT = "$is_not"
    IN = "$in"
    NOT_IN = "$not_in"
    CONTAINS = "$contains"
    NOT_CONTAIN = "$not_contain"
    STARTS_WITH = "$starts_with"
    ENDS_WITH = "$ends_with"
    BEFORE = "$before"
    AFTER = "$after"
    MORE_THAN = "$more_than"
    LESS_THAN = "$less_than"
    HAS_VALUE = "$has_value"
    IS_UNKNOWN = "$is_unknown"


SETS: Final = (Operator.IN, Operator.NOT_IN)
"""The operators that take several values."""

PRESENCE: Final = (Operator.HAS_VALUE, Operator.IS_UNKNOWN)
"""The operators that need no value: a given one says nothing more, but must not say `false`."""

_EXACT: Final = (Operator.IS, Operator.IS_NOT, *SETS)
_PATTERNS: Final = (Operator.CONTAINS, Operator.NOT_CONTAIN, Operator.STARTS_WITH, Operator.ENDS_WITH)
_TIMES: Final = (Operator.BEFORE, Operator.AFTER, Operator.IS, Operator.MORE_THAN, Operator.LESS_THAN)


class Kind(Enum):
    """What a field holds."""

    TEXT = "text"
    INSTANT = "instant"
    DAY = "day"


def _unchanged(value: str) -> str:
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a list: what it holds and how it may be filtered (not at all without operators).

    A text may be bound to a `pattern` or to `values`; `stored` turns a value of the API into the stored one.
    """

    kind: Kind
    operators: tuple[Operator, ...] = ()
    pattern: str | None = None
    values: tuple[str, ...] = ()
    largest_set: int = 10
    nullable: bool = False
    stored: Callable[[str], str] = _unchanged


def ids(prefix: str, *aliases: str, digits: str = "a-f0-9") -> Field:
    """Declare an id; the API may know it by further prefixes, of which `prefix` is the stored one (domain 1)."""
    prefixes = "|".join((prefix, *aliases))
    return Field(
        kind=Kind.TEXT,
        operators=_EXACT,
        pattern=f"^({prefixes})_[{digits}]+$" if aliases else f"^{prefix}_[{digits}]+$",
        largest_set=100,
        stored=lambda value: prefix + value[value.index("_") :],
    )


def choices(values: Iterable[str], *, stored: Callable[[str], str] = _unchanged) -> Field:
    """Declare a field with a closed set of values: a status, a type."""
    return Field(kind=Kind.TEXT, operators=_EXACT, values=tuple(values), stored=stored)


def texts(*, nullable: bool = False) -> Field:
    """Declare free text: a name, a city."""
    return Field(kind=Kind.TEXT, operators=(*_EXACT, *_PATTERNS, *PRESENCE), nullable=nullable)


def instants(*, nullable: bool = False, filterable: bool = True) -> Field:
    """Declare a point in time, stored to the millisecond."""
    return Field(kind=Kind.INSTANT, operators=(*_TIMES, *PRESENCE) if filterable else (), nullable=nullable)


def days(*, nullable: bool = False) -> Field:
    """Declare a calendar date; no list filters by one."""
    return Field(kind=Kind.DAY, nullable=nullable)


@dataclass(frozen=True, kw_only=True, eq=False)
class ListDeclaration:
    """Everything that tells one list from another.

    `cursor_prefix` is the contract's, without the underscore; a list without one has no cursor, a list without
    `orders` (a report) neither order nor limit. `tie_breaker` is the column that tells any two rows of the list apart.
    `deep_filters` says whether it knows `filters[…]`; `other_parameters` are those that the route reads itself.
    """

    fields: Mapping[str, Field]
    orders: tuple[str, ...] = ("created_at",)
    default_order: tuple[str, ...] = ("-created_at",)
    tie_breaker: str = "id"
    cursor_prefix: str | None = None
    default_limit: int = 10
    deep_filters: bool = True
    other_parameters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in (*self.orders, *(one.removeprefix("-") for one in self.default_order)):
            if name not in self.fields or name not in self.orders:
                raise ValueError(f"a list can be ordered only by its fields, and {name} is none")

    def field(self, name: str) -> Field:
        """Return a field, the tie-breaker too where it is not declared."""
        return self.fields.get(name, _TIE_BREAKER)

    @property
    def filterable(self) -> dict[str, Field]:
        """The fields that have operators, in their order."""
        return {name: one for name, one in self.fields.items() if one.operators}

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The query parameters that requests may have."""
        known = {
            "limit": self.orders,
            "order": self.orders,
            "cursor": self.cursor_prefix,
            "filters": self.deep_filters and self.filterable,
        }
        return (*(name for name, present in known.items() if present), *self.other_parameters)


_TIE_BREAKER: Final = Field(kind=Kind.TEXT)


@dataclass(frozen=True, kw_only=True, eq=False)
class PageDeclaration(ListDeclaration):
    """A list in the older convention: numbered pages, plain parameters as filters (domain 3, "v1 lists").

    `data_ref` names the property of the answer that holds the rows. `filter_parameters` maps a parameter, such as
    `email` or `created_at[before]`, to the field and operator it stands for. `starting_after` names the field of
    instants that the parameter of this name continues from; a list without `largest_page` has no pages to number.
    """

    data_ref: str
    filter_parameters: Mapping[str, tuple[str, Operator]] = dataclasses.field(default_factory=dict)
    largest_page: int | None = 100
    starting_after: str | None = None
    deep_filters: bool = False

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The query parameters that requests may have."""
        known = {"page": self.largest_page, "starting_after": self.starting_after}
        own = (name for name, present in known.items() if present)
        return (*super().parameter_names, *own, *self.filter_parameters)


class Order(NamedTuple):
    """One field that rows are ordered by; rows without a value come last either way."""

    field: str
    descending: bool

    def __str__(self) -> str:
        return f"-{self.field}" if self.descending else self.field


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition: as asked (all that tells two filters apart) and with the values to compare with.

    Operands of times are instants, so that `$more_than` says the same while its list is paged through: `$is` has the
    first instant that it covers and the first that it does not, other times one. Of texts: one, a tuple for the
    operators of sets, none for those of presence.
    """

    field: str
    operator: Operator
    asked: tuple[str, ...]
    operands: tuple[object, ...] = dataclasses.field(compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """What one request asks of a list: its `order` ends with the tie-breaker, `filters` stand in declared order.

    `as_of` is the instant that relative dates were counted from; `after` the position to go on from, maybe only of
    the first fields of the order. In numbered pages, `skip` rows are passed over, and `bounds` are conditions that hold
    whatever the junction.
    """

    limit: int
    order: tuple[Order, ...]
    filters: tuple[Filter, ...]
    junction: Junction
    as_of: datetime
    after: Position | None = None
    skip: int = 0
    bounds: tuple[Filter, ...] = ()


class Page(NamedTuple, Generic[Row]):
    """The rows of one page, and where it ended if there are more."""

    rows: Sequence[Row]
    position: Position | None


def invalid_query(details: str) -> Refusal:
    """Return the refusal of a query string, saying what is wrong and what is allowed."""
    return Refusal(Reason.INVALID_QUERY, details)


def shown(value: str) -> str:
    """Return a value in quotes for a refusal, cut where it grows long."""
    return f'"{value}"' if len(value) <= 60 else f'"{value[:60]}…"'


def read_number(name: str, text: str, largest: int, smallest: int = 1) -> int:
    """Return the integer that a parameter gives in decimal digits."""
    if re.fullmatch("[0-9]{1,9}", text) and smallest <= int(text) <= largest:
        return int(text)
    raise invalid_query(f"{name} must be an integer from {smallest} to {largest}, not {shown(text)}")


def read_order(declaration: ListDeclaration, asked: Sequence[str]) -> tuple[Order, ...]:
    """Return the order asked for (`-created_at`), or the list's own; the tie-breaker follows the last direction."""
    directions: dict[str, bool] = {}
    for text in asked or declaration.default_order:
        name, descending = text.removeprefix("-"), text.startswith("-")
        if name not in declaration.orders:
            allowed = ", ".join(f"{one}, -{one}" for one in declaration.orders)
            raise invalid_query(f"order cannot be {shown(text)}; allowed are {allowed}")
        if directions.setdefault(name, descending) != descending:
            raise invalid_query(f"order names {name} in both directions")
    order = [Order(*one) for one in directions.items()]
    if not order:
        return ()
    if declaration.tie_breaker in directions:
        return tuple(order[: list(directions).index(declaration.tie_breaker) + 1])
    return (*order, Order(declaration.tie_breaker, order[-1].descending))


def read_junction(text: str) -> Junction:
    """Return the junction, in capitals (v2) or not (v1)."""
    if text.upper() in tuple(Junction):
        return Junction(text.upper())
    raise invalid_query(f"filters[junction] must be AND or OR, not {shown(text)}")


def read_filter(
    declaration: ListDeclaration,
    name: str,
    operator: str,
    asked: Sequence[str],
    *,
    now: datetime,
    zone: tzinfo,
    parameter: str | None = None,
) -> Filter:
    """Return one condition, checked. `parameter` is what the request calls it where that is not the deep form."""
    where = parameter or f"filters[{name}][conditions][{operator}]"
    known = declaration.filterable.get(name)
    if known is None:
        allowed = ", ".join(("junction", *declaration.filterable))
        raise invalid_query(f"filters[{name[:60]}] is unknown; allowed are {allowed}")
    if operator not in known.operators:
        raise invalid_query(f"{where[:150]} is unknown; allowed are {', '.join(known.operators)}")
    operator = Operator(operator)
    values = tuple(sorted(set(asked))) if operator in SETS else tuple(asked)
    largest = known.largest_set if operator in SETS else 1
    if len(values) > largest or (not values and operator not in PRESENCE):
        amount = "one value" if largest == 1 else f"1 to {largest} values"
        raise invalid_query(f"{where} takes {amount}, not {len(values)}")
    if operator in PRESENCE:
        if values and values[0].lower() == "false":
            raise invalid_query(f'{where} cannot be "false"; its contrary is an operator of its own')
        return Filter(name, operator, (), ())
    if known.kind is Kind.INSTANT:
        return Filter(name, operator, values, _times(where, operator, values[0], now, zone))
    stored = tuple(_text(where, known, one) for one in values)
    return Filter(name, operator, values, (stored,) if operator in SETS else stored)


def _text(where: str, known: Field, value: str) -> str:
    if len(value) > LONGEST_VALUE:
        raise invalid_query(f"{where} has {len(value)} characters; at most {LONGEST_VALUE} are allowed")
    if known.pattern and not re.fullmatch(known.pattern, value):
        raise invalid_query(f"{where} must match {known.pattern}, not {shown(value)}")
    if known.values and value not in known.values:
        raise invalid_query(f"{where} must be one of {', '.join(known.values)}, not {shown(value)}")
    return known.stored(value)


def _times(where: str, operator: Operator, value: str, now: datetime, zone: tzinfo) -> tuple[datetime, ...]:
    if operator in (Operator.MORE_THAN, Operator.LESS_THAN):
        return (now - timedelta(days=read_number(where, value, MOST_DAYS, 0)),)
    try:
        if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            day = date.fromisoformat(value)
            begin, end = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
        else:
            begin = instant(value)
            end = begin + timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        raise invalid_query(
            f"{where} must be a date such as 2026-01-31 or a date-time with a time zone"
            f" such as 2026-01-31T12:00:00Z, not {shown(value)}"
        ) from None
    return {Operator.BEFORE: (begin,), Operator.AFTER: (end,)}.get(operator, (begin, end))


def _midnight(day: date, zone: tzinfo) -> datetime:
    # Where clocks skip midnight, the first reading of it is the instant at which the date begins (domain 2).
    return datetime.combine(day, time(), zone).astimezone(UTC)


def sorted_filters(declaration: ListDeclaration, filters: Iterable[Filter]) -> tuple[Filter, ...]:
    """Return filters in declared order, so that a request reads the same however it is written."""
    fields = list(declaration.fields)
    return tuple(sorted(filters, key=lambda one: (fields.index(one.field), tuple(Operator).index(one.operator))))
