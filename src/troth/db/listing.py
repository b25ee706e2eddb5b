"""One page of a list: its declaration and a query, turned into SQL and run (domain 3).

The source of a list is a named query that selects the rows of its scope (`WHERE project_id = $1 …`) with a column for
each declared field. It becomes a subquery, which PostgreSQL dissolves, so that the source's indexes serve filters and
order. Values travel as parameters only: the same shape of request is the same text, prepared once per connection.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final

from troth.core.lists import (
    Filter,
    Kind,
    ListDeclaration,
    ListQuery,
    Operator,
    Order,
    Page,
    Position,
)
from troth.db.database import Connection, Row

LARGEST_COUNT: Final = 10_000
"""How far the rows of a filtered list are counted (domain 3)."""

_TYPES: Final = {Kind.TEXT: "text", Kind.INSTANT: "timestamptz", Kind.DAY: "date"}

_TEXT: Final = {
    Operator.IS: "{field} = {0}",
    Operator.IS_NOT: "{field} IS DISTINCT FROM {0}",
    Operator.IN: "{field} = ANY({0}[])",
    Operator.NOT_IN: "({field} = ANY({0}[])) IS NOT TRUE",
    Operator.CONTAINS: "{field} ILIKE {0}",
    Operator.NOT_CONTAIN: "({field} ILIKE {0}) IS NOT TRUE",
    Operator.STARTS_WITH: "{field} ILIKE {0}",
    Operator.ENDS_WITH: "{field} ILIKE {0}",
    Operator.HAS_VALUE: "{field} IS NOT NULL",
    Operator.IS_UNKNOWN: "{field} IS NULL",
}
_INSTANT: Final = {
    Operator.BEFORE: "{field} < {0}",
    Operator.AFTER: "{field} >= {0}",
    Operator.IS: "({field} >= {0} AND {field} < {1})",
    Operator.MORE_THAN: "{field} < {0}",
    Operator.LESS_THAN: "{field} > {0}",
    Operator.HAS_VALUE: "{field} IS NOT NULL",
    Operator.IS_UNKNOWN: "{field} IS NULL",
}
_CONDITIONS: Final = {Kind.TEXT: _TEXT, Kind.INSTANT: _INSTANT}
_PATTERNS: Final = {
    Operator.CONTAINS: "%{}%",
    Operator.NOT_CONTAIN: "%{}%",
    Operator.STARTS_WITH: "{}%",
    Operator.ENDS_WITH: "%{}",
}


async def page(
    connection: Connection, declaration: ListDeclaration, query: ListQuery, source: str, *scope: object
) -> Page[Row]:
    """Return one page of a list; `scope` are the arguments of the `source`."""
    text, arguments = statement(declaration, query, source, scope)
    rows = await connection.fetch(text, *arguments)
    if len(rows) <= query.limit:
        return Page(rows, None)
    rows = rows[: query.limit]
    return Page(rows, tuple(rows[-1][order.field] for order in query.order))


async def count(
    connection: Connection, declaration: ListDeclaration, query: ListQuery, source: str, *scope: object
) -> int:
    """Return how many rows a query finds on all pages; of a filtered list at most `LARGEST_COUNT`."""
    arguments = list(scope)
    condition = where(declaration, query, arguments)
    limit = f"LIMIT {LARGEST_COUNT}" if query.filters or query.bounds else ""
    text = f"SELECT count(*) FROM (SELECT FROM ({source}) AS item WHERE {condition} {limit}) AS found"  # noqa: S608 - as below
    return int(await connection.fetchval(text, *arguments))


def statement(
    declaration: ListDeclaration, query: ListQuery, source: str, scope: Sequence[object]
) -> tuple[str, list[object]]:
    """Return the SQL of one page and its arguments: a row more than the page has, to see whether another follows."""
    arguments = list(scope)
    conditions = [where(declaration, query, arguments)]
    if query.after is not None:
        conditions.append(_beyond(declaration, query.order, query.after, arguments))
    order = ", ".join(_direction(declaration, one) for one in query.order)
    text = f"SELECT * FROM ({source}) AS item WHERE {' AND '.join(conditions)}"  # noqa: S608 - values are parameters
    text += f" ORDER BY {order} LIMIT {_parameter(arguments, query.limit + 1, 'bigint')}"
    if query.skip:
        text += f" OFFSET {_parameter(arguments, query.skip, 'bigint')}"
    return text, arguments


def where(declaration: ListDeclaration, query: ListQuery, arguments: list[object]) -> str:
    """Return the SQL condition of a query's filters over a row named `item`, and append its arguments."""
    bounds = _matches(declaration, query.bounds, arguments)
    filters = _matches(declaration, query.filters, arguments)
    if filters:
        bounds.append(f"({f' {query.junction} '.join(filters)})")
    return " AND ".join(bounds) or "true"


def _matches(declaration: ListDeclaration, filters: Iterable[Filter], arguments: list[object]) -> list[str]:
    """Return one condition for each filtered field; filters stand sorted by field."""
    return [
        "(" + " AND ".join(_match(declaration, one, arguments) for one in of_field) + ")"
        for _, of_field in groupby(filters, key=lambda one: one.field)
    ]


def _match(declaration: ListDeclaration, one: Filter, arguments: list[object]) -> str:
    kind = declaration.field(one.field).kind
    operands = one.operands
    if pattern := _PATTERNS.get(one.operator):
        operands = tuple(pattern.format(re.sub(r"([\\%_])", r"\\\1", str(text))) for text in operands)
    parameters = [_parameter(arguments, operand, _TYPES[kind]) for operand in operands]
    return _CONDITIONS[kind][one.operator].format(*parameters, field=f"item.{one.field}")


def _direction(declaration: ListDeclaration, order: Order) -> str:
    # Only where there are gaps to place: the plain form is the one that plain indexes have.
    gaps = " NULLS LAST" if declaration.field(order.field).nullable else ""
    return f"item.{order.field} {'DESC' if order.descending else 'ASC'}{gaps}"


def _beyond(declaration: ListDeclaration, orders: Sequence[Order], position: Position, arguments: list[object]) -> str:
    """Return the condition of a row after a position.

    Fields that have values and one direction are compared as one row, which an index answers. Otherwise the first field
    decides: past its value (or without one, where that is possible), or at it and beyond in the fields that follow.
    """
    fields = [declaration.field(order.field) for order in orders]
    first, value = orders[0], position[0]
    beyond = "<" if first.descending else ">"
    known = list(zip(orders, fields, position, strict=False))
    if not any(field.nullable for _, field, _ in known) and len({order.descending for order, _, _ in known}) == 1:
        columns = ", ".join(f"item.{order.field}" for order, _, _ in known)
        values = ", ".join(_parameter(arguments, one, _TYPES[field.kind]) for _, field, one in known)
        return f"({columns}) {beyond} ({values})"
    column = f"item.{first.field}"
    if value is None:
        return f"({column} IS NULL AND {_beyond(declaration, orders[1:], position[1:], arguments)})"
    parameter = _parameter(arguments, value, _TYPES[fields[0].kind])
    past = f"{column} {beyond} {parameter}"
    if len(known) > 1:
        rest = _beyond(declaration, orders[1:], position[1:], arguments)
        past = f"({column} {beyond}= {parameter} AND ({past} OR {rest}))"
    return f"({past} OR {column} IS NULL)" if fields[0].nullable else past


def _parameter(arguments: list[object], value: object, type_: str) -> str:
    arguments.append(value)
    return f"${len(arguments)}::{type_}"
