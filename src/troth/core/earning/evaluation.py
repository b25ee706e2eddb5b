"""What the earning rules of a program decide about a trigger, and why (domain 8).

`evaluate` is the one decision: the worker books what it gives, examine shows it. Rules are read once for each version
of a project's definitions, and then serve every trigger and member.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeAlias

from troth.core.calendar import cooled_down, day_of, in_force, period_of
from troth.core.configuration import timestamp
from troth.core.definitions import Definition, ProgramInForce
from troth.core.earning.conditions import Conditions
from troth.core.earning.effects import BenefitGiven, Given, Missing, grant
from troth.core.earning.facts import NEVER, CustomEvent, MemberFacts, Period, SegmentEntered, TriggerFacts
from troth.core.earning.operators import Refused
from troth.core.earning.scenes import Scene
from troth.core.earning_rules import Earning, EarningRuleConfiguration, references
from troth.core.lifecycle import Status
from troth.core.validity import ValidityWindow


class RefusedBy(StrEnum):
    """Why a rule gives nothing: the closed list of reasons."""

    INACTIVE = "inactive"
    VALIDITY = "validity"
    COOLDOWN = "cooldown"
    FREQUENCY = "frequency"
    TIER = "tier"
    CONDITION = "condition"
    NO_CARD = "no_card"
    LIMIT = "limit"


class Passed(NamedTuple):
    """An earning that did not hold: the member is in none of its tiers, or conditions were refused."""

    earning_item_id: str
    reason: RefusedBy
    conditions: tuple[Refused, ...] = ()


class Outcome(NamedTuple):
    """What one rule decides: the earning that holds and what it gives, or the reason why the rule gives nothing.

    `passed` are the earnings that were asked before, `details` what the reason is about.
    """

    rule: "EarningRule"
    earning_item_id: str | None = None
    given: tuple[Given, ...] = ()
    reason: RefusedBy | None = None
    details: Mapping[str, Any] = {}
    passed: tuple[Passed, ...] = ()


class EarningRule:
    """A rule as it is assigned to a program, ready to be asked.

    `collection_ids` are the product collections that it names: what of an order lies in them is to be known.
    """

    __slots__ = ("_earnings", "collection_ids", "configuration", "definition", "id", "message")

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.id = definition.id
        self.configuration = EarningRuleConfiguration.model_validate(definition.configuration)
        self.message = self.configuration.error.message if self.configuration.error else None
        self.collection_ids = frozenset(one for one in references(self.configuration) if one.startswith("pc_"))
        self._earnings = tuple(_Earning(one) for one in self.configuration.earnings)

    def is_for(self, trigger: TriggerFacts) -> bool:
        """Tell whether the trigger sets the rule off."""
        mine = self.configuration.trigger
        if mine.event != trigger.event:
            return False
        if mine.custom_event and isinstance(trigger, CustomEvent):
            return trigger.schema_id in (None, mine.custom_event.schema_id)
        if mine.segment and isinstance(trigger, SegmentEntered):
            return trigger.segment_id in (None, mine.segment.id)
        return True

    def period(self, moment: datetime, zone: tzinfo) -> Period | None:
        """Return the calendar period in which a success at the instant counts, None if the rule limits none."""
        limits = self.configuration.trigger_limits.frequency.limits
        if not limits:
            return None
        current = limits[0].period.current_period
        assert current is not None, "the one type of period there is"
        return current.unit, period_of(current.unit, day_of(moment, zone))[0]

    def decide(self, scene: Scene, member: MemberFacts) -> Outcome:
        """Return what the rule gives, or why not, to a member of an ACTIVE program that is in force."""
        for refusal in (self._stopped(scene), self._repeated(scene, member)):
            if refusal:
                return Outcome(self, reason=refusal[0], details=refusal[1])
        passed: list[Passed] = []
        for earning in self._earnings:
            refused = earning.refused(scene, member)
            if refused is None:
                return _given(self, earning, scene, member, tuple(passed))
            passed.append(refused)
        only_tiers = all(one.reason is RefusedBy.TIER for one in passed)
        reason = RefusedBy.TIER if only_tiers else RefusedBy.CONDITION
        return Outcome(self, reason=reason, passed=tuple(passed))

    def _stopped(self, scene: Scene) -> "_Refusal | None":
        if self.definition.status != Status.ACTIVE:
            return RefusedBy.INACTIVE, {"earning_rule_status": self.definition.status}
        if not in_force(self.configuration, scene.occurred_at, scene.zone):
            return RefusedBy.VALIDITY, _window(self.configuration, scene.occurred_at)
        return None

    def _repeated(self, scene: Scene, member: MemberFacts) -> "_Refusal | None":
        limits = self.configuration.trigger_limits
        before = member.successes.get(self.id, NEVER)
        if before.last_at is not None:
            again_at = cooled_down(limits.cooldown, before.last_at, scene.zone)
            if scene.occurred_at < again_at:
                return RefusedBy.COOLDOWN, {"until": timestamp(again_at)}
        period = self.period(scene.occurred_at, scene.zone)
        if period and before.counts.get(period, 0) >= (most := limits.frequency.limits[0].triggers.max):
            return RefusedBy.FREQUENCY, {"max": most, "unit": period[0]}
        return None


def evaluate(
    program: ProgramInForce, rules: Iterable[EarningRule], scene: Scene, member: MemberFacts
) -> tuple[Outcome, ...]:
    """Return what each of a program's rules that the trigger sets off decides, in the given order: of assignment.

    All of them see the member as it was at the trigger's start. The points are those before the limits of their
    wallets, which see the running card.
    """
    asked = [rule for rule in rules if rule.is_for(scene.trigger)]
    if refusal := _out_of_force(program, scene, member):
        return tuple(Outcome(rule, reason=refusal[0], details=refusal[1]) for rule in asked)
    return tuple(rule.decide(scene, member) for rule in asked)


_Refusal: TypeAlias = tuple[RefusedBy, Mapping[str, Any]]

_REFUSING: Final[Mapping[Missing | None, RefusedBy]] = {
    Missing.NO_CARD: RefusedBy.NO_CARD,
    Missing.LIMIT: RefusedBy.LIMIT,
}
"""Why a rule is refused of which every effect is missing for such a reason; the first effect's tells."""


class _Earning:
    __slots__ = ("_conditions", "_grants", "_tiers", "id")

    def __init__(self, earning: Earning) -> None:
        assert earning.id is not None, "a rule that is stored has an id on every earning"
        self.id = earning.id
        self._tiers = [(one.tier_structure_id, frozenset(one.tier_ids)) for one in earning.tier_rules.any_of or ()]
        self._conditions = Conditions(earning.rules) if earning.rules else None
        self._grants = tuple(grant(place, effect) for place, effect in enumerate(earning.effects))

    def refused(self, scene: Scene, member: MemberFacts) -> Passed | None:
        if self._tiers and not any(member.tiers.get(structure) in tiers for structure, tiers in self._tiers):
            return Passed(self.id, RefusedBy.TIER)
        if self._conditions and (refused := self._conditions.refused(scene, member)):
            return Passed(self.id, RefusedBy.CONDITION, refused)
        return None

    def given(self, scene: Scene, member: MemberFacts) -> Iterator[Given]:
        return (one(scene, member) for one in self._grants)


def _given(
    rule: EarningRule, earning: _Earning, scene: Scene, member: MemberFacts, passed: tuple[Passed, ...]
) -> Outcome:
    given = tuple(earning.given(scene, member))
    missing = [None if isinstance(one, BenefitGiven) else one.missing for one in given]
    whole = all(one in _REFUSING for one in missing)
    return Outcome(rule, earning.id, given, _REFUSING[missing[0]] if whole else None, passed=passed)


def _out_of_force(program: ProgramInForce, scene: Scene, member: MemberFacts) -> _Refusal | None:
    if program.status != Status.ACTIVE:
        return RefusedBy.INACTIVE, {"program_status": program.status}
    if member.status != Status.ACTIVE:
        return RefusedBy.INACTIVE, {"member_status": member.status}
    if not in_force(program.window, scene.occurred_at, scene.zone):
        return RefusedBy.VALIDITY, {"program_id": program.id, **_window(program.window, scene.occurred_at)}
    return None


def _window(window: ValidityWindow, moment: datetime) -> Mapping[str, Any]:
    """Return the end of a window that an instant outside it lies beyond, or the hours that it is not in."""
    if window.start_date and moment < window.start_date:
        return {"start_date": timestamp(window.start_date)}
    if window.end_date and moment >= window.end_date:
        return {"end_date": timestamp(window.end_date)}
    return {"validity_hours": window.validity_hours.stored()}
