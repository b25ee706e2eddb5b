"""Lists with numbered pages at the door: pages, plain filters, `starting_after`, and the words of each refusal."""

from datetime import UTC, datetime
from typing import Any

import pytest

from troth.core.lists import ListQuery, Operator, Page, PageDeclaration, choices, ids, instants, texts
from troth.core.refusals import Reason, Refusal
from troth.http.numbered_pages import numbered_envelope, parse_numbered

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
CUSTOMERS = PageDeclaration(
    data_ref="customers",
    fields={
        "id": ids("cust", digits="a-zA-Z0-9"),
        "email": texts(nullable=True),
        "created_at": instants(),
        "updated_at": instants(nullable=True),
    },
    orders=("created_at", "updated_at"),
    filter_parameters={
        "ids": ("id", Operator.IN),
        "email": ("email", Operator.IS),
        "created_at[before]": ("created_at", Operator.BEFORE),
        "created_at[after]": ("created_at", Operator.AFTER),
    },
    largest_page=99,
    starting_after="created_at",
    other_parameters=("segment_id",),
)
SEGMENTS = PageDeclaration(
    data_ref="data",
    fields={"id": ids("seg"), "type": choices(("static", "passive")), "created_at": instants()},
    filter_parameters={"ids": ("id", Operator.IN)},
    largest_page=None,
    deep_filters=True,
)


def asked(query_string: str, declaration: PageDeclaration = CUSTOMERS) -> ListQuery:
    return parse_numbered(declaration, query_string, now=NOW, zone=UTC)


def test_nothing_asked_is_the_first_page() -> None:
    query = asked("email=&page=&starting_after=&ids=&order=")
    assert (query.limit, query.skip, query.after, query.bounds, query.filters) == (10, 0, None, (), ())
    assert [str(one) for one in query.order] == ["-created_at", "-id"]


def test_a_page_is_rows_passed_over() -> None:
    assert asked("page=1").skip == 0
    assert asked("page=99&limit=100").skip == 9_800


def test_plain_parameters_are_conditions_that_always_hold() -> None:
    query = asked("created_at[after]=2026-01-01T00:00:00Z&email=a,b%40c.d&segment_id=seg_1&ids=cust_A,cust_B")
    assert [(one.field, one.operator, one.asked) for one in query.bounds] == [
        ("id", "$in", ("cust_A", "cust_B")),
        ("email", "$is", ("a,b@c.d",)),
        ("created_at", "$after", ("2026-01-01T00:00:00Z",)),
    ]
    both = asked("ids[]=seg_1&filters[junction]=or&filters[type][conditions][$is]=static", SEGMENTS)
    assert (len(both.bounds), len(both.filters), both.junction) == (1, 1, "OR")


def test_starting_after_is_a_position() -> None:
    after = "starting_after=2026-01-31T12:00:00.1239%2B01:00"
    for order in ("created_at", "-created_at"):
        assert asked(f"{after}&order={order}").after == (datetime(2026, 1, 31, 11, 0, 0, 123_000, UTC),)


A_TIME = "a date such as 2026-01-31 or a date-time with a time zone such as 2026-01-31T12:00:00Z"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("page=100", 'page must be an integer from 1 to 99, not "100"'),
        ("page=0", 'page must be an integer from 1 to 99, not "0"'),
        ("order=email", 'order cannot be "email"; allowed are created_at, -created_at, updated_at, -updated_at'),
        ("order=created_at&order=updated_at", "order is given 2 times"),
        ("created_at[before]=now", f'created_at[before] must be {A_TIME}, not "now"'),
        ("email=a&email=b", "email is given 2 times"),
        ("ids=x", 'ids must match ^cust_[a-zA-Z0-9]+$, not "x"'),
        ("starting_after=2026-01-31T12:00:00Z&page=2", "page and starting_after cannot be combined"),
        (
            "starting_after=2026-01-31T12:00:00Z&order=updated_at",
            "starting_after needs an order by created_at, up or down",
        ),
        (
            "starting_after=2026-01-31",
            'starting_after must be an ISO 8601 date-time such as 2026-01-31T12:00:00Z, not "2026-01-31"',
        ),
        (
            "filters[email][conditions][$is]=a",
            (
                "filters[email][conditions][$is] is no parameter of this list; allowed are limit, order, segment_id,"
                " page, starting_after, ids, email, created_at[before], created_at[after]"
            ),
        ),
    ],
)
def test_a_wrong_query_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(Refusal) as caught:
        asked(text)
    assert (caught.value.reason, caught.value.details) == (Reason.INVALID_QUERY, words)


def test_a_list_without_page_numbers_knows_no_page() -> None:
    with pytest.raises(Refusal, match="page is no parameter of this list; allowed are limit, order, filters, ids"):
        asked("page=1", SEGMENTS)


def test_the_answer_names_its_rows() -> None:
    last: Page[Any] = Page(["row"], None)
    more: Page[Any] = Page(["row"], (NOW, "cust_1"))
    assert numbered_envelope(CUSTOMERS, more, [{"id": "cust_1"}], 7) == {
        "object": "list",
        "data_ref": "customers",
        "customers": [{"id": "cust_1"}],
        "total": 7,
        "has_more": True,
    }
    assert numbered_envelope(SEGMENTS, last, []) == {
        "object": "list",
        "data_ref": "data",
        "data": [],
        "has_more": False,
    }
