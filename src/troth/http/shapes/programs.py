"""Programs and what is assigned to them, as the API reads and shows them (contract: Program…)."""

from typing import Annotated, Any, Literal, NotRequired, TypeVar

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from troth.core.configuration import Configuration, Metadata, Name
from troth.core.programs import MOST_IN_A_BATCH, ProgramConfiguration
from troth.core.references import CardDefinitionId, EarningRuleId, RewardId, TierStructureId
from troth.core.sections import NOT_NULL, NULL_IS_DEFAULT, Fault, Items, refuse
from troth.core.stock import Stock
from troth.core.validity import ValidityHours
from troth.http.paging import ListAnswer
from troth.http.shapes.definitions import Activity, DateTime, Stored

ProgramId = Annotated[str, Field(pattern=r"^lprg_[a-f0-9]+$")]


class CardDefinitionItem(Configuration):
    """A card definition to assign or unassign."""

    id: CardDefinitionId


class EarningRuleItem(Configuration):
    """An earning rule to assign or unassign."""

    id: EarningRuleId


class TierStructureItem(Configuration):
    """A tier structure to assign or unassign."""

    id: TierStructureId


class RewardItem(Configuration):
    """A reward to assign, and how many of it the program has."""

    id: RewardId
    stock: Stock


class RewardUnassignItem(Configuration):
    """A reward to unassign."""

    id: RewardId


Item = TypeVar("Item", CardDefinitionItem, EarningRuleItem, TierStructureItem, RewardItem, RewardUnassignItem)


def _each_once(items: tuple[Item, ...]) -> tuple[Item, ...]:
    ids = [item.id for item in items]
    refuse(
        "items",
        (Fault((place, "id"), "must not be named twice") for place, one in enumerate(ids) if ids.index(one) < place),
    )
    return items


_ONCE = AfterValidator(_each_once)
_SOME = Items(1, MOST_IN_A_BATCH)
_ANY = Items(0, MOST_IN_A_BATCH)


class ProgramCreateRequest(ProgramConfiguration):
    """A new program, and what to assign to it at once."""

    name: Name
    status: Annotated[Literal["ACTIVE", "DRAFT"], NULL_IS_DEFAULT] = "DRAFT"
    metadata: Metadata = Field(default_factory=dict)
    card_definitions: Annotated[tuple[CardDefinitionItem, ...], _SOME, _ONCE, NULL_IS_DEFAULT] = ()
    earning_rules: Annotated[tuple[EarningRuleItem, ...], _SOME, _ONCE, NULL_IS_DEFAULT] = ()
    rewards: Annotated[tuple[RewardItem, ...], _SOME, _ONCE, NULL_IS_DEFAULT] = ()
    tier_structures: Annotated[tuple[TierStructureItem, ...], _SOME, _ONCE, NULL_IS_DEFAULT] = ()


class ProgramUpdateRequest(ProgramConfiguration):
    """What to replace: null resets a date, the hours or the metadata to its default."""

    name: Annotated[Name | None, NOT_NULL] = None
    metadata: Metadata = Field(default_factory=dict)


class ProgramCardDefinitionBatchRequest(Configuration):
    """Card definitions to unassign and then to assign, all or none."""

    assign: Annotated[tuple[CardDefinitionItem, ...], _ANY, _ONCE, NULL_IS_DEFAULT] = ()
    unassign: Annotated[tuple[CardDefinitionItem, ...], _ANY, _ONCE, NULL_IS_DEFAULT] = ()


class ProgramEarningRuleBatchRequest(Configuration):
    """Earning rules to unassign and then to assign, all or none."""

    assign: Annotated[tuple[EarningRuleItem, ...], _ANY, _ONCE, NULL_IS_DEFAULT] = ()
    unassign: Annotated[tuple[EarningRuleItem, ...], _ANY, _ONCE, NULL_IS_DEFAULT] = ()


class ProgramTierStructureBatchRequest(Configuration):
    """Tier structures to unassign and then to assign, all or none."""

    assign: Annotated[tuple[TierStructureItem, ...], _ANY, _ONCE, NULL_IS_DEFAULT] = ()
    unassign: Annotated[tuple[TierStructureItem, ...], _ANY, _ONCE, NULL_IS_DEFAULT] = ()


class ProgramRewardBatchRequest(Configuration):
    """Rewards to unassign and then to assign, all or none."""

    assign: Annotated[tuple[RewardItem, ...], _ANY, _ONCE, NULL_IS_DEFAULT] = ()
    unassign: Annotated[tuple[RewardUnassignItem, ...], _ANY, _ONCE, NULL_IS_DEFAULT] = ()


class ProgramRewardAssignmentUpdateRequest(Configuration):
    """The new stock of an assigned reward."""

    stock: Stock


class Program(TypedDict):
    """A program without what is assigned to it."""

    id: ProgramId
    name: str
    status: Literal["DRAFT", "ACTIVE", "INACTIVE", "DELETED"]
    start_date: DateTime | None
    end_date: DateTime | None
    validity_hours: Annotated[dict[str, Any], Stored(ValidityHours)]
    metadata: dict[str, Any]
    created_at: DateTime
    updated_at: DateTime | None
    object: Literal["program"]


class AssignedId(TypedDict):
    """A definition that was assigned with the program's creation."""

    id: str


class AssignedReward(TypedDict):
    """A reward that was assigned with the program's creation."""

    id: RewardId
    stock: Annotated[dict[str, Any], Stored(Stock)]


class ProgramCreateResponse(Program):
    """A new program with what was assigned to it; null where nothing was."""

    card_definitions: list[AssignedId] | None
    earning_rules: list[AssignedId] | None
    rewards: list[AssignedReward] | None
    tier_structures: list[AssignedId] | None


class ProgramCardDefinitionAssignment(TypedDict):
    """A card definition of a program."""

    card_type: Literal["INDIVIDUAL"]
    card_definition_id: CardDefinitionId
    created_at: DateTime
    object: Literal["program_card_definition"]


class ProgramEarningRuleAssignment(TypedDict):
    """An earning rule of a program."""

    earning_rule_id: EarningRuleId
    created_at: DateTime
    object: Literal["program_earning_rule"]


class ProgramTierStructureAssignment(TypedDict):
    """A tier structure of a program."""

    tier_structure_id: TierStructureId
    created_at: DateTime
    object: Literal["program_tier_structure"]


class ProgramRewardAssignment(TypedDict):
    """A reward of a program; `redeemed` are the pieces sold, without those given back."""

    reward_id: RewardId
    stock: Annotated[dict[str, Any], Stored(Stock)]
    redeemed: int
    created_at: DateTime
    updated_at: DateTime | None
    object: Literal["program_reward"]


class ProgramCardDefinitionBatchResponse(TypedDict):
    """What a batch assigned and unassigned."""

    assigned: list[ProgramCardDefinitionAssignment] | None
    unassigned: list[ProgramCardDefinitionAssignment] | None


class ProgramEarningRuleBatchResponse(TypedDict):
    """What a batch assigned and unassigned."""

    assigned: list[ProgramEarningRuleAssignment] | None
    unassigned: list[ProgramEarningRuleAssignment] | None


class ProgramTierStructureBatchResponse(TypedDict):
    """What a batch assigned and unassigned."""

    assigned: list[ProgramTierStructureAssignment] | None
    unassigned: list[ProgramTierStructureAssignment] | None


class ProgramRewardBatchResponse(TypedDict):
    """What a batch assigned and unassigned."""

    assigned: list[ProgramRewardAssignment] | None
    unassigned: list[ProgramRewardAssignment] | None


class ProgramActivityData(TypedDict):
    """The program after the change and, where the change was one, the assignment with what it assigns."""

    program: Program
    program_card_definition: NotRequired[ProgramCardDefinitionAssignment]
    program_earning_rule: NotRequired[ProgramEarningRuleAssignment]
    program_tier_structure: NotRequired[ProgramTierStructureAssignment]
    program_reward: NotRequired[ProgramRewardAssignment]


class ProgramActivity(Activity):
    """One entry of a program's history."""

    program_id: ProgramId
    type: Literal[
        "vl.program.created",
        "vl.program.updated",
        "vl.program.deleted",
        "vl.program.activated",
        "vl.program.deactivated",
        "vl.program.card_definition.assigned",
        "vl.program.card_definition.unassigned",
        "vl.program.earning_rule.assigned",
        "vl.program.earning_rule.unassigned",
        "vl.program.reward.assigned",
        "vl.program.reward.unassigned",
        "vl.program.reward.updated",
        "vl.program.tier_structure.assigned",
        "vl.program.tier_structure.unassigned",
    ]
    data: ProgramActivityData


ProgramListResponse = ListAnswer[Program]
ProgramActivityListResponse = ListAnswer[ProgramActivity]
ProgramCardDefinitionAssignmentListResponse = ListAnswer[ProgramCardDefinitionAssignment]
ProgramEarningRuleAssignmentListResponse = ListAnswer[ProgramEarningRuleAssignment]
ProgramTierStructureAssignmentListResponse = ListAnswer[ProgramTierStructureAssignment]
ProgramRewardAssignmentListResponse = ListAnswer[ProgramRewardAssignment]
