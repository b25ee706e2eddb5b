"""Projects, keys, secrets and revoked bearer tokens, as stored."""

from dataclasses import dataclass, field
from datetime import datetime

from troth.core.access import Role
from troth.core.projects import Key, Project
from troth.db.database import Connection, Row, Unit
from troth.db.queries import queries

_SQL = queries("access")


@dataclass(frozen=True, slots=True)
class Credential:
    """A key that is not revoked, with the SHA-256 of its token; and whether the bearer token asked about is revoked."""

    key: Key
    token_digest: bytes = field(repr=False)
    token_revoked: bool


def _project(row: Row) -> Project:
    return Project(
        row["id"],
        row["name"],
        row["time_zone"],
        row["sandbox"],
        row["created_at"],
        row["clock_at"],
        row["updated_at"],
    )


def _key(row: Row) -> Key:
    return Key(
        app_id=row["app_id"],
        project_id=row["project_id"],
        name=row["name"],
        role=Role(row["role"]),
        created_at=row["created_at"],
        rotated_at=row["rotated_at"],
        revoked_at=row["revoked_at"],
    )


async def insert_project(unit: Unit, project: Project) -> None:
    """Save a new project."""
    unit.prove(_SQL.project_exists, project.id)
    await unit.connection.execute(
        _SQL.insert_project, project.id, project.name, project.time_zone, project.sandbox, project.created_at
    )


async def save_project(unit: Unit, changed: Project) -> None:
    """Save a project whose name or time zone has changed; whoever changes it holds its row."""
    # Nothing proves the commit of a change: made once more, it is the same.
    unit.prove(_SQL.project_exists, "")
    await unit.connection.execute(_SQL.save_project, changed.id, changed.name, changed.time_zone, changed.updated_at)


async def has_members(connection: Connection, project_id: str) -> bool:
    """Return whether the project has members, or has ever had any."""
    return bool(await connection.fetchval(_SQL.has_members, project_id))


async def find_project(connection: Connection, project_id: str) -> Project | None:
    """Return the project with this id."""
    row = await connection.fetchrow(_SQL.project, project_id)
    return _project(row) if row else None


async def list_projects(connection: Connection) -> list[Project]:
    """Return all projects of the installation, oldest first."""
    return [_project(row) for row in await connection.fetch(_SQL.projects)]


async def insert_key(unit: Unit, key: Key, token_digest: bytes) -> None:
    """Save a new key of a project that exists."""
    unit.prove(_SQL.key_exists, key.app_id)
    await unit.connection.execute(
        _SQL.insert_key, key.app_id, key.project_id, key.name, key.role, token_digest, key.created_at
    )


async def list_keys(connection: Connection, project_id: str) -> list[Key]:
    """Return all keys of a project, oldest first, revoked ones included."""
    return [_key(row) for row in await connection.fetch(_SQL.keys_of_project, project_id)]


async def find_credential(connection: Connection, app_id: str, token_id: str | None = None) -> Credential | None:
    """Return the key that is not revoked with this app id, and whether the bearer token `token_id` is revoked."""
    row = await connection.fetchrow(_SQL.credential, app_id, token_id)
    return Credential(_key(row), row["token_digest"], row["token_revoked"]) if row else None


async def rotate_key(unit: Unit, app_id: str, token_digest: bytes, now: datetime) -> Key | None:
    """Give a key another token and return it; None if it does not exist or is revoked."""
    unit.prove(_SQL.key_rotated, token_digest.hex())
    row = await unit.connection.fetchrow(_SQL.rotate_key, app_id, token_digest, now)
    return _key(row) if row else None


async def revoke_key(unit: Unit, app_id: str, now: datetime) -> Key | None:
    """Revoke a key and return it; one that is revoked already stays as it was. None if it does not exist."""
    unit.prove(_SQL.key_revoked, app_id)
    row = await unit.connection.fetchrow(_SQL.revoke_key, app_id, now)
    return _key(row) if row else None


async def find_secret(connection: Connection, purpose: str) -> bytes | None:
    """Return the installation's secret for a purpose."""
    secret: bytes | None = await connection.fetchval(_SQL.secret, purpose)
    return secret


async def insert_secret(unit: Unit, purpose: str, secret: bytes, now: datetime) -> None:
    """Save the installation's secret for a purpose, unless there is one."""
    unit.prove(_SQL.secret_exists, purpose)
    await unit.connection.execute(_SQL.insert_secret, purpose, secret, now)


async def revoke_access_token(unit: Unit, token_id: str, project_id: str, expires_at: datetime) -> bool:
    """Save that a bearer token is revoked; False if it was already."""
    unit.prove(_SQL.access_token_revoked, token_id)
    return bool(await unit.connection.fetchval(_SQL.revoke_access_token, token_id, project_id, expires_at))


async def forget_expired(unit: Unit, now: datetime, limit: int) -> int:
    """Delete up to `limit` revocations of bearer tokens that have expired, and return how many."""
    rows = await unit.connection.fetch(_SQL.forget_expired, now, limit)
    # What is deleted proves the commit as well as what is inserted; of nothing deleted there is nothing to prove.
    unit.prove(_SQL.access_token_forgotten, rows[0]["token_id"] if rows else "")
    return len(rows)
