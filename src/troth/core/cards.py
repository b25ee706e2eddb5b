"""A card: a member's points under one card definition (domain 6, 7)."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from troth.core.configuration import timestamp


class Counters(NamedTuple):
    """The running sums of a card's postings, in points; none is ever negative (domain 7)."""

    total: int
    earned: int
    added: int
    purchased: int
    purchased_reversed: int
    subtracted: int
    expired: int
    spent: int
    refunded: int
    returned: int
    locked: int
    unlocked: int
    pending_total: int
    pending_activated: int
    pending_canceled: int

    @property
    def balance(self) -> int:
        """Points that can be used now; below zero only where the card definition allows it."""
        return (
            self.total
            - self.subtracted
            - self.expired
            - self.spent
            - self.refunded
            + self.returned
            - self.locked
            + self.unlocked
            - self.purchased_reversed
        )

    @property
    def pending(self) -> int:
        """Points that have been granted and wait for their activation."""
        return max(self.pending_total - self.pending_activated - self.pending_canceled, 0)


ZERO: Final = Counters(*(0,) * len(Counters._fields))


class Card(NamedTuple):
    """A card as it stands; `code` is None until a worker has made it."""

    id: str
    card_definition_id: str
    code: str | None
    counters: Counters
    created_at: datetime


def shown(card: Card) -> dict[str, Any]:
    """Return the card as answers and activities show it (contract: CardSimple)."""
    counters = card.counters
    return {
        "id": card.id,
        "card_definition_id": card.card_definition_id,
        "card_type": "INDIVIDUAL",
        "code": card.code,
        "lifetime_bucket": {
            "points": dict(zip(Counters._fields[:12], counters, strict=False)),
            "pending_points": {
                "total": counters.pending_total,
                "activated": counters.pending_activated,
                "canceled": counters.pending_canceled,
            },
        },
        "balance": {"points": counters.balance, "pending_points": counters.pending},
        "next_expiration": None,
        "next_activation": None,
        "object": "card",
    }


def shown_assigned(card: Card) -> dict[str, Any]:
    """Return the card as one of its owner's cards (contract: MemberCard)."""
    return {
        "member_role": "OWNER",
        "created_at": timestamp(card.created_at),
        "card": shown(card),
        "object": "member_card",
    }
