"""Wallets in which much happens within a year, as requests write them, and the ways in which time goes on."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from hypothesis import strategies as st
from tests.core.auditor import Auditor, Wallet
from tests.core.strategies import DATE, chosen, periods

from troth.core.calendar import day_of, midnight
from troth.core.card_definitions import PendingPoints
from troth.core.expiration import PointsExpiration

EVENT = "ms_1"
OTHER_EVENT = "ms_2"

PERIOD = periods(DAY=40, MONTH=3, YEAR=1)
ROUNDINGS = st.sampled_from([
    None, {"type": "END_OF_MONTH"}, {"type": "END_OF_QUARTER"}, {"type": "END_OF_HALF_YEAR"}, {"type": "END_OF_YEAR"},
    {"type": "END_OF_PARTICULAR_MONTH", "value": 2},
])  # fmt: skip
DATES = st.lists(DATE | st.just({"day": 29, "month": 2}), min_size=1, max_size=4)
ACTIVITIES = st.sampled_from([
    {},
    {"earning_activity": True},
    {"spending_activity": True},
    {"earning_activity": True, "spending_activity": True},
    {"custom_activity": True, "custom_activity_types": [EVENT]},
])  # fmt: skip
EXPIRATIONS = st.one_of(
    chosen("NO_EXPIRATION"),
    chosen(
        "ROLLING_EXPIRATION",
        rolling_expiration=st.fixed_dictionaries({"period": PERIOD, "rounding": ROUNDINGS}),
    ),
    chosen("CALENDAR_EXPIRATION", calendar_expiration=st.fixed_dictionaries({"expiration_dates": DATES})),
    chosen(
        "SLIDING_EXPIRATION",
        sliding_expiration=st.builds(lambda period, more: {"period": period, **more}, PERIOD, ACTIVITIES),
    ),
)
PENDING = st.one_of(
    chosen("IMMEDIATE"),
    chosen("PERIOD_BASED", period_based=st.fixed_dictionaries({"period": PERIOD})),
    chosen("FIXED_DATES", fixed_dates=st.fixed_dictionaries({"dates": DATES})),
    chosen(
        "EVENT_BASED", event_based=st.fixed_dictionaries({"event_types": st.just([EVENT]), "cancel_period": PERIOD})
    ),
)
WALLETS = st.one_of(
    st.fixed_dictionaries({"points_expiration": EXPIRATIONS, "pending_points": PENDING}),
    st.fixed_dictionaries({"pending_points": PENDING, "balance_settings": st.just({"allow_negative": True})}),
)
ZONES = ("UTC", "Europe/Warsaw", "America/New_York", "America/Santiago", "Asia/Kolkata", "Pacific/Auckland")
"""Most of them have days of 23 and of 25 hours; in Santiago these lack or repeat the hour at midnight."""

LENGTHS = st.one_of(
    st.sampled_from(["to midnight", "to a date", "past a date"]),
    st.sampled_from(["almost to midnight", "almost to a date", "almost past a date"]),
    st.builds("{} hours".format, st.integers(1, 80)),
    st.builds("{} days".format, st.integers(1, 40)),
    st.builds("{} days".format, st.integers(1, 400)),
)
"""How time goes on; see `after`."""


def wallet_of(given: dict[str, Any]) -> Wallet:
    """Return what the auditor needs to know of a wallet."""
    return Wallet(
        PointsExpiration.model_validate(given.get("points_expiration", {"type": "NO_EXPIRATION"})),
        PendingPoints.model_validate(given.get("pending_points", {"type": "IMMEDIATE"})),
        given.get("balance_settings", {"allow_negative": False})["allow_negative"],
    )


def dates_of(auditor: Auditor) -> list[date]:
    """Return the dates of all that a member holds."""
    cards = auditor.cards.values()
    return [one.date for card in cards for one in (*card.buckets, *card.pending) if one.date]


def after(now: datetime, length: str, zone: tzinfo, dates: Iterable[date] = ()) -> datetime:
    """Return the instant that lies such a length after another: now itself where there is no such date to come.

    A date is reached by the midnight that begins it and passed by the one that ends it; almost is a millisecond before.
    """
    if length[0].isdigit():
        number, unit = length.split()
        return now + timedelta(**{unit: int(number)})
    days = [day_of(now, zone)] if length.endswith("midnight") else dates
    later = timedelta(days=not length.endswith("to a date"))
    early = timedelta(milliseconds=length.startswith("almost"))
    instants = (midnight(day + later, zone) - early for day in days)
    return min((one for one in instants if one > now), default=now)
