"""Lists with a cursor at the door: what requests ask, what cursors carry, and which cursors are refused."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.core.lists import (
    Junction,
    ListDeclaration,
    ListQuery,
    Page,
    Position,
    choices,
    days,
    ids,
    instants,
    texts,
)
from troth.core.refusals import Reason, Refusal
from troth.http.paging import CURSOR_LIFETIME, Reading, envelope, parse

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
HERE = Reading(scope=("proj_1", "lprg_1"), key=b"k" * 32, now=NOW, wall=NOW)
THINGS = ListDeclaration(
    cursor_prefix="lcrsthg",
    fields={
        "id": ids("lthg"),
        "name": texts(nullable=True),
        "status": choices(("DRAFT", "ACTIVE")),
        "created_at": instants(),
        "due": days(nullable=True),
    },
    orders=("created_at", "name", "due"),
)
REPORT = ListDeclaration(
    fields={"tier_id": ids("lt")}, orders=(), default_order=(), other_parameters=("start_date", "end_date")
)


def asked(query_string: str, reading: Reading = HERE, declaration: ListDeclaration = THINGS) -> ListQuery:
    return parse(declaration, query_string, reading)


def filters(query: ListQuery) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one.field, one.operator, one.asked) for one in query.filters]


def cursor_of(query: ListQuery, position: Position, reading: Reading = HERE) -> str:
    answer = envelope(THINGS, query, Page((), position), (), reading)
    assert answer["cursor"]
    return answer["cursor"]["next"]


def refusal(query_string: str, reading: Reading = HERE, declaration: ListDeclaration = THINGS) -> Refusal:
    with pytest.raises(Refusal) as caught:
        asked(query_string, reading, declaration)
    return caught.value


def test_nothing_asked_is_the_first_ten_newest() -> None:
    for text in ("", "limit=&order=&cursor=&filters="):
        query = asked(text)
        assert (query.limit, query.filters, query.junction, query.after) == (10, (), Junction.AND, None)
        assert [str(one) for one in query.order] == ["-created_at", "-id"]


@pytest.mark.parametrize(
    "text",
    ["order=name,-due", "order=name&order=-due", "order[]=name&order[]=-due", "order[1]=-due&order[0]=name"],
)
def test_an_order_is_written_in_any_way(text: str) -> None:
    assert [str(one) for one in asked(text).order] == ["name", "-due", "-id"]


@pytest.mark.parametrize("set_", ["=a,b", "[]=a&{}[]=b", "[1]=b&{}[0]=a", "=a&{}=b"])
def test_a_set_is_written_in_any_way(set_: str) -> None:
    name = "filters[name][conditions][$in]"
    for written in (name, quote(name)):
        assert filters(asked(written + set_.format(written))) == [("name", "$in", ("a", "b"))]


def test_a_value_may_be_written_as_the_only_element_of_a_list() -> None:
    for form in ("", "[]", "[0]"):
        assert filters(asked(f"filters[name][conditions][$is]{form}=a,b")) == [("name", "$is", ("a,b",))]


def test_filters_read_the_same_in_any_order() -> None:
    parts = [
        ("filters[status][conditions][$is]", "ACTIVE"),
        ("filters[created_at][conditions][$before]", "2026-03-01"),
        ("filters[created_at][conditions][$after]", "2026-02-01"),
        ("filters[junction]", "OR"),
    ]
    one, two = asked(urlencode(parts)), asked(urlencode(parts[::-1]))
    assert one == two
    assert one.junction is Junction.OR
    assert [one.operator for one in one.filters] == ["$is", "$before", "$after"]


def test_dates_are_meant_in_the_project_s_time_zone() -> None:
    query = asked("filters[created_at][conditions][$before]=2026-03-01", replace(HERE, zone=ZoneInfo("Asia/Tokyo")))
    assert query.filters[0].operands == (datetime(2026, 2, 28, 15, tzinfo=UTC),)


def test_a_report_knows_filters_and_its_route_s_own_parameters() -> None:
    query = asked("start_date=2026-01-01&filters[tier_id][conditions][$is]=lt_1", declaration=REPORT)
    assert filters(query) == [("tier_id", "$is", ("lt_1",))]
    assert refusal("limit=1", declaration=REPORT).details == (
        "limit is no parameter of this list; allowed are filters, start_date, end_date"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("offset=1", "offset is no parameter of this list; allowed are limit, order, cursor, filters"),
        ("limit[max]=1", "limit[max] is no parameter of this list; allowed are limit, order, cursor, filters"),
        ("limit=101", 'limit must be an integer from 1 to 100, not "101"'),
        ("limit=ten", 'limit must be an integer from 1 to 100, not "ten"'),
        ("limit=1&limit=2", "limit is given 2 times"),
        ("order=size", 'order cannot be "size"; allowed are created_at, -created_at, name, -name, due, -due'),
        ("order=name,-name", "order names name in both directions"),
        ("filters[junction]=XOR", 'filters[junction] must be AND or OR, not "XOR"'),
        ("filters[junction]=OR&filters[junction]=AND", "filters[junction] is given 2 times"),
        (
            "filters[size][conditions][$is]=1",
            "filters[size] is unknown; allowed are junction, id, name, status, created_at",
        ),
        (
            "filters[name][$is]=1",
            (
                "filters[name][$is] is no filter;"
                " write filters[field][conditions][operator]=value or filters[junction]=AND"
            ),
        ),
        (
            "filters=name",
            "filters is no filter; write filters[field][conditions][operator]=value or filters[junction]=AND",
        ),
        ("filters[name][conditions][$is]=%00", "The query string must not contain the character NUL"),
    ],
)
def test_a_wrong_query_is_refused_in_words(text: str, words: str) -> None:
    caught = refusal(text)
    assert (caught.reason, caught.details) == (Reason.INVALID_QUERY, words)


def test_the_last_page_has_no_cursor() -> None:
    page: Page[Any] = Page(["row"], None)
    assert envelope(THINGS, asked(""), page, [{"id": "lthg_1"}], HERE) == {
        "object": "list",
        "data": [{"id": "lthg_1"}],
        "cursor": None,
    }


def test_a_cursor_expires_an_hour_after_it_is_given_out() -> None:
    answer = envelope(THINGS, asked(""), Page((), (NOW, "lthg_1")), (), HERE)
    assert answer["cursor"]
    assert answer["cursor"]["expires_at"] == "2026-03-15T13:00:00.000Z"
    text = f"cursor={answer['cursor']['next']}"
    lasting = replace(HERE, wall=NOW + CURSOR_LIFETIME - timedelta(milliseconds=1))
    assert asked(text, lasting).after == (NOW, "lthg_1")
    caught = refusal(text, replace(HERE, wall=NOW + CURSOR_LIFETIME))
    assert caught.reason is Reason.INVALID_CURSOR
    assert caught.details == "The cursor expired at 2026-03-15T13:00:00.000Z; start again without it"


instants_ = st.datetimes(datetime(1970, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC))
positions = st.tuples(
    st.none() | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")),
    st.none() | st.dates(date(1970, 1, 1)),
    instants_.map(lambda one: one.replace(microsecond=one.microsecond // 1000 * 1000)),
    st.from_regex("lthg_[0-9a-f]{1,32}", fullmatch=True),
)


@given(position=positions, limit=st.integers(1, 100), junction=st.sampled_from(Junction), later=instants_)
def test_a_cursor_brings_everything_along(position: Position, limit: int, junction: Junction, later: datetime) -> None:
    rest = (
        f"order=-name,due,-created_at&filters[junction]={junction}&filters[created_at][conditions][$more_than]=3"
        "&filters[name][conditions][$in][]=a,b&filters[name][conditions][$in][]=%C3%A9"
    )
    first = asked(rest)
    cursor = cursor_of(first, position)
    assert cursor.startswith("lcrsthg_")
    assert set(cursor.removeprefix("lcrsthg_")) <= set("0123456789abcdef")
    elsewhen = replace(HERE, now=later)
    for text in (f"cursor={cursor}&limit={limit}", f"cursor={cursor}&limit={limit}&{rest}"):
        query = asked(text, elsewhen)
        assert query == replace(first, limit=limit, after=position)
        third = asked(f"cursor={cursor_of(query, position, elsewhen)}", elsewhen)
        for one in (query, third):
            assert [each.operands for each in one.filters] == [each.operands for each in first.filters]


@pytest.mark.parametrize(
    "change",
    [
        "order=name",
        "filters[name][conditions][$is]=b",
        "filters[junction]=OR&filters[name][conditions][$is]=a",
        "filters[status][conditions][$is]=ACTIVE",
    ],
)
def test_a_cursor_s_order_and_filters_cannot_be_changed(change: str) -> None:
    cursor = cursor_of(asked("filters[name][conditions][$is]=a"), (NOW, "lthg_1"))
    caught = refusal(f"cursor={cursor}&{change}")
    assert caught.reason is Reason.INVALID_CURSOR
    assert caught.details == (
        "The cursor was given out for another order or other filters; repeat them or leave them out"
    )


FOREIGN: Sequence[tuple[str, Reading, ListDeclaration]] = [
    ("another project", replace(HERE, scope=("proj_2", "lprg_1")), THINGS),
    ("another program", replace(HERE, scope=("proj_1", "lprg_2")), THINGS),
    ("ids that only join alike", replace(HERE, scope=("proj_1l", "prg_1")), THINGS),
    ("another key", replace(HERE, key=b"j" * 32), THINGS),
    ("another list", HERE, ListDeclaration(fields=THINGS.fields, orders=THINGS.orders, cursor_prefix="lcrsoth")),
]


@pytest.mark.parametrize(("reading", "declaration"), [one[1:] for one in FOREIGN], ids=[one[0] for one in FOREIGN])
def test_a_foreign_cursor_is_refused(reading: Reading, declaration: ListDeclaration) -> None:
    cursor = cursor_of(asked(""), (NOW, "lthg_1")).removeprefix("lcrsthg")
    assert asked(f"cursor=lcrsthg{cursor}").after
    caught = refusal(f"cursor={declaration.cursor_prefix}{cursor}", reading, declaration)
    assert caught.reason is Reason.INVALID_CURSOR
    assert caught.details == "The cursor is none of this list; start again without it"


@given(st.data())
def test_a_changed_cursor_is_refused(data: st.DataObject) -> None:
    cursor = cursor_of(asked("order=name"), ("a", "lthg_1"))
    place = data.draw(st.integers(0, len(cursor) - 1))
    changed = data.draw(
        st.sampled_from("0123456789abcdefABCDEF_x").map(lambda one: cursor[:place] + one + cursor[place + 1 :])
        | st.just(cursor[:place])
        | st.just(cursor + cursor[place:])
    )
    if changed not in ("", cursor):
        assert refusal(f"cursor={changed}").reason is Reason.INVALID_CURSOR


@pytest.mark.parametrize("fields", ["id", "created_at"])
def test_a_cursor_of_a_release_with_other_fields_is_refused(fields: str) -> None:
    cursor = cursor_of(asked("order=created_at&filters[id][conditions][$is]=lthg_1"), (NOW, "lthg_1"))
    kept = {name: one for name, one in THINGS.fields.items() if name != fields}
    orders = tuple(name for name in THINGS.orders if name in kept)
    later = ListDeclaration(cursor_prefix="lcrsthg", fields=kept, orders=orders, default_order=("name",))
    caught = refusal(f"cursor={cursor}", declaration=later)
    assert caught.reason is Reason.INVALID_CURSOR
    assert caught.details == "The cursor is out of date; start again without it"
