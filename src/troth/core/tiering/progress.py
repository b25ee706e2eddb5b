"""Tier progress: where a card stands, what is coming, what it may lose and what it can reach (domain 10)."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from troth.core.calendar import ONE_DAY, day_of, midnight
from troth.core.configuration import timestamp
from troth.core.tiering.evaluation import Facts, Step, at_midnight, deciding_points, next_due
from troth.core.tiering.state import TierState, TierTransaction, counted
from troth.core.tiering.structure import Structure, prolonged_through
from troth.core.tiering.tracking import began_on, next_began_on, rolled

NO_PROGRESS: Final[Mapping[str, Any]] = {
    "current": None,
    "tier_structure": None,
    "deferred": [],
    "risks": [],
    "opportunities": [],
    "object": "member_tier_progress",
}
"""What a card shows whose wallet has no tier structure in the program."""


class Coming(NamedTuple):
    """What a midnight is known to bring to a card: points that become active, and points that expire."""

    day: date
    activated: int
    expired: int


def shown(
    structure: Structure, state: TierState, facts: Facts, now: datetime, coming: Iterable[Coming] = ()
) -> dict[str, Any]:
    """Return the tier progress of the card that the structure sits on (contract: MemberTierProgress).

    The state has been settled until `now`; `coming` stands in the order of days. Of risks there is one at most, the
    next loss if nothing but what is coming happens to the card; it is found by the evaluation itself, looking ahead.
    Opportunities are the higher tiers for which only points are missing, the nearest first.
    """
    day = day_of(now, facts.zone)
    collected = _collected(structure, state, facts, day)
    loss = next_loss(structure, state, facts, coming)
    return {
        **NO_PROGRESS,
        "current": _current(structure, state, facts, collected),
        "tier_structure": {"id": structure.id, "object": "tier_structure"},
        "deferred": [_deferred(structure, state.deferred)] if state.deferred else [],
        "risks": [_risk(structure, loss)] if loss else [],
        "opportunities": _opportunities(structure, state, facts, day, collected),
    }


def next_loss(
    structure: Structure, state: TierState, facts: Facts, coming: Iterable[Coming] = ()
) -> TierTransaction | None:
    """Return what leaves the card below its present tier if nothing else happens, None if nothing does.

    A higher tier that is to come and will be lost again puts nothing at risk that the card has now.
    """
    ahead, held = list(coming), structure.levels[state.tier_id]
    if state.tier_id is None or structure.configuration.downgrade.type == "NO_DOWNGRADE":
        return None
    if not ahead and _deserved_by_nothing(structure, state, facts):
        return None
    while True:
        turn = _next_turn(structure, state, ahead)
        if structure.deserved(deciding_points(structure, state, facts), facts.segment_ids) == state.tier_id:
            if turn is None:
                return None
            state = _prolonged(structure, state, turn)
        due = min((day for day in (next_due(structure, state), turn) if day), default=None)
        if due is None:
            return None
        brought = ahead.pop(0) if ahead and ahead[0].day == due else Coming(due, 0, 0)
        state, facts, loss = _looked_ahead(structure, state, facts, brought)
        if loss and structure.levels[loss.tier_to] < held:
            return loss


def _deserved_by_nothing(structure: Structure, state: TierState, facts: Facts) -> bool:
    """Tell whether 0 points are enough for the tier, and there are no fewer: new tracking periods take nothing away."""
    tracking = state.tracking
    return (
        tracking is not None
        and state.deferred is None
        and min(tracking.points, tracking.points_before) >= 0
        and structure.deserved(0, facts.segment_ids) == state.tier_id
    )


def _next_turn(structure: Structure, state: TierState, ahead: list[Coming]) -> date | None:
    """Return the next day on which the points that decide may become others."""
    turns = [one.day for one in ahead[:1]]
    earned = structure.configuration.point_earned
    if earned and state.tracking and state.tracking.counts:
        turns.append(began_on(state.tracking.card_created_on, earned.period, state.tracking.number + 1))
    return min(turns, default=None)


def _prolonged(structure: Structure, state: TierState, turn: date) -> TierState:
    """Return the state as all the midnights before a turn leave it while the tier is deserved."""
    through = state.safe_through
    while through and through + ONE_DAY < turn:
        through = prolonged_through(structure.configuration.expiration, through)
    return state._replace(safe_through=through)


def _looked_ahead(
    structure: Structure, state: TierState, facts: Facts, brought: Coming
) -> tuple[TierState, Facts, TierTransaction | None]:
    state = counted(structure, state, brought.day, brought.activated)
    facts = facts._replace(balance=facts.balance + brought.activated)
    state, early = at_midnight(structure, state, facts, brought.day, Step.TIERS_EXPIRE)
    facts = facts._replace(balance=facts.balance - brought.expired)
    state, late = at_midnight(structure, state, facts, brought.day, Step.BALANCE_TIERS)
    losses = (booked for booked in (*early, *late) if booked.type in {"DOWNGRADED", "LEFT"})
    return state, facts, next(losses, None)


def _current(structure: Structure, state: TierState, facts: Facts, collected: int) -> dict[str, Any] | None:
    if state.tier_id is None or state.since is None:
        return None
    rung = structure.rung(state.tier_id)
    points = {"current": collected, "min": rung.lowest}
    return {
        "tier": rung.shown,
        "start_at": timestamp(state.since),
        "expires_at": timestamp(midnight(state.safe_through + ONE_DAY, facts.zone)) if state.safe_through else None,
        "points": points if rung.highest is None else {**points, "max": rung.highest},
    }


def _collected(structure: Structure, state: TierState, facts: Facts, day: date) -> int:
    """Return the points that reaching a tier takes: the balance, or those of the running tracking period."""
    earned = structure.configuration.point_earned
    return rolled(state.tracking, earned, day).points if earned and state.tracking else facts.balance


def _deferred(structure: Structure, pending: TierTransaction) -> dict[str, Any]:
    return {
        "tier": _tier(structure, pending.tier_to),
        "start_at": timestamp(pending.start_at),
        "expires_at": timestamp(pending.expires_at) if pending.expires_at else None,
    }


def _risk(structure: Structure, loss: TierTransaction) -> dict[str, Any]:
    return {
        "type": "TIER_LEFT" if loss.tier_to is None else "TIER_DOWNGRADE",
        "date": timestamp(loss.start_at),
        "tier": _tier(structure, loss.tier_to),
    }


def _opportunities(
    structure: Structure, state: TierState, facts: Facts, day: date, collected: int
) -> list[dict[str, Any]]:
    earned, tracking = structure.configuration.point_earned, state.tracking
    until = None
    if earned and tracking:
        until = timestamp(midnight(next_began_on(tracking.card_created_on, earned.period, day), facts.zone))
    return [
        {"valid_until": until, "tier": rung.shown, "points": rung.lowest - collected}
        for rung in structure.rungs[structure.levels[state.tier_id] + 1 :]
        if (rung.segment_id is None or rung.segment_id in facts.segment_ids) and rung.lowest > collected
    ]


def _tier(structure: Structure, tier_id: str | None) -> Mapping[str, Any] | None:
    return structure.rung(tier_id).shown if tier_id else None
