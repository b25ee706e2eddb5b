"""Earning evaluations as the API shows them: what every rule did with a trigger, and why (domain 8)."""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from troth.core.earning.evaluation import RefusedBy
from troth.http.paging import ListAnswer
from troth.http.shapes.definitions import DateTime


class EvaluatedTrigger(TypedDict):
    """What set the rules off: the id is that of the order, the custom event or the segment."""

    type: Literal["customer.order.paid", "customer.custom_event", "customer.segment.entered"]
    id: str
    occurred_at: DateTime


class EvaluatedTransaction(TypedDict):
    """A card transaction that a rule booked."""

    id: Annotated[str, Field(pattern=r"^lctx_[a-f0-9]+$")]
    card_id: Annotated[str, Field(pattern=r"^lcrd_[a-f0-9]+$")]
    points: int


class EvaluatedRule(TypedDict):
    """What one rule did: the earning that held and what it gave, or the reason why it gave nothing."""

    earning_rule_id: Annotated[str, Field(pattern=r"^lern_[a-f0-9]+$")]
    earning_item_id: Annotated[str, Field(pattern=r"^lernei_[a-f0-9]+$")] | None
    outcome: Literal["EARNED", "REFUSED"]
    reason: RefusedBy | None
    details: dict[str, Any]
    transactions: list[EvaluatedTransaction]


class EarningEvaluation(TypedDict):
    """One trigger, and what every rule of the program that it set off did for the member."""

    id: Annotated[str, Field(pattern=r"^leev_[a-f0-9]+$")]
    created_at: DateTime
    trigger: EvaluatedTrigger
    rules: list[EvaluatedRule]
    object: Literal["earning_evaluation"]


EarningEvaluationListResponse = ListAnswer[EarningEvaluation]
