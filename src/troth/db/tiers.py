"""Tiers of tier structures; each is a definition whose status is its structure's."""

from collections.abc import Iterable
from datetime import datetime

from troth.core.definitions import Definition
from troth.core.json import decode, text
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.db import listing
from troth.db.database import Connection, Row, Unit
from troth.db.queries import queries

_SQL = queries("tiers")


async def all_of(connection: Connection, structure: Definition) -> dict[str, Definition]:
    """Return all tiers of a structure by id."""
    return {row["id"]: _tier(row, structure) for row in await connection.fetch(_SQL.listed, structure.id)}


async def stray(connection: Connection, named: Iterable[tuple[str, str]]) -> str | None:
    """Return the first of the tiers, each named after a structure, that is of another one; None if there is none."""
    structure_ids, tier_ids = zip(*named, strict=True)
    return min((row["id"] for row in await connection.fetch(_SQL.strays, structure_ids, tier_ids)), default=None)


async def page(
    connection: Connection, declaration: ListDeclaration, query: ListQuery, structure: Definition
) -> Page[Definition]:
    """Return one page of a structure's tiers."""
    rows, position = await listing.page(connection, declaration, query, _SQL.listed, structure.id)
    return Page([_tier(row, structure) for row in rows], position)


async def insert(unit: Unit, structure_id: str, new: Definition) -> None:
    """Save a new tier."""
    await unit.connection.execute(
        _SQL.insert, new.id, structure_id, new.name, text(new.configuration), text(new.metadata), new.created_at
    )


async def save(unit: Unit, structure_id: str, changed: Definition) -> None:
    """Save a tier that has changed."""
    await unit.connection.execute(
        _SQL.save,
        structure_id,
        changed.id,
        changed.name,
        text(changed.configuration),
        text(changed.metadata),
        changed.updated_at,
    )


async def delete(unit: Unit, structure_id: str, tier_id: str, now: datetime) -> None:
    """Delete a tier; members who were in it keep that in their histories."""
    await unit.connection.execute(_SQL.delete, structure_id, tier_id, now)


def _tier(row: Row, structure: Definition) -> Definition:
    return Definition(
        id=row["id"],
        kind="tier",
        name=row["name"],
        status=structure.status,
        configuration=decode(row["configuration"]),
        metadata=decode(row["metadata"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
