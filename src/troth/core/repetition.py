"""How soon and how often a member may do the same again: earning rules and rewards (domain 8 and 11)."""

from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, model_validator

from troth.core.card_definitions import LimitPeriod
from troth.core.configuration import LARGEST_INTEGER, Configuration, Integer
from troth.core.expiration import period_faults
from troth.core.sections import NULL_IS_DEFAULT, Choice, Items, refuse

_HUNDRED_YEARS: Final = {"HOUR": 876_000, "DAY": 36_500, "WEEK": 5_200, "MONTH": 1_200, "YEAR": 100}


class CooldownPeriod(Configuration):
    """A length of time, up to a hundred years."""

    value: Annotated[Integer, Field(ge=1)]
    unit: Literal["HOUR", "DAY", "WEEK", "MONTH", "YEAR"]

    @model_validator(mode="after")
    def _within_bounds(self) -> Self:
        refuse(type(self).__name__, period_faults(self.value, self.unit, _HUNDRED_YEARS, ("value",)))
        return self


class FixedCooldown(Configuration):
    """How long a member waits after a success."""

    period: CooldownPeriod


class Cooldown(Choice):
    """Whether a member waits after a success, counted from its instant."""

    type: Literal["NO_COOLDOWN", "FIXED_COOLDOWN"]
    fixed_cooldown: FixedCooldown | None = None


class LargestCount(Configuration):
    """At most so many successes in the period."""

    max: Annotated[Integer, Field(ge=1, le=LARGEST_INTEGER)]


class FrequencyLimit(Configuration):
    """At most so many successes of a member in each calendar period."""

    type: Literal["TIME_BASED"]
    period: LimitPeriod
    triggers: LargestCount


class Frequency(Choice):
    """How often a member may succeed."""

    parts: ClassVar = {"LIMITED": ("limits",)}

    type: Literal["NO_LIMIT", "LIMITED"]
    limits: Annotated[tuple[FrequencyLimit, ...], Items(0, 1), NULL_IS_DEFAULT] = ()


class RepetitionLimits(Configuration):
    """How soon and how often a member may succeed again."""

    cooldown: Annotated[Cooldown, NULL_IS_DEFAULT] = Cooldown(type="NO_COOLDOWN")
    frequency: Annotated[Frequency, NULL_IS_DEFAULT] = Frequency(type="NO_LIMIT")
