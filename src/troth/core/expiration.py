"""When points expire: the configuration that wallets, earning effects and tiers share (domain 7, Expiration)."""

from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from troth.core.configuration import Configuration, Flag, Integer, Unit
from troth.core.references import EventSchemaId
from troth.core.sections import NULL_IS_DEFAULT, Choice, Fault, Items, refuse

_LAST_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_EFFECT_MAXIMA: Final = {
    "rolling_expiration": {"DAY": 90, "MONTH": 12, "YEAR": 5},
    "sliding_expiration": {"DAY": 90, "MONTH": 12, "YEAR": 1},
}


class Period(Configuration):
    """A length of calendar time, 1 to 90 of its unit."""

    value: Annotated[Integer, Field(ge=1, le=90)]
    unit: Unit


class CalendarDate(Configuration):
    """A day of every year; 29 February is 28 February in other years (domain 5)."""

    day: Annotated[Integer, Field(ge=1, le=31)]
    month: Annotated[Integer, Field(ge=1, le=12)]

    @model_validator(mode="after")
    def _exists(self) -> Self:
        last = _LAST_DAYS[self.month - 1]
        if self.day > last:
            refuse(type(self).__name__, [Fault(("day",), f"must be 1 to {last} in month {self.month}")])
        return self


CalendarDates = Annotated[tuple[CalendarDate, ...], Items(1, 20)]


class Rounding(Choice):
    """To which end of a calendar unit a rolling expiration date is moved up; `value` is a month, 1 to 12."""

    parts: ClassVar = {"END_OF_PARTICULAR_MONTH": ("value",)}

    type: Literal["END_OF_MONTH", "END_OF_QUARTER", "END_OF_HALF_YEAR", "END_OF_YEAR", "END_OF_PARTICULAR_MONTH"]
    value: Annotated[Integer, Field(ge=1, le=12)] | None = None


class RollingExpiration(Configuration):
    """Points expire one period after the day of the activity that brought them, rounded up if asked."""

    period: Period
    rounding: Rounding | None = None


class CalendarExpiration(Configuration):
    """Points expire on the next of up to 20 yearly dates."""

    expiration_dates: CalendarDates


class QualifyingActivity(Configuration):
    """What moves a sliding date: earning, spending, the custom events of up to 10 schemas, each where switched on."""

    earning_activity: Annotated[Flag, NULL_IS_DEFAULT] = False
    spending_activity: Annotated[Flag, NULL_IS_DEFAULT] = False
    custom_activity: Annotated[Flag, NULL_IS_DEFAULT] = False
    custom_activity_types: Annotated[tuple[EventSchemaId, ...], Items(0, 10, distinct=True), NULL_IS_DEFAULT] = ()

    @model_validator(mode="after")
    def _names_its_events(self) -> Self:
        if self.custom_activity and not self.custom_activity_types:
            words = "must name 1 to 10 event schemas when custom_activity is true"
            refuse(type(self).__name__, [Fault(("custom_activity_types",), words)])
        return self

    def counts(self, activity: str) -> bool:
        """Tell whether an activity moves the date: `earning`, `spending`, or the id of a custom event's schema."""
        if activity == "earning":
            return self.earning_activity
        if activity == "spending":
            return self.spending_activity
        return self.custom_activity and activity in self.custom_activity_types


class SlidingExpiration(QualifyingActivity):
    """All points expire one period after the last qualifying activity."""

    period: Period


class PointsExpiration(Choice):
    """A wallet's expiration: the type, and its one sub-object."""

    type: Literal["NO_EXPIRATION", "ROLLING_EXPIRATION", "CALENDAR_EXPIRATION", "SLIDING_EXPIRATION"]
    rolling_expiration: RollingExpiration | None = None
    calendar_expiration: CalendarExpiration | None = None
    sliding_expiration: SlidingExpiration | None = None

    @property
    def event_schema_ids(self) -> tuple[str, ...]:
        """The event schemas whose events move a sliding date."""
        return self.sliding_expiration.custom_activity_types if self.sliding_expiration else ()


class EffectPointsExpiration(PointsExpiration):
    """An effect's or a tier's own: as a wallet's, with at most 12 months and 5 years, or 1 sliding year."""

    @model_validator(mode="after")
    def _period_within_bounds(self) -> Self:
        for name, maxima in _EFFECT_MAXIMA.items():
            part = getattr(self, name)
            if part is not None:
                refuse(
                    type(self).__name__,
                    period_faults(part.period.value, part.period.unit, maxima, (name, "period", "value")),
                )
        return self


NO_EXPIRATION: Final = PointsExpiration(type="NO_EXPIRATION")


def period_faults(value: int, unit: str, maxima: Mapping[str, int], path: tuple[str, ...]) -> Iterable[Fault]:
    """Yield the fault of a period that is longer than its unit's maximum."""
    if value > maxima[unit]:
        yield Fault(path, f"must be 1 to {maxima[unit]} when unit is {unit}")


def check_carried(wallet: PointsExpiration, carried: Iterable[tuple[str, PointsExpiration]]) -> None:
    """Raise a ValidationError where a wallet does not allow what its points carry elsewhere, named by words."""
    faults = (
        Fault(("points_expiration", "type"), f"must be NO_EXPIRATION or {own.type}, which {words} has of its own")
        for words, own in carried
        if not may_replace(own, wallet)
    )
    refuse("CardDefinitionConfiguration", faults)


def may_replace(own: PointsExpiration, wallet: PointsExpiration) -> bool:
    """Tell whether an effect or a tier may carry `own` on this wallet (domain 5)."""
    return "NO_EXPIRATION" in {own.type, wallet.type} or own.type == wallet.type
