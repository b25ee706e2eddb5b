"""Purchases of rewards as the API reads and shows them (contract: RewardPurchase…)."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from troth.core.configuration import Configuration
from troth.core.references import RewardId
from troth.core.sections import NULL_IS_DEFAULT
from troth.http.paging import ListAnswer
from troth.http.shapes.definitions import DateTime
from troth.http.shapes.points import CardId, MemberId, ProgramId, TransactionId


class RewardPurchaseCreateRequest(Configuration):
    """The reward to buy; a DRY_RUN decides the same and writes nothing."""

    reward_id: RewardId
    mode: Literal["TRANSACTION", "DRY_RUN"] = "TRANSACTION"


class RewardPurchaseRefundPolicies(Configuration):
    """ALLOW refunds what the reward itself does not; WRITE_OFF does not put the unit back into the stock."""

    refund: Annotated[Literal["DEFAULT", "ALLOW"], NULL_IS_DEFAULT] = "DEFAULT"
    stock: Annotated[Literal["DEFAULT", "WRITE_OFF"], NULL_IS_DEFAULT] = "DEFAULT"


class RewardPurchaseRefundRequest(Configuration):
    """How to refund a purchase."""

    policies: Annotated[RewardPurchaseRefundPolicies, NULL_IS_DEFAULT] = RewardPurchaseRefundPolicies()


class PurchaseRejection(TypedDict):
    """Why a purchase was rejected when it was to be issued."""

    reason: str
    details: NotRequired[dict[str, Any]]


class PurchasePoints(TypedDict):
    """What was paid, or given back."""

    total: int


class ResultReward(TypedDict):
    """The reward that was bought."""

    id: str
    type: Literal["MATERIAL", "DIGITAL"]


class ResultMaterial(TypedDict):
    """The product or SKU to hand out."""

    type: Literal["PRODUCT", "SKU"]
    product: NotRequired[dict[str, Any]]
    sku: NotRequired[dict[str, Any]]


class ResultCoupon(TypedDict):
    """A coupon that was issued; a refund says what became of it."""

    id: str
    code: str
    result: NotRequired[Literal["SKIPPED", "DELETED"]]


class ResultGiftVoucher(TypedDict):
    """A gift voucher that was issued, in minor units; a refund says what became of it."""

    id: str
    code: str
    amount: float
    balance: float
    result: NotRequired[Literal["SKIPPED", "CREDITS_SUBTRACTED"]]


class ResultCardPoints(TypedDict):
    """Points that came to another card of the member."""

    points: int
    card_definition_id: str
    card_id: str


class ResultDigital(TypedDict):
    """What was issued."""

    type: Literal["DISCOUNT_COUPONS", "GIFT_VOUCHERS", "LOYALTY_CARD_POINTS"]
    discount_coupons: NotRequired[list[ResultCoupon]]
    gift_vouchers: NotRequired[list[ResultGiftVoucher]]
    loyalty_card_points: NotRequired[ResultCardPoints | None]


class PurchaseResult(TypedDict):
    """What was handed out; null until it was."""

    reward: ResultReward | None
    quantity: int | None
    material: ResultMaterial | None
    digital: ResultDigital | None


class RewardPurchaseTransactionDetailsPurchase(TypedDict):
    """What a purchase paid and got."""

    reason: str
    rejection: PurchaseRejection | None
    metadata: dict[str, Any]
    points: PurchasePoints | None
    result: PurchaseResult | None


class Identified(TypedDict):
    """Something by its id."""

    id: str


class RefundedPurchase(TypedDict):
    """The purchase that a refund undoes."""

    card_transaction: Identified | None
    reward_transaction: Identified | None


class RewardPurchaseTransactionDetailsRefund(RewardPurchaseTransactionDetailsPurchase):
    """What a refund gave back and took back."""

    purchase: RefundedPurchase | None


class _Transaction(TypedDict):
    card_id: CardId
    program_id: ProgramId
    member_id: MemberId
    reward_id: Annotated[str, Field(pattern=r"^lrew_[a-f0-9]+$")]
    object: Literal["reward_transaction"]


class RewardPurchaseTransaction(_Transaction):
    """A purchase of a reward, or its refund."""

    id: Annotated[str, Field(pattern=r"^lrtx_[a-f0-9]+$")]
    card_transaction_id: TransactionId | None
    status: Literal["PENDING", "PROCESSING", "APPROVED", "REJECTED", "SIMULATED", "REFUNDED"]
    type: Literal["PURCHASE", "REFUND"]
    details: RewardPurchaseTransactionDetailsPurchase | RewardPurchaseTransactionDetailsRefund | None
    created_at: DateTime
    updated_at: DateTime | None


class NewPurchase(_Transaction):
    """A purchase that waits to be issued."""

    id: Annotated[str, Field(pattern=r"^lrtx_[a-f0-9]+$")]
    card_transaction_id: TransactionId
    status: Literal["PENDING"]
    type: Literal["PURCHASE"]
    details: RewardPurchaseTransactionDetailsPurchase | None
    created_at: DateTime
    updated_at: DateTime | None


class SimulatedPurchase(_Transaction):
    """A purchase that was only tried."""

    card_transaction_id: None
    status: Literal["SIMULATED"]
    type: Literal["PURCHASE"]
    details: RewardPurchaseTransactionDetailsPurchase
    updated_at: None


class RewardPurchaseCreateTransactionResponse(TypedDict):
    """A purchase that was made."""

    transaction: NewPurchase
    status: Literal["TRANSACTION_CREATED"]
    message: str


class RewardPurchaseCreateDryRunResponse(TypedDict):
    """A purchase that could be made."""

    transaction: SimulatedPurchase
    status: Literal["DRY_RUN"]
    message: str


class RewardPurchaseRefundResponse(TypedDict):
    """The refund of a purchase."""

    transaction: RewardPurchaseTransaction | None
    status: Literal["APPROVED"]
    message: str


RewardPurchaseListResponse = ListAnswer[RewardPurchaseTransaction]
