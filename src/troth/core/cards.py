"""A card: a member's points under one card definition (domain 6, 7)."""

from datetime import date, datetime
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


class NextExpiration(NamedTuple):
    """The points that expire next, and the last day on which they can be used."""

    date: date
    points: int


class NextActivation(NamedTuple):
    """The pending points that become usable next, and when; EVENT_BASED ones are cancelled after that day instead."""

    date: date
    points: int
    type: str


class Card(NamedTuple):
    """A card as it stands; `code` is None until a worker has made it."""

    id: str
    card_definition_id: str
    code: str | None
    counters: Counters
    created_at: datetime
    next_expiration: NextExpiration | None = None
    next_activation: NextActivation | None = None


def shown(card: Card) -> dict[str, Any]:
    """Return the card as answers and activities show it (contract: CardSimple)."""
    counters = card.counters
    return {
        "id": card.id,
        "card_definition_id": card.card_definition_id,
        "card_type": "INDIVIDUAL",
        "code": card.code,
        "lifetime_bucket": {
            "points": {
                "total": counters.total,
                "earned": counters.earned,
                "added": counters.added,
                "purchased": counters.purchased,
                "purchased_reversed": counters.purchased_reversed,
                "subtracted": counters.subtracted,
                "expired": counters.expired,
                "spent": counters.spent,
                "refunded": counters.refunded,
                "returned": counters.returned,
                "locked": counters.locked,
                "unlocked": counters.unlocked,
            },
            "pending_points": {
                "total": counters.pending_total,
                "activated": counters.pending_activated,
                "canceled": counters.pending_canceled,
            },
        },
        "balance": {"points": counters.balance, "pending_points": counters.pending},
        "next_expiration": _shown_expiration(card.next_expiration),
        "next_activation": _shown_activation(card.next_activation),
        "object": "card",
    }


def _shown_expiration(expiration: NextExpiration | None) -> dict[str, Any] | None:
    return {"points": expiration.points, "date": expiration.date.isoformat()} if expiration else None


def _shown_activation(activation: NextActivation | None) -> dict[str, Any] | None:
    if activation is None:
        return None
    name = "cancel_date" if activation.type == "EVENT_BASED" else "date"
    return {"points": activation.points, "type": activation.type, name: activation.date.isoformat()}


def shown_assigned(card: Card) -> dict[str, Any]:
    """Return the card as one of its owner's cards (contract: MemberCard)."""
    return {
        "member_role": "OWNER",
        "created_at": timestamp(card.created_at),
        "card": shown(card),
        "object": "member_card",
    }
