"""Tier transactions as the API shows them (contract: TierTransaction…)."""

from typing import Literal

from typing_extensions import TypedDict

from troth.core.tiering.state import OriginType, TierTransactionStatus, TierTransactionType
from troth.http.paging import ListAnswer
from troth.http.shapes.definitions import DateTime


class TierTransactionOrigin(TypedDict):
    """What made the tier change, with the card's transactions that did."""

    type: OriginType
    card_transaction_ids: list[str]


class TierTransactionRejection(TypedDict):
    """Why what was deferred will not come."""

    reason: str
    details: str


class TierTransactionDetails(TypedDict):
    """From which tier to which, by how many points, and for how long it is safe."""

    points: int | None
    tier_from: str | None
    tier_to: str | None
    origin: TierTransactionOrigin | None
    rejection: TierTransactionRejection | None
    start_at: DateTime | None
    expires_at: DateTime | None


class TierTransaction(TypedDict):
    """One entry of a member's tier history."""

    id: str
    card_id: str
    program_id: str
    member_id: str
    card_definition_id: str
    tier_structure_id: str
    tier_id: str | None
    type: TierTransactionType
    details: TierTransactionDetails
    status: TierTransactionStatus
    created_at: DateTime
    updated_at: DateTime | None
    object: Literal["tier_transaction"]


TierTransactionListResponse = ListAnswer[TierTransaction]
