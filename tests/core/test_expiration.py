"""Expirations: each type with its one sub-object, bounds of periods, and days that exist."""

from typing import Any

import pytest
from tests.faults import faults, stored_and_read

from troth.core.expiration import (
    NO_EXPIRATION,
    CalendarDate,
    EffectPointsExpiration,
    PointsExpiration,
    may_replace,
)


def rolling(value: int, unit: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "ROLLING_EXPIRATION",
        "rolling_expiration": {"period": {"value": value, "unit": unit}, **more},
    }


def sliding(value: int, unit: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "SLIDING_EXPIRATION",
        "sliding_expiration": {"period": {"value": value, "unit": unit}, **more},
    }


def calendar(*dates: tuple[int, int]) -> dict[str, Any]:
    days = [{"day": day, "month": month} for day, month in dates]
    return {"type": "CALENDAR_EXPIRATION", "calendar_expiration": {"expiration_dates": days}}


VALID = {
    "none": {"type": "NO_EXPIRATION"},
    "none, others null": {"type": "NO_EXPIRATION", "rolling_expiration": None, "calendar_expiration": None},
    "rolling": rolling(12, "MONTH"),
    "rounded": rolling(1, "DAY", rounding={"type": "END_OF_HALF_YEAR"}),
    "rounded to a month": rolling(1, "YEAR", rounding={"type": "END_OF_PARTICULAR_MONTH", "value": 6}),
    "calendar": calendar((31, 12), (29, 2)),
    "20 dates": calendar(*[(day, 1) for day in range(1, 21)]),
    "sliding": sliding(1, "YEAR", earning_activity=True, custom_activity=None),
    "sliding on events": sliding(90, "DAY", custom_activity=True, custom_activity_types=["ms_1", "ms_b"]),
}


@pytest.mark.parametrize("value", VALID.values(), ids=VALID)
@pytest.mark.parametrize("kind", [PointsExpiration, EffectPointsExpiration])
def test_valid_on_wallets_and_effects(kind: type[PointsExpiration], value: dict[str, Any]) -> None:
    expiration = kind.model_validate(value)
    assert stored_and_read(expiration) == expiration
    assert expiration.stored()["type"] == value["type"]
    assert len(expiration.stored()) == (1 if value["type"] == "NO_EXPIRATION" else 2)


def test_a_sliding_expiration_shows_every_activity() -> None:
    assert PointsExpiration.model_validate(sliding(3, "MONTH")).stored()["sliding_expiration"] == {
        "earning_activity": False,
        "spending_activity": False,
        "custom_activity": False,
        "custom_activity_types": (),
        "period": {"value": 3, "unit": "MONTH"},
    }


@pytest.mark.parametrize(
    ("value", "path", "words"),
    [
        ({}, "type", "Field required"),
        ({"type": "ROLLING_EXPIRATION"}, "rolling_expiration", "is required when type is ROLLING_EXPIRATION"),
        (
            {**calendar((1, 1)), "rolling_expiration": {"period": {"value": 1, "unit": "DAY"}}},
            "rolling_expiration",
            "must be left out or null when type is CALENDAR_EXPIRATION",
        ),
        (rolling(91, "DAY"), "rolling_expiration.period.value", "Input should be less than or equal to 90"),
        (rolling(0, "DAY"), "rolling_expiration.period.value", "Input should be greater than or equal to 1"),
        (
            rolling(1, "DAY", rounding={"type": "END_OF_PARTICULAR_MONTH"}),
            "rolling_expiration.rounding.value",
            "is required when type is END_OF_PARTICULAR_MONTH",
        ),
        (
            rolling(1, "DAY", rounding={"type": "END_OF_YEAR", "value": 2}),
            "rolling_expiration.rounding.value",
            "must be left out or null when type is END_OF_YEAR",
        ),
        (calendar(), "calendar_expiration.expiration_dates", "must hold 1 to 20 entries"),
        (calendar(*[(1, 1)] * 21), "calendar_expiration.expiration_dates", "must hold 1 to 20 entries"),
        (calendar((1, 1), (31, 4)), "calendar_expiration.expiration_dates.1.day", "must be 1 to 30 in month 4"),
        (
            sliding(1, "DAY", custom_activity=True),
            "sliding_expiration.custom_activity_types",
            "must name 1 to 10 event schemas when custom_activity is true",
        ),
        (
            sliding(1, "DAY", custom_activity_types=["ms_1", "ms_1"]),
            "sliding_expiration.custom_activity_types",
            "must not hold the same entry twice",
        ),
    ],
)
def test_refused(value: dict[str, Any], path: str, words: str) -> None:
    assert faults(PointsExpiration, value) == {path: words}


@pytest.mark.parametrize(
    ("value", "allowed_on_an_effect"),
    [
        (rolling(90, "DAY"), True),
        (rolling(12, "MONTH"), True),
        (rolling(13, "MONTH"), False),
        (rolling(5, "YEAR"), True),
        (rolling(6, "YEAR"), False),
        (sliding(12, "MONTH"), True),
        (sliding(13, "MONTH"), False),
        (sliding(1, "YEAR"), True),
        (sliding(2, "YEAR"), False),
    ],
)
def test_periods_are_shorter_on_effects(value: dict[str, Any], allowed_on_an_effect: bool) -> None:
    assert faults(PointsExpiration, value) == {}
    found = faults(EffectPointsExpiration, value)
    assert list(found) == ([] if allowed_on_an_effect else [f"{value['type'].lower()}.period.value"])


def test_exactly_the_days_of_a_leap_year_exist() -> None:
    days = [
        (day, month)
        for month in range(1, 13)
        for day in range(1, 32)
        if not faults(CalendarDate, {"day": day, "month": month})
    ]
    assert len(days) == 366
    assert (29, 2) in days


def test_event_schemas_of_a_sliding_expiration() -> None:
    value = sliding(1, "DAY", custom_activity=True, custom_activity_types=["ms_1", "ms_2"])
    assert PointsExpiration.model_validate(value).event_schema_ids == ("ms_1", "ms_2")
    assert NO_EXPIRATION.event_schema_ids == ()


@pytest.mark.parametrize(
    ("own", "wallet", "allowed"),
    [
        (rolling(1, "DAY"), {"type": "NO_EXPIRATION"}, True),
        ({"type": "NO_EXPIRATION"}, rolling(1, "DAY"), True),
        (rolling(1, "DAY"), rolling(2, "MONTH"), True),
        (rolling(1, "DAY"), calendar((1, 1)), False),
        (sliding(1, "DAY"), rolling(1, "DAY"), False),
    ],
)
def test_own_expiration_beside_the_wallets(own: dict[str, Any], wallet: dict[str, Any], allowed: bool) -> None:
    read = EffectPointsExpiration.model_validate(own), PointsExpiration.model_validate(wallet)
    assert may_replace(*read) is allowed
