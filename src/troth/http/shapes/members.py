"""Members and their cards as the API reads and shows them (contract: MemberCreate…, MemberWithCards)."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired

from pydantic import (
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema
from pydantic_core.core_schema import any_schema
from typing_extensions import TypedDict

from troth.core.configuration import Configuration, Metadata
from troth.core.customers import SourceId
from troth.http.paging import ListAnswer
from troth.http.shapes.definitions import Activity

CustomerId = Annotated[str, StringConstraints(pattern=r"^cust_[A-Za-z0-9]+$", max_length=100)]
Points = Annotated[int, Field(ge=-(2**53) + 1, le=2**53 - 1)]
DateTime = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Day = Annotated[str, Field(json_schema_extra={"format": "date"})]


class CustomerIdentification(Configuration):
    """The customer to enrol: `type` names the one other property that is given."""

    type: Literal["customer_id", "customer_source_id"]
    customer_id: CustomerId | None = None
    customer_source_id: SourceId | None = None

    @model_validator(mode="after")
    def _one_as_typed(self) -> "CustomerIdentification":
        other = "customer_source_id" if self.type == "customer_id" else "customer_id"
        if getattr(self, self.type) is None:
            raise ValueError(f"{self.type} is required where type is {self.type}")
        if getattr(self, other) is not None:
            raise ValueError(f"{other} must be absent where type is {self.type}")
        return self


class MemberCreateRequest(Configuration):
    """An enrolment: the customer by `customer_id`, or in its place by `customer_identification`."""

    customer_id: CustomerId | None = None
    customer_identification: CustomerIdentification | None = None
    status: Literal["ACTIVE", "INACTIVE"] | None = "ACTIVE"
    metadata: Metadata = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_customer(self) -> "MemberCreateRequest":
        if self.customer_id is None and self.customer_identification is None:
            raise ValueError("customer_id is required, or customer_identification in its place")
        if self.customer_id is not None and self.customer_identification is not None:
            raise ValueError("customer_id and customer_identification must not both be given")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        schema = handler.resolve_ref_schema(handler(core_schema))
        properties = schema.pop("properties")
        shared = {name: properties[name] for name in ("status", "metadata")}
        alternatives = [
            {
                "type": "object",
                "properties": {name: properties[name]["anyOf"][0], **shared},
                "required": [name],
                "additionalProperties": False,
            }
            for name in ("customer_id", "customer_identification")
        ]
        for key in ("type", "additionalProperties"):
            schema.pop(key, None)
        return schema | {"oneOf": alternatives}


class MemberUpdateRequest(Configuration):
    """Metadata to merge into the member's: null clears a property, null in the place of all clears them all."""

    metadata: Annotated[Mapping[str, Any] | None, WithJsonSchema({"type": ["object", "null"]})]


def _objects(value: object) -> object:
    if not isinstance(value, list):
        raise ValueError("must be an array of objects")  # noqa: TRY004 - shown with its path
    for place, one in enumerate(value):
        if not isinstance(one, dict):
            raise ValueError(f"must be an array of objects; entry {place} is none")  # noqa: TRY004
    return value


class _Entry:
    """Documents an entry of a batch as the enrolment that it is read as later, for itself."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return any_schema()

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return MemberCreateRequest.__get_pydantic_json_schema__(MemberCreateRequest.__pydantic_core_schema__, handler)


MemberBatchCreateRequest = Annotated[list[Annotated[dict[str, Any], _Entry()]], BeforeValidator(_objects)]


class MemberBatchCreateResponse(TypedDict):
    """The async action that works the batch off."""

    async_action_id: Annotated[str, Field(pattern=r"^aa_[a-f0-9]+$")]


class CardLifetimeBucketPoints(TypedDict):
    """Every point that ever came to the card or left it, by how."""

    total: Points
    earned: Points
    added: Points
    purchased: Points
    purchased_reversed: Points
    subtracted: Points
    expired: Points
    spent: Points
    refunded: Points
    returned: Points
    locked: Points
    unlocked: Points


class CardLifetimeBucketPendingPoints(TypedDict):
    """Every point that was ever pending, and what became of it."""

    total: Points
    activated: Points
    canceled: Points


class CardLifetimeBucket(TypedDict):
    """The card's lifetime counters."""

    points: CardLifetimeBucketPoints
    pending_points: CardLifetimeBucketPendingPoints


class CardBalance(TypedDict):
    """What the card holds now."""

    points: Points
    pending_points: Points


class CardNextExpiration(TypedDict):
    """The points that expire next, and the last day on which they can be used."""

    points: Points
    date: Day


class CardNextActivation(TypedDict):
    """The pending points that become usable next."""

    points: Points
    type: Literal["IMMEDIATE", "PERIOD_BASED", "FIXED_DATES", "EVENT_BASED"]
    date: NotRequired[Day]
    cancel_date: NotRequired[Day]


class CardSimple(TypedDict):
    """A card; `code` is null until it has been made, normally within a second."""

    id: Annotated[str, Field(pattern=r"^lcrd_[a-f0-9]+$")]
    card_definition_id: Annotated[str, Field(pattern=r"^lcdef_[a-f0-9]+$")]
    card_type: Literal["INDIVIDUAL"]
    code: str | None
    lifetime_bucket: CardLifetimeBucket
    balance: CardBalance
    next_expiration: CardNextExpiration | None
    next_activation: CardNextActivation | None
    object: Literal["card"]


class MemberCard(TypedDict):
    """A card as one of a member's."""

    member_role: Literal["OWNER", "MEMBER"]
    created_at: DateTime
    card: CardSimple | None
    object: Literal["member_card"]


class Member(TypedDict):
    """A customer enrolled in a program."""

    id: Annotated[str, Field(pattern=r"^lmbr_[a-f0-9]+$")]
    customer_id: Annotated[str, Field(pattern=r"^cust_[a-zA-Z0-9]+")]
    program_id: Annotated[str, Field(pattern=r"^lprg_[a-f0-9]+$")]
    status: Literal["ACTIVE", "INACTIVE", "DELETED"]
    metadata: dict[str, Any]
    created_at: DateTime
    updated_at: DateTime | None
    object: Literal["member"]


class MemberWithCards(Member):
    """A member and its cards, oldest first."""

    cards: list[MemberCard]


class MemberActivity(Activity):
    """One entry of a member's history."""

    member_id: Annotated[str, Field(pattern=r"^lmbr_[a-f0-9]+$")]
    type: Literal[
        "vl.member.created",
        "vl.member.updated",
        "vl.member.deleted",
        "vl.member.activated",
        "vl.member.deactivated",
        "vl.member.card.assigned",
        "vl.member.card.unassigned",
    ]
    data: dict[str, Any]


class CardActivity(Activity):
    """One entry of a card's history."""

    card_id: Annotated[str, Field(pattern=r"^lcrd_[a-f0-9]+$")]
    type: Literal[
        "vl.card.created",
        "vl.card.assigned",
        "vl.card.unassigned",
        "vl.card.code_generation.succeeded",
        "vl.card.code_generation.failed",
        "vl.card.ledger.repaired",
    ]
    data: dict[str, Any]


MemberListResponse = ListAnswer[Member]
MemberActivityListResponse = ListAnswer[MemberActivity]
CardActivityListResponse = ListAnswer[CardActivity]
