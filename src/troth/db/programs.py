"""Programs and what is assigned to them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from troth.core.assignments import Assigned, Assignment
from troth.core.definitions import Definition
from troth.core.json import decode, text
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.program_lifecycle import PROGRAM
from troth.db import listing
from troth.db.database import Connection, Row, Unit
from troth.db.queries import queries

_SQL = queries("programs")
_ASSIGNMENT: Final = len(Assignment._fields)


async def find(connection: Connection, project_id: str, program_id: str) -> Definition | None:
    """Return a program that is not deleted."""
    row = await connection.fetchrow(_SQL.one, project_id, program_id)
    return _program(row) if row else None


async def insert(unit: Unit, project_id: str, new: Definition) -> None:
    """Save a new program, without assignments."""
    await unit.connection.execute(
        _SQL.insert,
        project_id,
        new.id,
        new.name,
        new.status,
        text(new.configuration),
        text(new.metadata),
        new.created_at,
    )


async def save(unit: Unit, project_id: str, changed: Definition) -> None:
    """Save a program that has changed."""
    await unit.connection.execute(
        _SQL.save,
        project_id,
        changed.id,
        changed.name,
        changed.status,
        text(changed.configuration),
        text(changed.metadata),
        changed.updated_at,
    )


async def page(
    connection: Connection, declaration: ListDeclaration, query: ListQuery, project_id: str
) -> Page[Definition]:
    """Return one page of the programs that are not deleted."""
    rows, position = await listing.page(connection, declaration, query, _SQL.listed, project_id)
    return Page([_program(row) for row in rows], position)


async def assigned(connection: Connection, project_id: str, program_id: str) -> dict[str, Assigned]:
    """Return a program's assignments by the id of the definition, oldest first."""
    rows = await connection.fetch(_SQL.assigned, project_id, program_id)
    return {
        row["definition_id"]: Assigned(_assignment(row), row["status"], frozenset(row["referred_ids"])) for row in rows
    }


async def assignment_page(
    connection: Connection,
    declaration: ListDeclaration,
    query: ListQuery,
    project_id: str,
    program_id: str,
    *,
    kind: str,
) -> Page[Assignment]:
    """Return one page of a program's assignments of a kind."""
    source = _SQL.listed_assignments
    rows, position = await listing.page(connection, declaration, query, source, project_id, program_id, kind)
    return Page([_assignment(row) for row in rows], position)


async def assign(unit: Unit, project_id: str, program_id: str, new: Sequence[Assignment], now: datetime) -> None:
    """Save new assignments of a program, in their order."""
    await unit.connection.execute(
        _SQL.assign,
        project_id,
        program_id,
        [one.definition_id for one in new],
        [one.kind for one in new],
        [one.stock_quantity for one in new],
        now,
    )


async def unassign(unit: Unit, project_id: str, program_id: str, definition_ids: Collection[str]) -> None:
    """Take definitions out of a program."""
    await unit.connection.execute(_SQL.unassign, project_id, program_id, list(definition_ids))


async def set_stock(
    unit: Unit, project_id: str, program_id: str, reward_id: str, *, quantity: int | None, now: datetime
) -> Assignment | None:
    """Set how many of an assigned reward are left, None for any number, and return the assignment if there is one."""
    row = await unit.connection.fetchrow(_SQL.set_stock, project_id, program_id, reward_id, quantity, now)
    return _assignment(row) if row else None


def _assignment(row: Row) -> Assignment:
    return Assignment(*row[:_ASSIGNMENT])


def _program(row: Row) -> Definition:
    return Definition(
        id=row["id"],
        kind=PROGRAM.kind,
        name=row["name"],
        status=row["status"],
        configuration=decode(row["configuration"]),
        metadata=decode(row["metadata"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
