"""Small resources of the platform: made once, read, listed and deleted, and referred to by definitions (domain 9)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from troth.core.lifecycle import BY_ANYTHING, Holder
from troth.core.refusals import Reason, Refusal

Kind = Literal["event_schema", "metadata_schema", "segment", "products_collection", "campaign"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformResource:
    """One of them; `configuration` holds what its kind adds, in stored form.

    Event schemas, metadata schemas and campaigns are the only ones of their kind and name in a project.
    """

    id: str
    kind: Kind
    name: str
    configuration: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime | None = None


def duplicate_name(kind: Kind, name: str, owner_id: str) -> Refusal:
    """Return the refusal of a name that another resource of the kind has."""
    return Refusal(
        Reason.DUPLICATE_KEY,
        f"name: another {kind.replace('_', ' ')} has it already: {name}",
        resource_id=owner_id,
        resource_type=kind,
    )


def decide_deletion(
    resource_type: str, resource_id: str, holders: Iterable[Holder], refused: Reason = Reason.IN_USE
) -> None:
    """Raise a refusal, naming them, if definitions that are not deleted refer to a resource (domain 5)."""
    if held := BY_ANYTHING.among(holders):
        kind, ids = held
        raise Refusal(
            refused,
            f"Cannot delete {resource_type.replace('_', ' ')} with id {resource_id}"
            f" while it is used by {kind.replace('_', ' ')} {', '.join(ids)}",
            resource_id=resource_id,
            resource_type=resource_type,
            related_ids=ids,
            related_type=kind,
        )
