"""Create, read, list and delete product collections, and list what they hold (domain 9)."""

from collections.abc import Sequence

from troth.actions import platform_resources
from troth.actions.engine import Engine
from troth.actions.project_time import read_project_time
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.platform_resources import PlatformResource
from troth.core.product_collections import CollectionConfiguration, CollectionItem, ProductCollection
from troth.core.products import Product, Sku
from troth.core.refusals import not_found
from troth.db import platform_resources as stored_resources
from troth.db import product_collections
from troth.db.database import Connection, Unit


async def create_collection(
    engine: Engine,
    project_id: str,
    name: str,
    configuration: CollectionConfiguration,
    items: Sequence[CollectionItem],
) -> ProductCollection:
    """Create a collection, a static one with its entries. Raises a refusal with `NOT_FOUND` for one of them."""

    async def add(unit: Unit, collection: PlatformResource) -> None:
        absent = await product_collections.insert_items(unit, project_id, collection.id, items)
        if absent is not None:
            raise not_found(absent.object, absent.id)

    new = await platform_resources.create(
        engine, project_id, "products_collection", name, configuration.stored(), then=add
    )
    return await get_collection(engine, project_id, new.id)


async def get_collection(engine: Engine, project_id: str, collection_id: str) -> ProductCollection:
    """Return a collection with its entries. Raises a refusal with `NOT_FOUND`."""

    async def look(connection: Connection) -> ProductCollection:
        return await _found(connection, project_id, collection_id)

    return await engine.database.read(look)


async def list_collections(
    engine: Engine, project_id: str, declaration: ListDeclaration, query: ListQuery
) -> tuple[Page[ProductCollection], int]:
    """Return one page of the project's collections with their entries, and how many all pages have."""

    async def look(connection: Connection) -> tuple[Page[ProductCollection], int]:
        page, total = await stored_resources.page(connection, declaration, query, project_id, "products_collection")
        return Page(await product_collections.with_items(connection, project_id, page.rows), page.position), total

    return await engine.database.read(look)


async def list_held_items(
    engine: Engine, project_id: str, collection_id: str, declaration: ListDeclaration, query: ListQuery
) -> tuple[Page[Product | tuple[Sku, Product]], int]:
    """Return one page of what a collection holds now, SKUs with their products, and how many all pages have.

    Raises a refusal with `NOT_FOUND`.
    """

    async def look(connection: Connection) -> tuple[Page[Product | tuple[Sku, Product]], int]:
        collection = await platform_resources.found(connection, project_id, "products_collection", collection_id)
        configuration = CollectionConfiguration.model_validate(collection.configuration)
        if configuration.filter is None:
            return await product_collections.item_page(connection, declaration, query, project_id, collection.id)
        now, zone = await read_project_time(engine, connection, project_id)
        page, total = await product_collections.product_page(
            connection,
            declaration,
            query,
            project_id,
            configuration.filter,
            now=now,
            zone=zone,
        )
        return Page(list(page.rows), page.position), total

    return await engine.database.read(look)


async def _found(connection: Connection, project_id: str, collection_id: str) -> ProductCollection:
    resource = await platform_resources.found(connection, project_id, "products_collection", collection_id)
    return (await product_collections.with_items(connection, project_id, [resource]))[0]
