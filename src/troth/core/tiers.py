"""Tier structures and their tiers: how levels are reached, kept and lost (domain 5 and 10)."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema, model_validator

from troth.core.configuration import Configuration, Flag, Integer, Number, Unit
from troth.core.expiration import CalendarDates, EffectPointsExpiration, QualifyingActivity, period_faults
from troth.core.references import CardDefinitionId
from troth.core.sections import NULL_IS_DEFAULT, Choice, Fault, refuse

MOST_TIERS: Final = 100
MOST_POINTS: Final = 1_000_000_000

_TRACKING_MAXIMA: Final = {"DAY": 90, "WEEK": 52, "MONTH": 12, "YEAR": 5}
_HUNDRED_YEARS: Final = {"DAY": 36_500, "MONTH": 1_200, "YEAR": 100}


class PointBalance(Configuration):
    """Tiers follow the balance of the member's card of this definition."""

    card_definition_id: CardDefinitionId


class TrackingPeriod(Configuration):
    """A length of time, counted from the card's creation day: up to 90 days, 52 weeks, 12 months or 5 years."""

    value: Annotated[Integer, Field(ge=1)]
    unit: Literal["DAY", "WEEK", "MONTH", "YEAR"]

    @model_validator(mode="after")
    def _within_bounds(self) -> Self:
        refuse(type(self).__name__, period_faults(self.value, self.unit, _TRACKING_MAXIMA, ("value",)))
        return self


class PointEarned(Configuration):
    """Tiers follow the points of the current tracking period, at once or from the next period on."""

    card_definition_id: CardDefinitionId
    period: TrackingPeriod
    type: Literal["IMMEDIATELY", "NEXT_TRACKING_PERIOD"]


class LongPeriod(Configuration):
    """A length of calendar time, up to a hundred years."""

    value: Annotated[Integer, Field(ge=1)]
    unit: Unit

    @model_validator(mode="after")
    def _within_bounds(self) -> Self:
        refuse(type(self).__name__, period_faults(self.value, self.unit, _HUNDRED_YEARS, ("value",)))
        return self


class FixedDuration(Configuration):
    """A reached tier is safe for one period."""

    period: LongPeriod


class TierCalendarExpiration(Configuration):
    """A reached tier is safe until the next of up to 20 yearly dates."""

    calendar_dates: CalendarDates


def _given(value: object) -> object:
    if value is None:
        raise ValueError("must be a period with value and unit")
    return value


class TierSlidingExpiration(QualifyingActivity):
    """A reached tier is safe for one period after the last qualifying activity.

    The contract lets the period be null; without one there would be nothing to wait for, so it is refused.
    """

    period: Annotated[LongPeriod, BeforeValidator(_given, json_schema_input_type=LongPeriod | None)]


class TierExpiration(Choice):
    """Until when a reached tier is safe."""

    type: Literal["NO_RETENTION", "FIXED_DURATION", "CALENDAR_EXPIRATION", "SLIDING_EXPIRATION"]
    fixed_duration: FixedDuration | None = None
    calendar_expiration: TierCalendarExpiration | None = None
    sliding_expiration: TierSlidingExpiration | None = None


class GracePeriod(LongPeriod):
    """How long a lost tier is kept; rounded up to the end of the unit if asked."""

    round_up: Annotated[Flag, NULL_IS_DEFAULT] = False


class StructureDowngrade(Configuration):
    """How a tier is lost that is no longer deserved: never, one level a day, or at once to the deserved one."""

    type: Literal["NO_DOWNGRADE", "SINGLE_LEVEL", "MULTI_LEVEL"]
    grace_period: GracePeriod | None = None

    @model_validator(mode="after")
    def _grace_needs_downgrades(self) -> Self:
        if self.type == "NO_DOWNGRADE" and self.grace_period is not None:
            words = "must be left out or null when type is NO_DOWNGRADE"
            refuse(type(self).__name__, [Fault(("grace_period",), words)])
        return self


class TierStructureConfiguration(Choice):
    """A whole tier structure but its tiers, name, status and metadata."""

    parts: ClassVar = {"POINT_BALANCE": ("point_balance",), "POINT_EARNED": ("point_earned",)}

    type: Literal["POINT_BALANCE", "POINT_EARNED"]
    point_balance: PointBalance | None = None
    point_earned: PointEarned | None = None
    expiration: Annotated[TierExpiration, NULL_IS_DEFAULT] = TierExpiration(type="NO_RETENTION")
    downgrade: Annotated[StructureDowngrade, NULL_IS_DEFAULT] = StructureDowngrade(type="NO_DOWNGRADE")

    @property
    def card_definition_id(self) -> str:
        """The wallet that the structure sits on."""
        source = self.point_balance or self.point_earned
        assert source is not None
        return source.card_definition_id


TierPoints = Annotated[
    Number,
    Field(ge=0, le=MOST_POINTS),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": MOST_POINTS}),
]


class PointsRange(Configuration):
    """The points that a tier is for; without `max_value` there is no upper end."""

    min_value: TierPoints
    max_value: TierPoints | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.max_value is not None and self.max_value < self.min_value:
            refuse(type(self).__name__, [Fault(("max_value",), f"must be at least min_value {self.min_value}")])
        return self


class TierSegment(Configuration):
    """The segment that a member must be in besides."""

    id: Annotated[str, StringConstraints(min_length=1)]


class QualificationRules(Choice):
    """What a tier asks for: points, or points and a segment."""

    parts: ClassVar = {"POINTS": ("points",), "POINTS_AND_SEGMENT": ("points", "segment")}

    type: Literal["POINTS", "POINTS_AND_SEGMENT"]
    points: PointsRange | None = None
    segment: TierSegment | None = None

    @property
    def ends(self) -> tuple[Decimal, Decimal | None]:
        """The lowest points of the tier and the highest, None where there is no upper end."""
        assert self.points is not None
        return self.points.min_value, self.points.max_value


class TierDowngrade(Configuration):
    """Whether the tier is lost as its structure says, or never."""

    type: Literal["INHERIT", "NO_DOWNGRADE"]


class TierConfiguration(Configuration):
    """A whole tier but its name and metadata; `points_expiration` rules the points earned while in it."""

    qualification_rules: QualificationRules
    downgrade: Annotated[TierDowngrade, NULL_IS_DEFAULT] = TierDowngrade(type="INHERIT")
    points_expiration: EffectPointsExpiration | None = None


def check_range(tier: TierConfiguration, others: Iterable[TierConfiguration]) -> None:
    """Raise a ValidationError where the tier's points overlap another's of the structure.

    Only tiers of one kind (with a segment, or without) are compared. Ranges may touch; without an upper end is only
    the highest (domain 10).
    """
    refuse(type(tier).__name__, _overlaps(tier, [other for other in others if _kind(other) == _kind(tier)]))


def _kind(tier: TierConfiguration) -> str:
    return tier.qualification_rules.type


def _overlaps(tier: TierConfiguration, others: Sequence[TierConfiguration]) -> Iterator[Fault]:
    own = tier.qualification_rules.ends
    for other in others:
        theirs = other.qualification_rules.ends
        lower, higher = (own, theirs) if own[0] < theirs[0] else (theirs, own)
        if lower[0] == higher[0] or lower[1] is None or lower[1] > higher[0]:
            end = "without an upper end" if theirs[1] is None else f"to {theirs[1]}"
            words = f"must not overlap the points of another tier, from {theirs[0]} {end}"
            yield Fault(("qualification_rules", "points"), words)


def structure_references(structure: TierStructureConfiguration) -> frozenset[str]:
    """Return the ids of everything that a structure refers to: its wallet and event schemas."""
    sliding = structure.expiration.sliding_expiration
    return frozenset({structure.card_definition_id, *(sliding.custom_activity_types if sliding else ())})


def tier_references(tier: TierConfiguration) -> frozenset[str]:
    """Return the ids of everything that a tier refers to: its segment and event schemas."""
    segment, expiration = tier.qualification_rules.segment, tier.points_expiration
    return frozenset(({segment.id} if segment else set()) | set(expiration.event_schema_ids if expiration else ()))
