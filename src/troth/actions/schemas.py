"""Metadata schemas: list them, and check metadata against them."""

from collections.abc import Mapping
from typing import Any

from troth.actions.engine import Engine
from troth.core.platform_resources import PlatformResource
from troth.core.schemas import MetadataResource, Schema, misfit
from troth.db import platform_resources
from troth.db.database import Connection


async def check_metadata(
    connection: Connection, project_id: str, resource: MetadataResource, metadata: Mapping[str, Any]
) -> None:
    """Raise a refusal with `INVALID_PAYLOAD` unless metadata fit the schema of their resource, if there is one."""
    defined = await platform_resources.find(connection, project_id, "metadata_schema", resource)
    if defined is not None and (refusal := misfit(Schema.model_validate(defined.configuration), metadata)):
        raise refusal


async def list_metadata_schemas(engine: Engine, project_id: str) -> list[PlatformResource]:
    """Return all metadata schemas of a project, by the names of their resources."""

    async def look(connection: Connection) -> list[PlatformResource]:
        return await platform_resources.every(connection, project_id, "metadata_schema")

    return await engine.database.read(look)
