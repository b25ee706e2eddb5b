"""Schemas as resources: what is kept of one besides its name, and how answers show it (domain 9)."""

from typing import Any

from troth.core.configuration import timestamp
from troth.core.definitions import shown_instant
from troth.core.platform_resources import PlatformResource
from troth.core.schemas import Schema


def stored(schema: Schema) -> dict[str, Any]:
    """Return what is kept of a schema besides its name."""
    return {name: value for name, value in schema.stored().items() if name in Schema.model_fields}


def shown_event_schema(schema: PlatformResource) -> dict[str, Any]:
    """Return the event schema as answers show it."""
    return {"id": schema.id, "name": schema.name, **_shown(schema)}


def shown_metadata_schema(schema: PlatformResource) -> dict[str, Any]:
    """Return the metadata schema as answers show it (contract: MetadataSchemaDeprecated)."""
    return {"id": schema.id, "related_object": schema.name, **_shown(schema)}


def _shown(schema: PlatformResource) -> dict[str, Any]:
    return {
        "properties": schema.configuration["properties"],
        "allow_defined_only": schema.configuration["allow_defined_only"],
        "created_at": timestamp(schema.created_at),
        "updated_at": shown_instant(schema.updated_at),
        "object": schema.kind,
    }
