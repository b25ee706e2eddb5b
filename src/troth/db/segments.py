"""The customers of segments."""

from collections.abc import Collection, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from troth.core.filters import CustomerFilter
from troth.core.platform_resources import PlatformResource
from troth.db.database import Connection, Unit
from troth.db.filters import condition
from troth.db.platform_resources import resource
from troth.db.queries import queries

_SQL = queries("segments")


async def add_customers(
    unit: Unit, project_id: str, segment_id: str, customer_ids: Collection[str], now: datetime
) -> set[str]:
    """Put customers into a new segment; return those of them that the project does not have."""
    rows = await unit.connection.fetch(_SQL.add_customers, project_id, segment_id, list(customer_ids), now)
    return set(customer_ids) - {row["customer_id"] for row in rows}


async def candidates_of(connection: Connection, project_id: str, customer_id: str) -> list[PlatformResource]:
    """Return the static segments that list a customer, and all segments with a filter, the oldest first."""
    return [resource(row) for row in await connection.fetch(_SQL.of_customer, project_id, customer_id)]


async def passes(
    connection: Connection,
    project_id: str,
    customer_id: str,
    filters: Sequence[CustomerFilter],
    *,
    now: datetime,
    zone: ZoneInfo,
) -> list[bool]:
    """Return which filters a customer passes; none if the project does not have it."""
    scope: list[object] = [project_id, customer_id, zone.key]
    matches = ", ".join(f"({condition(one, scope, now=now, zone=zone)}) IS TRUE" for one in filters)
    source = f"SELECT {matches} FROM ({_SQL.customer_to_filter}) AS item"  # noqa: S608 - values are parameters
    row = await connection.fetchrow(source, *scope)
    return list(row) if row else [False] * len(filters)
