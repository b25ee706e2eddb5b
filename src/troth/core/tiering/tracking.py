"""Tracking periods: the points of a card that POINT_EARNED tiers follow, period by period (domain 10)."""

from datetime import date
from typing import Final, NamedTuple

from troth.core.calendar import shifted
from troth.core.tiers import PointEarned, TrackingPeriod

_MONTHS: Final = {"MONTH": 1, "YEAR": 12}


class Tracking(NamedTuple):
    """The points of one tracking period of a card, and, where they decide anything, those of the period before it.

    Periods are numbered from 0, which begins on the day on which the card was made.
    """

    card_created_on: date
    number: int = 0
    points: int = 0
    points_before: int = 0

    @property
    def counts(self) -> bool:
        """Whether the next period will change any of the points."""
        return self.points != 0 or self.points_before != 0


def began_on(card_created_on: date, period: TrackingPeriod, number: int) -> date:
    """Return the first day of a period; months that are too short for the creation day end it earlier."""
    return shifted(card_created_on, number * period.value, period.unit)


def number_of(card_created_on: date, period: TrackingPeriod, day: date) -> int:
    """Return the number of the period that holds a day, below 0 for days before the card was made."""
    if period.unit in _MONTHS:
        months = (day.year - card_created_on.year) * 12 + day.month - card_created_on.month
        number = months // (period.value * _MONTHS[period.unit])
        return number - 1 if began_on(card_created_on, period, number) > day else number
    return (day - card_created_on).days // (period.value * (7 if period.unit == "WEEK" else 1))


def next_began_on(card_created_on: date, period: TrackingPeriod, day: date) -> date:
    """Return the first day of the period after the one that holds a day."""
    return began_on(card_created_on, period, number_of(card_created_on, period, day) + 1)


def rolled(tracking: Tracking, earned: PointEarned, day: date) -> Tracking:
    """Return the tracking as of a day; as long as nothing counts, one period is like another and stays."""
    if not tracking.counts or day < began_on(tracking.card_created_on, earned.period, tracking.number + 1):
        return tracking
    return _moved(tracking, earned, number_of(tracking.card_created_on, earned.period, day))


def counted(tracking: Tracking, earned: PointEarned, day: date, points: int) -> Tracking:
    """Return the tracking with points of a day: earned and activated ones are positive, refunded ones negative.

    The day is that of the occurrence, which may lie in the period before; what is older decides nothing any more.
    """
    number = number_of(tracking.card_created_on, earned.period, day)
    tracking = _moved(tracking, earned, number)
    if number == tracking.number:
        return tracking._replace(points=tracking.points + points)
    if number == tracking.number - 1 and earned.type == "NEXT_TRACKING_PERIOD":
        return tracking._replace(points_before=tracking.points_before + points)
    return tracking


def _moved(tracking: Tracking, earned: PointEarned, number: int) -> Tracking:
    if number <= tracking.number:
        return tracking
    follows = number == tracking.number + 1 and earned.type == "NEXT_TRACKING_PERIOD"
    before = tracking.points if follows else 0
    return tracking._replace(number=number, points=0, points_before=before)
