"""Reading what a request asks of a list: orders, filters, and the words in which each mistake is refused."""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest

from troth.core.lists import (
    Filter,
    Junction,
    ListDeclaration,
    Operator,
    Order,
    choices,
    days,
    ids,
    instants,
    read_filter,
    read_junction,
    read_number,
    read_order,
    sorted_filters,
    texts,
)
from troth.core.refusals import Reason, Refusal

NOW = datetime(2026, 3, 15, 12, 0, 0, 500_000, UTC)
THINGS = ListDeclaration(
    cursor_prefix="lcrsthg",
    fields={
        "id": ids("lben", "linc"),
        "customer_id": ids("cust", digits="a-zA-Z0-9"),
        "status": choices(("DRAFT", "ACTIVE")),
        "name": texts(nullable=True),
        "created_at": instants(),
        "due": days(nullable=True),
    },
    orders=("created_at", "name", "due"),
)


def read(name: str, operator: str, *asked: str, zone: tzinfo = UTC) -> Filter:
    return read_filter(THINGS, name, operator, asked, now=NOW, zone=zone)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ([], "-created_at -id"),
        (["created_at"], "created_at id"),
        (["name", "-created_at"], "name -created_at -id"),
        (["-name", "-name"], "-name -id"),
    ],
)
def test_an_order_ends_with_the_tie_breaker_in_its_last_direction(asked: list[str], expected: str) -> None:
    assert " ".join(map(str, read_order(THINGS, asked))) == expected


def test_an_order_by_the_tie_breaker_needs_nothing_after_it() -> None:
    declaration = ListDeclaration(
        fields={"id": ids("lt"), "name": texts()}, orders=("id", "name"), default_order=("-id",)
    )
    assert read_order(declaration, ["name", "id", "-name"[1:]]) == (Order("name", False), Order("id", False))
    assert read_order(declaration, ["-id", "name"]) == (Order("id", True),)


def test_a_list_without_orders_has_none() -> None:
    assert read_order(ListDeclaration(fields={"id": ids("lt")}, orders=(), default_order=()), []) == ()


@pytest.mark.parametrize("wrong", [{"orders": ("id", "size")}, {"default_order": ("-id",)}])
def test_a_declaration_orders_only_by_its_fields(wrong: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(ValueError, match="a list can be ordered only by its fields"):
        ListDeclaration(fields={"id": ids("lt"), "created_at": instants()}, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("operator", "asked", "zone", "expected"),
    [
        ("$before", "2026-01-31T12:00:00.123456Z", "UTC", ["2026-01-31T12:00:00.123"]),
        ("$after", "2026-01-31T12:00:00.123456+01:00", "UTC", ["2026-01-31T11:00:00.124"]),
        ("$is", "2026-01-31T12:00:00Z", "UTC", ["2026-01-31T12:00:00.000", "2026-01-31T12:00:00.001"]),
        ("$before", "2026-01-31", "Europe/Warsaw", ["2026-01-30T23:00:00.000"]),
        ("$after", "2026-01-31", "Europe/Warsaw", ["2026-01-31T23:00:00.000"]),
        ("$is", "2026-03-29", "Europe/Warsaw", ["2026-03-28T23:00:00.000", "2026-03-29T22:00:00.000"]),
        ("$is", "2026-09-06", "America/Santiago", ["2026-09-06T04:00:00.000", "2026-09-07T03:00:00.000"]),
        ("$more_than", "1", "Europe/Warsaw", ["2026-03-14T12:00:00.500"]),
        ("$less_than", "0", "UTC", ["2026-03-15T12:00:00.500"]),
        ("$less_than", "36500", "UTC", ["1926-04-09T12:00:00.500"]),
        ("$has_value", "true", "UTC", []),
    ],
)
def test_times_become_instants(operator: str, asked: str, zone: str, expected: list[str]) -> None:
    operands = read("created_at", operator, asked, zone=ZoneInfo(zone)).operands
    assert operands == tuple(datetime.fromisoformat(f"{one}+00:00") for one in expected)


def test_filters_are_told_apart_by_what_was_asked() -> None:
    later = read_filter(THINGS, "created_at", "$more_than", ["1"], now=NOW + timedelta(hours=1), zone=UTC)
    assert later == read("created_at", "$more_than", "1")
    assert later.operands != read("created_at", "$more_than", "1").operands
    assert later != read("created_at", "$more_than", "2")


def test_a_set_is_sorted_and_has_no_value_twice() -> None:
    assert read("name", "$in", "b", "a", "b") == read("name", "$in", "a", "b")
    assert read("name", "$in", "b", "a", "b").operands == (("a", "b"),)


def test_every_prefix_of_an_id_finds_the_stored_one() -> None:
    assert read("id", "$in", "linc_1f", "lben_2a").operands == (("lben_2a", "lben_1f"),)
    assert read("customer_id", "$is", "cust_Zz9").operands == ("cust_Zz9",)


def test_filters_stand_in_declared_order() -> None:
    one, two, three = read("created_at", "$after", "2026-01-01"), read("name", "$is", "a"), read("name", "$in", "a")
    assert sorted_filters(THINGS, [one, three, two]) == (two, three, one)


def test_presence_needs_no_value() -> None:
    assert read("name", "$has_value") == read("name", "$has_value", "") == read("name", "$has_value", "true")
    assert read("name", "$is_unknown").operands == ()


@pytest.mark.parametrize("text", ["and", "AND", "or", "OR"])
def test_a_junction_is_read_in_any_case(text: str) -> None:
    assert read_junction(text) is Junction(text.upper())


A_TIME = " must be a date such as 2026-01-31 or a date-time with a time zone such as 2026-01-31T12:00:00Z, not "


@pytest.mark.parametrize(
    ("name", "operator", "asked", "words"),
    [
        (
            "size",
            "$is",
            ["1"],
            "filters[size] is unknown; allowed are junction, id, customer_id, status, name, created_at",
        ),
        (
            "due",
            "$is",
            ["2026-01-01"],
            "filters[due] is unknown; allowed are junction, id, customer_id, status, name, ",
        ),
        ("status", "$like", ["A"], "[$like] is unknown; allowed are $is, $is_not, $in, $not_in"),
        (
            "name",
            "$before",
            ["A"],
            (
                "[$before] is unknown; allowed are $is, $is_not, $in, $not_in, $contains, $not_contain, $starts_with,"
                " $ends_with, $has_value, $is_unknown"
            ),
        ),
        (
            "created_at",
            "$in",
            ["A"],
            "[$in] is unknown; allowed are $before, $after, $is, $more_than, $less_than, $has_value, $is_unknown",
        ),
        ("status", "$is", ["active"], '[$is] must be one of DRAFT, ACTIVE, not "active"'),
        ("status", "$is", ["DRAFT", "ACTIVE"], "[$is] takes one value, not 2"),
        ("status", "$is", [], "[$is] takes one value, not 0"),
        ("name", "$in", [str(number) for number in range(11)], "[$in] takes 1 to 10 values, not 11"),
        ("id", "$not_in", [f"lben_{n:x}" for n in range(101)], "[$not_in] takes 1 to 100 values, not 101"),
        ("id", "$is", ["lrew_1"], '[$is] must match ^(lben|linc)_[a-f0-9]+$, not "lrew_1"'),
        ("id", "$is", ["lben_1\n"], '[$is] must match ^(lben|linc)_[a-f0-9]+$, not "lben_1\n"'),
        ("customer_id", "$in", ["cust_1", "x"], '[$in] must match ^cust_[a-zA-Z0-9]+$, not "x"'),
        ("name", "$contains", ["x" * 501], "[$contains] has 501 characters; at most 500 are allowed"),
        ("name", "$has_value", ["FALSE"], '[$has_value] cannot be "false"; its contrary is an operator of its own'),
        ("name", "$has_value", ["", ""], "[$has_value] takes one value, not 2"),
        ("created_at", "$before", ["yesterday"], f'[$before]{A_TIME}"yesterday"'),
        ("created_at", "$after", ["2026-01-31T12:00:00"], f'[$after]{A_TIME}"2026-01-31T12:00:00"'),
        ("created_at", "$is", ["2026-02-30"], f'[$is]{A_TIME}"2026-02-30"'),
        ("created_at", "$is", ["9999-12-31"], f'[$is]{A_TIME}"9999-12-31"'),
        ("created_at", "$is", ["9" * 99], f'[$is]{A_TIME}"{"9" * 60}…"'),
        ("created_at", "$more_than", ["-1"], '[$more_than] must be an integer from 0 to 36500, not "-1"'),
        ("created_at", "$less_than", ["36501"], '[$less_than] must be an integer from 0 to 36500, not "36501"'),
    ],
)
def test_a_wrong_filter_is_refused_in_words(name: str, operator: str, asked: list[str], words: str) -> None:
    with pytest.raises(Refusal) as caught:
        read(name, operator, *asked)
    assert caught.value.reason is Reason.INVALID_QUERY
    start = "" if words.startswith("filters") else f"filters[{name}][conditions]"
    assert caught.value.details.startswith(start + words)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["size"], 'order cannot be "size"; allowed are created_at, -created_at, name, -name, due, -due'),
        (["--name"], 'order cannot be "--name"; allowed are created_at'),
        (["id"], 'order cannot be "id"; allowed are created_at'),
        (["name", "created_at", "-name"], "order names name in both directions"),
    ],
)
def test_a_wrong_order_is_refused_in_words(asked: list[str], words: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_order(THINGS, asked)
    assert caught.value.reason is Reason.INVALID_QUERY
    assert caught.value.details.startswith(words)


@pytest.mark.parametrize("text", ["0", "101", "-1", "1.0", "1e1", " 1", "\u0661", "", "9" * 5_000])
def test_a_wrong_number_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="limit must be an integer from 1 to 100, not "):
        read_number("limit", text, 100)


def test_a_wrong_junction_is_refused() -> None:
    with pytest.raises(Refusal, match=r'filters\[junction\] must be AND or OR, not "XOR"'):
        read_junction("XOR")


def test_a_plain_parameter_is_named_as_written() -> None:
    with pytest.raises(Refusal, match=r"created_at\[before\] must be a date"):
        read_filter(THINGS, "created_at", Operator.BEFORE, ["x"], now=NOW, zone=UTC, parameter="created_at[before]")
