"""Who is asking: the caller that valid credentials stand for (domain 2)."""

from dataclasses import dataclass, field
from enum import StrEnum

from troth.core.json import text


class Role(StrEnum):
    """What a key may do: everything, or only what changes nothing."""

    ADMIN = "ADMIN"
    READ_ONLY = "READ_ONLY"


@dataclass(frozen=True, slots=True)
class Caller:
    """A project's key at work, directly or through a bearer token.

    `scopes` is None for the key itself (no restriction), else the bearer token's scopes.
    """

    project_id: str
    app_id: str
    key_name: str
    role: Role
    scopes: frozenset[str] | None = None
    channel: str = "API"
    source: str = field(init=False)
    """The `source` of every activity that this caller causes, as JSON text."""

    def __post_init__(self) -> None:
        key = {"name": self.key_name, "app_id": self.app_id}
        object.__setattr__(self, "source", text({"channel": self.channel, "api_key": key}))

    def may(self, scope: str, *, changes: bool) -> bool:
        """Return whether a request in this scope (`loyalties` for all of v2, else a v1 group's name) is allowed."""
        if changes and self.role is not Role.ADMIN:
            return False
        return self.scopes is None or "api" in self.scopes or scope in self.scopes
