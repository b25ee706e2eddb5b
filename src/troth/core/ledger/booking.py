"""Bookings: every way to move a card's points, each one transaction with its postings (domain 7, the table).

`details.points.total` is below zero for an ADMIN_DEBIT alone; what every other type does, its name says. Whoever books
has settled the account first and brings an instant that is not before its last one.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from troth.core.calendar import activates_on
from troth.core.card_definitions import PendingPoints
from troth.core.cards import Counters
from troth.core.configuration import LARGEST_INTEGER
from troth.core.expiration import PointsExpiration
from troth.core.ledger.accounts import Account, Changes, drained, emptied, filled, touched
from troth.core.ledger.buckets import Bucket, PendingBucket
from troth.core.ledger.postings import Kind, Posting, moved
from troth.core.ledger.transactions import CardTransaction, Entry, TransactionStatus, TransactionType

Fresh = Callable[[str], str]
"""Makes an id of a prefix."""

_CREDITS: Final = {
    TransactionType.ADMIN_CREDIT: Kind.ADDED,
    TransactionType.POINTS_EARNED: Kind.EARNED,
    TransactionType.POINTS_PURCHASED: Kind.PURCHASED,
}
_DEBITS: Final = {
    TransactionType.ADMIN_DEBIT: Kind.SUBTRACTED,
    TransactionType.POINTS_REFUNDED: Kind.REFUNDED,
    TransactionType.POINTS_PURCHASE_REVERSED: Kind.PURCHASE_REVERSED,
    TransactionType.POINTS_SPENT_ON_ORDER: Kind.SPENT,
    TransactionType.POINTS_SPENT_ON_REWARD: Kind.LOCKED,
}
_SPENDING: Final = frozenset({TransactionType.POINTS_SPENT_ON_ORDER, TransactionType.POINTS_SPENT_ON_REWARD})
_BELOW_ZERO: Final = frozenset({TransactionType.ADMIN_DEBIT, TransactionType.POINTS_REFUNDED})
"""What may take a balance below zero where the wallet allows it (domain 7)."""

NOT_ENOUGH_BALANCE: Final = "NOT_ENOUGH_BALANCE"


class Occasion(NamedTuple):
    """When and why something is booked.

    `instant` is the project's now and `day` its day there; `occurred_at` is when the cause happened. `about` are
    further details, such as the order that was paid.
    """

    instant: datetime
    day: date
    occurred_at: datetime
    reason: str | None = None
    metadata: Mapping[str, Any] = {}
    about: Mapping[str, Any] = {}


class Booked(NamedTuple):
    """An account after a booking, and what was booked."""

    account: Account
    entry: Entry


def credited(
    account: Account,
    kind: TransactionType,
    points: int,
    expiration: PointsExpiration,
    occasion: Occasion,
    fresh: Fresh,
) -> Booked:
    """Book points that come to the balance: an ADMIN_CREDIT, POINTS_EARNED or POINTS_PURCHASED."""
    if kind is TransactionType.POINTS_EARNED:
        account = touched(account, "earning", occasion.day)
    after, changes, last_day = filled(
        account, _CREDITS[kind], points,
        expiration=expiration, day=occasion.day, instant=occasion.instant, bucket_id=fresh("lcpeb"),
    )  # fmt: skip
    told = {"total": points, "expiration_date": _shown(last_day), "expiration_type": expiration.type}
    return _book(after, kind, _CREDITS[kind], points, changes, {"points": told}, occasion, fresh)


def debited(account: Account, kind: TransactionType, points: int, occasion: Occasion, fresh: Fresh) -> Booked:
    """Book points that leave the balance, or that they do not: REJECTED when the balance does not cover them.

    An ADMIN_DEBIT and POINTS_REFUNDED go below zero where the wallet allows it. POINTS_SPENT_ON_REWARD locks the points
    and stays PENDING until the purchase is decided.
    """
    told = {"points": {"total": -points if kind is TransactionType.ADMIN_DEBIT else points}}
    if account.counters.balance < points and not (account.allow_negative and kind in _BELOW_ZERO):
        details = f"The balance is {account.counters.balance}, {points} are needed"
        return rejected(account, kind, {**told, "rejection": _rejection(NOT_ENOUGH_BALANCE, details)}, occasion, fresh)
    after, changes = drained(account, _DEBITS[kind], points, occasion.instant)
    if kind in _SPENDING:
        after = touched(after, "spending", occasion.day)
    pending = kind is TransactionType.POINTS_SPENT_ON_REWARD
    status = TransactionStatus.PENDING if pending else TransactionStatus.APPROVED
    return _book(after, kind, _DEBITS[kind], points, changes, told, occasion, fresh, status)


def rejected(
    account: Account, kind: TransactionType, details: Mapping[str, Any], occasion: Occasion, fresh: Fresh
) -> Booked:
    """Book that something was refused: an entry without postings."""
    transaction = _transaction(account, kind, fresh("lctx"), TransactionStatus.REJECTED, details, occasion)
    return Booked(account._replace(latest=occasion.instant), Entry(transaction, ()))


def deferred(
    account: Account,
    points: int,
    pending: PendingPoints,
    expiration: PointsExpiration,
    occasion: Occasion,
    fresh: Fresh,
) -> Booked:
    """Book earned points that become usable later, as PENDING_POINTS_ADDED, in a pending bucket of their own.

    They carry the expiration to be. So what is left of one earning can be found, and be taken back, by its bucket.
    """
    account = touched(account, "earning", occasion.day)
    on = activates_on(pending, occasion.day)
    if on is None or pending.type == "IMMEDIATE":
        raise ValueError("points that are usable at once are credited")
    bucket = PendingBucket(fresh("lcppb"), pending.type, on, expiration, points, "PENDING", occasion.instant)
    after = _pending_moved(account, Kind.PENDING_ADDED, points, bucket, occasion.instant)
    kind = TransactionType.PENDING_POINTS_ADDED
    told = {"points": _told(bucket, points)}
    return _book(after, kind, Kind.PENDING_ADDED, points, {bucket.id: points}, told, occasion, fresh)


def activated(account: Account, bucket: PendingBucket, occasion: Occasion, fresh: Fresh) -> Booked:
    """Book that all points of a pending bucket become usable; their expiration counts from this day."""
    points = bucket.points
    closed = bucket._replace(points=0, status="ACTIVATED", updated_at=occasion.instant)
    account = account._replace(pending={**account.pending, bucket.id: closed})
    after, changes, _ = filled(
        account, Kind.PENDING_ACTIVATED, points,
        expiration=bucket.expiration, day=occasion.day, instant=occasion.instant, bucket_id=fresh("lcpeb"),
    )  # fmt: skip
    kind = TransactionType.PENDING_POINTS_ACTIVATED
    told = {"points": _told(bucket, points)}
    changed = {bucket.id: -points, **changes}
    return _book(after, kind, Kind.PENDING_ACTIVATED, points, changed, told, occasion, fresh)


def canceled(account: Account, bucket: PendingBucket, points: int, occasion: Occasion, fresh: Fresh) -> Booked:
    """Book that pending points will never be usable; a bucket that loses its last point is done."""
    left = bucket.points - points
    after = bucket._replace(points=left, status="PENDING" if left else "CANCELED", updated_at=occasion.instant)
    account = _pending_moved(account, Kind.PENDING_CANCELED, points, after, occasion.instant)
    kind = TransactionType.PENDING_POINTS_CANCELED
    told = {"points": _told(bucket, points)}
    return _book(account, kind, Kind.PENDING_CANCELED, points, {bucket.id: -points}, told, occasion, fresh)


def expired(account: Account, buckets: Collection[Bucket], last_day: date, occasion: Occasion, fresh: Fresh) -> Booked:
    """Book that the last day of use of these buckets is over: one POINTS_EXPIRED for all of them."""
    points = sum(bucket.points for bucket in buckets)
    after, changes = emptied(account, buckets, occasion.instant)
    told = {
        "points": {"total": points},
        "date": last_day.isoformat(),
        "buckets": [shown_bucket(bucket, last_day) for bucket in buckets if bucket.points],
    }
    return _book(after, TransactionType.POINTS_EXPIRED, Kind.EXPIRED, points, changes, told, occasion, fresh)


def expired_by_hand(account: Account, bucket: Bucket, last_day: date, occasion: Occasion, fresh: Fresh) -> Booked:
    """Book that somebody ended a bucket before its date, as ADMIN_POINTS_EXPIRATION."""
    after, changes = emptied(account, (bucket,), occasion.instant)
    told = {"points": {"total": bucket.points}, "bucket": shown_bucket(bucket, last_day)}
    kind = TransactionType.ADMIN_POINTS_EXPIRATION
    return _book(after, kind, Kind.EXPIRED, bucket.points, changes, told, occasion, fresh)


def room(account: Account, kind: Kind) -> int:
    """Return how many points a posting of `kind` may have at most, so that every counter stays exact in JSON.

    Points that are pending have their room kept: they will be added to the total, whoever else comes first.
    """
    once = moved(account.counters, kind, 1)
    raised = (after for before, after in zip(_bounded(account.counters), _bounded(once), strict=True) if after > before)
    return LARGEST_INTEGER - max(raised) + 1


def shown_bucket(bucket: Bucket, last_day: date) -> dict[str, Any]:
    """Return a bucket as transactions show it (contract: CardPointsBucketSimple)."""
    return {
        "id": bucket.id,
        "points": {"total": bucket.points},
        "expiration_date": last_day.isoformat(),
        "expiration_type": bucket.expiration_type,
    }


def _book(
    account: Account,
    type_: TransactionType,
    kind: Kind,
    points: int,
    changes: Changes,
    told: Mapping[str, Any],
    occasion: Occasion,
    fresh: Fresh,
    status: TransactionStatus = TransactionStatus.APPROVED,
) -> Booked:
    transaction = _transaction(account, type_, fresh("lctx"), status, told, occasion)
    postings = (Posting(transaction.id, kind, points, changes),) if points else ()
    return Booked(account, Entry(transaction, postings))


def _transaction(
    account: Account,
    kind: TransactionType,
    transaction_id: str,
    status: TransactionStatus,
    told: Mapping[str, Any],
    occasion: Occasion,
) -> CardTransaction:
    details = {"reason": occasion.reason, **told, **occasion.about, "metadata": occasion.metadata}
    return CardTransaction(
        transaction_id, account.card_id, account.card_definition_id, kind, status, details,
        occasion.instant, occasion.occurred_at,
    )  # fmt: skip


def _bounded(counters: Counters) -> tuple[int, ...]:
    return (*counters, counters.total + counters.pending)


def _pending_moved(account: Account, kind: Kind, points: int, bucket: PendingBucket, instant: datetime) -> Account:
    counters = moved(account.counters, kind, points)
    return account._replace(counters=counters, pending={**account.pending, bucket.id: bucket}, latest=instant)


def _told(bucket: PendingBucket, points: int) -> dict[str, Any]:
    return {"total": points, "date": bucket.date.isoformat(), "type": bucket.type}


def _rejection(reason: str, details: str) -> dict[str, str]:
    return {"reason": reason, "details": details}


def _shown(day: date | None) -> str | None:
    return day.isoformat() if day else None
