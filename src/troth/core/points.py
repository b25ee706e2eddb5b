"""What can be asked of the points on a card: to adjust them, and to end a bucket before its date (domain 7)."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, TypeAlias

from troth.core.calendar import day_of, in_force
from troth.core.configuration import LARGEST_INTEGER
from troth.core.definitions import Definitions, ProgramInForce
from troth.core.expiration import NO_EXPIRATION, PointsExpiration
from troth.core.ledger.accounts import Account
from troth.core.ledger.booking import (
    Booked,
    Occasion,
    activated,
    canceled,
    credited,
    debited,
    expired_by_hand,
    room,
)
from troth.core.ledger.buckets import PendingBucket
from troth.core.ledger.holdings import Holdings
from troth.core.ledger.postings import Kind
from troth.core.ledger.transactions import TransactionType
from troth.core.refusals import Reason, Refusal, not_found


class CardPath(NamedTuple):
    """A card as paths name it."""

    program_id: str
    member_id: str
    card_id: str


class Adjust(NamedTuple):
    """Add points to a card, or take them from it; `source` is who does, as the `source` of activities in JSON text."""

    path: CardPath
    points: int
    reason: str | None
    source: str

    @property
    def bucket_ids(self) -> tuple[str, ...]:
        """The buckets that the command names."""
        return ()


class _OfBucket(NamedTuple):
    path: CardPath
    bucket_id: str
    source: str

    @property
    def bucket_ids(self) -> tuple[str, ...]:
        """The buckets that the command names."""
        return (self.bucket_id,)


class ActivatePending(_OfBucket):
    """Make a pending bucket's points usable now."""


class CancelPending(_OfBucket):
    """End a pending bucket; its points will never be usable."""


class ExpireBucket(_OfBucket):
    """End a bucket before its last day of use."""


Command: TypeAlias = Adjust | ActivatePending | CancelPending | ExpireBucket


class Present(NamedTuple):
    """What decisions are made against besides the member: definitions, the project's now, and a maker of ids."""

    definitions: Definitions
    now: datetime
    fresh: Callable[[str], str]

    def occasion(self, reason: str | None = None) -> Occasion:
        """Return this moment as the occasion of a booking."""
        return Occasion(self.now, day_of(self.now, self.definitions.zone), self.now, reason)


def decide(command: Command, holdings: Holdings | None, present: Present) -> Booked | None:
    """Return what a command books on a member that is settled up to now; None if it changes nothing.

    Raises a refusal, in the order of checks of domain 4.
    """
    match command:
        case Adjust():
            return _adjust(command, holdings, present)
        case ExpireBucket():
            return _expire(command, find_account(command.path, holdings, present), present)
        case ActivatePending():
            account, bucket = _pending(command, holdings, present)
            return activated(account, bucket, present.occasion(), present.fresh)
        case CancelPending():
            account, bucket = _pending(command, holdings, present)
            return canceled(account, bucket, bucket.points, present.occasion(), present.fresh)


def find_member(program_id: str, member_id: str, holdings: Holdings | None, present: Present) -> Holdings:
    """Return the holdings of a member. Raises a refusal with `NOT_FOUND` for what of its path is not there."""
    if program_id not in present.definitions.programs:
        raise not_found("program", program_id)
    if holdings is None or holdings.member.program_id != program_id:
        raise not_found("member", member_id)
    return holdings


def find_account(path: CardPath, holdings: Holdings | None, present: Present) -> Account:
    """Return the account of a card. Raises a refusal with `NOT_FOUND` for what of its path is not there."""
    account = find_member(path.program_id, path.member_id, holdings, present).accounts.get(path.card_id)
    if account is None:
        raise not_found("card", path.card_id)
    return account


def at_work(program_id: str, present: Present) -> ProgramInForce:
    """Return a program in which points can be earned, spent and adjusted now (domain 5, Programs).

    Raises a refusal with `NOT_FOUND`, `NON_ACTIVE_PROGRAM` or `OUTSIDE_VALIDITY_WINDOW`.
    """
    program = present.definitions.programs.get(program_id)
    if program is None:
        raise not_found("program", program_id)
    if program.status != "ACTIVE":
        details = f"Program {program_id} is {program.status}; points are earned, spent and adjusted while it is ACTIVE"
        raise Refusal(Reason.NON_ACTIVE_PROGRAM, details, program_id, "program")
    if not in_force(program.window, present.now, present.definitions.zone):
        details = f"Program {program_id} is outside its start_date, end_date or validity_hours"
        raise Refusal(Reason.OUTSIDE_VALIDITY_WINDOW, details, program_id, "program")
    return program


def active(path: CardPath, holdings: Holdings | None) -> Holdings:
    """Return the holdings of an ACTIVE member. Raises a refusal with `NOT_FOUND` or `NON_ACTIVE_MEMBER`."""
    if holdings is None or holdings.member.program_id != path.program_id:
        raise not_found("member", path.member_id)
    if holdings.member.status != "ACTIVE":
        details = f"Member {path.member_id} is {holdings.member.status}; points are moved while it is ACTIVE"
        raise Refusal(Reason.NON_ACTIVE_MEMBER, details, path.member_id, "member")
    return holdings


def expiration_of(account: Account, holdings: Holdings, present: Present) -> PointsExpiration:
    """Return the expiration of an account's wallet; of a program that was deleted no points expire any more."""
    program = present.definitions.programs.get(holdings.member.program_id)
    wallet = program.wallets.get(account.card_definition_id) if program else None
    return wallet.points_expiration if wallet else NO_EXPIRATION


def _adjust(command: Adjust, holdings: Holdings | None, present: Present) -> Booked | None:
    path = command.path
    program = at_work(path.program_id, present)
    account = find_account(path, active(path, holdings), present)
    if command.points == 0:
        return None
    credit, points = command.points > 0, abs(command.points)
    largest = room(account, Kind.ADDED if credit else Kind.SUBTRACTED)
    if points > largest:
        allowed = f"at most {largest}" if credit else f"at least {-largest}"
        words = f"points: must be {allowed}: no counter of the card may pass {LARGEST_INTEGER}"
        raise Refusal(Reason.INVALID_PAYLOAD, words)
    occasion = present.occasion(command.reason)
    if not credit:
        return debited(account, TransactionType.ADMIN_DEBIT, points, occasion, present.fresh)
    expiration = program.wallets[account.card_definition_id].points_expiration
    return credited(account, TransactionType.ADMIN_CREDIT, points, expiration, occasion, present.fresh)


def _pending(
    command: ActivatePending | CancelPending, holdings: Holdings | None, present: Present
) -> tuple[Account, PendingBucket]:
    account = find_account(command.path, holdings, present)
    bucket = account.pending.get(command.bucket_id)
    if bucket is None:
        raise not_found("card_pending_points_bucket", command.bucket_id)
    if bucket.status != "PENDING":
        details = f"Pending points bucket {bucket.id} is {bucket.status}; only one that is PENDING can be changed"
        raise Refusal(Reason.INVALID_PENDING_BUCKET, details, bucket.id, "card_pending_points_bucket")
    return account, bucket


def _expire(command: ExpireBucket, account: Account, present: Present) -> Booked | None:
    bucket = account.buckets.get(command.bucket_id)
    last_day = account.date_of(bucket) if bucket and bucket.status == "ACTIVE" else None
    if bucket is None or (bucket.status == "ACTIVE" and last_day is None):
        # Points that never expire are in no list of expiring points.
        raise not_found("card_points_bucket", command.bucket_id)
    if last_day is None:
        details = f"Points bucket {bucket.id} is {bucket.status}; only one that is ACTIVE can be expired"
        raise Refusal(Reason.INVALID_BUCKET, details, bucket.id, "card_points_bucket")
    if bucket.points == 0:
        return None
    return expired_by_hand(account, bucket, last_day, present.occasion(), present.fresh)
