"""What becomes of points that were locked for a reward, and how spent points come back (domain 7 and 11)."""

from collections.abc import Mapping
from typing import Any

from troth.core.expiration import PointsExpiration
from troth.core.ledger.accounts import Account, Changes, restored
from troth.core.ledger.booking import Booked, Fresh, Occasion
from troth.core.ledger.postings import Kind, Posting, moved
from troth.core.ledger.transactions import CardTransaction, Entry, TransactionStatus, TransactionType


def spent(
    account: Account, locking: CardTransaction, points: int, told: Mapping[str, Any], occasion: Occasion
) -> Booked:
    """Book that locked points are spent: the last step of a POINTS_SPENT_ON_REWARD, with what is `told` besides."""
    counters = moved(moved(account.counters, Kind.UNLOCKED, points), Kind.SPENT, points)
    postings = tuple(Posting(locking.id, kind, points, {}) for kind in (Kind.UNLOCKED, Kind.SPENT))
    ended = _ended(locking, TransactionStatus.APPROVED, told, occasion)
    return Booked(account._replace(counters=counters, latest=occasion.instant), Entry(ended, postings))


def released(
    account: Account,
    locking: CardTransaction,
    consumed: Changes,
    expiration: PointsExpiration,
    told: Mapping[str, Any],
    occasion: Occasion,
    fresh: Fresh,
) -> Booked:
    """Book that locked points are free again, where they were: a POINTS_SPENT_ON_REWARD becomes REJECTED."""
    account, changes = _restored(account, Kind.UNLOCKED, consumed, expiration, occasion, fresh)
    postings = (Posting(locking.id, Kind.UNLOCKED, -sum(consumed.values()), changes),)
    ended = _ended(locking, TransactionStatus.REJECTED, told, occasion)
    return Booked(account, Entry(ended, postings))


def returned(
    account: Account, consumed: Changes, expiration: PointsExpiration, occasion: Occasion, fresh: Fresh
) -> Booked:
    """Book that spent points come back, as POINTS_RETURNED; `consumed` is what spending them took of which bucket."""
    points = -sum(consumed.values())
    account, changes = _restored(account, Kind.RETURNED, consumed, expiration, occasion, fresh)
    told = {"points": {"total": points}, **occasion.about}
    transaction = CardTransaction(
        fresh("lctx"),
        account.card_id,
        account.card_definition_id,
        TransactionType.POINTS_RETURNED,
        TransactionStatus.APPROVED,
        {"reason": occasion.reason, **told, "metadata": occasion.metadata},
        occasion.instant,
        occasion.occurred_at,
    )
    return Booked(account, Entry(transaction, (Posting(transaction.id, Kind.RETURNED, points, changes),)))


def _restored(
    account: Account, kind: Kind, consumed: Changes, expiration: PointsExpiration, occasion: Occasion, fresh: Fresh
) -> tuple[Account, Changes]:
    return restored(
        account, kind, consumed, expiration=expiration, day=occasion.day, instant=occasion.instant, fresh=fresh
    )


def _ended(
    locking: CardTransaction, status: TransactionStatus, told: Mapping[str, Any], occasion: Occasion
) -> CardTransaction:
    return locking._replace(status=status, details={**locking.details, **told}, updated_at=occasion.instant)
