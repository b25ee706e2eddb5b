"""Async actions: recorded, read and listed."""

from troth.core.async_actions import AsyncAction
from troth.core.json import decode, text
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.db import listing
from troth.db.database import Connection, Row, Unit
from troth.db.queries import queries

_SQL = queries("async_actions")


async def insert(unit: Unit, project_id: str, new: AsyncAction) -> None:
    """Save a new async action; it proves the unit's commit."""
    unit.prove(_SQL.is_saved, new.id)
    await unit.connection.execute(
        _SQL.insert,
        project_id,
        new.id,
        new.type,
        new.status,
        new.request_id,
        None if new.result is None else text(new.result),
        new.created_at,
        new.updated_at,
        new.entries_count,
    )


async def find(connection: Connection, project_id: str, async_action_id: str) -> AsyncAction | None:
    """Return an async action."""
    row = await connection.fetchrow(_SQL.one, project_id, async_action_id)
    return _async_action(row) if row else None


async def lock(unit: Unit, project_id: str, async_action_id: str) -> AsyncAction:
    """Return an async action that exists; nobody else changes it until the transaction ends."""
    row = await unit.connection.fetchrow(_SQL.lock, project_id, async_action_id)
    assert row is not None, "async actions are never deleted"
    return _async_action(row)


async def save(unit: Unit, project_id: str, changed: AsyncAction) -> None:
    """Save what has come of a locked async action."""
    await unit.connection.execute(
        _SQL.save,
        project_id,
        changed.id,
        changed.status,
        None if changed.result is None else text(changed.result),
        changed.updated_at,
    )


async def page(
    connection: Connection, declaration: ListDeclaration, query: ListQuery, project_id: str
) -> tuple[Page[AsyncAction], int]:
    """Return one page of the project's async actions, and how many all pages have."""
    rows, position = await listing.page(connection, declaration, query, _SQL.listed, project_id)
    total = await listing.count(connection, declaration, query, _SQL.listed, project_id)
    return Page([_async_action(row) for row in rows], position), total


def _async_action(row: Row) -> AsyncAction:
    return AsyncAction(
        id=row["id"],
        type=row["type"],
        status=row["status"],
        request_id=row["request_id"],
        result=None if row["result"] is None else decode(row["result"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        entries_count=row["entries_count"],
    )
