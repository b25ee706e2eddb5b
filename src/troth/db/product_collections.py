"""What product collections hold: the entries of static ones, and the products that a filter finds."""

from collections.abc import Collection, Sequence
from datetime import datetime, tzinfo

from troth.core.filters import ProductFilter
from troth.core.json import decode
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.platform_resources import PlatformResource
from troth.core.product_collections import CollectionConfiguration, CollectionItem, ProductCollection
from troth.core.products import Product, Sku
from troth.db import listing
from troth.db.database import Connection, Unit
from troth.db.filters import condition
from troth.db.products import PRODUCTS, SKUS
from troth.db.queries import queries

_SQL = queries("product_collections")
_PRODUCTS = queries("products").listed
_SEVERAL_PRODUCTS = queries("products").several


async def insert_items(
    unit: Unit, project_id: str, collection_id: str, items: Sequence[CollectionItem]
) -> CollectionItem | None:
    """Save the entries of a collection; return the first that the project does not have, None if it has them all."""
    known: set[int] = set()
    for object_, query in (("product", _SQL.list_products), ("sku", _SQL.list_skus)):
        places = [place for place, item in enumerate(items) if item.object == object_]
        if not places:
            continue
        columns = [places, [items[place].id for place in places]]
        if object_ == "sku":
            columns.append([items[place].product_id for place in places])
        rows = await unit.connection.fetch(query, project_id, collection_id, *columns)
        known |= {row["position"] for row in rows}
    return next((item for place, item in enumerate(items) if place not in known), None)


async def with_items(
    connection: Connection, project_id: str, collections: Collection[PlatformResource]
) -> list[ProductCollection]:
    """Return collections with their entries."""
    found: dict[str, list[CollectionItem]] = {}
    for collection_id, product_id, sku_id in await connection.fetch(
        _SQL.entries, project_id, [one.id for one in collections]
    ):
        item = (
            CollectionItem(id=sku_id, object="sku", product_id=product_id)
            if sku_id
            else CollectionItem(id=product_id, object="product")
        )
        found.setdefault(collection_id, []).append(item)
    return [ProductCollection(one, tuple(found.get(one.id, ()))) for one in collections]


async def item_page(
    connection: Connection, declaration: ListDeclaration, query: ListQuery, project_id: str, collection_id: str
) -> tuple[Page[Product | tuple[Sku, Product]], int]:
    """Return one page of what a static collection lists, SKUs with their products, and how many all pages have."""
    scope = (project_id, collection_id)
    rows, position = await listing.page(connection, declaration, query, _SQL.listed_items, *scope)
    total = await listing.count(connection, declaration, query, _SQL.listed_items, *scope)
    skus = await SKUS.several(connection, project_id, [row["id"] for row in rows if row["object"] == "sku"])
    wanted = {sku.product_id for sku in skus.values()} | {row["id"] for row in rows if row["object"] == "product"}
    products = await PRODUCTS.several(connection, project_id, wanted)
    found: list[Product | tuple[Sku, Product]] = []
    for row in rows:
        if sku := skus.get(row["id"]):
            found.append((sku, products[sku.product_id]))
        elif product := products.get(row["id"]):
            found.append(product)
    return Page(found, position), total


async def holders(
    connection: Connection,
    project_id: str,
    collection_ids: Collection[str],
    product_ids: Collection[str],
    sku_ids: Collection[str],
    *,
    now: datetime,
    zone: tzinfo,
) -> dict[str, set[str]]:
    """Return which of some collections hold a product or a SKU, by its id: those that list it or whose filter finds it.

    A SKU also is where its product is, which is for the caller to know.
    """
    found: dict[str, set[str]] = {}
    if not collection_ids or not (product_ids or sku_ids):
        return found
    scope: list[object] = [project_id, list(collection_ids), list(product_ids), list(sku_ids)]
    for collection_id, held_id in await connection.fetch(_SQL.holders, *scope):
        found.setdefault(held_id, set()).add(collection_id)
    for collection_id, written in await connection.fetch(_SQL.with_filter, project_id, list(collection_ids)):
        asked = CollectionConfiguration.model_validate(decode(written)).filter
        assert asked is not None, "an AUTO_UPDATE collection has a filter"
        arguments: list[object] = [project_id, list(product_ids)]
        matches = condition(asked, arguments, now=now, zone=zone)
        source = f"SELECT id FROM ({_SEVERAL_PRODUCTS}) AS item WHERE {matches}"  # noqa: S608 - values are parameters
        for (held_id,) in await connection.fetch(source, *arguments):
            found.setdefault(held_id, set()).add(collection_id)
    return found


async def product_page(
    connection: Connection,
    declaration: ListDeclaration,
    query: ListQuery,
    project_id: str,
    asked: ProductFilter,
    *,
    now: datetime,
    zone: tzinfo,
) -> tuple[Page[Product], int]:
    """Return one page of the products that a filter finds, and how many all pages have."""
    scope: list[object] = [project_id]
    matches = condition(asked, scope, now=now, zone=zone)
    source = f"SELECT * FROM ({_PRODUCTS}) AS item WHERE {matches}"  # noqa: S608 - values are parameters
    return await PRODUCTS.page(connection, declaration, query, *scope, source=source)
