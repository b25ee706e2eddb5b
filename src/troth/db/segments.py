"""The customers of segments."""

from collections.abc import Collection
from datetime import datetime

from troth.db.database import Unit
from troth.db.queries import queries

_SQL = queries("segments")


async def add_customers(
    unit: Unit, project_id: str, segment_id: str, customer_ids: Collection[str], now: datetime
) -> set[str]:
    """Put customers into a new segment; return those of them that the project does not have."""
    rows = await unit.connection.fetch(_SQL.add_customers, project_id, segment_id, list(customer_ids), now)
    return set(customer_ids) - {row["customer_id"] for row in rows}
