"""Projects, the tenants of an installation, and their keys (domain 2)."""

from dataclasses import dataclass
from datetime import datetime

from troth.core.access import Role


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
