"""Benefits that members were granted, as the API shows them (contract: BenefitTransaction)."""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from troth.http.paging import ListAnswer
from troth.http.shapes.benefits import BenefitId
from troth.http.shapes.definitions import DateTime
from troth.http.shapes.points import MemberId, ProgramId, Rejection


class BenefitTransactionDetails(TypedDict):
    """What was given, or why nothing was."""

    reason: str
    rejection: Rejection | None
    metadata: dict[str, Any]
    result: dict[str, Any] | None


class _Transaction(TypedDict):
    id: Annotated[str, Field(pattern=r"^lbtx_[a-f0-9]+$")]
    program_id: ProgramId
    member_id: MemberId
    earning_rule_id: Annotated[str, Field(pattern=r"^lern_[a-f0-9]+$")]
    type: Literal["FULFILLMENT"]
    details: BenefitTransactionDetails | None
    status: Literal["PENDING", "APPROVED", "REJECTED"]
    created_at: DateTime
    updated_at: DateTime | None


class BenefitTransaction(_Transaction):
    """A benefit that a rule granted to a member."""

    benefit_id: BenefitId
    object: Literal["benefit_transaction"]


class IncentiveTransaction(_Transaction):
    """The same under the older name."""

    incentive_id: Annotated[str, Field(pattern=r"^linc_[a-f0-9]+$")]
    object: Literal["incentive_transaction"]


BenefitTransactionListResponse = ListAnswer[BenefitTransaction]
IncentiveTransactionListResponse = ListAnswer[IncentiveTransaction]
