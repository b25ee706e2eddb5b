"""Metadata schemas: what the metadata of each kind of resource must be."""

from typing import Annotated, Final, cast, get_args

from fastapi import Path

from troth.actions import platform_resources, schemas
from troth.core.refusals import Reason, Refusal
from troth.core.schema_resources import shown_metadata_schema, stored
from troth.core.schemas import MetadataResource
from troth.http.routing import Call, Routes
from troth.http.shapes.metadata_schemas import MetadataSchema, MetadataSchemaList, MetadataSchemaPutRequest

RESOURCES: Final[tuple[str, ...]] = get_args(MetadataResource)

Resource = Annotated[str, Path(alias="resource", json_schema_extra={"enum": list(RESOURCES)})]

routes = Routes(tag="Metadata Schemas", scope="metadata-schemas")


@routes.get("/v1/metadata-schemas", operation_id="listMetadataSchemas")
async def list_metadata_schemas(call: Call) -> MetadataSchemaList:
    """List metadata schemas."""
    found = await schemas.list_metadata_schemas(call.engine, call.caller.project_id)
    shown = [cast("MetadataSchema", shown_metadata_schema(one)) for one in found]
    return {"object": "list", "data_ref": "schemas", "schemas": shown, "total": len(shown)}


@routes.get("/v1/metadata-schemas/{resource}", operation_id="getMetadataSchema")
async def get_metadata_schema(call: Call, resource: Resource) -> MetadataSchema:
    """Get metadata schema."""
    _check(resource)
    found = await platform_resources.get(call.engine, call.caller.project_id, "metadata_schema", resource)
    return cast("MetadataSchema", shown_metadata_schema(found))


@routes.put("/v1/metadata-schemas/{resource}", operation_id="putMetadataSchema")
async def put_metadata_schema(call: Call, resource: Resource, body: MetadataSchemaPutRequest) -> MetadataSchema:
    """Define or replace metadata schema.

    From then on metadata that are written are checked against it; what was written before stays as it is.
    """
    _check(resource)
    made = await platform_resources.put(call.engine, call.caller.project_id, "metadata_schema", resource, stored(body))
    return cast("MetadataSchema", shown_metadata_schema(made))


def _check(resource: str) -> None:
    if resource not in RESOURCES:
        details = f"Cannot find metadata_schema with id {resource}; resources with metadata are {', '.join(RESOURCES)}"
        raise Refusal(Reason.NOT_FOUND, details)
