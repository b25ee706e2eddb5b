"""The evaluation of tiers: what a change, a midnight or a departure makes of where a member stands (domain 10 and 16).

The tier that is deserved is compared with the one that is held. A higher one is entered at once. One that is no longer
deserved is kept while it is safe, then through its grace, and then lost as the structure says. What the comparison
changes is booked as one transaction. Where points count from the next tracking period on, those of the period before
decide what is held; what those of the running one will bring is booked besides, PENDING.

Evaluating anew changes nothing as long as facts and day are the same. Whoever evaluates a change has evaluated every
midnight before it that was due.
"""

from collections.abc import Set
from datetime import date, datetime, tzinfo
from enum import Enum
from typing import Final, NamedTuple

from troth.core.calendar import ONE_DAY, day_of, earlier, midnight
from troth.core.tiering.state import Origin, TierState, TierTransaction, TierTransactionType, transaction_id
from troth.core.tiering.structure import Structure, grace_through, prolonged_through, safe_through
from troth.core.tiering.tracking import began_on, next_began_on, rolled

_DAILY: Final = Origin("daily_task_operations")
SUPERSEDED: Final = "SUPERSEDED_BY_LATER_TRANSACTION"


class Facts(NamedTuple):
    """What a tier is decided by besides the state: a card and its balance, the customer's segments, the zone."""

    card_id: str
    balance: int
    segment_ids: Set[str]
    zone: tzinfo


class Cause(NamedTuple):
    """What a member is evaluated after; `active_on` is the day of the activity if it moves a sliding date."""

    instant: datetime
    origin: Origin | None
    active_on: date | None = None


class Step(Enum):
    """The two steps of a midnight that are about tiers, in their order (domain 16)."""

    TIERS_EXPIRE = 2
    BALANCE_TIERS = 4


class Evaluated(NamedTuple):
    """The new state, and the transactions booked; one with the id of an earlier one takes its place."""

    state: TierState
    booked: tuple[TierTransaction, ...] = ()


class _Moment(NamedTuple):
    """What one evaluation looks at; `disqualified_on` is the day that a grace beginning now counts from."""

    structure: Structure
    facts: Facts
    cause: Cause
    day: date
    disqualified_on: date

    def deserved(self, points: int) -> str | None:
        return self.structure.deserved(points, self.facts.segment_ids)

    def safe(self, state: TierState) -> bool:
        return state.safe_through is not None and state.safe_through >= self.day

    def end_of(self, last: date | None) -> datetime | None:
        return midnight(last + ONE_DAY, self.facts.zone) if last else None


def after_change(structure: Structure, state: TierState, facts: Facts, cause: Cause) -> Evaluated:
    """Evaluate a member whose card has been made or has changed, or whose customer's segments have."""
    day = day_of(cause.instant, facts.zone)
    return _evaluated(_Moment(structure, facts, cause, day, day), state)


def at_midnight(structure: Structure, state: TierState, facts: Facts, day: date, step: Step) -> Evaluated:
    """Evaluate a member in a step of the midnight that begins a day.

    Tiers that follow the balance are evaluated after points have expired, but those whose safety ends before it: who
    has the points through a tier's last safe day has it prolonged. A midnight on which nothing is due changes nothing.
    """
    if not is_turn(structure, state, day, step):
        return Evaluated(state)
    cause = Cause(midnight(day, facts.zone), _DAILY)
    return _evaluated(_Moment(structure, facts, cause, day, day - ONE_DAY), state)


def is_turn(structure: Structure, state: TierState, day: date, step: Step) -> bool:
    """Tell whether a member is evaluated in a step of the midnight that begins a day."""
    if structure.configuration.point_earned is None:
        return step is Step.BALANCE_TIERS or (state.safe_through is not None and state.safe_through < day)
    return step is Step.TIERS_EXPIRE


def departure(structure: Structure, state: TierState, facts: Facts, cause: Cause) -> Evaluated:
    """Book that a member leaves its tier because its card is deleted, and what is deferred never comes (domain 6)."""
    day = day_of(cause.instant, facts.zone)
    return _booked(_Moment(structure, facts, cause, day, day), state, TierState(booked_count=state.booked_count), None)


def next_due(structure: Structure, state: TierState) -> date | None:
    """Return the next day whose midnight could change anything though nothing else happens, None if none could."""
    # Whoever has lost a level may lose the next one a day later; the grace is then over, or ends no earlier than that.
    last_day = earlier(state.safe_through, state.fell_on or state.grace_through)
    due = last_day + ONE_DAY if last_day else None
    earned, tracking = structure.configuration.point_earned, state.tracking
    if earned and tracking and tracking.counts:
        due = earlier(due, began_on(tracking.card_created_on, earned.period, tracking.number + 1))
    return due


def deciding_points(structure: Structure, state: TierState, facts: Facts) -> int:
    """Return the points that decide which tier is deserved now (domain 10)."""
    earned, tracking = structure.configuration.point_earned, state.tracking
    if earned is None or tracking is None:
        return facts.balance
    return tracking.points if earned.type == "IMMEDIATELY" else tracking.points_before


def _evaluated(moment: _Moment, state: TierState) -> Evaluated:
    before = _brought_to(moment, state)
    after = _moved(moment, _active(moment, before))
    return _booked(moment, before, after, _upcoming(moment, after))


def _brought_to(moment: _Moment, state: TierState) -> TierState:
    earned, tracking = moment.structure.configuration.point_earned, state.tracking
    if earned and tracking:
        tracking = rolled(tracking, earned, moment.day)
    fell_on = moment.day if state.fell_on == moment.day else None
    if (tracking, fell_on) == (state.tracking, state.fell_on):
        return state
    return state._replace(tracking=tracking, fell_on=fell_on)


def _active(moment: _Moment, state: TierState) -> TierState:
    active_on, expiration = moment.cause.active_on, moment.structure.configuration.expiration
    if active_on is None or state.tier_id is None or expiration.sliding_expiration is None:
        return state
    through = safe_through(expiration, active_on)
    return state._replace(safe_through=max(filter(None, (through, state.safe_through))))


def _moved(moment: _Moment, state: TierState) -> TierState:
    structure = moment.structure
    deserved = moment.deserved(deciding_points(structure, state, moment.facts))
    if structure.levels[deserved] > structure.levels[state.tier_id]:
        return _entered(moment, state, deserved, deserved, grace=None, fell_on=state.fell_on)
    if state.tier_id is None:
        return state
    if moment.safe(state):
        return state._replace(grace_through=None) if state.grace_through else state
    if deserved == state.tier_id:
        through = prolonged_through(structure.configuration.expiration, state.safe_through or moment.day)
        return state._replace(safe_through=through, grace_through=None)
    return _undeserved(moment, state, state.tier_id, deserved)


def _undeserved(moment: _Moment, state: TierState, tier_id: str, deserved: str | None) -> TierState:
    structure, downgrade = moment.structure, moment.structure.configuration.downgrade
    if structure.never_loses(tier_id):
        return state._replace(safe_through=None, grace_through=None)
    grace = state.grace_through
    if grace is None and downgrade.grace_period:
        grace = grace_through(downgrade.grace_period, moment.disqualified_on)
    level_a_day = downgrade.type == "SINGLE_LEVEL"
    if (grace and moment.day <= grace) or (level_a_day and state.fell_on == moment.day):
        return state._replace(safe_through=None, grace_through=grace)
    lower = structure.one_below(tier_id, moment.facts.segment_ids) if level_a_day else deserved
    lower = structure.higher(lower, state.secured_id)
    return _entered(moment, state, lower, deserved, grace=grace, fell_on=moment.day if level_a_day else None)


def _entered(
    moment: _Moment,
    state: TierState,
    tier_id: str | None,
    deserved: str | None,
    *,
    grace: date | None,
    fell_on: date | None,
) -> TierState:
    """Return the state in another tier, which is safe only if it is deserved; else the grace of the fall goes on."""
    structure, expiration = moment.structure, moment.structure.configuration.expiration
    held = tier_id is not None
    falls_on = held and tier_id != deserved and tier_id not in structure.never_lost
    return TierState(
        tier_id=tier_id,
        since=moment.cause.instant if held else None,
        safe_through=safe_through(expiration, moment.day) if held and tier_id == deserved else None,
        grace_through=grace if falls_on else None,
        fell_on=fell_on,
        secured_id=structure.higher(structure.secured(tier_id, moment.facts.segment_ids), state.secured_id),
        deferred=state.deferred,
        tracking=state.tracking,
        booked_count=state.booked_count,
    )


def _upcoming(moment: _Moment, state: TierState) -> str | None:
    """Return the higher tier that the points of the running period bring with the next one."""
    structure, earned = moment.structure, moment.structure.configuration.point_earned
    if earned is None or earned.type == "IMMEDIATELY" or state.tracking is None:
        return None
    tier_id = moment.deserved(state.tracking.points)
    return tier_id if structure.levels[tier_id] > structure.levels[state.tier_id] else None


def _booked(moment: _Moment, before: TierState, after: TierState, upcoming: str | None) -> Evaluated:
    """Return the state with what is deferred now, and every transaction that tells of the difference."""
    booked, pending, count, now = [], before.deferred, before.booked_count, moment.cause.instant
    if kind := _kind(moment.structure, before, after):
        if pending and pending.tier_to == after.tier_id and pending.start_at <= now:
            booked.append(pending._replace(status="APPROVED", updated_at=now))
            pending = None
        else:
            booked.append(_change(moment, kind, before, after, count))
            count += 1
    if pending and (pending.tier_from, pending.tier_to) != (after.tier_id, upcoming):
        booked.append(pending._replace(status="REJECTED", rejection=SUPERSEDED, updated_at=now))
        pending = None
    if upcoming and pending is None:
        pending = _deferral(moment, after, upcoming, count)
        booked.append(pending)
        count += 1
    if (pending, count) == (after.deferred, after.booked_count):
        return Evaluated(after, tuple(booked))
    return Evaluated(after._replace(deferred=pending, booked_count=count), tuple(booked))


def _kind(structure: Structure, before: TierState, after: TierState) -> TierTransactionType | None:
    if before.tier_id == after.tier_id:
        return "PROLONGED" if after.safe_through and after.safe_through != before.safe_through else None
    if before.tier_id is None:
        return "JOINED"
    if after.tier_id is None:
        return "LEFT"
    return "UPGRADED" if structure.levels[after.tier_id] > structure.levels[before.tier_id] else "DOWNGRADED"


def _change(
    moment: _Moment, kind: TierTransactionType, before: TierState, after: TierState, number: int
) -> TierTransaction:
    now = moment.cause.instant
    return TierTransaction(
        id=transaction_id(moment.facts.card_id, moment.cause.instant, number),
        type=kind,
        status="APPROVED",
        tier_from=before.tier_id,
        tier_to=after.tier_id,
        points=deciding_points(moment.structure, before, moment.facts),
        start_at=now,
        expires_at=moment.end_of(after.safe_through),
        origin=moment.cause.origin,
        created_at=now,
    )


def _deferral(moment: _Moment, state: TierState, tier_id: str, number: int) -> TierTransaction:
    earned, tracking = moment.structure.configuration.point_earned, state.tracking
    assert earned is not None
    assert tracking is not None
    first = next_began_on(tracking.card_created_on, earned.period, moment.day)
    return TierTransaction(
        id=transaction_id(moment.facts.card_id, moment.cause.instant, number),
        type="UPGRADED" if state.tier_id else "JOINED",
        status="PENDING",
        tier_from=state.tier_id,
        tier_to=tier_id,
        points=tracking.points,
        start_at=midnight(first, moment.facts.zone),
        expires_at=moment.end_of(safe_through(moment.structure.configuration.expiration, first)),
        origin=moment.cause.origin,
        created_at=moment.cause.instant,
    )
