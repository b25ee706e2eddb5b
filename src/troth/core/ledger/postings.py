"""Postings: the append-only truth of every card, of which counters and buckets are the running sums (domain 7)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from troth.core.cards import Counters


class Kind(StrEnum):
    """What a posting does; `MOVES` says to which counters."""

    ADDED = "ADDED"
    SUBTRACTED = "SUBTRACTED"
    EARNED = "EARNED"
    PENDING_ADDED = "PENDING_ADDED"
    PENDING_ACTIVATED = "PENDING_ACTIVATED"
    PENDING_CANCELED = "PENDING_CANCELED"
    LOCKED = "LOCKED"
    UNLOCKED = "UNLOCKED"
    SPENT = "SPENT"
    PURCHASED = "PURCHASED"
    PURCHASE_REVERSED = "PURCHASE_REVERSED"
    RETURNED = "RETURNED"
    REFUNDED = "REFUNDED"
    EXPIRED = "EXPIRED"


MOVES: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.ADDED: ("added", "total"),
    Kind.SUBTRACTED: ("subtracted",),
    Kind.EARNED: ("earned", "total"),
    Kind.PENDING_ADDED: ("pending_total",),
    Kind.PENDING_ACTIVATED: ("pending_activated", "total"),
    Kind.PENDING_CANCELED: ("pending_canceled",),
    Kind.LOCKED: ("locked",),
    Kind.UNLOCKED: ("unlocked",),
    Kind.SPENT: ("spent",),
    Kind.PURCHASED: ("purchased", "total"),
    Kind.PURCHASE_REVERSED: ("purchased_reversed",),
    Kind.RETURNED: ("returned",),
    Kind.REFUNDED: ("refunded",),
    Kind.EXPIRED: ("expired",),
}
"""The counters that each kind raises by the posting's points (domain 7, the table of transactions)."""

_PLACES: Final = {kind: tuple(Counters._fields.index(name) for name in names) for kind, names in MOVES.items()}


class Posting(NamedTuple):
    """One movement of a card: points, always above zero, and what it changes of which bucket, by the bucket's id.

    A transaction has one posting, or several when it is decided in steps: a purchase locks, then unlocks and spends.
    """

    transaction_id: str
    kind: Kind
    points: int
    changes: Mapping[str, int]


def moved(counters: Counters, kind: Kind, points: int) -> Counters:
    """Return the counters after a posting."""
    values = list(counters)
    for place in _PLACES[kind]:
        values[place] += points
    return Counters._make(values)
