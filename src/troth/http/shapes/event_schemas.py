"""Event schemas as the API reads and shows them."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints
from typing_extensions import TypedDict

from troth.core.schemas import PropertyDefinition, Schema
from troth.http.shapes.definitions import Stored
from troth.http.shapes.members import DateTime

EventName = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$")]

ShownProperties = dict[str, Annotated[dict[str, Any], Stored(PropertyDefinition)]]


class EventSchemaCreateRequest(Schema):
    """A kind of custom event: what such events are called, and what they tell."""

    name: EventName


class EventSchema(TypedDict):
    """A kind of custom event."""

    id: Annotated[str, Field(pattern=r"^ms_[a-zA-Z0-9]+$")]
    name: str
    properties: ShownProperties
    allow_defined_only: bool
    created_at: DateTime
    updated_at: DateTime | None
    object: Literal["event_schema"]


class EventSchemaList(TypedDict):
    """One page of event schemas; `total` counts all pages."""

    object: Literal["list"]
    data_ref: Literal["data"]
    data: list[EventSchema]
    total: int
    has_more: bool
