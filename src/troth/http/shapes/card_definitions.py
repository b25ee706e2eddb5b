"""Card definitions as the API reads and shows them (contract: CardDefinition…)."""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from troth.core.card_definitions import (
    BalanceSettings,
    CardDefinitionConfiguration,
    CardDefinitionSections,
    CodeConfig,
    EarningLimits,
    PayWithPoints,
    PendingPoints,
    Refunds,
    SpendingLimits,
)
from troth.core.configuration import Metadata, Name
from troth.core.expiration import PointsExpiration
from troth.core.sections import NULL_IS_DEFAULT
from troth.http.paging import ListAnswer
from troth.http.shapes.definitions import Activity, DateTime, Stored

CardDefinitionId = Annotated[str, Field(pattern=r"^lcdef_[a-f0-9]+$")]


class CardDefinitionCreateRequest(CardDefinitionConfiguration):
    """A new card definition; a section that is left out or null is its default."""

    name: Name
    type: Literal["INDIVIDUAL"]
    status: Annotated[Literal["DRAFT", "ACTIVE"], NULL_IS_DEFAULT] = "DRAFT"
    metadata: Metadata = Field(default_factory=dict)


class CardDefinitionUpdateRequest(CardDefinitionSections):
    """What to replace: null resets a section to its default and metadata to `{}`, and leaves the name as it is."""

    name: Name | None = None
    metadata: Metadata = Field(default_factory=dict)


class CardDefinition(TypedDict):
    """A card definition with every section, given or default."""

    id: CardDefinitionId
    name: str
    type: Literal["INDIVIDUAL"]
    status: Literal["DRAFT", "ACTIVE", "DELETED"]
    code_config: Annotated[dict[str, Any], Stored(CodeConfig)]
    points_expiration: Annotated[dict[str, Any], Stored(PointsExpiration)]
    pending_points: Annotated[dict[str, Any], Stored(PendingPoints)]
    earning_limits: Annotated[dict[str, Any], Stored(EarningLimits)]
    spending_limits: Annotated[dict[str, Any], Stored(SpendingLimits)]
    refunds: Annotated[dict[str, Any], Stored(Refunds)]
    balance_settings: Annotated[dict[str, Any], Stored(BalanceSettings)]
    pay_with_points: Annotated[dict[str, Any], Stored(PayWithPoints)]
    metadata: dict[str, Any]
    created_at: DateTime
    updated_at: DateTime | None
    object: Literal["card_definition"]


class CardDefinitionActivityData(TypedDict):
    """The card definition after the change."""

    card_definition: CardDefinition | None


class CardDefinitionActivity(Activity):
    """One entry of a card definition's history."""

    card_definition_id: CardDefinitionId
    type: Literal[
        "vl.card_definition.created",
        "vl.card_definition.updated",
        "vl.card_definition.deleted",
        "vl.card_definition.activated",
        "vl.card_definition.deactivated",
        "vl.card_definition.drafted",
        "vl.card_definition.assigned",
        "vl.card_definition.unassigned",
    ]
    data: CardDefinitionActivityData


CardDefinitionListResponse = ListAnswer[CardDefinition]
CardDefinitionActivityListResponse = ListAnswer[CardDefinitionActivity]
