"""Reward transactions: purchases of rewards and their refunds (domain 11)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from troth.core.configuration import timestamp
from troth.core.definitions import shown_instant
from troth.core.rewards import RewardConfiguration

RewardTransactionStatus: TypeAlias = Literal["PENDING", "APPROVED", "REJECTED", "REFUNDED"]

COUNTED: Final = ("PENDING", "APPROVED")
"""The statuses in which a purchase counts for the reward's limits."""


class RewardTransaction(NamedTuple):
    """A purchase, paid by a transaction of a card, or a refund; `details` is shown as it is.

    A purchase is PENDING until it is issued, then APPROVED or REJECTED, and REFUNDED once it was given back.
    """

    id: str
    member_id: str
    program_id: str
    reward_id: str
    card_id: str
    card_transaction_id: str
    type: Literal["PURCHASE", "REFUND"]
    status: RewardTransactionStatus
    details: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime | None = None

    @property
    def points(self) -> int:
        """What was paid."""
        return int(self.details["points"]["total"])


def shown(transaction: RewardTransaction) -> dict[str, Any]:
    """Return a transaction as answers show it (contract: RewardPurchaseTransaction)."""
    return {
        **transaction._asdict(),
        "created_at": timestamp(transaction.created_at),
        "updated_at": shown_instant(transaction.updated_at),
        "object": "reward_transaction",
    }


def shown_simulated(transaction: RewardTransaction) -> dict[str, Any]:
    """Return a purchase that was only tried, hence without id and time (contract: …CreateDryRunResponse)."""
    told = {**shown(transaction), "status": "SIMULATED", "card_transaction_id": None}
    return {name: value for name, value in told.items() if name not in ("id", "created_at")}


def purchase_details(reason: str, reward_id: str, configuration: RewardConfiguration, points: int) -> dict[str, Any]:
    """Return what a purchase tells of itself as long as nothing is issued."""
    result = {
        "reward": {"id": reward_id, "type": configuration.type},
        "quantity": 1,
        "material": None,
        "digital": None,
    }
    return {"reason": reason, "rejection": None, "metadata": {}, "points": {"total": points}, "result": result}
