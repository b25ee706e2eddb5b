"""Earning rules as the API reads and shows them (contract: EarningRule…)."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic.json_schema import SkipJsonSchema
from typing_extensions import TypedDict

from troth.core.conditions import CustomError
from troth.core.configuration import Metadata, Name
from troth.core.earning_rules import MOST_EARNINGS, Earning, EarningRuleConfiguration, Trigger, TriggerLimits
from troth.core.sections import NOT_NULL, NULL_IS_DEFAULT, Items
from troth.core.validity import ValidityHours, ValidityWindow
from troth.http.paging import ListAnswer
from troth.http.shapes.definitions import Activity, DateTime, Stored

EarningRuleId = Annotated[str, Field(pattern=r"^lern_[a-f0-9]+$")]


def _unknown(value: object) -> None:
    if value is not None:
        raise ValueError("must be left out: a new earning has no id yet")


class NewEarning(Earning):
    """An earning of a rule that is being created."""

    id: Annotated[SkipJsonSchema[None], BeforeValidator(_unknown)] = None


class EarningRuleCreateRequest(EarningRuleConfiguration):
    """A new earning rule; a section that is left out or null is its default."""

    name: Name
    earnings: Annotated[tuple[NewEarning, ...], Items(1, MOST_EARNINGS)]
    status: Annotated[Literal["DRAFT", "ACTIVE"], NULL_IS_DEFAULT] = "DRAFT"
    metadata: Metadata = Field(default_factory=dict)


class EarningRuleUpdateRequest(ValidityWindow):
    """What to replace: null resets a section to its default and metadata to `{}`.

    `earnings` are the whole new list; those that carry the id of a present earning keep it.
    """

    name: Annotated[Name | None, NOT_NULL] = None
    trigger: Annotated[Trigger | None, NOT_NULL] = None
    earnings: Annotated[Annotated[tuple[Earning, ...], Items(1, MOST_EARNINGS)] | None, NOT_NULL] = None
    error: CustomError | None = None
    trigger_limits: Annotated[TriggerLimits, NULL_IS_DEFAULT] = TriggerLimits()
    metadata: Metadata = Field(default_factory=dict)


class EarningRuleResponse(TypedDict):
    """An earning rule with every section, given or default."""

    id: EarningRuleId
    name: str
    status: Literal["DRAFT", "ACTIVE", "INACTIVE"]
    earnings: list[Annotated[dict[str, Any], Stored(Earning)]]
    trigger: Annotated[dict[str, Any], Stored(Trigger)]
    error: Annotated[dict[str, Any], Stored(CustomError)] | None
    validity_hours: Annotated[dict[str, Any], Stored(ValidityHours)]
    start_date: DateTime | None
    end_date: DateTime | None
    trigger_limits: Annotated[dict[str, Any], Stored(TriggerLimits)]
    metadata: dict[str, Any]
    created_at: DateTime
    updated_at: DateTime | None
    object: Literal["earning_rule"]


class EarningRuleActivityData(TypedDict):
    """The earning rule after the change."""

    earning_rule: EarningRuleResponse


class EarningRuleActivityResponse(Activity):
    """One entry of an earning rule's history."""

    earning_rule_id: EarningRuleId
    type: Literal[
        "vl.earning_rule.created",
        "vl.earning_rule.updated",
        "vl.earning_rule.deleted",
        "vl.earning_rule.activated",
        "vl.earning_rule.deactivated",
        "vl.earning_rule.drafted",
        "vl.earning_rule.assigned",
        "vl.earning_rule.unassigned",
    ]
    data: EarningRuleActivityData


EarningRuleListResponse = ListAnswer[EarningRuleResponse]
EarningRuleActivitiesListResponse = ListAnswer[EarningRuleActivityResponse]
