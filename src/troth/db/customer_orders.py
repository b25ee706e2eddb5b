"""What customers have ordered: changed with their orders, read with them."""

from collections.abc import Collection, Mapping

from troth.core.customer_orders import OrdersChange, OrdersSummary
from troth.db.database import Connection, Unit
from troth.db.queries import queries

_SQL = queries("customer_orders")


async def add(unit: Unit, changes: Mapping[str, OrdersChange]) -> None:
    """Add what changes of orders mean to locked customers, by their ids."""
    if changes:
        await unit.connection.execute(
            _SQL.add,
            list(changes),
            [one.amount for one in changes.values()],
            [one.orders for one in changes.values()],
        )


async def summaries(connection: Connection, customer_ids: Collection[str]) -> dict[str, OrdersSummary]:
    """Return what customers have ordered, by their ids; those who never did are left out."""
    rows = await connection.fetch(_SQL.summaries, list(customer_ids)) if customer_ids else ()
    return {
        row["customer_id"]: OrdersSummary(
            int(row["total_amount"]), row["total_count"], int(row["last_amount"] or 0), row["last_at"]
        )
        for row in rows
    }
