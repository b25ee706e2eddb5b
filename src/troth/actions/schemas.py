"""Check metadata against the schema that a project has for them."""

from collections.abc import Mapping
from typing import Any

from troth.core.schemas import MetadataResource, Schema, check
from troth.db import platform_resources
from troth.db.database import Connection


async def check_metadata(
    connection: Connection, project_id: str, resource: MetadataResource, metadata: Mapping[str, Any]
) -> None:
    """Raise a refusal with `INVALID_PAYLOAD` unless metadata fit the schema of their resource, if there is one."""
    defined = await platform_resources.find(connection, project_id, "metadata_schema", resource)
    if defined is not None:
        check(Schema.model_validate(defined.configuration), metadata)
