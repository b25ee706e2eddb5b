"""Where a member stands in a tier structure, and the transactions that tell how it came there (domain 10)."""

from datetime import date, datetime
from hashlib import blake2b
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from troth.core.configuration import timestamp
from troth.core.definitions import shown_instant
from troth.core.tiering.structure import Structure
from troth.core.tiering.tracking import Tracking
from troth.core.tiering.tracking import counted as counted_in

TierTransactionType: TypeAlias = Literal["JOINED", "UPGRADED", "PROLONGED", "DOWNGRADED", "LEFT"]
TierTransactionStatus: TypeAlias = Literal["PENDING", "APPROVED", "REJECTED"]
OriginType: TypeAlias = Literal[
    "card_operations", "daily_task_operations", "member_card_created", "member_card_deleted"
]


_DIGEST_BYTES: Final = 6
_REJECTED: Final = "What has happened since has made another tier the one that comes next"


class Origin(NamedTuple):
    """What made a tier change; the ids of the card's transactions where they did."""

    type: OriginType
    card_transaction_ids: tuple[str, ...] = ()


class TierTransaction(NamedTuple):
    """One entry of a member's tier history.

    A PENDING one becomes APPROVED at `start_at`, or REJECTED where another takes its place; then `updated_at` is set.
    `points` are those that decided it.
    """

    id: str
    type: TierTransactionType
    status: TierTransactionStatus
    tier_from: str | None
    tier_to: str | None
    points: int
    start_at: datetime
    expires_at: datetime | None
    origin: Origin | None
    created_at: datetime
    updated_at: datetime | None = None
    rejection: str | None = None


class StoredTierTransaction(NamedTuple):
    """A tier transaction as it is read: with what it is of."""

    transaction: TierTransaction
    card_id: str
    card_definition_id: str
    tier_structure_id: str


class TierState(NamedTuple):
    """Where the member of a card stands.

    `safe_through` is the last day on which the tier is safe, whatever the points; None if it is kept only as long as it
    is deserved, or until its grace is over. `grace_through` is the last day of that grace; it stays while the member is
    falling from level to level: one fall, one grace. `fell_on` is the day of the last such level, `secured_id` the
    highest tier reached that is never lost, `deferred` the one PENDING transaction. `tracking` is None where tiers
    follow the balance. `booked_count` numbers the transactions.
    """

    tier_id: str | None = None
    since: datetime | None = None
    safe_through: date | None = None
    grace_through: date | None = None
    fell_on: date | None = None
    secured_id: str | None = None
    deferred: TierTransaction | None = None
    tracking: Tracking | None = None
    booked_count: int = 0


def transaction_id(card_id: str, instant: datetime, number: int) -> str:
    """Return the id of a card's tier transaction: in the order of their numbers, the same whenever it is worked out."""
    milliseconds = round(instant.timestamp() * 1000)
    digest = blake2b(card_id.encode(), digest_size=_DIGEST_BYTES).hexdigest()
    return f"lttx_{milliseconds:012x}{number:08x}{digest}"


def before_the_first(structure: Structure, card_created_on: date) -> TierState:
    """Return the state of a card that has just been made and not been evaluated yet."""
    follows_balance = structure.configuration.point_earned is None
    return TierState(tracking=None if follows_balance else Tracking(card_created_on))


def counted(structure: Structure, state: TierState, day: date, points: int) -> TierState:
    """Return the state with points that occurred on a day: earned or activated, negative where they are refunded.

    Where tiers follow the balance, and for points that are neither (added, purchased, spent), nothing is to be counted.
    """
    earned = structure.configuration.point_earned
    if earned is None or state.tracking is None or points == 0:
        return state
    return state._replace(tracking=counted_in(state.tracking, earned, day, points))


def shown(stored: StoredTierTransaction, program_id: str, member_id: str) -> dict[str, Any]:
    """Return a tier transaction as answers show it (contract: TierTransaction).

    `tier_id` is the tier that it is about: the one entered or prolonged, of LEFT the one left.
    """
    one = stored.transaction
    rejection = {"reason": one.rejection, "details": _REJECTED} if one.rejection else None
    return {
        "id": one.id,
        "card_id": stored.card_id,
        "program_id": program_id,
        "member_id": member_id,
        "card_definition_id": stored.card_definition_id,
        "tier_structure_id": stored.tier_structure_id,
        "tier_id": one.tier_to or one.tier_from,
        "type": one.type,
        "details": {
            "points": one.points,
            "tier_from": one.tier_from,
            "tier_to": one.tier_to,
            "origin": one.origin._asdict() if one.origin else None,
            "rejection": rejection,
            "start_at": timestamp(one.start_at),
            "expires_at": shown_instant(one.expires_at),
        },
        "status": one.status,
        "created_at": timestamp(one.created_at),
        "updated_at": shown_instant(one.updated_at),
        "object": "tier_transaction",
    }
