"""A tier structure in force: its tiers as levels, from the lowest to the highest (domain 10)."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import ceil
from typing import Any, NamedTuple, Self

from troth.core.calendar import end_of, next_of, shifted
from troth.core.tiers import GracePeriod, TierConfiguration, TierExpiration, TierStructureConfiguration


class Tier(NamedTuple):
    """One level."""

    id: str
    name: str
    configuration: TierConfiguration

    @property
    def ends(self) -> tuple[Decimal, Decimal | None]:
        """The lowest points of the tier and the highest, None where there is no upper end."""
        return self.configuration.qualification_rules.ends

    @property
    def segment_id(self) -> str | None:
        """The segment that the tier asks for besides points."""
        segment = self.configuration.qualification_rules.segment
        return segment.id if segment else None

    def admits(self, segment_ids: Set[str]) -> bool:
        """Tell whether a customer in these segments may be in the tier, whatever the points."""
        return self.segment_id is None or self.segment_id in segment_ids


class Rung(NamedTuple):
    """What a tier asks for, and how progress shows it, read once for all members: see `Tier`."""

    lowest: Decimal
    highest: Decimal | None
    segment_id: str | None
    shown: Mapping[str, Any]

    @classmethod
    def of(cls, tier: Tier) -> Self:
        return cls(*tier.ends, tier.segment_id, {"id": tier.id, "name": tier.name})


@dataclass(frozen=True, slots=True)
class Structure:
    """A tier structure; `tiers` stand in order, the lowest first. Make it with `Structure.of`."""

    id: str
    configuration: TierStructureConfiguration
    tiers: tuple[Tier, ...]
    levels: Mapping[str | None, int]
    """The position of each tier, and of being in none: -1."""
    rungs: tuple[Rung, ...]
    """The tiers' rungs, in their order."""
    entries: tuple[tuple[int, str | None, str], ...]
    """What it takes to enter each tier, the highest first: its whole points, its segment if it has one, its id."""
    never_lost: frozenset[str]
    """The tiers that say of themselves that nobody loses them."""
    segment_ids: frozenset[str]
    """The segments that tiers ask for."""

    @classmethod
    def of(cls, structure_id: str, configuration: TierStructureConfiguration, tiers: Iterable[Tier]) -> Self:
        """Return the structure with its tiers in order: by points; of equal ones that with a segment is the higher."""
        ordered = sorted(tiers, key=lambda one: (one.ends[0], one.segment_id is not None))
        levels: dict[str | None, int] = {tier.id: level for level, tier in enumerate(ordered)}
        rungs = tuple(map(Rung.of, ordered))
        entries = tuple((ceil(tier.ends[0]), tier.segment_id, tier.id) for tier in reversed(ordered))
        never_lost = frozenset(tier.id for tier in ordered if tier.configuration.downgrade.type == "NO_DOWNGRADE")
        segment_ids = frozenset(tier.segment_id for tier in ordered if tier.segment_id)
        levels[None] = -1
        return cls(structure_id, configuration, tuple(ordered), levels, rungs, entries, never_lost, segment_ids)

    @property
    def card_definition_id(self) -> str:
        """The wallet that the structure sits on; a member's other cards have no tiers."""
        return self.configuration.card_definition_id

    def rung(self, tier_id: str) -> Rung:
        """Return a tier's rung by its id."""
        return self.rungs[self.levels[tier_id]]

    def tier(self, tier_id: str) -> Tier:
        """Return a tier by its id."""
        return self.tiers[self.levels[tier_id]]

    def deserved(self, points: int, segment_ids: Set[str]) -> str | None:
        """Return the highest tier that these points and segments are enough for, None if there is none."""
        for lowest, segment_id, tier_id in self.entries:
            if lowest <= points and (segment_id is None or segment_id in segment_ids):
                return tier_id
        return None

    def one_below(self, tier_id: str, segment_ids: Set[str]) -> str | None:
        """Return the next lower tier that is open to these segments, None below the lowest."""
        lower = reversed(self.tiers[: self.levels[tier_id]])
        return next((tier.id for tier in lower if tier.admits(segment_ids)), None)

    def higher(self, one: str | None, other: str | None) -> str | None:
        """Return the higher of two tiers, None being the lowest."""
        return one if self.levels[one] >= self.levels[other] else other

    def secured(self, tier_id: str | None, segment_ids: Set[str]) -> str | None:
        """Return the highest tier that whoever enters this one has reached and never loses, None if there is none.

        That is the entered tier or a lower one that is open to these segments: who skips a level has reached it too.
        """
        if not self.never_lost:
            return None
        for tier in reversed(self.tiers[: self.levels[tier_id] + 1]):
            if tier.id in self.never_lost and (tier.id == tier_id or tier.admits(segment_ids)):
                return tier.id
        return None

    def never_loses(self, tier_id: str) -> bool:
        """Tell whether a tier is kept however few the points become."""
        return tier_id in self.never_lost or self.configuration.downgrade.type == "NO_DOWNGRADE"


def safe_through(expiration: TierExpiration, day: date) -> date | None:
    """Return the last day on which a tier reached on this day is safe, None if it is not safe at all (domain 10)."""
    if fixed := expiration.fixed_duration:
        return shifted(day, fixed.period.value, fixed.period.unit)
    if calendar := expiration.calendar_expiration:
        return next_of(calendar.calendar_dates, day)
    if sliding := expiration.sliding_expiration:
        return shifted(day, sliding.period.value, sliding.period.unit)
    return None


def prolonged_through(expiration: TierExpiration, day: date) -> date | None:
    """Return the last safe day of a tier that is deserved again, or still on this, its last safe day.

    None where deserving a tier makes it no safer: nothing does without retention, with sliding dates only activity.
    """
    return None if expiration.type == "SLIDING_EXPIRATION" else safe_through(expiration, day)


def grace_through(grace: GracePeriod, day: date) -> date:
    """Return the last day of a grace that begins when this day ends, or on it."""
    last = shifted(day, grace.value, grace.unit)
    return end_of(grace.unit, last) if grace.round_up else last
