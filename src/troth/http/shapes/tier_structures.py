"""Tier structures and tiers as the API reads and shows them (contract: TierStructure…, Tier…)."""

from typing import Annotated, Any, Literal, NotRequired, Self

from pydantic import Field, model_validator
from typing_extensions import TypedDict

from troth.core.configuration import Configuration, Metadata, Name
from troth.core.expiration import EffectPointsExpiration
from troth.core.sections import NOT_NULL, NULL_IS_DEFAULT, Fault, refuse
from troth.core.tiers import (
    PointBalance,
    PointEarned,
    QualificationRules,
    StructureDowngrade,
    TierConfiguration,
    TierDowngrade,
    TierExpiration,
    TierStructureConfiguration,
)
from troth.http.paging import ListAnswer
from troth.http.shapes.definitions import Activity, DateTime, Stored

TierStructureId = Annotated[str, Field(pattern=r"^lts_[a-f0-9]+$")]
TierId = Annotated[str, Field(pattern=r"^lt_[a-f0-9]+$")]


class TierStructureCreateRequest(TierStructureConfiguration):
    """A new tier structure; a section that is left out or null is its default."""

    name: Name
    status: Annotated[Literal["DRAFT", "ACTIVE"], NULL_IS_DEFAULT] = "DRAFT"
    metadata: Metadata = Field(default_factory=dict)


class TierStructureUpdateRequest(Configuration):
    """What to replace: null resets a section to its default and metadata to `{}`; a type comes with its sub-object."""

    name: Annotated[Name | None, NOT_NULL] = None
    type: Annotated[Literal["POINT_BALANCE", "POINT_EARNED"] | None, NOT_NULL] = None
    point_balance: PointBalance | None = None
    point_earned: PointEarned | None = None
    expiration: Annotated[TierExpiration, NULL_IS_DEFAULT] = TierExpiration(type="NO_RETENTION")
    downgrade: Annotated[StructureDowngrade, NULL_IS_DEFAULT] = StructureDowngrade(type="NO_DOWNGRADE")
    metadata: Metadata = Field(default_factory=dict)

    @model_validator(mode="after")
    def _type_with_its_part(self) -> Self:
        if self.type is not None and getattr(self, self.type.lower()) is None:
            refuse(type(self).__name__, [Fault((self.type.lower(),), f"is required when type is {self.type}")])
        return self


class TierStructure(TypedDict):
    """A tier structure without its tiers."""

    id: TierStructureId
    name: str
    type: Literal["POINT_BALANCE", "POINT_EARNED"]
    point_balance: NotRequired[Annotated[dict[str, Any], Stored(PointBalance)]]
    point_earned: NotRequired[Annotated[dict[str, Any], Stored(PointEarned)]]
    expiration: Annotated[dict[str, Any], Stored(TierExpiration)]
    downgrade: Annotated[dict[str, Any], Stored(StructureDowngrade)]
    metadata: dict[str, Any]
    status: Literal["DRAFT", "ACTIVE", "INACTIVE", "DELETED"]
    created_at: DateTime
    updated_at: DateTime | None
    object: Literal["tier_structure"]


class TierCreateRequest(TierConfiguration):
    """A new tier of a structure."""

    name: Name
    metadata: Metadata = Field(default_factory=dict)


class TierUpdateRequest(Configuration):
    """What to replace: null resets a section to its default and metadata to `{}`, and leaves the rules as they are."""

    name: Annotated[Name | None, NOT_NULL] = None
    qualification_rules: QualificationRules | None = None
    downgrade: Annotated[TierDowngrade, NULL_IS_DEFAULT] = TierDowngrade(type="INHERIT")
    points_expiration: EffectPointsExpiration | None = None
    metadata: Metadata = Field(default_factory=dict)

    @model_validator(mode="after")
    def _null_rules_are_not_given(self) -> Self:
        if self.qualification_rules is None:
            self.model_fields_set.discard("qualification_rules")
        return self


class Tier(TypedDict):
    """A tier of a structure."""

    id: TierId
    tier_structure_id: TierStructureId
    name: str
    qualification_rules: Annotated[dict[str, Any], Stored(QualificationRules)]
    downgrade: Annotated[dict[str, Any], Stored(TierDowngrade)]
    points_expiration: NotRequired[Annotated[dict[str, Any], Stored(EffectPointsExpiration)]]
    metadata: dict[str, Any]
    created_at: DateTime
    updated_at: DateTime | None
    object: Literal["tier"]


class TierStructureActivityData(TypedDict):
    """The structure after the change and, where the change was one, its tier, or the program with the assignment."""

    tier_structure: TierStructure
    tier: NotRequired[Tier]
    program: NotRequired[dict[str, Any]]
    program_tier_structure: NotRequired[dict[str, Any]]


class TierStructureActivity(Activity):
    """One entry of a tier structure's history."""

    tier_structure_id: TierStructureId
    type: Literal[
        "vl.tier_structure.created",
        "vl.tier_structure.updated",
        "vl.tier_structure.deleted",
        "vl.tier_structure.activated",
        "vl.tier_structure.deactivated",
        "vl.tier_structure.drafted",
        "vl.tier_structure.assigned",
        "vl.tier_structure.unassigned",
        "vl.tier_structure.tier.created",
        "vl.tier_structure.tier.updated",
        "vl.tier_structure.tier.deleted",
    ]
    data: TierStructureActivityData


TierStructureListResponse = ListAnswer[TierStructure]
TierListResponse = ListAnswer[Tier]
TierStructureActivityListResponse = ListAnswer[TierStructureActivity]
