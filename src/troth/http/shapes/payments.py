"""Payments of orders with points as the API shows them (contract: OrderPayment…)."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from troth.http.paging import ListAnswer
from troth.http.shapes.definitions import DateTime
from troth.http.shapes.points import CardDefinitionId, CardId, MemberId, ProgramId, TransactionId

PaymentId = Annotated[str, Field(pattern=r"^lotx_[a-f0-9]+$")]


class OrderPaymentRejectionDetails(TypedDict):
    """Which limit rejected a payment, and how much had been spent."""

    type: NotRequired[str]
    limit: NotRequired[float]
    spendings: NotRequired[float]


class OrderPaymentRejection(TypedDict):
    """Why a payment was rejected."""

    reason: str
    details: NotRequired[OrderPaymentRejectionDetails | None]


class OrderPaymentMetadata(TypedDict):
    """What the request limited a payment by, and which spending limit of the card definition has made it less."""

    amount_limit: NotRequired[int]
    points_limit: NotRequired[int]
    spending_limit: NotRequired[str]


class OrderPaymentPaymentDetails(TypedDict):
    """What was paid, in minor units, for how many points, and what one minor unit costs."""

    id: NotRequired[str]
    amount: float
    points_spent: float
    exchange_ratio: float


class OrderPaymentTransactionDetails(TypedDict):
    """What a payment did."""

    reason: str
    rejection: OrderPaymentRejection | None
    metadata: OrderPaymentMetadata
    payment: OrderPaymentPaymentDetails


class _Transaction(TypedDict):
    program_id: ProgramId
    member_id: MemberId
    card_id: CardId
    card_definition_id: CardDefinitionId
    order_id: str
    type: Literal["PAY_WITH_POINTS"]
    object: Literal["order_transaction"]


class OrderPaymentTransaction(_Transaction):
    """A payment of an order with points; it is APPROVED at once."""

    id: PaymentId
    card_transaction_id: TransactionId | None
    status: Literal["PENDING", "PROCESSING", "APPROVED", "REJECTED", "SIMULATED"]
    details: OrderPaymentTransactionDetails | None
    created_at: DateTime
    updated_at: DateTime | None


class SimulatedOrderPayment(_Transaction):
    """A payment that was only tried."""

    card_transaction_id: None
    status: Literal["SIMULATED"]
    details: OrderPaymentTransactionDetails | None
    updated_at: None


class OrderPaymentCreateTransactionResponse(TypedDict):
    """A payment that was made."""

    transaction: OrderPaymentTransaction
    status: Literal["TRANSACTION_CREATED"]
    message: str


class OrderPaymentCreateDryRunResponse(TypedDict):
    """A payment that could be made."""

    transaction: SimulatedOrderPayment
    status: Literal["DRY_RUN"]
    message: str


OrderPaymentListResponse = ListAnswer[OrderPaymentTransaction]
