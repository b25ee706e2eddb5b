"""Rewards as the API reads and shows them (contract: Reward…)."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import BeforeValidator, Field
from pydantic.json_schema import SkipJsonSchema
from typing_extensions import TypedDict

from troth.core.configuration import Metadata, Name
from troth.core.goods import Material
from troth.core.repetition import RepetitionLimits
from troth.core.rewards import MOST_COSTS, Cost, RewardConfiguration, RewardDigital, RewardRefunds
from troth.core.sections import NOT_NULL, NULL_IS_DEFAULT, Items
from troth.core.validity import ValidityHours, ValidityWindow
from troth.http.paging import ListAnswer
from troth.http.shapes.definitions import Activity, DateTime, Stored

RewardId = Annotated[str, Field(pattern=r"^lrew_[a-f0-9]+$")]


def _unknown(value: object) -> None:
    if value is not None:
        raise ValueError("must be left out: a new cost has no id yet")


class NewCost(Cost):
    """A cost of a reward that is being created."""

    id: Annotated[SkipJsonSchema[None], BeforeValidator(_unknown)] = None


class RewardCreateRequest(RewardConfiguration):
    """A new reward; a section that is left out or null is its default."""

    name: Name
    costs: Annotated[tuple[NewCost, ...], Items(1, MOST_COSTS)]
    status: Annotated[Literal["DRAFT", "ACTIVE"], NULL_IS_DEFAULT] = "DRAFT"
    metadata: Metadata = Field(default_factory=dict)


class RewardUpdateRequest(ValidityWindow):
    """What to replace: null resets a section to its default and metadata to `{}`.

    `costs` are the whole new list; those that carry the id of a present cost keep it.
    """

    name: Annotated[Name | None, NOT_NULL] = None
    type: Annotated[Literal["MATERIAL", "DIGITAL"] | None, NOT_NULL] = None
    material: Material | None = None
    digital: RewardDigital | None = None
    costs: Annotated[Annotated[tuple[Cost, ...], Items(1, MOST_COSTS)] | None, NOT_NULL] = None
    purchase_limits: Annotated[RepetitionLimits, NULL_IS_DEFAULT] = RepetitionLimits()
    refunds: Annotated[RewardRefunds, NULL_IS_DEFAULT] = RewardRefunds(type="NONE")
    metadata: Metadata = Field(default_factory=dict)


class RewardResponse(TypedDict):
    """A reward with every section, given or default."""

    id: RewardId
    name: str
    type: Literal["MATERIAL", "DIGITAL"]
    status: Literal["ACTIVE", "DRAFT", "INACTIVE", "DELETED"]
    start_date: DateTime | None
    end_date: DateTime | None
    validity_hours: Annotated[dict[str, Any], Stored(ValidityHours)]
    material: NotRequired[Annotated[dict[str, Any], Stored(Material)]]
    digital: NotRequired[Annotated[dict[str, Any], Stored(RewardDigital)]]
    refunds: Annotated[dict[str, Any], Stored(RewardRefunds)]
    costs: list[Annotated[dict[str, Any], Stored(Cost)]]
    purchase_limits: Annotated[dict[str, Any], Stored(RepetitionLimits)]
    metadata: dict[str, Any]
    created_at: DateTime
    updated_at: DateTime | None
    object: Literal["reward"]


class RewardActivityData(TypedDict):
    """The reward after the change and, where the change was one, the program with the assignment."""

    reward: RewardResponse
    program: NotRequired[dict[str, Any]]
    program_reward: NotRequired[dict[str, Any]]


class RewardActivity(Activity):
    """One entry of a reward's history."""

    reward_id: RewardId
    type: Literal[
        "vl.reward.created",
        "vl.reward.updated",
        "vl.reward.deleted",
        "vl.reward.assigned",
        "vl.reward.unassigned",
        "vl.reward.activated",
        "vl.reward.deactivated",
        "vl.reward.drafted",
    ]
    data: RewardActivityData


RewardListResponse = ListAnswer[RewardResponse]
RewardActivityListResponse = ListAnswer[RewardActivity]
