"""Lists on PostgreSQL: every operator against a second, plain reading of it, and pages over rows that come and go."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from troth.core.lists import (
    SETS,
    Filter,
    Junction,
    Kind,
    ListDeclaration,
    ListQuery,
    Operator,
    choices,
    days,
    ids,
    instants,
    read_filter,
    read_order,
    sorted_filters,
    texts,
)
from troth.db.database import Database
from troth.db.listing import LARGEST_COUNT, count, page, statement

pytestmark = pytest.mark.anyio
# The database outlives the examples on purpose: no example writes to it.
examples = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Warsaw")
THINGS = ListDeclaration(
    fields={
        "id": ids("lthg"),
        "name": texts(nullable=True),
        "status": choices(("DRAFT", "ACTIVE", "DELETED")),
        "created_at": instants(),
        "updated_at": instants(nullable=True),
        "due": days(nullable=True),
    },
    orders=("created_at", "updated_at", "name", "status", "due"),
)
SOURCE = """
    SELECT id, name COLLATE "C" AS name, status COLLATE "C" AS status, created_at, updated_at, due
    FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::date[])
        AS thing(id, name, status, created_at, updated_at, due)
"""


class Thing(NamedTuple):
    id: str
    name: str | None
    status: str
    created_at: datetime
    updated_at: datetime | None
    due: date | None


def columns(things: Sequence[Thing]) -> list[list[Any]]:
    """The arguments of the source: the rows themselves, so that no test writes any."""
    return [[getattr(thing, name) for thing in things] for name in Thing._fields]


# Few different values, so that equal ones, wildcards, and edges of days and milliseconds meet often.
names = st.text("aAbB%_\\,日", max_size=2)
moments = st.one_of(
    st.integers(-3, 1).map(lambda number: NOW + timedelta(days=number)),
    st.builds(
        lambda day, step: datetime(2026, 3, day, tzinfo=ZONE).astimezone(UTC) + timedelta(milliseconds=step),
        st.integers(12, 16),
        st.integers(-1, 1),
    ),
)
things = st.builds(
    Thing,
    id=st.integers(0, 99).map(lambda number: f"lthg_{number:02x}"),
    name=st.none() | names,
    status=st.sampled_from(THINGS.fields["status"].values),
    created_at=moments,
    updated_at=st.none() | moments,
    due=st.none() | st.integers(1, 3).map(lambda day: date(2026, 4, day)),
)
many_things = st.lists(things, max_size=20, unique_by=lambda thing: thing.id)


def asked_of(name: str, operator: Operator) -> st.SearchStrategy[Filter]:
    """Conditions of one field and operator, with values that rows may well have."""
    field = THINGS.field(name)
    values: st.SearchStrategy[str] = names
    if operator in (Operator.MORE_THAN, Operator.LESS_THAN):
        values = st.integers(0, 4).map(str)
    elif field.kind is Kind.INSTANT:
        values = moments.map(datetime.isoformat) | moments.map(lambda one: one.date().isoformat())
    elif field.values:
        values = st.sampled_from(field.values)
    elif name == "id":
        values = things.map(lambda thing: thing.id)
    return st.lists(values, min_size=1, max_size=4 if operator in SETS else 1).map(
        lambda asked: read_filter(THINGS, name, operator, asked, now=NOW, zone=ZONE)
    )


every_filter = [asked_of(name, operator) for name, field in THINGS.filterable.items() for operator in field.operators]
filters = st.one_of(every_filter)


def _span(asked: str) -> tuple[datetime, datetime]:
    if "T" in asked:
        return datetime.fromisoformat(asked), datetime.fromisoformat(asked) + timedelta(milliseconds=1)
    begin = datetime.fromisoformat(asked).replace(tzinfo=ZONE)
    return begin, begin + timedelta(days=1)


PLAIN: dict[str, Callable[[Any, list[str]], bool]] = {
    "$in": lambda value, asked: value in asked,
    "$not_in": lambda value, asked: value not in asked,
    "$is_not": lambda value, asked: value != asked[0],
    "$contains": lambda value, asked: value is not None and asked[0].lower() in value.lower(),
    "$not_contain": lambda value, asked: value is None or asked[0].lower() not in value.lower(),
    "$starts_with": lambda value, asked: value is not None and value.lower().startswith(asked[0].lower()),
    "$ends_with": lambda value, asked: value is not None and value.lower().endswith(asked[0].lower()),
    "$before": lambda value, asked: value is not None and value < _span(asked[0])[0],
    "$after": lambda value, asked: value is not None and value >= _span(asked[0])[1],
    "$more_than": lambda value, asked: value is not None and NOW - value > timedelta(days=int(asked[0])),
    "$less_than": lambda value, asked: value is not None and NOW - value < timedelta(days=int(asked[0])),
    "$has_value": lambda value, asked: value is not None,
    "$is_unknown": lambda value, asked: value is None,
}


def passes(thing: Thing, one: Filter) -> bool:
    value = getattr(thing, one.field)
    if one.operator is not Operator.IS:
        return PLAIN[one.operator](value, list(one.asked))
    if isinstance(value, datetime):
        begin, end = _span(one.asked[0])
        return begin <= value < end
    return value is not None and value == one.asked[0]


def found(query: ListQuery, rows: Sequence[Thing]) -> list[Thing]:
    """What a query finds, read plainly: all conditions of a field, all or any of the fields, then one sort a field."""
    fields = {one.field for one in query.filters}
    junction = all if query.junction is Junction.AND or not fields else any
    kept = [
        thing
        for thing in rows
        if junction(all(passes(thing, one) for one in query.filters if one.field == name) for name in fields)
        and all(passes(thing, one) for one in query.bounds)
    ]
    for order in reversed(query.order):
        known = [thing for thing in kept if getattr(thing, order.field) is not None]
        unknown = [thing for thing in kept if getattr(thing, order.field) is None]
        known.sort(key=lambda thing: getattr(thing, order.field), reverse=order.descending)
        kept = known + unknown
    return kept


orders = st.lists(
    st.tuples(st.sampled_from(THINGS.orders), st.sampled_from(("", "-"))),
    max_size=4,
    unique_by=lambda order: order[0],
).map(lambda chosen: read_order(THINGS, [sign + name for name, sign in chosen]))
several_filters = st.lists(filters, max_size=4, unique_by=lambda one: (one.field, one.operator)).map(
    lambda chosen: sorted_filters(THINGS, chosen)
)
queries = st.builds(
    ListQuery,
    limit=st.integers(1, 4),
    order=orders,
    filters=several_filters,
    junction=st.sampled_from(Junction),
    as_of=st.just(NOW),
    bounds=st.one_of(st.just(()), filters.map(lambda one: (one,))),
)


@examples
@given(rows=many_things, every=st.tuples(*every_filter))
async def test_every_operator_finds_what_it_says(database: Database, rows: list[Thing], every: list[Filter]) -> None:
    order = read_order(THINGS, [])
    async with database.connection() as connection:
        for one in every:
            query = ListQuery(limit=100, order=order, filters=(one,), junction=Junction.AND, as_of=NOW)
            assert (await page(connection, THINGS, query, SOURCE, *columns(rows))).rows == found(query, rows), one


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("$is", "Ann", {"Ann"}),
        ("$is_not", "Ann", {"anna%", "hANNa", "a_n", "n\\a", None}),
        ("$contains", "ann", {"Ann", "anna%", "hANNa"}),
        ("$contains", "_", {"a_n"}),
        ("$contains", "\\", {"n\\a"}),
        ("$not_contain", "ANN", {"a_n", "n\\a", None}),
        ("$starts_with", "aN", {"Ann", "anna%"}),
        ("$starts_with", "%", set()),
        ("$ends_with", "A", {"hANNa", "n\\a"}),
        ("$ends_with", "%", {"anna%"}),
        ("$is_unknown", "", {None}),
    ],
)
async def test_texts_are_searched_without_case_and_wildcards(
    database: Database, operator: str, value: str, expected: set[str | None]
) -> None:
    every = ("Ann", "anna%", "hANNa", "a_n", "n\\a", None)
    rows = [Thing(f"lthg_{place}", name, "DRAFT", NOW, None, None) for place, name in enumerate(every)]
    one = read_filter(THINGS, "name", operator, [value], now=NOW, zone=UTC)
    query = ListQuery(limit=10, order=read_order(THINGS, []), filters=(one,), junction=Junction.AND, as_of=NOW)
    async with database.connection() as connection:
        got = await page(connection, THINGS, query, SOURCE, *columns(rows))
    assert {row["name"] for row in got.rows} == expected


@examples
@given(rows=many_things, query=queries)
async def test_filters_orders_and_counts_hold_together(database: Database, rows: list[Thing], query: ListQuery) -> None:
    expected = found(query, rows)
    async with database.connection() as connection:
        first = await page(connection, THINGS, query, SOURCE, *columns(rows))
        assert list(first.rows) == expected[: query.limit]
        assert (first.position is not None) == (len(expected) > query.limit)
        skipped = await page(connection, THINGS, replace(query, skip=3), SOURCE, *columns(rows))
        assert list(skipped.rows) == expected[3 : 3 + query.limit]
        assert await count(connection, THINGS, query, SOURCE, *columns(rows)) == len(expected)


class Change(NamedTuple):
    """What happens between two pages: rows go (by place among those present), one may come, the limit changes."""

    gone: set[int]
    come: Thing | None
    limit: int


changes = st.builds(Change, st.sets(st.integers(0, 19), max_size=2), st.none() | things, st.integers(1, 4))


@examples
@given(rows=many_things, query=queries, between=st.lists(changes))
async def test_rows_that_come_and_go_neither_repeat_nor_hide_others(
    database: Database, rows: list[Thing], query: ListQuery, between: list[Change]
) -> None:
    seen: list[Thing] = []
    present, lasting, known = list(rows), set(rows), {thing.id for thing in rows}
    async with database.connection() as connection:
        while (got := await page(connection, THINGS, query, SOURCE, *columns(present))).position is not None:
            seen += [Thing(*row.values()) for row in got.rows]
            change = between.pop() if between else Change(set(), None, query.limit)
            query = replace(query, after=got.position, limit=change.limit)
            present = [thing for place, thing in enumerate(present) if place not in change.gone]
            lasting &= set(present)
            if change.come and change.come.id not in known:
                present.append(change.come)
                known.add(change.come.id)
        seen += [Thing(*row.values()) for row in got.rows]
    assert len({thing.id for thing in seen}) == len(seen)
    assert set(found(query, list(lasting))) <= set(seen)
    assert seen == found(query, seen)


async def test_a_position_may_name_only_the_first_field(database: Database) -> None:
    moment = NOW - timedelta(days=1)
    rows = [Thing(f"lthg_{number}", None, "DRAFT", moment + timedelta(days=number), None, None) for number in range(3)]
    for order, expected in (("created_at", ["lthg_2"]), ("-created_at", ["lthg_0"])):
        query = ListQuery(
            limit=10,
            order=read_order(THINGS, [order]),
            filters=(),
            junction=Junction.AND,
            as_of=NOW,
            after=(NOW,),
        )
        async with database.connection() as connection:
            got = await page(connection, THINGS, query, SOURCE, *columns(rows))
        assert [row["id"] for row in got.rows] == expected


async def test_only_what_is_filtered_is_counted_to_an_end(database: Database) -> None:
    source = "SELECT 'lthg_' || number AS id, 'x' AS name FROM generate_series(1, $1::bigint) AS number"
    every = ListQuery(limit=1, order=(), filters=(), junction=Junction.AND, as_of=NOW)
    some = replace(every, filters=(read_filter(THINGS, "name", "$is", ["x"], now=NOW, zone=UTC),))
    async with database.connection() as connection:
        assert await count(connection, THINGS, every, source, LARGEST_COUNT + 5) == LARGEST_COUNT + 5
        assert await count(connection, THINGS, some, source, LARGEST_COUNT + 5) == LARGEST_COUNT
        assert await count(connection, THINGS, some, source, LARGEST_COUNT - 5) == LARGEST_COUNT - 5


NEWEST = "ORDER BY item.created_at DESC, item.id DESC LIMIT"


@pytest.mark.parametrize(
    ("order", "after", "expected"),
    [
        ("-created_at", None, f"WHERE true {NEWEST} $2::bigint"),
        (
            "-created_at",
            (NOW, "lthg_1"),
            f"WHERE true AND (item.created_at, item.id) < ($2::timestamptz, $3::text) {NEWEST} $4::bigint",
        ),
        (
            "status,-created_at",
            ("DRAFT", NOW, "lthg_1"),
            (
                "WHERE true AND (item.status >= $2::text AND (item.status > $2::text OR"
                " (item.created_at, item.id) < ($3::timestamptz, $4::text)))"
                " ORDER BY item.status ASC, item.created_at DESC, item.id DESC LIMIT $5::bigint"
            ),
        ),
        (
            "due",
            (None, "lthg_1"),
            (
                "WHERE true AND (item.due IS NULL AND (item.id) > ($2::text))"
                " ORDER BY item.due ASC NULLS LAST, item.id ASC LIMIT $3::bigint"
            ),
        ),
        (
            "due",
            (date(2026, 4, 1), "lthg_1"),
            (
                "WHERE true AND ((item.due >= $2::date AND (item.due > $2::date OR (item.id) > ($3::text)))"
                " OR item.due IS NULL) ORDER BY item.due ASC NULLS LAST, item.id ASC LIMIT $4::bigint"
            ),
        ),
    ],
)
def test_the_text_of_a_page(order: str, after: tuple[Any, ...] | None, expected: str) -> None:
    query = ListQuery(
        limit=10,
        order=read_order(THINGS, order.split(",")),
        filters=(),
        junction=Junction.AND,
        as_of=NOW,
        after=after,
    )
    text, arguments = statement(THINGS, query, "SELECT", ["scope"])
    assert text == f"SELECT * FROM (SELECT) AS item {expected}"
    assert arguments == ["scope", *(value for value in after or () if value is not None), 11]


@given(query=queries, thing=things)
def test_values_never_are_part_of_the_text(query: ListQuery, thing: Thing) -> None:
    def other(one: Filter) -> Filter:
        return replace(one, operands=("other",) * len(one.operands))

    position = [getattr(thing, order.field) for order in query.order]
    one = replace(query, after=tuple(position))
    two = replace(
        query,
        limit=99,
        filters=tuple(map(other, query.filters)),
        bounds=tuple(map(other, query.bounds)),
        after=tuple(None if value is None else "other" for value in position),
    )
    assert statement(THINGS, one, SOURCE, ())[0] == statement(THINGS, two, SOURCE, ())[0]


async def test_a_page_deep_in_a_list_is_read_from_an_index(database: Database) -> None:
    source = "SELECT id, name, created_at FROM deep_list WHERE project_id = $1"
    query = ListQuery(
        limit=10,
        order=read_order(THINGS, []),
        filters=(),
        junction=Junction.AND,
        as_of=NOW,
        after=(NOW - timedelta(minutes=9_000), "lthg_9"),
    )
    text, arguments = statement(THINGS, query, source, ["proj_1"])
    async with database.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            await connection.execute("""
                CREATE TABLE deep_list (project_id text, id text, name text, created_at timestamptz(3));
                INSERT INTO deep_list SELECT 'proj_' || number % 3, 'lthg_' || number, '', '2026-03-15Z'::timestamptz
                    - make_interval(mins => number) FROM generate_series(1, 10000) AS number;
                CREATE INDEX ON deep_list (project_id, created_at, id);
                ANALYZE deep_list;
            """)
            plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {text}", *arguments))
        finally:
            await transaction.rollback()
    assert "Index Scan Backward using" in plan
    assert "ROW(created_at, id) < ROW(" in plan
    assert "Sort" not in plan
