"""What a customer is a member of, as the API shows it (contract: Membership…)."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from troth.http.shapes.members import DateTime, Member, MemberCard, Points


class ProgramSimple(TypedDict):
    """The program of a membership; one that is deleted keeps its members."""

    id: Annotated[str, Field(pattern=r"^lprg_[a-f0-9]+$")]
    name: str
    status: Literal["DRAFT", "ACTIVE", "INACTIVE", "DELETED"]
    metadata: dict[str, Any]
    object: Literal["program"]


class MemberTierProgressTier(TypedDict):
    """A tier."""

    id: Annotated[str, Field(pattern=r"^lt_[a-f0-9]+$")] | None
    name: str | None


class MemberTierProgressPoints(TypedDict):
    """The points that count for the tier, and the bounds of the tier."""

    current: Points
    min: Points
    max: NotRequired[Points]


class MemberTierProgressCurrent(TypedDict):
    """The tier that the card is in."""

    tier: MemberTierProgressTier | None
    start_at: DateTime | None
    expires_at: DateTime | None
    points: MemberTierProgressPoints | None


class MemberTierProgressTierStructure(TypedDict):
    """The tier structure of the card's wallet."""

    id: Annotated[str, Field(pattern=r"^lts_[a-f0-9]+$")]
    object: Literal["tier_structure"]


class MemberTierProgressDeferred(TypedDict):
    """A tier that the card will be in from later on."""

    tier: MemberTierProgressTier | None
    start_at: DateTime | None
    expires_at: DateTime | None


class MemberTierProgressRisk(TypedDict):
    """When the tier will be lost unless points are earned, and to which one."""

    type: Literal["TIER_DOWNGRADE", "TIER_LEFT"]
    date: DateTime | None
    tier: MemberTierProgressTier | None


class MemberTierProgressOpportunity(TypedDict):
    """A higher tier, and the points that are missing for it."""

    valid_until: DateTime | None
    tier: MemberTierProgressTier | None
    points: Points


class MemberTierProgress(TypedDict):
    """Where the card stands in its tier structure; without one, nulls and empty lists."""

    current: MemberTierProgressCurrent | None
    tier_structure: MemberTierProgressTierStructure | None
    deferred: list[MemberTierProgressDeferred]
    risks: list[MemberTierProgressRisk]
    opportunities: list[MemberTierProgressOpportunity]
    object: Literal["member_tier_progress"]


class MembershipCard(MemberCard):
    """A card of a membership."""

    tier_progress: MemberTierProgress


class Membership(TypedDict):
    """A customer's membership in a program."""

    member: Member
    program: ProgramSimple
    cards: list[MembershipCard]
    object: Literal["membership"]


class MembershipWithoutTierProgress(TypedDict):
    """One of a customer's memberships."""

    member: Member
    program: ProgramSimple
    cards: list[MemberCard]
    object: Literal["membership"]


class MembershipsCustomer(TypedDict):
    """The customer whose memberships they are."""

    id: str
    source_id: str | None
    object: Literal["customer"]


class MembershipsResult(TypedDict):
    """A customer and all of its memberships, oldest first."""

    customer: MembershipsCustomer
    memberships: list[MembershipWithoutTierProgress]
    object: Literal["memberships_result"]
