"""Points on a card as the API reads and shows them (contract: AdjustCardPoints…, CardTransaction…)."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, StringConstraints
from typing_extensions import TypedDict

from troth.core.configuration import LARGEST_INTEGER, Configuration, Integer
from troth.core.ledger.transactions import TransactionType
from troth.http.paging import ListAnswer
from troth.http.shapes.definitions import DateTime

LONGEST_REASON = 255

CardId = Annotated[str, Field(pattern=r"^lcrd_[a-f0-9]+$")]
CardDefinitionId = Annotated[str, Field(pattern=r"^lcdef_[a-f0-9]+$")]
ProgramId = Annotated[str, Field(pattern=r"^lprg_[a-f0-9]+$")]
MemberId = Annotated[str, Field(pattern=r"^lmbr_[a-f0-9]+$")]
CustomerId = Annotated[str, Field(pattern=r"^cust_[a-zA-Z0-9]+")]
TransactionId = Annotated[str, Field(pattern=r"^lctx_[a-f0-9]+$")]
BucketId = Annotated[str, Field(pattern=r"^lcpeb_[a-f0-9]+$")]
Day = Annotated[str, Field(json_schema_extra={"format": "date"})]
ExpirationType = Literal["NO_EXPIRATION", "ROLLING_EXPIRATION", "CALENDAR_EXPIRATION", "SLIDING_EXPIRATION"]


class AdjustCardPointsRequest(Configuration):
    """Points to add to a card or, below zero, to take from it; 0 changes nothing."""

    points: Annotated[Integer, Field(ge=-LARGEST_INTEGER, le=LARGEST_INTEGER)]
    reason: Annotated[str, StringConstraints(max_length=LONGEST_REASON)] | None = None


class Total(TypedDict):
    """Points together."""

    total: int


class CardTransactionPoints(TypedDict):
    """What a transaction does to the balance, below zero what it takes, and when the points expire or activate."""

    total: int
    expiration_date: NotRequired[Day | None]
    expiration_type: NotRequired[ExpirationType | None]
    date: NotRequired[Day]
    type: NotRequired[Literal["IMMEDIATE", "PERIOD_BASED", "FIXED_DATES", "EVENT_BASED"]]


class CardPointsBucketSimple(TypedDict):
    """A bucket, as the transaction found it."""

    id: BucketId
    points: Total
    expiration_date: Day
    expiration_type: ExpirationType


class Rejection(TypedDict):
    """Why a transaction was refused."""

    reason: str
    details: str


class Named(TypedDict):
    """Something that the transaction is about."""

    id: str


class Purchase(TypedDict):
    """The purchase that a return undoes."""

    card_transaction: NotRequired[Named | None]
    reward_transaction: NotRequired[Named | None]


class CardTransactionDetails(TypedDict):
    """What a transaction did, and why."""

    reason: str | None
    rejection: NotRequired[Rejection | None]
    metadata: dict[str, Any]
    points: NotRequired[CardTransactionPoints]
    bucket: NotRequired[CardPointsBucketSimple]
    buckets: NotRequired[list[CardPointsBucketSimple]]
    date: NotRequired[Day]
    reward: NotRequired[Named | None]
    reward_transaction: NotRequired[Named | None]
    card_transaction: NotRequired[Named | None]
    purchase: NotRequired[Purchase | None]
    order: NotRequired[Named | None]
    order_transaction: NotRequired[Named | None]
    target_card: NotRequired[Named | None]
    purchase_transaction: NotRequired[Named | None]


class CardTransaction(TypedDict):
    """One entry of a card's history."""

    id: TransactionId
    card_id: CardId
    program_id: ProgramId
    member_id: MemberId
    card_definition_id: CardDefinitionId
    card_type: Literal["INDIVIDUAL"]
    type: TransactionType
    details: CardTransactionDetails | None
    status: Literal["PENDING", "PROCESSING", "APPROVED", "REJECTED"]
    created_at: DateTime
    updated_at: DateTime | None
    object: Literal["card_transaction"]


class AdjustCardPointsResponse(TypedDict):
    """What an adjustment was booked as; null where it changes nothing."""

    transaction: CardTransaction | None
    status: Literal["TRANSACTION_CREATED", "NO_CHANGE"]
    message: str


class CardPendingPointsActivationResponse(TypedDict):
    """What an activation was booked as."""

    transaction: CardTransaction | None
    status: Literal["TRANSACTION_CREATED", "NO_ACTIVATION"]
    message: str


class CardPendingPointsCancellationResponse(TypedDict):
    """What a cancellation was booked as."""

    transaction: CardTransaction
    status: Literal["TRANSACTION_CREATED"]
    message: str


class CardPointsExpirationResult(TypedDict):
    """What an expiration was booked as; null where the bucket held no points."""

    transaction: CardTransaction | None
    status: Literal["TRANSACTION_CREATED", "NO_EXPIRATION"]
    message: str


class CardPendingPointsBucket(TypedDict):
    """Points that will become usable together, or, for EVENT_BASED, are cancelled after `date`."""

    id: Annotated[str, Field(pattern=r"^lcppb_[a-f0-9]+$")]
    card_id: CardId
    card_definition_id: CardDefinitionId
    program_id: ProgramId
    card_type: Literal["INDIVIDUAL"]
    member_id: MemberId
    points: Total
    date: Day
    type: Literal["PERIOD_BASED", "FIXED_DATES", "EVENT_BASED"]
    status: Literal["PENDING", "ACTIVATED", "CANCELED", "DELETED"]
    created_at: DateTime
    updated_at: DateTime | None
    object: Literal["card_pending_points_bucket"]


class CardPointsBucket(TypedDict):
    """Points that will expire together, after their last day of use."""

    id: BucketId
    card_id: CardId
    customer_id: CustomerId
    card_definition_id: CardDefinitionId
    program_id: ProgramId
    card_type: Literal["INDIVIDUAL"]
    member_id: MemberId
    points: Total
    expiration_date: Day
    expiration_type: ExpirationType
    status: Literal["ACTIVE", "DELETED", "EXPIRED"]
    created_at: DateTime
    updated_at: DateTime | None
    object: Literal["card_points_bucket"]


CardTransactionListResponse = ListAnswer[CardTransaction]
CardPendingPointsBucketListResponse = ListAnswer[CardPendingPointsBucket]
CardPointsBucketListResponse = ListAnswer[CardPointsBucket]
