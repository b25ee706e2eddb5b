"""Card transactions: the entries of a card's history, each the head of its postings (domain 7)."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from troth.core.configuration import timestamp
from troth.core.definitions import shown_instant
from troth.core.ledger.postings import Posting


class TransactionType(StrEnum):
    """What happened to a card (contract: CardTransaction.type)."""

    ADMIN_CREDIT = "ADMIN_CREDIT"
    ADMIN_DEBIT = "ADMIN_DEBIT"
    ADMIN_POINTS_EXPIRATION = "ADMIN_POINTS_EXPIRATION"
    POINTS_EARNED = "POINTS_EARNED"
    POINTS_SPENT_ON_REWARD = "POINTS_SPENT_ON_REWARD"
    POINTS_PURCHASED = "POINTS_PURCHASED"
    POINTS_PURCHASE_REVERSED = "POINTS_PURCHASE_REVERSED"
    POINTS_SPENT_ON_ORDER = "POINTS_SPENT_ON_ORDER"
    POINTS_REFUNDED = "POINTS_REFUNDED"
    POINTS_RETURNED = "POINTS_RETURNED"
    POINTS_EXPIRED = "POINTS_EXPIRED"
    PENDING_POINTS_ADDED = "PENDING_POINTS_ADDED"
    PENDING_POINTS_ACTIVATED = "PENDING_POINTS_ACTIVATED"
    PENDING_POINTS_CANCELED = "PENDING_POINTS_CANCELED"


class TransactionStatus(StrEnum):
    """Whether a transaction has taken effect; only a reward purchase is PENDING first."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"


class CardTransaction(NamedTuple):
    """One entry of a card's history.

    `created_at` is when it was booked, for what time itself brings about the instant at which it was due. `occurred_at`
    is when its cause happened: periods of limits and reports count by it. `details` is shown as it is.
    """

    id: str
    card_id: str
    card_definition_id: str
    type: TransactionType
    status: TransactionStatus
    details: Mapping[str, Any]
    created_at: datetime
    occurred_at: datetime
    updated_at: datetime | None = None


class Entry(NamedTuple):
    """A booked transaction with its postings, or the end of one that was PENDING; what is REJECTED at once has none."""

    transaction: CardTransaction
    postings: tuple[Posting, ...]

    @property
    def is_end(self) -> bool:
        """Whether the transaction was booked before, with one posting, and is decided by this."""
        return self.transaction.updated_at is not None

    @property
    def instant(self) -> datetime:
        """When this was booked."""
        return self.transaction.updated_at or self.transaction.created_at


def shown(transaction: CardTransaction, program_id: str, member_id: str) -> dict[str, Any]:
    """Return a transaction as answers show it (contract: CardTransaction)."""
    return {
        "id": transaction.id,
        "card_id": transaction.card_id,
        "program_id": program_id,
        "member_id": member_id,
        "card_definition_id": transaction.card_definition_id,
        "card_type": "INDIVIDUAL",
        "type": transaction.type,
        "details": transaction.details,
        "status": transaction.status,
        "created_at": timestamp(transaction.created_at),
        "updated_at": shown_instant(transaction.updated_at),
        "object": "card_transaction",
    }
