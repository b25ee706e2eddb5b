"""Kept filters: how their times are meant, and what is refused before anything is asked."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from troth.core.filters import MOST_FIELDS, MOST_VALUES, CustomerFilter, ProductFilter, span
from troth.core.payloads import invalid

NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)
WARSAW = ZoneInfo("Europe/Warsaw")
ZONES = st.sampled_from(["UTC", "Europe/Warsaw", "America/St_Johns", "Pacific/Kiritimati", "Asia/Kathmandu"]).map(
    ZoneInfo
)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(
    lambda one: one.replace(microsecond=one.microsecond // 1000 * 1000)
)


def within(moment: datetime, operator: str, value: Any, zone: ZoneInfo = WARSAW, now: datetime = NOW) -> bool:
    since, until = span(operator, value, now, zone)
    return (since is None or since <= moment) and (until is None or moment < until)


@given(MOMENTS, st.dates(), ZONES)
def test_a_date_means_its_whole_day(moment: datetime, day: Any, zone: ZoneInfo) -> None:
    day = day.replace(year=2000 + day.year % 100)
    local = moment.astimezone(zone).date()
    assert within(moment, "$is", f"{day}", zone) == (local == day)
    assert within(moment, "$before", f"{day}", zone) == (local < day)
    assert within(moment, "$after", f"{day}", zone) == (local > day)


@given(MOMENTS, MOMENTS)
def test_an_instant_means_its_millisecond(moment: datetime, other: datetime) -> None:
    assert within(moment, "$is", other.isoformat()) == (moment == other)
    assert within(moment, "$before", other.isoformat()) == (moment < other)
    assert within(moment, "$after", other.isoformat()) == (moment > other)


@given(MOMENTS, st.integers(0, 1000), MOMENTS, ZONES)
def test_days_are_counted_from_now(moment: datetime, days: int, now: datetime, zone: ZoneInfo) -> None:
    ago, ahead = now - timedelta(days=days), now + timedelta(days=days)
    today = now.astimezone(zone).date()
    for operator, expected in {
        "$more_than": moment < ago,
        "$more_than_ago": moment < ago,
        "$less_than": moment > ago,
        "$less_than_ago": ago < moment <= now,
        "$more_than_future": moment > ahead,
        "$less_than_future": now <= moment < ahead,
        "$is_days_ago": moment.astimezone(zone).date() == today - timedelta(days=days),
        "$is_days_in_future": moment.astimezone(zone).date() == today + timedelta(days=days),
    }.items():
        assert within(moment, operator, days, zone, now) == expected, operator


def asked(operator: str, *values: object, field: str = "created_at") -> dict[str, Any]:
    return {"junction": "and", field: {"conditions": {operator: list(values)}}}


@pytest.mark.parametrize(
    ("given_filter", "words"),
    [
        ({"junction": "and"}, "must name 1 to 50 fields"),
        (
            {"junction": "and"} | {f"metadata.{n}": {"conditions": {"$has_value": []}} for n in range(51)},
            "1 to 50 fields",
        ),
        ({"junction": "nor", "name": {"conditions": {"$has_value": []}}}, "junction: must be one of 'and' or 'or'"),
        ({"junction": "and", "name": {}}, "name.conditions: is required"),
        ({"junction": "and", "name": {"conditions": {}}}, "name.conditions: must hold at least one operator"),
        ({"junction": "and", "name": {"conditions": {"$is": {}}}}, "name.conditions.$is: must hold texts, numbers"),
        (asked("$is", field="metadata."), "metadata.: is no field to filter by"),
        (asked("$is", field="name"), "name.conditions.$is: must hold at least one value"),
        (asked("$is", 5, field="name"), "name.conditions.$is[0]: must be a text"),
        (asked("$is", "x" * 501, field="name"), "name.conditions.$is: must hold texts of at most 500 characters"),
        (asked("$is", *["x"] * 101, field="name"), "name.conditions.$is: must hold at most 100 values"),
        (asked("$before", "2026-01-01", "soon"), "created_at.conditions.$before[1]: must be a date such as"),
        (asked("$before", "9999-12-31"), "created_at.conditions.$before[0]: must be a date such as"),
        (asked("$more_than", 1.5), "created_at.conditions.$more_than: must hold texts, numbers, true or false"),
        (asked("$more_than", "1.5"), "created_at.conditions.$more_than[0]: must be a number of days from 0 to 36500"),
        (asked("$contains", "x"), "created_at.conditions.$contains: is not allowed here, only $is, $before, $after"),
        (asked("$more_than", "x", field="metadata.a"), "metadata.a.conditions.$more_than[0]: must be a number"),
        (asked("$before", "2026-01-01", field="metadata.a"), "metadata.a.conditions.$before: is not allowed here"),
    ],
)
def test_a_wrong_filter_is_refused_in_words(given_filter: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ProductFilter.model_validate(given_filter)
    assert words in invalid(caught.value).details


def test_the_largest_filter_is_read_and_kept_as_it_was_written() -> None:
    values = [f"{n}" for n in range(MOST_VALUES)]
    largest = {"junction": "or"} | {f"metadata.{n}": {"conditions": {"$in": values}} for n in range(MOST_FIELDS)}
    read = CustomerFilter.model_validate(largest)
    assert [one.key for one in read.conditions()] == [f"{n}" for n in range(MOST_FIELDS)]
    assert CustomerFilter.model_validate(read.stored()) == read
    assert CustomerFilter.model_validate(asked("$is", "Oslo", field="address.city")).stored() == {
        "junction": "and",
        "address.city": {"conditions": {"$is": ("Oslo",)}},
    }
