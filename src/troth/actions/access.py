"""Projects and their keys: made, listed, rotated, revoked (domain 2).

A key's token is 256 random bits, shown to its holder once. Only its SHA-256 is stored. A slow hash would add nothing:
those guard secrets that can be guessed, and nobody guesses 256 bits.
"""

import hashlib
import secrets
import unicodedata
import uuid
import zoneinfo
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from troth.actions.engine import Engine
from troth.core.access import Role
from troth.core.clock import next_midnight
from troth.core.projects import Key, Project
from troth.core.refusals import Reason, Refusal, not_found
from troth.db import access, daily_work
from troth.db.database import Connection, Unit

FIRST_KEY_NAME: Final = "Admin"
LONGEST_NAME: Final = 200
SECRET_BYTES: Final = 32

_NO_ZONES: Final = frozenset({"Factory", "localtime"})
"""Files beside the time zones that name none."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key with its token, at the only moment when the token is known."""

    key: Key
    token: str = field(repr=False)


def digest(token: str) -> bytes:
    """Return the SHA-256 of a key's token: what is stored and compared instead of it."""
    return hashlib.sha256(token.encode()).digest()


def unauthorized() -> Refusal:
    """Return the refusal for credentials that are missing or wrong: the same words whatever it is (domain 2)."""
    return Refusal(
        Reason.UNAUTHORIZED, "Send a valid X-App-Id and X-App-Token, or Authorization: Bearer with a valid access token"
    )


async def create_project(
    engine: Engine, name: str, *, sandbox: bool = False, time_zone: str = "UTC"
) -> tuple[Project, NewKey]:
    """Make a project and its first key, an admin's.

    `name` has 1 to 200 characters; `time_zone` is an IANA name such as `Europe/Warsaw`. Raises a refusal with
    `INVALID_PAYLOAD` for others.
    """
    check_name(name)
    check_time_zone(time_zone)
    now = engine.clock.now()
    project = Project(engine.identifiers.fresh("proj"), name, time_zone, sandbox, now)
    made = _new_key(project.id, FIRST_KEY_NAME, Role.ADMIN, now)

    async def attempt(unit: Unit) -> None:
        await access.insert_project(unit, project)
        await daily_work.insert(unit, project.id, next_midnight(now, ZoneInfo(time_zone)))
        await access.insert_key(unit, made.key, digest(made.token))

    await engine.database.transact(attempt)
    return project, made


async def get_project(engine: Engine, project_id: str) -> Project:
    """Return a project. Raises a refusal with `NOT_FOUND`."""

    async def attempt(connection: Connection) -> Project | None:
        return await access.find_project(connection, project_id)

    project = await engine.database.read(attempt)
    if project is None:
        raise not_found("project", project_id)
    return project


async def list_projects(engine: Engine) -> list[Project]:
    """Return all projects of the installation, oldest first."""
    return await engine.database.read(access.list_projects)


async def create_key(engine: Engine, project_id: str, name: str, role: Role) -> NewKey:
    """Make another key of a project. Raises a refusal with `NOT_FOUND`, or `INVALID_PAYLOAD` for the name."""
    check_name(name)
    await get_project(engine, project_id)
    made = _new_key(project_id, name, role, engine.clock.now())

    async def attempt(unit: Unit) -> None:
        await access.insert_key(unit, made.key, digest(made.token))

    await engine.database.transact(attempt)
    return made


async def list_keys(engine: Engine, project_id: str) -> list[Key]:
    """Return a project's keys, oldest first, revoked ones included. Raises a refusal with `NOT_FOUND`."""
    await get_project(engine, project_id)

    async def attempt(connection: Connection) -> list[Key]:
        return await access.list_keys(connection, project_id)

    return await engine.database.read(attempt)


async def rotate_key(engine: Engine, app_id: str) -> NewKey:
    """Give a key another token; the old one, and every bearer token got with it, stops being valid.

    Raises a refusal with `NOT_FOUND` for a key that does not exist or is revoked.
    """
    token, now = _new_token(), engine.clock.now()

    async def attempt(unit: Unit) -> Key:
        key = await access.rotate_key(unit, app_id, digest(token), now)
        if key is None:
            raise not_found("key", app_id)
        return key

    return NewKey(await engine.database.transact(attempt), token)


async def revoke_key(engine: Engine, app_id: str) -> Key:
    """End a key for good, with every bearer token got with it; again changes nothing.

    Raises a refusal with `NOT_FOUND`.
    """
    now = engine.clock.now()

    async def attempt(unit: Unit) -> Key:
        key = await access.revoke_key(unit, app_id, now)
        if key is None:
            raise not_found("key", app_id)
        return key

    return await engine.database.transact(attempt)


async def ensure_secret(engine: Engine, purpose: str) -> bytes:
    """Return the installation's random secret for a purpose (32 bytes), made when it is first asked for.

    All processes get the same one, however many ask at once.
    """

    async def look(connection: Connection) -> bytes | None:
        return await access.find_secret(connection, purpose)

    async def attempt(unit: Unit) -> None:
        await access.insert_secret(unit, purpose, secrets.token_bytes(SECRET_BYTES), engine.clock.now())

    while (secret := await engine.database.read(look)) is None:
        await engine.database.transact(attempt)
    return secret


def _new_token() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


def _new_key(project_id: str, name: str, role: Role, now: datetime) -> NewKey:
    return NewKey(Key(str(uuid.uuid4()), project_id, name, role, now), _new_token())


def check_name(name: str) -> None:
    """Raise a refusal with `INVALID_PAYLOAD` unless a project or a key can be called so."""
    printable = all(unicodedata.category(character) not in ("Cc", "Cs") for character in name)
    if not name.strip() or len(name) > LONGEST_NAME or not printable:
        raise Refusal(
            Reason.INVALID_PAYLOAD, f"name: must have 1 to {LONGEST_NAME} printable characters, not all of them spaces"
        )


def check_time_zone(time_zone: str) -> None:
    """Raise a refusal with `INVALID_PAYLOAD` unless a text names a time zone."""
    if time_zone not in zoneinfo.available_timezones() - _NO_ZONES:
        raise Refusal(Reason.INVALID_PAYLOAD, "time_zone: must be an IANA time zone such as Europe/Warsaw")
