"""Small resources of the platform: one table for all that are made once, read, listed and deleted."""

from troth.core.json import decode, text
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.platform_resources import Kind, PlatformResource
from troth.db import listing
from troth.db.database import Connection, Row, Unit
from troth.db.queries import queries

_SQL = queries("platform_resources")


async def insert(unit: Unit, project_id: str, new: PlatformResource) -> bool:
    """Save a new resource; return False if its kind's names are unique and another one has its name."""
    unit.prove(_SQL.is_saved, new.id)
    saved = await unit.connection.fetchval(
        _SQL.insert, project_id, new.id, new.kind, new.name, text(new.configuration), new.created_at
    )
    return saved is not None


async def put(unit: Unit, project_id: str, desired: PlatformResource) -> PlatformResource:
    """Save a resource of a kind whose names are unique, in place of the configuration of the one with its name."""
    # Nothing proves the commit of a change: made once more, it is the same.
    unit.prove(_SQL.is_saved, desired.id)
    row = await unit.connection.fetchrow(
        _SQL.put,
        project_id,
        desired.id,
        desired.kind,
        desired.name,
        text(desired.configuration),
        desired.created_at,
    )
    assert row is not None, "it inserts or updates"
    return resource(row)


async def save(unit: Unit, project_id: str, changed: PlatformResource) -> None:
    """Save a resource whose name or configuration has changed."""
    # Nothing proves the commit of a change: made once more, it is the same.
    unit.prove(_SQL.is_saved, "")
    await unit.connection.execute(
        _SQL.save, project_id, changed.id, changed.name, text(changed.configuration), changed.updated_at
    )


async def find(connection: Connection, project_id: str, kind: Kind, reference: str) -> PlatformResource | None:
    """Return a resource by its id, else, if its kind's names are unique, by its name."""
    row = await connection.fetchrow(_SQL.one, project_id, kind, reference)
    return resource(row) if row else None


async def owner_of(connection: Connection, project_id: str, kind: Kind, name: str) -> str | None:
    """Return the id of the resource that has a name, of a kind whose names are unique."""
    found: str | None = await connection.fetchval(_SQL.owner_of, project_id, kind, name)
    return found


async def delete(unit: Unit, project_id: str, resource_id: str) -> None:
    """Delete a resource, and what belongs to it."""
    unit.prove(_SQL.is_deleted, resource_id)
    await unit.connection.execute(_SQL.delete, project_id, resource_id)


async def page(
    connection: Connection, declaration: ListDeclaration, query: ListQuery, project_id: str, kind: Kind
) -> tuple[Page[PlatformResource], int]:
    """Return one page of the resources of a kind, and how many all pages have."""
    rows, position = await listing.page(connection, declaration, query, _SQL.listed, project_id, kind)
    total = await listing.count(connection, declaration, query, _SQL.listed, project_id, kind)
    return Page([resource(row) for row in rows], position), total


async def every(connection: Connection, project_id: str, kind: Kind) -> list[PlatformResource]:
    """Return all resources of a kind of which there are but a few, by their names."""
    rows = await connection.fetch(_SQL.listed, project_id, kind)
    return sorted((resource(row) for row in rows), key=lambda one: one.name)


def resource(row: Row) -> PlatformResource:
    """Return the resource of a row."""
    return PlatformResource(
        id=row["id"],
        kind=row["kind"],
        name=row["name"],
        configuration=decode(row["configuration"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
