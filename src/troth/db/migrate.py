"""Migrations: numbered SQL files, applied in order, forward only (decision 0003)."""

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from troth.core.refusals import Reason, Refusal
from troth.db.database import PATIENCE_SECONDS, Connection, Database

LOCK: Final = 7_041_170_911_006_420
"""The advisory lock that lets one process migrate while others wait; the number means nothing."""

_FILE: Final = re.compile(r"^(\d{4})_(\w+)\.sql$")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema: its number, its name, its SQL."""

    number: int
    name: str
    sql: str

    @property
    def digest(self) -> str:
        """The SHA-256 of the SQL; what has been applied must not change afterwards."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> list[Migration]:
    """Return all steps in order; their numbers are 1, 2, 3 …"""
    folder = sorted(files("troth.db").joinpath("migrations").iterdir(), key=lambda entry: entry.name)
    found = [
        Migration(int(match[1]), match[2], file.read_text(encoding="utf-8"))
        for file in folder
        if (match := _FILE.match(file.name))
    ]
    if [step.number for step in found] != list(range(1, len(found) + 1)):
        raise ValueError("the migrations are not numbered 1, 2, 3 … without a gap")
    return found


async def migrate(database: Database) -> list[Migration]:
    """Bring the schema to the present state and return the steps that were missing.

    Safe to call from any number of processes at once. Raises ValueError if the database was migrated by a newer
    Troth, or if an applied step is not the one in this package.
    """
    async with database.connection() as connection:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        try:
            return await _apply(connection)
        finally:
            await connection.execute("SELECT pg_advisory_unlock($1)", LOCK)


async def _apply(connection: Connection) -> list[Migration]:
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations (number int PRIMARY KEY, name text NOT NULL, digest text NOT NULL)"
    )
    steps = migrations()
    applied = await connection.fetch("SELECT number, digest FROM migrations ORDER BY number")
    if len(applied) > len(steps):
        raise ValueError(f"the database is at migration {len(applied)}, this Troth knows only {len(steps)}; upgrade it")
    for row, step in zip(applied, steps, strict=False):
        if row["digest"] != step.digest:
            raise ValueError(f"migration {step.number} ({step.name}) was applied with another text")
    missing = steps[len(applied) :]
    for step in missing:
        async with connection.transaction():
            await connection.execute(step.sql)
            await connection.execute(
                "INSERT INTO migrations (number, name, digest) VALUES ($1, $2, $3)", step.number, step.name, step.digest
            )
    return missing


async def assert_migrated(database: Database, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
    """Raise a refusal with `OVERLOADED` unless the schema is exactly the one that this package needs."""

    async def look(connection: Connection) -> int:
        if await connection.fetchval("SELECT to_regclass('migrations') IS NULL"):
            return 0
        return int(await connection.fetchval("SELECT count(*) FROM migrations"))

    applied, needed = await database.read(look, patience_seconds=patience_seconds), len(migrations())
    if applied != needed:
        raise Refusal(Reason.OVERLOADED, f"The database is at migration {applied}, not {needed}; run troth migrate")
