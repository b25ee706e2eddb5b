"""Validity: dates in order, hours within the day, weekdays once."""

from typing import Any

import pytest
from tests.faults import faults, stored_and_read

from troth.core.programs import ProgramConfiguration
from troth.core.validity import ValidityWindow


def hours(days: list[Any], start: Any, end: Any) -> dict[str, Any]:
    window = {"days_of_week": days, "start_time": start, "end_time": end}
    return {"validity_hours": {"type": "DAILY", "daily": [window]}}


def test_without_anything_a_program_is_always_in_force() -> None:
    assert ProgramConfiguration().stored() == {"validity_hours": {"type": "ANY_TIME"}}
    assert ProgramConfiguration.model_validate({"validity_hours": None, "start_date": None}) == ProgramConfiguration()


@pytest.mark.parametrize(
    "value",
    [
        hours([0, 6], "00:00", "23:59"),
        hours([3], "09:59", "10:00"),
        {"start_date": "2026-01-01T00:00:00Z"},
        {"end_date": "2026-01-01T00:00:00.001+02:00"},
        {"start_date": "2026-01-01T00:00:00.000Z", "end_date": "2026-01-01T00:00:00.001Z"},
        {"validity_hours": {"type": "ANY_TIME", "daily": None}},
    ],
)
def test_valid(value: dict[str, Any]) -> None:
    window = ValidityWindow.model_validate(value)
    assert stored_and_read(window) == window


@pytest.mark.parametrize(
    ("value", "path", "words"),
    [
        (hours([1], "10:00", "10:00"), "validity_hours.daily.0.end_time", "must be later than start_time 10:00"),
        (hours([1], "10:00", "09:00"), "validity_hours.daily.0.end_time", "must be later than start_time 10:00"),
        (hours([], "10:00", "11:00"), "validity_hours.daily.0.days_of_week", "must hold 1 to 7 entries"),
        (hours([1, 1], "10:00", "11:00"), "validity_hours.daily.0.days_of_week", "must not hold the same entry twice"),
        (
            hours([7], "10:00", "11:00"),
            "validity_hours.daily.0.days_of_week.0",
            "Input should be less than or equal to 6",
        ),
        ({"validity_hours": {"type": "DAILY"}}, "validity_hours.daily", "is required when type is DAILY"),
        ({"validity_hours": {"type": "DAILY", "daily": []}}, "validity_hours.daily", "must hold at least one entry"),
        (
            {"validity_hours": {**hours([1], "10:00", "11:00")["validity_hours"], "type": "ANY_TIME"}},
            "validity_hours.daily",
            "must be left out or null when type is ANY_TIME",
        ),
        (
            {"start_date": "2026-02-01T00:00:00Z", "end_date": "2026-02-01T01:00:00+01:00"},
            "end_date",
            "must be after start_date",
        ),
    ],
)
def test_refused(value: dict[str, Any], path: str, words: str) -> None:
    assert faults(ValidityWindow, value) == {path: words}


@pytest.mark.parametrize("text", ["9:00", "24:00", "12:60", "12:00:00", "12:00\n", "\u0661\u0662:00", ""])
def test_a_time_is_written_with_four_digits(text: str) -> None:
    assert faults(ValidityWindow, hours([1], "00:00", text)) == {
        "validity_hours.daily.0.end_time": "must be a time of the day from 00:00 to 23:59, written HH:mm"
    }
