"""When a definition is in force: dates and hours of programs, earning rules and rewards (domain 2)."""

import re
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from troth.core.configuration import Configuration, Instant, Integer
from troth.core.sections import NULL_IS_DEFAULT, Choice, Fault, Items, refuse

Weekday = Annotated[Integer, Field(ge=0, le=6)]
"""0 is Sunday, 6 is Saturday."""

_HOUR: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)


def _hour(text: str) -> str:
    if _HOUR.fullmatch(text) is None:
        raise ValueError("must be a time of the day from 00:00 to 23:59, written HH:mm")
    return text


Hour = Annotated[str, AfterValidator(_hour), WithJsonSchema({"type": "string", "pattern": f"^{_HOUR.pattern}$"})]


class DailyHours(Configuration):
    """A window of some weekdays, `HH:mm` to `HH:mm` in the project's time zone, its last minute included."""

    days_of_week: Annotated[tuple[Weekday, ...], Items(1, 7, distinct=True)]
    start_time: Hour
    end_time: Hour

    @model_validator(mode="after")
    def _starts_before_it_ends(self) -> Self:
        if self.start_time >= self.end_time:
            refuse(type(self).__name__, [Fault(("end_time",), f"must be later than start_time {self.start_time}")])
        return self


class ValidityHours(Choice):
    """At any time, or within at least one of the daily windows."""

    type: Literal["ANY_TIME", "DAILY"]
    daily: Annotated[tuple[DailyHours, ...], Items()] | None = None


ANY_TIME: Final = ValidityHours(type="ANY_TIME")


class ValidityWindow(Configuration):
    """The part of time in which a definition is in force; open at an end that is null."""

    start_date: Instant | None = None
    end_date: Instant | None = None
    validity_hours: Annotated[ValidityHours, NULL_IS_DEFAULT] = ANY_TIME

    @model_validator(mode="after")
    def _starts_before_it_ends(self) -> Self:
        if self.start_date and self.end_date and self.start_date >= self.end_date:
            refuse(type(self).__name__, [Fault(("end_date",), "must be after start_date")])
        return self
