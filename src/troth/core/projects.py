"""Projects, the tenants of an installation, and their keys (domain 2)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from troth.core.access import Role
from troth.core.configuration import timestamp
from troth.core.definitions import shown_instant
from troth.core.refusals import Reason, Refusal


@dataclass(frozen=True, slots=True)
class Project:
    """A tenant: its data, its keys, and the IANA time zone in which its calendar rules are meant.

    `clock_at` is where a sandbox's clock stands, None where it follows the wall.
    """

    id: str
    name: str
    time_zone: str
    sandbox: bool
    created_at: datetime
    clock_at: datetime | None = None
    updated_at: datetime | None = None


def check_zone_is_free(project: Project, *, has_members: bool) -> None:
    """Raise a refusal with `INVALID_PAYLOAD` where days have been counted in the project's zone (domain 2)."""
    if has_members:
        raise Refusal(
            Reason.INVALID_PAYLOAD,
            f"time_zone: must stay {project.time_zone}, since the project has members",
            resource_id=project.id,
            resource_type="project",
        )


def shown(project: Project) -> dict[str, Any]:
    """Return the project as answers show it."""
    return {
        "id": project.id,
        "name": project.name,
        "time_zone": project.time_zone,
        "sandbox": project.sandbox,
        "created_at": timestamp(project.created_at),
        "updated_at": shown_instant(project.updated_at),
        "object": "project",
    }


@dataclass(frozen=True, slots=True)
class Key:
    """A project's credential; `app_id` names it, the token that goes with it is known to its holder alone."""

    app_id: str
    project_id: str
    name: str
    role: Role
    created_at: datetime
    rotated_at: datetime | None = None
    revoked_at: datetime | None = None
