"""Metadata schemas as the API reads and shows them (contract: MetadataSchemaDeprecated)."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from troth.core.schemas import MetadataResource, Schema
from troth.http.shapes.event_schemas import ShownProperties
from troth.http.shapes.members import DateTime


class MetadataSchemaPutRequest(Schema):
    """The whole schema, in place of the present one."""


class MetadataSchema(TypedDict):
    """What the metadata of one kind of resource must be."""

    id: Annotated[str, Field(pattern=r"^ms_[a-zA-Z0-9]+$")]
    related_object: MetadataResource
    properties: ShownProperties
    allow_defined_only: bool
    created_at: DateTime
    updated_at: DateTime | None
    object: Literal["metadata_schema"]


class MetadataSchemaList(TypedDict):
    """Every metadata schema of the project, by the names of their resources."""

    object: Literal["list"]
    data_ref: Literal["schemas"]
    schemas: list[MetadataSchema]
    total: int
