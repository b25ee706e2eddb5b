"""Days, periods, due dates and hours, in zones whose clocks do everything that clocks have done."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.strategies import PENDING, expirations

from troth.core.calendar import (
    CalendarUnit,
    Length,
    activates_on,
    cooled_down,
    day_of,
    end_of,
    expires_on,
    in_force,
    instants_of,
    midnight,
    next_of,
    period_of,
    shifted,
    weekday,
)
from troth.core.card_definitions import PendingPoints
from troth.core.expiration import CalendarDate, PointsExpiration
from troth.core.repetition import Cooldown
from troth.core.validity import ValidityWindow

ZONES = (
    "UTC", "Europe/Warsaw", "America/Sao_Paulo", "Asia/Beirut", "Pacific/Apia", "America/St_Johns", "America/Toronto",
    "Atlantic/Azores", "Africa/Cairo", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Kwajalein",
)  # fmt: skip
DAYS = st.dates(date(1900, 1, 2), date(2199, 12, 31))
ANY_ZONE = st.sampled_from([ZoneInfo(name) for name in ZONES])
LENGTHS: tuple[Length, ...] = ("DAY", "WEEK", "MONTH", "YEAR")
UNITS: tuple[CalendarUnit, ...] = ("DAY", "WEEK", "MONTH", "QUARTER", "HALF_YEAR", "YEAR")
# Half of all moments lie within minutes of a local midnight, where zones do their mischief.
MOMENTS = st.one_of(
    st.datetimes(datetime(1900, 1, 3), datetime(2199, 12, 30), timezones=st.just(UTC)),
    st.builds(lambda day, zone, minutes: midnight(day, zone) + timedelta(minutes=minutes), DAYS, ANY_ZONE,
              st.integers(-90, 90)),
)  # fmt: skip


def day(text: str) -> date:
    return date.fromisoformat(text)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("zone", "of", "begins", "hours"),
    [
        ("UTC", "2026-03-01", "2026-03-01T00:00Z", 24),
        ("Europe/Warsaw", "2026-07-01", "2026-06-30T22:00Z", 24),
        ("Europe/Warsaw", "2026-03-29", "2026-03-28T23:00Z", 23),
        ("Europe/Warsaw", "2026-10-25", "2026-10-24T22:00Z", 25),
        # At 00:00 the clocks go on to 01:00, which is when the day begins; in autumn 24:00 becomes 23:00.
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00Z", 23),
        ("America/Sao_Paulo", "2019-02-16", "2019-02-16T02:00Z", 25),
        ("America/Sao_Paulo", "2019-02-17", "2019-02-17T03:00Z", 24),
        ("Asia/Beirut", "2024-03-31", "2024-03-30T22:00Z", 23),
        ("Asia/Beirut", "2024-10-26", "2024-10-25T21:00Z", 25),
        # 00:00 comes twice: the first one counts.
        ("Atlantic/Azores", "2026-10-25", "2026-10-25T00:00Z", 25),
        ("America/St_Johns", "2010-11-07", "2010-11-07T02:30Z", 25),
        # The clocks jump from 23:30 to 00:30, in the middle of the old hour.
        ("America/Toronto", "1919-03-31", "1919-03-31T04:30Z", 23.5),
        # Samoa went from the 29th to the 31st.
        ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00Z", 24),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00Z", 0),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00Z", 24),
    ],
)
def test_midnights(zone: str, of: str, begins: str, hours: float) -> None:
    first, after = midnight(day(of), ZoneInfo(zone)), midnight(day(of) + timedelta(days=1), ZoneInfo(zone))
    assert first == at(begins)
    assert first.tzinfo is UTC
    assert after - first == timedelta(hours=hours)


@given(DAYS, ANY_ZONE)
def test_a_midnight_is_the_first_instant_whose_date_is_reached(of: date, zone: ZoneInfo) -> None:
    begins = midnight(of, zone)
    assert begins.astimezone(zone).date() >= of
    assert (begins - timedelta(microseconds=1)).astimezone(zone).date() < of
    assert begins <= midnight(of + timedelta(days=1), zone)


@given(MOMENTS, ANY_ZONE)
def test_every_instant_is_in_one_day(moment: datetime, zone: ZoneInfo) -> None:
    today = day_of(moment, zone)
    assert midnight(today, zone) <= moment < midnight(today + timedelta(days=1), zone)


@pytest.mark.parametrize(
    ("zone", "moment", "expected"),
    [
        ("Asia/Beirut", "2024-10-26T20:59:59.999Z", "2024-10-26"),
        ("Asia/Beirut", "2024-10-26T21:30Z", "2024-10-26"),
        ("Asia/Beirut", "2024-10-26T22:00Z", "2024-10-27"),
        ("Pacific/Apia", "2011-12-30T09:59:59.999Z", "2011-12-29"),
        ("Pacific/Apia", "2011-12-30T10:00Z", "2011-12-31"),
        # One minute into the 7th the clocks went back to 23:01 on the 6th: the 7th had begun.
        ("America/St_Johns", "2010-11-07T02:29:59.999Z", "2010-11-06"),
        ("America/St_Johns", "2010-11-07T02:30Z", "2010-11-07"),
        ("America/St_Johns", "2010-11-07T03:00Z", "2010-11-07"),
    ],
)
def test_the_day_of_an_instant(zone: str, moment: str, expected: str) -> None:
    assert day_of(at(moment), ZoneInfo(zone)) == day(expected)


def test_weekdays_count_from_sunday() -> None:
    sunday = day("2026-03-01")
    assert [weekday(sunday + timedelta(days=n)) for n in range(8)] == [0, 1, 2, 3, 4, 5, 6, 0]


@pytest.mark.parametrize(
    ("anchor", "count", "unit", "expected"),
    [
        ("2026-01-31", 1, "MONTH", "2026-02-28"),
        ("2028-01-31", 1, "MONTH", "2028-02-29"),
        ("2026-01-31", 2, "MONTH", "2026-03-31"),
        ("2026-10-31", 90, "MONTH", "2034-04-30"),
        ("2026-12-31", 2, "MONTH", "2027-02-28"),
        ("2026-11-30", 1, "MONTH", "2026-12-30"),
        ("2026-03-31", -1, "MONTH", "2026-02-28"),
        ("2026-01-15", -1, "MONTH", "2025-12-15"),
        ("2028-02-29", 1, "YEAR", "2029-02-28"),
        ("2028-02-29", 4, "YEAR", "2032-02-29"),
        ("2096-02-29", 4, "YEAR", "2100-02-28"),
        ("2028-02-28", 2, "DAY", "2028-03-01"),
        ("2026-12-31", 1, "WEEK", "2027-01-07"),
    ],
)
def test_periods_count_from_their_anchor(anchor: str, count: int, unit: Length, expected: str) -> None:
    assert shifted(day(anchor), count, unit) == day(expected)


@given(DAYS, st.integers(0, 90), st.sampled_from(LENGTHS))
def test_a_longer_period_never_ends_earlier(anchor: date, count: int, unit: Length) -> None:
    end = shifted(anchor, count, unit)
    assert end < shifted(anchor, count + 1, unit)
    assert end <= shifted(anchor + timedelta(days=1), count, unit)
    assert shifted(anchor, count * 12, "MONTH") == shifted(anchor, count, "YEAR")
    if unit in {"MONTH", "YEAR"}:
        assert end.day == anchor.day or end == end_of("MONTH", end)


@pytest.mark.parametrize(
    ("unit", "of", "first", "after"),
    [
        ("DAY", "2026-12-31", "2026-12-31", "2027-01-01"),
        ("WEEK", "2027-01-03", "2026-12-28", "2027-01-04"),
        ("WEEK", "2027-01-04", "2027-01-04", "2027-01-11"),
        ("MONTH", "2028-02-29", "2028-02-01", "2028-03-01"),
        ("MONTH", "2026-12-01", "2026-12-01", "2027-01-01"),
        ("QUARTER", "2026-03-31", "2026-01-01", "2026-04-01"),
        ("QUARTER", "2026-11-15", "2026-10-01", "2027-01-01"),
        ("HALF_YEAR", "2026-06-30", "2026-01-01", "2026-07-01"),
        ("HALF_YEAR", "2026-07-01", "2026-07-01", "2027-01-01"),
        ("YEAR", "2026-12-31", "2026-01-01", "2027-01-01"),
    ],
)
def test_calendar_units(unit: CalendarUnit, of: str, first: str, after: str) -> None:
    assert period_of(unit, day(of)) == (day(first), day(after))


@given(DAYS, st.sampled_from(UNITS))
def test_calendar_units_divide_the_calendar(of: date, unit: CalendarUnit) -> None:
    first, after = period_of(unit, of)
    assert first <= of < after
    assert period_of(unit, first) == period_of(unit, end_of(unit, of)) == (first, after)
    assert period_of(unit, after)[0] == after


@given(MOMENTS, ANY_ZONE, st.sampled_from(UNITS))
def test_an_instant_lies_in_its_calendar_unit(moment: datetime, zone: ZoneInfo, unit: CalendarUnit) -> None:
    begins, ends = instants_of(unit, moment, zone)
    assert begins <= moment < ends
    assert instants_of(unit, begins, zone) == instants_of(unit, ends - timedelta(microseconds=1), zone)


def test_a_month_is_as_long_as_its_clocks_make_it() -> None:
    begins, ends = instants_of("MONTH", at("2026-03-10T00:00Z"), ZoneInfo("Europe/Warsaw"))
    assert (begins, ends) == (at("2026-02-28T23:00Z"), at("2026-03-31T22:00Z"))


def rolling(value: int, unit: str, rounding: str | None = None, month: int | None = None) -> PointsExpiration:
    to = {"type": rounding, "value": month} if rounding else None
    parts = {"period": {"value": value, "unit": unit}, "rounding": to}
    return PointsExpiration.model_validate({"type": "ROLLING_EXPIRATION", "rolling_expiration": parts})


def yearly(*dates: tuple[int, int]) -> list[dict[str, int]]:
    return [{"day": number, "month": month} for number, month in dates]


def on_dates(*dates: tuple[int, int]) -> PointsExpiration:
    parts = {"expiration_dates": yearly(*dates)}
    return PointsExpiration.model_validate({"type": "CALENDAR_EXPIRATION", "calendar_expiration": parts})


def sliding(value: int, unit: str) -> PointsExpiration:
    parts = {"earning_activity": True, "period": {"value": value, "unit": unit}}
    return PointsExpiration.model_validate({"type": "SLIDING_EXPIRATION", "sliding_expiration": parts})


@pytest.mark.parametrize(
    ("expiration", "activity", "expected"),
    [
        (PointsExpiration(type="NO_EXPIRATION"), "2026-01-31", None),
        (rolling(30, "DAY"), "2026-07-20", "2026-08-19"),
        (rolling(1, "MONTH"), "2026-01-31", "2026-02-28"),
        (rolling(2, "MONTH"), "2026-01-31", "2026-03-31"),
        (rolling(1, "YEAR"), "2028-02-29", "2029-02-28"),
        (rolling(1, "MONTH", "END_OF_MONTH"), "2027-12-31", "2028-01-31"),
        (rolling(1, "DAY", "END_OF_MONTH"), "2028-01-31", "2028-02-29"),
        (rolling(1, "MONTH", "END_OF_QUARTER"), "2026-02-28", "2026-03-31"),
        (rolling(1, "MONTH", "END_OF_QUARTER"), "2026-03-01", "2026-06-30"),
        (rolling(1, "DAY", "END_OF_HALF_YEAR"), "2026-06-29", "2026-06-30"),
        (rolling(1, "DAY", "END_OF_HALF_YEAR"), "2026-06-30", "2026-12-31"),
        (rolling(1, "DAY", "END_OF_YEAR"), "2026-12-31", "2027-12-31"),
        (rolling(1, "DAY", "END_OF_YEAR"), "2026-01-01", "2026-12-31"),
        (rolling(1, "DAY", "END_OF_PARTICULAR_MONTH", 6), "2026-06-29", "2026-06-30"),
        (rolling(1, "DAY", "END_OF_PARTICULAR_MONTH", 6), "2026-06-30", "2027-06-30"),
        (rolling(1, "DAY", "END_OF_PARTICULAR_MONTH", 2), "2027-03-30", "2028-02-29"),
        (rolling(1, "DAY", "END_OF_PARTICULAR_MONTH", 12), "2026-01-30", "2026-12-31"),
        (on_dates((31, 12)), "2026-12-30", "2026-12-31"),
        (on_dates((31, 12)), "2026-12-31", "2027-12-31"),
        (on_dates((31, 12), (30, 6), (1, 1)), "2026-06-30", "2026-12-31"),
        (on_dates((31, 12), (30, 6), (1, 1)), "2026-12-31", "2027-01-01"),
        (on_dates((29, 2)), "2027-02-28", "2028-02-29"),
        (on_dates((29, 2)), "2026-02-27", "2026-02-28"),
        (on_dates((29, 2)), "2028-02-28", "2028-02-29"),
        (on_dates((29, 2)), "2028-02-29", "2029-02-28"),
        (sliding(90, "DAY"), "2026-01-01", "2026-04-01"),
        (sliding(1, "MONTH"), "2026-08-31", "2026-09-30"),
    ],
)
def test_the_last_day_of_use(expiration: PointsExpiration, activity: str, expected: str | None) -> None:
    assert expires_on(expiration, day(activity)) == (day(expected) if expected else None)


@given(expirations(), DAYS)
def test_points_can_always_be_used_for_some_time(config: dict[str, Any], activity: date) -> None:
    expiration = PointsExpiration.model_validate(config)
    last = expires_on(expiration, activity)
    if expiration.type == "NO_EXPIRATION":
        assert last is None
        return
    assert last is not None
    assert last > activity
    later = expires_on(expiration, activity + timedelta(days=1))
    assert later is not None
    assert last <= later
    if expiration.rolling_expiration and expiration.rolling_expiration.rounding:
        assert last == end_of("MONTH", last)


@given(st.lists(st.sampled_from(yearly((29, 2), (28, 2), (1, 1), (31, 12), (30, 4))), min_size=1), DAYS)
def test_the_next_yearly_date_is_the_first_that_follows(dates: list[dict[str, int]], today: date) -> None:
    found = next_of([CalendarDate.model_validate(one) for one in dates], today)
    tomorrow = today + timedelta(days=1)

    def is_one(of: date) -> bool:
        stands_in = {"day": 29, "month": 2} if end_of("MONTH", of) == of and of.month == 2 else None
        return {"day": of.day, "month": of.month} in dates or stands_in in dates

    assert next(one for n in range(1500) if is_one(one := tomorrow + timedelta(days=n))) == found


PERIOD = {"period": {"value": 1, "unit": "MONTH"}}


@pytest.mark.parametrize(
    ("pending", "expected"),
    [
        ({"type": "IMMEDIATE"}, None),
        ({"type": "PERIOD_BASED", "period_based": PERIOD}, "2026-02-28"),
        ({"type": "FIXED_DATES", "fixed_dates": {"dates": yearly((31, 1), (1, 3))}}, "2026-03-01"),
        (
            {
                "type": "EVENT_BASED",
                "event_based": {"event_types": ["ms_1"], "cancel_period": {"value": 14, "unit": "DAY"}},
            },
            "2026-02-14",
        ),
    ],
)
def test_the_date_of_pending_points(pending: dict[str, Any], expected: str | None) -> None:
    found = activates_on(PendingPoints.model_validate(pending), day("2026-01-31"))
    assert found == (day(expected) if expected else None)


@given(PENDING, DAYS)
def test_points_are_never_pending_for_less_than_a_day(config: dict[str, Any], activity: date) -> None:
    found = activates_on(PendingPoints.model_validate(config), activity)
    assert found is not None
    assert found > activity


WEEKEND = {"days_of_week": [0, 6], "start_time": "10:00", "end_time": "11:59"}
MONDAY = {"days_of_week": [1], "start_time": "00:00", "end_time": "23:59"}
HOURS = {"validity_hours": {"type": "DAILY", "daily": [WEEKEND, MONDAY]}}
DATES = {"start_date": "2026-03-01T00:00:00Z", "end_date": "2026-04-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("window", "moment", "expected"),
    [
        ({}, "2026-03-01T00:00Z", True),
        (DATES, "2026-02-28T23:59:59.999Z", False),
        (DATES, "2026-03-01T00:00Z", True),
        (DATES, "2026-03-31T23:59:59.999Z", True),
        (DATES, "2026-04-01T00:00Z", False),
        ({"end_date": DATES["end_date"]}, "2020-01-01T00:00Z", True),
        ({"start_date": DATES["start_date"]}, "2030-01-01T00:00Z", True),
        # 2026-03-01 is a Sunday; Warsaw is an hour ahead of UTC, and two from the 29th on.
        (HOURS, "2026-03-01T08:59:59.999Z", False),
        (HOURS, "2026-03-01T09:00Z", True),
        (HOURS, "2026-03-01T10:59:59.999Z", True),
        (HOURS, "2026-03-01T11:00Z", False),
        (HOURS, "2026-03-29T08:00Z", True),
        (HOURS, "2026-03-29T10:00Z", False),
        (HOURS, "2026-03-01T22:59:59.999Z", False),
        (HOURS, "2026-03-01T23:00Z", True),
        (HOURS, "2026-03-02T22:59:59.999Z", True),
        (HOURS, "2026-03-02T23:00Z", False),
        ({**HOURS, **DATES}, "2026-03-02T12:00Z", True),
        ({**HOURS, **DATES}, "2026-03-03T12:00Z", False),
        ({**HOURS, **DATES}, "2026-04-06T12:00Z", False),
    ],
)
def test_windows(window: dict[str, Any], moment: str, expected: bool) -> None:
    found = in_force(ValidityWindow.model_validate(window), at(moment), ZoneInfo("Europe/Warsaw"))
    assert found is expected


def waiting(value: int, unit: str) -> Cooldown:
    period = {"value": value, "unit": unit}
    return Cooldown.model_validate({"type": "FIXED_COOLDOWN", "fixed_cooldown": {"period": period}})


@pytest.mark.parametrize(
    ("cooldown", "success", "expected"),
    [
        (Cooldown(type="NO_COOLDOWN"), "2026-03-28T12:00Z", "2026-03-28T12:00Z"),
        (waiting(24, "HOUR"), "2026-03-28T12:00Z", "2026-03-29T12:00Z"),
        # The night of 29 March has 23 hours in Warsaw, that of 25 October 25; 02:30 is not on that morning's clocks.
        (waiting(1, "DAY"), "2026-03-28T12:00Z", "2026-03-29T11:00Z"),
        (waiting(1, "DAY"), "2026-10-24T12:00Z", "2026-10-25T13:00Z"),
        (waiting(1, "DAY"), "2026-03-28T01:30Z", "2026-03-29T01:30Z"),
        (waiting(2, "WEEK"), "2026-03-20T08:15:30.250Z", "2026-04-03T07:15:30.250Z"),
        (waiting(1, "MONTH"), "2026-01-31T12:00Z", "2026-02-28T12:00Z"),
        (waiting(1, "YEAR"), "2028-02-29T12:00Z", "2029-02-28T12:00Z"),
    ],
)
def test_cooldowns(cooldown: Cooldown, success: str, expected: str) -> None:
    assert cooled_down(cooldown, at(success), ZoneInfo("Europe/Warsaw")) == at(expected)
