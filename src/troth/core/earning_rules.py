"""When points and benefits are granted: trigger, limits and earnings of an earning rule (domain 5 and 8)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import Field, StringConstraints, WithJsonSchema, model_validator

from troth.core.conditions import CustomError, RulesGroup
from troth.core.configuration import LARGEST_INTEGER, Configuration, Integer
from troth.core.expiration import EffectPointsExpiration, PointsExpiration, may_replace, period_faults
from troth.core.proportional import BASES, PointsProportional
from troth.core.references import (
    BenefitId,
    CardDefinitionId,
    EarningItemId,
    EventSchemaId,
    IncentiveId,
    SegmentId,
    TierId,
    TierStructureId,
    benefit_id,
)
from troth.core.repetition import RepetitionLimits
from troth.core.sections import NULL_IS_DEFAULT, Choice, Fault, Items, refuse
from troth.core.validity import ValidityWindow

MOST_EARNINGS: Final = 100
MOST_EFFECTS: Final = 20
MOST_CONDITIONS: Final = 50

_CARRIERS: Final = {"order": "customer.order.paid", "custom_event": "customer.custom_event"}
_COOLDOWN_MAXIMA: Final = {"HOUR": 24, "DAY": 90, "WEEK": 52, "MONTH": 12, "YEAR": 1}


class TriggerCustomEvent(Configuration):
    """The event schema whose events trigger the rule."""

    schema_id: EventSchemaId


class TriggerSegment(Configuration):
    """The segment whose entering triggers the rule."""

    id: SegmentId


class Trigger(Choice):
    """What sets a rule off: an order that becomes paid, a custom event, or a customer entering a segment."""

    selector: ClassVar = "event"
    parts: ClassVar = {"customer.custom_event": ("custom_event",), "customer.segment.entered": ("segment",)}

    event: Literal["customer.order.paid", "customer.custom_event", "customer.segment.entered"]
    custom_event: TriggerCustomEvent | None = None
    segment: TriggerSegment | None = None


class TriggerLimits(RepetitionLimits):
    """How soon and how often a member may succeed again: a cooldown lasts at most a year (domain 8)."""

    @model_validator(mode="after")
    def _short_cooldown(self) -> Self:
        if self.cooldown.fixed_cooldown:
            period = self.cooldown.fixed_cooldown.period
            path = ("cooldown", "fixed_cooldown", "period", "value")
            refuse(type(self).__name__, period_faults(period.value, period.unit, _COOLDOWN_MAXIMA, path))
        return self


class EffectPoints(Configuration):
    """A fixed number of points on a wallet."""

    value: Annotated[Integer, Field(ge=0, le=LARGEST_INTEGER)]
    card_definition_id: CardDefinitionId
    points_expiration: EffectPointsExpiration | None = None


class EffectPointsProportional(PointsProportional):
    """Proportional points, with an expiration of their own if they have one."""

    points_expiration: EffectPointsExpiration | None = None


class EffectBenefit(Configuration):
    """A benefit by id."""

    id: BenefitId


class EffectIncentive(Configuration):
    """The same benefit under its other name."""

    id: IncentiveId


_FACES: Final = WithJsonSchema(
    {
        "type": "string",
        "enum": ["POINTS", "POINTS_PROPORTIONAL", "BENEFIT"],
        "description": "INCENTIVE with `incentive` means the same as BENEFIT; a rule shows what it was written with.",
    }
)


class Effect(Choice):
    """What a matching earning grants: the type, and its one sub-object."""

    type: Annotated[Literal["POINTS", "POINTS_PROPORTIONAL", "BENEFIT", "INCENTIVE"], _FACES]
    points: EffectPoints | None = None
    points_proportional: EffectPointsProportional | None = None
    benefit: EffectBenefit | None = None
    incentive: EffectIncentive | None = None

    @property
    def wallet(self) -> EffectPoints | EffectPointsProportional | None:
        """The part that posts points on a wallet, if the effect does."""
        return self.points or self.points_proportional

    @property
    def benefit_id(self) -> str | None:
        """The `lben_` id of the granted benefit, whichever face the rule was written with."""
        face = self.benefit or self.incentive
        return benefit_id(face.id) if face else None

    def reference_ids(self) -> Iterator[str]:
        """Yield the ids of everything the effect refers to."""
        if self.points_proportional:
            yield from self.points_proportional.reference_ids()
        if self.points:
            yield self.points.card_definition_id
        if self.wallet and self.wallet.points_expiration:
            yield from self.wallet.points_expiration.event_schema_ids
        if self.benefit_id:
            yield self.benefit_id


class TierEntry(Configuration):
    """Some tiers of a structure; being in one of them is enough."""

    tier_structure_id: TierStructureId
    tier_ids: Annotated[tuple[TierId, ...], Items()]


class TierRules(Choice):
    """Which tiers an earning is for: any member, or those in one of the tiers."""

    type: Literal["NO_REQUIREMENTS", "ANY_OF"]
    any_of: Annotated[tuple[TierEntry, ...], Items()] | None = None


class Earning(Configuration):
    """One item of a rule: if its tiers and rules hold, all its effects are given.

    `id` is null only in a request, for an item that is new.
    """

    id: EarningItemId | None = None
    name: Annotated[str, StringConstraints(max_length=200)] | None = None
    rules: RulesGroup | None = None
    tier_rules: Annotated[TierRules, NULL_IS_DEFAULT] = TierRules(type="NO_REQUIREMENTS")
    effects: Annotated[tuple[Effect, ...], Items(1, MOST_EFFECTS)]

    @model_validator(mode="after")
    def _not_too_many_conditions(self) -> Self:
        if self.rules is not None and sum(1 for _ in self.rules.walk()) > MOST_CONDITIONS:
            refuse(
                type(self).__name__,
                [Fault(("rules",), f"must hold at most {MOST_CONDITIONS} rules, nested ones included")],
            )
        return self

    def reference_ids(self) -> Iterator[str]:
        """Yield the ids of everything the earning refers to."""
        for effect in self.effects:
            yield from effect.reference_ids()
        for entry in self.tier_rules.any_of or ():
            yield entry.tier_structure_id
            yield from entry.tier_ids
        for _, rule in self.rules.walk() if self.rules else ():
            yield from rule.reference_ids()


class EarningRuleConfiguration(ValidityWindow):
    """A whole earning rule: everything about it but its name, status and metadata."""

    trigger: Trigger
    earnings: Annotated[tuple[Earning, ...], Items(1, MOST_EARNINGS)]
    error: CustomError | None = None
    trigger_limits: Annotated[TriggerLimits, NULL_IS_DEFAULT] = TriggerLimits()

    @model_validator(mode="after")
    def _earnings_fit(self) -> Self:
        refuse(type(self).__name__, self._misfits())
        return self

    def _misfits(self) -> Iterable[Fault]:
        seen: set[str] = set()
        for place, earning in enumerate(self.earnings):
            if earning.id in seen:
                yield Fault(("earnings", place, "id"), "must not be given to two earnings")
            if earning.id is not None:
                seen.add(earning.id)
            for path, words in _untriggered(self.trigger.event, earning):
                yield Fault(("earnings", place, *path), words)


def _untriggered(event: str, earning: Earning) -> Iterator[Fault]:
    """Yield what an earning asks about that this trigger does not carry (domain 8, names by trigger)."""
    for path, rule in earning.rules.walk() if earning.rules else ():
        needed = _CARRIERS.get(rule.name.partition(".")[0])
        if needed not in (None, event):
            yield Fault(("rules", *path, "name"), f"{rule.name} needs the trigger {needed}, this rule has {event}")
    for place, effect in enumerate(earning.effects):
        if effect.points_proportional:
            kind = effect.points_proportional.calculation_type
            needed = BASES[kind].trigger
            if needed not in (None, event):
                yield Fault(
                    ("effects", place, "points_proportional", "calculation_type"),
                    f"{kind} needs the trigger {needed}, this rule has {event}",
                )


def identified(configuration: EarningRuleConfiguration, fresh_ids: Iterator[str]) -> EarningRuleConfiguration:
    """Return the rule with an id on every earning, the next of `fresh_ids` (`lernei_…`) for each that has none."""
    earnings = tuple(
        Earning.model_validate({**{name: getattr(one, name) for name in Earning.model_fields}, "id": next(fresh_ids)})
        if one.id is None
        else one
        for one in configuration.earnings
    )
    return configuration.model_copy(update={"earnings": earnings})


def references(configuration: EarningRuleConfiguration) -> frozenset[str]:
    """Return the ids of everything that a rule refers to; benefits by their `lben_` id, its own earnings not."""
    trigger = configuration.trigger
    found = {one for earning in configuration.earnings for one in earning.reference_ids()}
    if trigger.custom_event:
        found.add(trigger.custom_event.schema_id)
    if trigger.segment:
        found.add(trigger.segment.id)
    return frozenset(found)


def tiers_asked_for(configuration: EarningRuleConfiguration) -> frozenset[tuple[str, str]]:
    """Return every tier that a rule asks for: the ids of its structure and of the tier."""
    entries = [entry for earning in configuration.earnings for entry in earning.tier_rules.any_of or ()]
    return frozenset((entry.tier_structure_id, tier_id) for entry in entries for tier_id in entry.tier_ids)


def own_expirations(configuration: EarningRuleConfiguration, card_definition_id: str) -> list[PointsExpiration]:
    """Return the expirations of their own that a rule's effects have on a wallet."""
    wallets = (effect.wallet for earning in configuration.earnings for effect in earning.effects)
    of_wallet = (part for part in wallets if part and part.card_definition_id == card_definition_id)
    return [part.points_expiration for part in of_wallet if part.points_expiration]


def check_expirations(configuration: EarningRuleConfiguration, wallets: Mapping[str, PointsExpiration]) -> None:
    """Raise a ValidationError for every effect whose own expiration its wallet does not allow (domain 5).

    `wallets` has the expiration of every card definition that the rule refers to.
    """
    refuse(type(configuration).__name__, _foreign_expirations(configuration, wallets))


def _foreign_expirations(
    configuration: EarningRuleConfiguration, wallets: Mapping[str, PointsExpiration]
) -> Iterator[Fault]:
    for place, earning in enumerate(configuration.earnings):
        for number, effect in enumerate(earning.effects):
            part = effect.wallet
            if part is None or part.points_expiration is None:
                continue
            wallet = wallets[part.card_definition_id]
            if not may_replace(part.points_expiration, wallet):
                yield Fault(
                    ("earnings", place, "effects", number, effect.type.lower(), "points_expiration", "type"),
                    f"must be NO_EXPIRATION or {wallet.type}, as on the card definition {part.card_definition_id}",
                )
