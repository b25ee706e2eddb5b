"""The ledger worked out again from its postings, in SQL."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from troth.core.ledger.accounts import next_activation, next_expiration
from troth.core.ledger.audit import Difference
from troth.core.ledger.holdings import Holdings
from troth.db.database import Connection, Unit
from troth.db.queries import queries

_SQL = queries("ledger_audit")


class AuditedMember(NamedTuple):
    """A member to audit, and its project."""

    id: str
    project_id: str


class Night(NamedTuple):
    """How far the audit of a night is: the last member that was looked at, how many were, and what they differ in."""

    day: date
    after_member: str
    members: int
    differences: int


async def members(connection: Connection, after: str, project_id: str | None, limit: int) -> list[AuditedMember]:
    """Return the members that follow one, in the order of their ids; of one project or of all, deleted ones too."""
    return [AuditedMember(*row) for row in await connection.fetch(_SQL.members, after, project_id, limit)]


async def differences(connection: Connection, member_ids: Sequence[str]) -> list[Difference]:
    """Return whatever of members' cards is not what their postings make it."""
    return [Difference(*row) for row in await connection.fetch(_SQL.differences, list(member_ids))]


async def repair(unit: Unit, member_id: str) -> None:
    """Set the counters and buckets of a locked member's cards to what their postings make them."""
    await unit.connection.execute(_SQL.repair_cards, member_id)
    await unit.connection.execute(_SQL.repair_points_buckets, member_id)
    await unit.connection.execute(_SQL.repair_pending_buckets, member_id)


async def repair_next(unit: Unit, holdings: Holdings) -> None:
    """Save what the cards of repaired holdings show of their buckets."""
    accounts = list(holdings.accounts.values())
    expirations, activations = list(map(next_expiration, accounts)), list(map(next_activation, accounts))
    await unit.connection.execute(
        _SQL.repair_next,
        holdings.member.id,
        [account.card_id for account in accounts],
        [one and one.date for one in expirations],
        [one and one.points for one in expirations],
        [one and one.date for one in activations],
        [one and one.points for one in activations],
        [one and one.type for one in activations],
    )


async def claim(unit: Unit, day: date) -> Night | None:
    """Return a night's audit that is not finished, if nobody else is at it."""
    await unit.connection.execute(_SQL.start, day)
    row = await unit.connection.fetchrow(_SQL.claim, day)
    return Night(*row) if row else None


async def proceed(unit: Unit, night: Night, finished_at: datetime | None) -> None:
    """Save how far a night's audit has come."""
    await unit.connection.execute(_SQL.proceed, *night, finished_at)
