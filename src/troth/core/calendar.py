"""The date rules of loyalty, meant in a project's time zone: days, periods, due dates, hours (domain 2, 7, 8 and 10).

Days are dates, instants are UTC, and what lasts from one to another holds the first and not the second. Where a zone's
clocks change at midnight, or skip a date altogether, a day begins where its date is first reached or passed.
"""

from bisect import bisect_left
from calendar import isleap, monthrange
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from troth.core.card_definitions import PendingPoints
from troth.core.expiration import CalendarDate, PointsExpiration, Rounding
from troth.core.repetition import Cooldown
from troth.core.validity import ValidityWindow

Length: TypeAlias = Literal["DAY", "WEEK", "MONTH", "YEAR"]
"""What periods are counted in."""

CalendarUnit: TypeAlias = Literal["DAY", "WEEK", "MONTH", "QUARTER", "HALF_YEAR", "YEAR"]
"""What the calendar is divided into; weeks are ISO weeks."""

ONE_DAY: Final = timedelta(days=1)

_MONTHS: Final[dict[str, int]] = {"MONTH": 1, "QUARTER": 3, "HALF_YEAR": 6, "YEAR": 12}
_ROUNDED_TO: Final[dict[str, CalendarUnit]] = {
    "END_OF_MONTH": "MONTH",
    "END_OF_QUARTER": "QUARTER",
    "END_OF_HALF_YEAR": "HALF_YEAR",
    "END_OF_YEAR": "YEAR",
}


@lru_cache(maxsize=8192)
def midnight(day: date, zone: tzinfo) -> datetime:
    """Return the first instant of a date; a date that the zone skips is an empty day where the next one begins."""
    begins = datetime(day.year, day.month, day.day, tzinfo=zone)
    early, late = sorted(begins.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if early.astimezone(zone).date() == day:
        return early
    # The clocks jump over 00:00, so the day begins with the jump; that lies on a whole second between the two readings.
    second = timedelta(seconds=1)
    seconds = range((late - early) // second)
    return early + second * bisect_left(seconds, day, key=lambda n: (early + second * n).astimezone(zone).date())


def day_of(moment: datetime, zone: tzinfo) -> date:
    """Return the day of an instant: the one whose midnight has come and whose next day's has not.

    That is the local date, but for the minutes for which clocks that are set back after midnight show the old date.
    """
    day = moment.astimezone(zone).date()
    tomorrow = day + ONE_DAY
    return tomorrow if midnight(tomorrow, zone) <= moment else day


def earlier(one: date | None, other: date | None) -> date | None:
    """Return the earlier of two days, None if there is none; None stands for never."""
    if one is None or other is None:
        return one or other
    return min(one, other)


def weekday(day: date) -> int:
    """Return the day of the week, 0 = Sunday to 6 = Saturday (domain 2)."""
    return day.isoweekday() % 7


@lru_cache(maxsize=8192)
def shifted(anchor: date, count: int, unit: Length) -> date:
    """Return the date that lies `count` units after the anchor, or before it if negative.

    Where its month is shorter than the anchor's day, it is the month's last: 31 January + 1 month is 28 or 29 February,
    + 2 months is 31 March (domain 7).
    """
    if unit == "DAY":
        return anchor + timedelta(days=count)
    if unit == "WEEK":
        return anchor + timedelta(weeks=count)
    year, month = divmod(anchor.year * 12 + anchor.month - 1 + count * _MONTHS[unit], 12)
    return date(year, month + 1, min(anchor.day, monthrange(year, month + 1)[1]))


def period_of(unit: CalendarUnit, day: date) -> tuple[date, date]:
    """Return the first day of the calendar unit that holds the day, and the first day after it."""
    if unit == "DAY":
        return day, day + ONE_DAY
    if unit == "WEEK":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(weeks=1)
    months = _MONTHS[unit]
    first = date(day.year, (day.month - 1) // months * months + 1, 1)
    return first, shifted(first, months, "MONTH")


def instants_of(unit: CalendarUnit, moment: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return when the calendar unit that holds the instant begins, and when the next one does."""
    first, after = period_of(unit, day_of(moment, zone))
    return midnight(first, zone), midnight(after, zone)


def end_of(unit: CalendarUnit, day: date) -> date:
    """Return the last day of the calendar unit that holds the day."""
    return period_of(unit, day)[1] - ONE_DAY


def next_of(dates: Collection[CalendarDate], day: date) -> date:
    """Return the first of the yearly dates strictly after the day; 29 February is the 28th in other years."""
    this_year = [due for one in dates if (due := _in_year(one, day.year)) > day]
    return min(this_year) if this_year else min(_in_year(one, day.year + 1) for one in dates)


def expires_on(expiration: PointsExpiration, activity_day: date) -> date | None:
    """Return the last day on which points can be used, None if they never expire (domain 7, Expiration).

    The activity is the one that brought the points; of a sliding expiration it is the last that qualifies.
    """
    if rolling := expiration.rolling_expiration:
        day = shifted(activity_day, rolling.period.value, rolling.period.unit)
        return _rounded(day, rolling.rounding) if rolling.rounding else day
    if calendar := expiration.calendar_expiration:
        return next_of(calendar.expiration_dates, activity_day)
    if sliding := expiration.sliding_expiration:
        return shifted(activity_day, sliding.period.value, sliding.period.unit)
    return None


def activates_on(pending: PendingPoints, activity_day: date) -> date | None:
    """Return the date of a pending bucket, None if points are usable at once (domain 7, Pending).

    The midnight that begins it activates the bucket; with EVENT_BASED, the midnight that ends it cancels the bucket.
    """
    if pending.period_based:
        return shifted(activity_day, pending.period_based.period.value, pending.period_based.period.unit)
    if pending.fixed_dates:
        return next_of(pending.fixed_dates.dates, activity_day)
    if pending.event_based:
        return shifted(activity_day, pending.event_based.cancel_period.value, pending.event_based.cancel_period.unit)
    return None


def in_force(window: ValidityWindow, moment: datetime, zone: tzinfo) -> bool:
    """Tell whether the instant lies in the window: from its start date, before its end date, within its hours.

    Hours are those that the zone's clocks show; a window's last minute belongs to it (domain 2).
    """
    if (window.start_date and moment < window.start_date) or (window.end_date and moment >= window.end_date):
        return False
    if window.validity_hours.daily is None:
        return True
    shown = moment.astimezone(zone)
    today, minute = weekday(shown.date()), f"{shown.hour:02}:{shown.minute:02}"
    return any(
        today in hours.days_of_week and hours.start_time <= minute <= hours.end_time
        for hours in window.validity_hours.daily
    )


def cooled_down(cooldown: Cooldown, success: datetime, zone: tzinfo) -> datetime:
    """Return the first instant at which a member may succeed again.

    Hours are exact; days and longer end when the zone's clocks show the time of the success again (domain 8).
    """
    if cooldown.fixed_cooldown is None:
        return success
    period = cooldown.fixed_cooldown.period
    if period.unit == "HOUR":
        return success + timedelta(hours=period.value)
    shown = success.astimezone(zone)
    day = shifted(shown.date(), period.value, period.unit)
    return shown.replace(year=day.year, month=day.month, day=day.day).astimezone(UTC)


def _in_year(one: CalendarDate, year: int) -> date:
    misses = one.day == 29 and one.month == 2 and not isleap(year)
    return date(year, one.month, 28 if misses else one.day)


def _rounded(day: date, rounding: Rounding) -> date:
    if rounding.value is None:
        return end_of(_ROUNDED_TO[rounding.type], day)
    months = (rounding.value - day.month) % 12
    return end_of("MONTH", shifted(day, months, "MONTH"))
