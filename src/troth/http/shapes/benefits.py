"""Benefits, and the same as incentives, as the API reads and shows them (contract: Benefit…, Incentive…)."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import BeforeValidator, Field, WithJsonSchema
from typing_extensions import TypedDict

from troth.core.benefits import (
    UNLIMITED_INCENTIVE_STOCK,
    BenefitConfiguration,
    BenefitDigital,
    BenefitPoints,
    stock_of_incentive,
)
from troth.core.configuration import Configuration, Name
from troth.core.goods import Material
from troth.core.proportional import PointsProportional
from troth.core.sections import NOT_NULL, NULL_IS_DEFAULT
from troth.core.stock import UNLIMITED, Stock
from troth.http.paging import ListAnswer
from troth.http.shapes.definitions import Activity, DateTime, Stored

BenefitId = Annotated[str, Field(pattern=r"^lben_[a-f0-9]+$")]
IncentiveId = Annotated[str, Field(pattern=r"^linc_[a-f0-9]+$")]
BenefitType = Literal["POINTS", "POINTS_PROPORTIONAL", "MATERIAL", "DIGITAL"]
BenefitStatus = Literal["DRAFT", "ACTIVE", "DELETED"]


def _incentive_stock(value: object) -> object:
    if isinstance(value, Stock):
        return value
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= UNLIMITED_INCENTIVE_STOCK:
        raise ValueError(f"must be an integer from 0 to {UNLIMITED_INCENTIVE_STOCK}, which means unlimited")
    return stock_of_incentive(value)


IncentiveStock = Annotated[
    Stock,
    BeforeValidator(_incentive_stock),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": UNLIMITED_INCENTIVE_STOCK}),
]


class BenefitCreateRequest(BenefitConfiguration):
    """A new benefit; without a stock there is no limit."""

    name: Name
    status: Annotated[Literal["DRAFT", "ACTIVE"], NULL_IS_DEFAULT] = "DRAFT"


class IncentiveCreateRequest(BenefitConfiguration):
    """A new incentive: a benefit whose stock is a number that must be given."""

    name: Name
    stock: IncentiveStock
    status: Annotated[Literal["DRAFT", "ACTIVE"], NULL_IS_DEFAULT] = "DRAFT"


class _Update(Configuration):
    name: Annotated[Name | None, NOT_NULL] = None
    type: Annotated[BenefitType | None, NOT_NULL] = None
    points: BenefitPoints | None = None
    points_proportional: PointsProportional | None = None
    material: Material | None = None
    digital: BenefitDigital | None = None


class BenefitUpdateRequest(_Update):
    """What to replace; a null stock is unlimited."""

    stock: Annotated[Stock, NULL_IS_DEFAULT] = UNLIMITED


class IncentiveUpdateRequest(_Update):
    """What to replace."""

    stock: IncentiveStock = UNLIMITED


class _Shown(TypedDict):
    name: str
    type: BenefitType
    status: BenefitStatus
    points: NotRequired[Annotated[dict[str, Any], Stored(BenefitPoints)]]
    points_proportional: NotRequired[Annotated[dict[str, Any], Stored(PointsProportional)]]
    material: NotRequired[Annotated[dict[str, Any], Stored(Material)]]
    digital: NotRequired[Annotated[dict[str, Any], Stored(BenefitDigital)]]
    created_at: DateTime
    updated_at: DateTime | None


class Benefit(_Shown):
    """A benefit."""

    id: BenefitId
    stock: Annotated[dict[str, Any], Stored(Stock)]
    object: Literal["benefit"]


class IncentiveDTO(_Shown):
    """The same as an incentive."""

    id: IncentiveId
    stock: Annotated[int, Field(ge=0, le=UNLIMITED_INCENTIVE_STOCK)]
    object: Literal["incentive"]


class BenefitActivityData(TypedDict):
    """The benefit after the change."""

    benefit: Benefit


class BenefitActivity(Activity):
    """One entry of a benefit's history."""

    benefit_id: BenefitId
    type: Literal[
        "vl.benefit.created",
        "vl.benefit.updated",
        "vl.benefit.deleted",
        "vl.benefit.activated",
        "vl.benefit.drafted",
    ]
    data: BenefitActivityData


class IncentiveActivityData(TypedDict):
    """The incentive after the change."""

    incentive: IncentiveDTO


class IncentiveActivityDTO(Activity):
    """The same entry as an incentive's."""

    incentive_id: IncentiveId
    type: Literal[
        "vl.incentive.created",
        "vl.incentive.updated",
        "vl.incentive.deleted",
        "vl.incentive.activated",
        "vl.incentive.drafted",
    ]
    data: IncentiveActivityData


BenefitListResponse = ListAnswer[Benefit]
BenefitActivityListResponse = ListAnswer[BenefitActivity]
IncentiveListResponse = ListAnswer[IncentiveDTO]
IncentiveActivityListResponse = ListAnswer[IncentiveActivityDTO]
