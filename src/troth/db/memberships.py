"""Memberships: which programs a customer is a member of."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from troth.core.json import decode
from troth.core.members import Member
from troth.core.memberships import IdentificationType, Membership, MembershipPath, Named, Owner, ProgramOfMember
from troth.db import members
from troth.db.database import Connection
from troth.db.ledger import Loaded
from troth.db.members import member_at
from troth.db.queries import queries

_SQL = queries("memberships")
_MEMBER: Final = 7
_ACCOUNT: Final = _MEMBER + len(Member._fields)
_CARD_ID: Final = _ACCOUNT + 1
_CODE: Final = _ACCOUNT + 8


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


class Found(NamedTuple):
    """What there is of paths, in their order, by a version of the definitions; and the members that they lead to.

    `labels` are what their cards show besides: code and moment of creation, by the cards' ids.
    """

    version: int
    named: Sequence[Named]
    loaded: Loaded
    labels: Mapping[str, tuple[str | None, datetime]]


async def named(connection: Connection, project_id: str, asked: Sequence[MembershipPath]) -> Found:
    """Return what there is of each path, all of one moment."""
    rows = await connection.fetch(
        _SQL.named,
        [],
        project_id,
        [one.program_id for one in asked],
        [one.identification_type for one in asked],
        [one.reference for one in asked],
    )
    found: list[Named] = []
    loaded = Loaded()
    labels: dict[str, tuple[str | None, datetime]] = {}
    for row in rows:
        if row["place"] > len(found):
            program_id, name, status, metadata, owner_id, member_id = row[2 : _MEMBER + 1]
            program = ProgramOfMember(program_id, name, status, decode(metadata)) if program_id else None
            found.append(Named(program, owner_id, member_id))
            if member_id:
                loaded.add(member_at(row, _MEMBER))
        if row[_CARD_ID] is not None and row[_CARD_ID] not in labels:
            labels[row[_CARD_ID]] = row[_CODE], row[_CODE + 1]
            loaded.take(row[_ACCOUNT:])
    return Found(rows[0]["version"], found, loaded, labels)
