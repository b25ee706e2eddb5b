"""Orders: created and updated in batches, read and listed; and what their items name of the catalogue."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from troth.core.configuration import timestamp
from troth.core.definitions import shown_instant
from troth.core.json import decode, text
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.order_items import Good, Goods, Named
from troth.core.orders import Order, PointsPaid, Put, Puts
from troth.db import listing
from troth.db.database import Connection, Outrun, Row, Unit
from troth.db.queries import queries

_SQL = queries("orders")
_SEPARATOR: Final = "\x1f"


async def lock(unit: Unit, project_id: str, commands: Sequence[Put]) -> list[Order]:
    """Return the orders that commands name; nobody else changes them until the transaction ends."""
    ids = {named for one in commands for named in (one.order_id, one.existing) if named is not None}
    source_ids = {named for one in commands for named in (one.source_id, one.existing) if named is not None}
    return await lock_named(unit, project_id, ids, source_ids)


async def lock_named(
    unit: Unit, project_id: str, ids: Collection[str], source_ids: Collection[str] = ()
) -> list[Order]:
    """Return orders by their ids or their source ids; nobody else changes or pays them until the transaction ends."""
    if not ids and not source_ids:
        return []
    return [_order(row) for row in await unit.connection.fetch(_SQL.lock, project_id, list(ids), list(source_ids))]


async def goods(connection: Connection, project_id: str, named: Named) -> Goods:
    """Return the products and SKUs that items name, with the products of the SKUs."""
    if not any(named):
        return Goods((), ())
    found: dict[str, list[Good]] = {"product": [], "sku": []}
    for row in await connection.fetch(_SQL.goods, project_id, *map(list, named)):
        good = Good(row["id"], row["product_id"], row["source_id"], row["name"], row["price"], decode(row["metadata"]))
        found[row["kind"]].append(good)
    return Goods(found["product"], found["sku"])


async def save(unit: Unit, project_id: str, puts: Puts) -> None:
    """Save the orders of a batch. Raises Outrun if another transaction took one of their source ids meanwhile."""
    created = [one for one in puts.saved if one.id in puts.created_ids]
    changed = [one for one in puts.saved if one.id not in puts.created_ids]
    if changed:
        await _change(unit, project_id, changed, [one for one in puts.taken if one[1] not in puts.created_ids])
    if created:
        await _insert(unit, project_id, created)


async def _insert(unit: Unit, project_id: str, orders: Sequence[Order]) -> None:
    unit.prove(_SQL.is_saved, orders[0].id)
    keys = sorted((one.source_id, one.id) for one in orders if one.source_id is not None)
    taken = await unit.connection.fetchval(
        _SQL.insert,
        project_id,
        _column(source_id for source_id, _ in keys),
        _column(order_id for _, order_id in keys),
        _column(one.id for one in orders),
        _column(one.source_id or "" for one in orders),
        _column(one.status for one in orders),
        _column(one.customer_id or "" for one in orders),
        _column(one.referrer_id or "" for one in orders),
        _column(str(one.amount) for one in orders),
        _column("" if one.initial_amount is None else str(one.initial_amount) for one in orders),
        _column(str(one.discount_amount) for one in orders),
        _column(text(one.items) for one in orders),
        _column(text(one.metadata) for one in orders),
        _column(shown_instant(one.paid_at) or "" for one in orders),
        _column(shown_instant(one.canceled_at) or "" for one in orders),
        _column(timestamp(one.created_at) for one in orders),
    )
    if taken != len(keys):
        raise Outrun


async def _change(unit: Unit, project_id: str, orders: Sequence[Order], keys: Sequence[tuple[str, str]]) -> None:
    # Nothing proves the commit of changes: made once more, they are the same, and no trigger again.
    if unit.proof is None:
        unit.prove(_SQL.is_saved, "")
    taken = await unit.connection.fetchval(
        _SQL.change,
        project_id,
        [source_id for source_id, _ in keys],
        [order_id for _, order_id in keys],
        text([_row(order) for order in orders]),
    )
    if taken != len(keys):
        raise Outrun


def _column(values: Iterable[str]) -> str:
    return _SEPARATOR.join(values)


async def find(connection: Connection, project_id: str, order_id: str | None, source_id: str | None) -> Order | None:
    """Return an order by its id, else by its source id."""
    row = await connection.fetchrow(_SQL.one, project_id, order_id, source_id)
    return _order(row) if row else None


async def page(
    connection: Connection, declaration: ListDeclaration, query: ListQuery, project_id: str
) -> tuple[Page[Order], int]:
    """Return one page of the project's orders, and how many all pages have."""
    rows, position = await listing.page(connection, declaration, query, _SQL.listed, project_id)
    total = await listing.count(connection, declaration, query, _SQL.listed, project_id)
    return Page([_order(row) for row in rows], position), total


def _order(row: Row) -> Order:
    return Order(
        id=row["id"],
        source_id=row["source_id"],
        status=row["status"],
        customer_id=row["customer_id"],
        referrer_id=row["referrer_id"],
        amount=row["amount"],
        initial_amount=row["initial_amount"],
        discount_amount=row["discount_amount"],
        items=decode(row["items"]),
        metadata=decode(row["metadata"]),
        paid_at=row["paid_at"],
        canceled_at=row["canceled_at"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        points_paid=PointsPaid(row["points_paid_amount"], row["payments_count"], tuple(row["payer_ids"])),
    )


def _row(order: Order) -> dict[str, object]:
    # Times as PostgreSQL reads them.
    return order._asdict() | {
        "paid_at": shown_instant(order.paid_at),
        "canceled_at": shown_instant(order.canceled_at),
        "created_at": timestamp(order.created_at),
        "updated_at": shown_instant(order.updated_at),
    }
