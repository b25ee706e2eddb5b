"""What follows from one trigger for one member: the decision that the worker saves (domain 8)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from troth.core.calendar import day_of
from troth.core.definitions import ProgramInForce
from troth.core.earning.booking import Cause, EarnedBefore, earn, member_facts
from troth.core.earning.effects import BenefitGiven
from troth.core.earning.evaluation import EarningRule, Outcome, RefusedBy, evaluate
from troth.core.earning.evaluations import Evaluation
from troth.core.earning.facts import CustomEvent, Successes, recorded_order
from troth.core.earning.order_earnings import OrderEarning, order_earning, taken_back
from troth.core.earning.scenes import Scene
from troth.core.ledger.booking import Occasion, activated
from troth.core.ledger.holdings import Holdings
from troth.core.ledger.transactions import Entry
from troth.core.points import Present
from troth.core.triggers import WaitingTrigger

EVALUATION_PREFIX = "leev"


class Grant(NamedTuple):
    """A benefit that a rule has granted and that is still to be fulfilled (domain 13)."""

    id: str
    benefit_id: str
    program_id: str
    earning_rule_id: str
    earning_item_id: str
    trigger: WaitingTrigger


class Worked(NamedTuple):
    """What one trigger did to one member.

    `succeeded` are the rules that gave something: their cooldowns and frequencies count it. `earnings` are what is kept
    of points that an order earned, new or changed.
    """

    holdings: Holdings
    entries: tuple[Entry, ...] = ()
    evaluation: Evaluation | None = None
    succeeded: tuple[EarningRule, ...] = ()
    earnings: tuple[OrderEarning, ...] = ()
    grants: tuple[Grant, ...] = ()


class Setting(NamedTuple):
    """What one trigger of one member is decided by, besides the member's holdings.

    `order_is_canceled` tells of a paid order what has become of it since: then nothing is earned.
    """

    program: ProgramInForce
    rules: Sequence[EarningRule]
    scene: Scene
    successes: Mapping[str, Successes]
    earned_before: EarnedBefore
    order_is_canceled: bool
    present: Present


def work_off(trigger: WaitingTrigger, holdings: Holdings, setting: Setting) -> Worked:
    """Return what follows from a trigger that may earn something.

    A custom event first activates what waits for it. All rules see the member as it was before.
    """
    before, present, scene = holdings, setting.present, setting.scene
    entries: tuple[Entry, ...] = ()
    if isinstance(scene.trigger, CustomEvent) and scene.trigger.schema_id is not None:
        holdings, entries = _awaited(trigger, scene.trigger.schema_id, holdings, setting.program, present)
    outcomes = _outcomes(before, setting)
    cause = Cause(trigger.subject_id, scene, setting.earned_before)
    earned = earn(setting.program, holdings, outcomes, cause, present)
    evaluation = Evaluation(
        id=present.fresh(EVALUATION_PREFIX),
        trigger=trigger.kind,
        subject_id=trigger.subject_id,
        occurred_at=trigger.occurred_at,
        rules=[one.shown for one in earned.conclusions],
        earned=any(one.succeeded for one in earned.conclusions),
        created_at=present.now,
    )
    return Worked(
        holdings=earned.holdings,
        entries=(*entries, *(one.entry for one in earned.earnings)),
        evaluation=evaluation if outcomes else None,
        succeeded=tuple(
            outcome.rule for outcome, one in zip(outcomes, earned.conclusions, strict=True) if one.succeeded
        ),
        earnings=tuple(order_earning(trigger.subject_id, one) for one in earned.earnings if one.given.order_base),
        grants=tuple(_grants(trigger, setting.program, outcomes, present.fresh)),
    )


def pass_by(trigger: WaitingTrigger, holdings: Holdings, program: ProgramInForce, present: Present) -> Worked:
    """Return what follows from a custom event for a member who was INACTIVE then: only its points notice (domain 6)."""
    return Worked(*_awaited(trigger, trigger.payload["schema_id"], holdings, program, present))


def take_back(
    trigger: WaitingTrigger,
    holdings: Holdings,
    program: ProgramInForce,
    earnings: Sequence[OrderEarning],
    present: Present,
) -> Worked:
    """Return what a change of a paid order takes back of what it has earned the member (domain 8)."""
    order, is_canceled = recorded_order(trigger.payload["order"]), trigger.payload["canceled"]
    entries: list[Entry] = []
    changed: list[OrderEarning] = []
    for earning in earnings:
        account = holdings.accounts.get(earning.card_id)
        wallet = program.wallets.get(account.card_definition_id) if account else None
        if wallet is None:
            continue
        done = taken_back(
            earning,
            order,
            is_canceled=is_canceled,
            holdings=holdings,
            wallet=wallet,
            occasion=_occasion(trigger, earning, present),
            fresh=present.fresh,
        )
        holdings = done.holdings
        entries += done.entries
        if done.earning != earning:
            changed.append(done.earning)
    return Worked(holdings, tuple(entries), earnings=tuple(changed))


def _outcomes(holdings: Holdings, setting: Setting) -> tuple[Outcome, ...]:
    if setting.order_is_canceled:
        asked = [rule for rule in setting.rules if rule.is_for(setting.scene.trigger)]
        return tuple(Outcome(rule, reason=RefusedBy.INACTIVE, details={"order_status": "CANCELED"}) for rule in asked)
    member = member_facts(setting.program, holdings, setting.successes)
    return evaluate(setting.program, setting.rules, setting.scene, member)


def _awaited(
    trigger: WaitingTrigger, schema_id: str, holdings: Holdings, program: ProgramInForce, present: Present
) -> tuple[Holdings, tuple[Entry, ...]]:
    """Activate the pending points that wait for an event of this kind, and let it move sliding dates (domain 7)."""
    zone, occurred_at = present.definitions.zone, trigger.occurred_at
    holdings = holdings.touched(schema_id, day_of(occurred_at, zone), present.now)
    entries = []
    for card_id, account in holdings.accounts.items():
        wallet = program.wallets.get(account.card_definition_id)
        awaited = wallet.pending_points.event_based if wallet else None
        if awaited is None or schema_id not in awaited.event_types:
            continue
        for bucket in [one for one in account.pending.values() if one.status == "PENDING"]:
            occasion = Occasion(present.now, day_of(present.now, zone), occurred_at)
            booked = activated(holdings.accounts[card_id], bucket, occasion, present.fresh)
            holdings = holdings.after(booked)
            entries.append(booked.entry)
    return holdings, tuple(entries)


def _grants(
    trigger: WaitingTrigger, program: ProgramInForce, outcomes: Sequence[Outcome], fresh: Callable[[str], str]
) -> list[Grant]:
    return [
        Grant(fresh("lbtx"), given.benefit_id, program.id, outcome.rule.id, outcome.earning_item_id or "", trigger)
        for outcome in outcomes
        if outcome.reason is None
        for given in outcome.given
        if isinstance(given, BenefitGiven)
    ]


def _occasion(trigger: WaitingTrigger, earning: OrderEarning, present: Present) -> Occasion:
    about: dict[str, Any] = {"order": {"id": trigger.subject_id}, "card_transaction": {"id": earning.transaction_id}}
    day = day_of(present.now, present.definitions.zone)
    return Occasion(present.now, day, trigger.occurred_at, about=about)
