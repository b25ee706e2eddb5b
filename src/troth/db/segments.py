"""Who is in which segment: kept as listed, and as found by filters."""

from collections.abc import Collection, Sequence
from datetime import datetime, tzinfo

import asyncpg

from troth.core.definitions import SegmentInForce
from troth.core.filters import CustomerFilter
from troth.core.platform_resources import PlatformResource
from troth.core.segments import Membership
from troth.db.database import Connection, Outrun, Unit
from troth.db.filters import condition
from troth.db.platform_resources import resource
from troth.db.queries import queries

_SQL = queries("segments")


async def memberships(connection: Connection, customer_ids: Collection[str]) -> list[Membership]:
    """Return all memberships of customers."""
    rows = await connection.fetch(_SQL.memberships, list(customer_ids))
    return [Membership(row["customer_id"], row["segment_id"]) for row in rows]


async def save(
    unit: Unit, joined: Collection[Membership], left: Collection[Membership], now: datetime
) -> set[Membership]:
    """Take locked customers into segments and out of others; return those who joined and were not there before.

    Raises Outrun if one of the segments is not there any more.
    """
    if not joined and not left:
        return set()
    if joined:
        unit.prove(_SQL.is_member, *min(joined), now)
    else:
        unit.prove(_SQL.has_left, *min(left))
    try:
        rows = await unit.connection.fetch(
            _SQL.save,
            [one.customer_id for one in left],
            [one.segment_id for one in left],
            [one.customer_id for one in joined],
            [one.segment_id for one in joined],
            now,
        )
    except asyncpg.ForeignKeyViolationError:
        raise Outrun from None
    return {Membership(row["customer_id"], row["segment_id"]) for row in rows}


async def of_customer(connection: Connection, project_id: str, customer_id: str) -> list[PlatformResource]:
    """Return the segments that a customer is in, the oldest first."""
    return [resource(row) for row in await connection.fetch(_SQL.of_customer, project_id, customer_id)]


async def make_up(
    unit: Unit, project_id: str, segment_id: str, asked: CustomerFilter, *, now: datetime, zone: tzinfo
) -> None:
    """Let a segment hold exactly the customers that a filter finds; nobody changes customers meanwhile."""
    await unit.connection.execute(_SQL.keep_customers, project_id)
    scope: list[object] = [project_id, segment_id, now]
    matches = condition(asked, scope, now=now, zone=zone)
    await unit.connection.execute(
        f"WITH found AS MATERIALIZED (SELECT id FROM ({_SQL.customers_to_filter}) AS item WHERE {matches}),"  # noqa: S608 - values are parameters
        " gone AS (DELETE FROM segment_customers WHERE segment_id = $2 AND customer_id NOT IN (SELECT id FROM found))"
        " INSERT INTO segment_customers (customer_id, segment_id, created_at)"
        " SELECT id, $2, $3::timestamptz FROM found ON CONFLICT DO NOTHING",
        *scope,
    )


async def strayed(
    connection: Connection,
    project_id: str,
    segment: SegmentInForce,
    *,
    now: datetime,
    zone: tzinfo,
    after: str,
    limit: int,
) -> Sequence[str]:
    """Return the ids of customers whom time alone takes into a segment or out of it, sorted, from `after` on.

    Whoever has changed since `now` is not among them: it followed then.
    """
    scope: list[object] = [project_id, segment.id, after, limit, now]
    matches = condition(segment.filter, scope, now=now, zone=zone)
    rows = await connection.fetch(
        f"SELECT item.id FROM ({_SQL.customers_to_filter}) AS item"  # noqa: S608 - values are parameters
        " LEFT JOIN segment_customers AS membership"
        " ON membership.customer_id = item.id AND membership.segment_id = $2"
        " WHERE item.id > $3 AND coalesce(item.updated_at, item.created_at) <= $5::timestamptz"
        f" AND (({matches}) IS TRUE) = (membership.customer_id IS NULL)"
        " ORDER BY item.id LIMIT $4",
        *scope,
    )
    return [row["id"] for row in rows]


async def begin_settling(unit: Unit, project_id: str, due_at: datetime) -> None:
    """Let a project's segments be settled from an instant on, unless they are already."""
    await unit.connection.execute(_SQL.begin_settling, project_id, due_at)


async def settlement_due(connection: Connection, project_id: str) -> datetime | None:
    """Return when a project's segments are to be settled next, None if none follows time."""
    due_at: datetime | None = await connection.fetchval(_SQL.settlement_due, project_id)
    return due_at


async def put_off_settlement(unit: Unit, project_id: str, done: datetime, due_at: datetime) -> None:
    """Let a project's segments be settled next at an instant, unless another worker has said so."""
    unit.prove(_SQL.is_put_off, project_id, due_at)
    await unit.connection.execute(_SQL.put_off_settlement, project_id, done, due_at)


async def move_settlement(unit: Unit, project_id: str, due_at: datetime) -> None:
    """Let a project's segments, if they are settled at all, be settled next at an instant."""
    await unit.connection.execute(_SQL.move_settlement, project_id, due_at)
