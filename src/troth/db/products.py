"""Products and SKUs: two tables that are used alike."""

from collections.abc import Callable, Collection, Sequence
from typing import Final, Generic, Literal

import asyncpg

from troth.core.configuration import timestamp
from troth.core.definitions import shown_instant
from troth.core.json import decode, text
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.products import SKUS_SHOWN, Item, Product, ProductWithSkus, Sku
from troth.db import listing
from troth.db.database import Connection, Outrun, Row, Unit
from troth.db.queries import Queries, queries


class Catalog(Generic[Item]):
    """The products, or the SKUs, of all projects."""

    def __init__(self, noun: Literal["product", "sku"], sql: Queries, item: Callable[[Row], Item]) -> None:
        self.noun = noun
        self._sql = sql
        self._item: Callable[[Row], Item] = item

    async def lock(self, unit: Unit, project_id: str, item_id: str | None, source_id: str | None) -> list[Item]:
        """Return those with the id or the source id; nobody else changes them until the transaction ends."""
        rows = await unit.connection.fetch(self._sql.lock, project_id, item_id, source_id)
        return [self._item(row) for row in rows]

    async def find(self, connection: Connection, project_id: str, reference: str) -> Item | None:
        """Return one by its id, else by its source id."""
        row = await connection.fetchrow(self._sql.one, project_id, reference)
        return self._item(row) if row else None

    async def several(self, connection: Connection, project_id: str, ids: Collection[str]) -> dict[str, Item]:
        """Return those that the project has, by their ids."""
        rows = await connection.fetch(self._sql.several, project_id, list(ids))
        return {row["id"]: self._item(row) for row in rows}

    async def insert(self, unit: Unit, project_id: str, new: Item) -> None:
        """Save a new one. Raises Outrun if meanwhile its source id was taken or its product deleted."""
        unit.prove(self._sql.is_saved, new.id)
        try:
            saved = await unit.connection.fetchval(self._sql.insert, project_id, _row(new))
        except asyncpg.ForeignKeyViolationError:
            saved = None
        if saved is None:
            raise Outrun

    async def save(self, unit: Unit, project_id: str, changed: Item) -> None:
        """Save a change. Raises Outrun if another transaction took its source id meanwhile."""
        # Nothing proves the commit: made once more, the change is the same.
        unit.prove(self._sql.is_saved, "")
        try:
            await unit.connection.execute(self._sql.save, project_id, _row(changed))
        except asyncpg.UniqueViolationError:
            raise Outrun from None

    async def delete(self, unit: Unit, project_id: str, item_id: str) -> None:
        """Delete one: a product with its SKUs, and out of the collections that list it."""
        unit.prove(self._sql.is_deleted, item_id)
        await unit.connection.execute(self._sql.delete, project_id, item_id)

    async def page(
        self,
        connection: Connection,
        declaration: ListDeclaration,
        query: ListQuery,
        *scope: object,
        source: str | None = None,
    ) -> tuple[Page[Item], int]:
        """Return one page, and how many all pages have; `scope` is the project, for SKUs also the product.

        `source` is a narrower query, and `scope` are its arguments.
        """
        source = source or self._sql.listed
        rows, position = await listing.page(connection, declaration, query, source, *scope)
        total = await listing.count(connection, declaration, query, source, *scope)
        return Page([self._item(row) for row in rows], position), total


async def with_skus(connection: Connection, project_id: str, products: Sequence[Product]) -> list[ProductWithSkus]:
    """Return products with their oldest SKUs."""
    found: dict[str, list[Row]] = {}
    for row in await connection.fetch(_SKUS.oldest, project_id, [product.id for product in products], SKUS_SHOWN):
        found.setdefault(row["product_id"], []).append(row)
    return [
        ProductWithSkus(product, [_sku(row) for row in rows], rows[0]["skus_count"] if rows else 0)
        for product in products
        for rows in [found.get(product.id, [])]
    ]


async def sku_ids(connection: Connection, project_id: str, product_id: str) -> list[str]:
    """Return the ids of all of a product's SKUs."""
    return [row["id"] for row in await connection.fetch(_SKUS.ids_of_product, project_id, product_id)]


def _product(row: Row) -> Product:
    return Product(
        row["id"],
        row["source_id"],
        row["name"],
        row["price"],
        decode(row["attributes"]),
        row["image_url"],
        decode(row["metadata"]),
        row["created_at"],
        row["updated_at"],
    )


def _sku(row: Row) -> Sku:
    return Sku(
        row["id"],
        row["product_id"],
        row["source_id"],
        row["sku"],
        row["price"],
        row["currency"],
        decode(row["attributes"]),
        row["image_url"],
        decode(row["metadata"]),
        row["created_at"],
        row["updated_at"],
    )


def _row(item: Product | Sku) -> str:
    times = {"created_at": timestamp(item.created_at), "updated_at": shown_instant(item.updated_at)}
    return text(item._asdict() | times)


_SKUS: Final = queries("skus")

PRODUCTS: Final = Catalog("product", queries("products"), _product)
SKUS: Final = Catalog("sku", _SKUS, _sku)
