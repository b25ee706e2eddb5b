"""Memberships: which programs a customer is a member of."""

from collections.abc import Sequence

from troth.core.json import decode
from troth.core.memberships import IdentificationType, Membership, MembershipPath, Named, Owner, ProgramOfMember
from troth.db import members
from troth.db.database import Connection
from troth.db.queries import queries

_SQL = queries("memberships")


async def find_owner(
    connection: Connection, project_id: str, identification_type: IdentificationType, reference: str
) -> Owner | None:
    """Return the customer that a reference of some type names."""
    row = await connection.fetchrow(_SQL.owner, project_id, identification_type, reference)
    return Owner(*row) if row else None


async def find(connection: Connection, project_id: str, customer_id: str) -> list[Membership]:
    """Return the memberships of a customer, oldest first."""
    rows = await connection.fetch(_SQL.listed, project_id, customer_id)
    found = await members.with_cards(connection, project_id, [row[0] for row in rows])
    return [
        Membership(found[member_id], ProgramOfMember(program_id, name, status, decode(metadata)))
        for member_id, program_id, name, status, metadata in rows
        if member_id in found  # not deleted meanwhile
    ]


async def named(connection: Connection, project_id: str, asked: Sequence[MembershipPath]) -> tuple[int, list[Named]]:
    """Return the version of the project's definitions, and what there is of each path."""
    rows = await connection.fetch(
        _SQL.named,
        project_id,
        [one.program_id for one in asked],
        [one.identification_type for one in asked],
        [one.reference for one in asked],
    )
    return rows[0]["version"], [
        Named(
            ProgramOfMember(row["id"], row["name"], row["status"], decode(row["metadata"])) if row["id"] else None,
            row["customer_id"],
            row["member_id"],
        )
        for row in rows
    ]
