"""Create, update, read, list and delete products and their SKUs (domain 9)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from troth.actions.engine import Engine
from troth.actions.project_time import project_now
from troth.actions.schemas import check_metadata
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.platform_resources import decide_deletion
from troth.core.products import Item, Product, ProductWithSkus, Sku, is_same, merged, named, source_id_taken
from troth.core.refusals import not_found
from troth.db import definitions
from troth.db.database import Connection, Unit
from troth.db.products import PRODUCTS, SKUS, Catalog, sku_ids, with_skus


class Upsert(NamedTuple):
    """The command to create a product or SKU, or to change the one that has the id or the source id."""

    item_id: str | None
    source_id: str | None
    changes: Mapping[str, Any]


async def upsert_product(engine: Engine, project_id: str, command: Upsert) -> ProductWithSkus:
    """Create or update a product and return it.

    Raises a refusal with `NOT_FOUND` for an id, or one for a source id or metadata that do not fit.
    """

    async def attempt(unit: Unit) -> ProductWithSkus:
        def blank(now: datetime) -> Product:
            fresh = engine.identifiers.fresh("prod")
            return Product(fresh, command.source_id, None, None, [], None, {}, created_at=now, updated_at=None)

        found = await PRODUCTS.lock(unit, project_id, command.item_id, command.source_id)
        product = await _upsert(engine, unit, project_id, PRODUCTS, command=command, found=found, blank=blank)
        return await _with_skus(unit.connection, project_id, product)

    return await engine.database.transact(attempt)


async def update_product(
    engine: Engine, project_id: str, reference: str, changes: Mapping[str, Any]
) -> ProductWithSkus:
    """Update a product, named by its id or its source id, and return it. Raises a refusal with `NOT_FOUND`."""

    async def attempt(unit: Unit) -> ProductWithSkus:
        found = await PRODUCTS.lock(unit, project_id, reference, reference)
        present = _named(PRODUCTS, found, reference)
        product = await _change(engine, unit, project_id, PRODUCTS, saved=present, desired=merged(present, changes))
        return await _with_skus(unit.connection, project_id, product)

    return await engine.database.transact(attempt)


async def get_product(engine: Engine, project_id: str, reference: str) -> ProductWithSkus:
    """Return a product by its id, else by its source id. Raises a refusal with `NOT_FOUND`."""

    async def look(connection: Connection) -> ProductWithSkus:
        return await _with_skus(connection, project_id, await _found(connection, project_id, PRODUCTS, reference))

    return await engine.database.read(look)


async def list_products(
    engine: Engine, project_id: str, declaration: ListDeclaration, query: ListQuery
) -> tuple[Page[ProductWithSkus], int]:
    """Return one page of the project's products, and how many all pages have."""

    async def look(connection: Connection) -> tuple[Page[ProductWithSkus], int]:
        page, total = await PRODUCTS.page(connection, declaration, query, project_id)
        return Page(await with_skus(connection, project_id, page.rows), page.position), total

    return await engine.database.read(look)


async def delete_product(engine: Engine, project_id: str, reference: str) -> None:
    """Delete a product with its SKUs for good, and take them out of the collections that list them.

    Raises a refusal with `NOT_FOUND`, or with `IN_USE` if definitions refer to the product or one of its SKUs.
    """

    async def attempt(unit: Unit) -> None:
        # No definition can begin to refer to them meanwhile: whoever changes definitions waits here too.
        await definitions.change(unit, project_id)
        product = await _found(unit.connection, project_id, PRODUCTS, reference)
        for one in (product.id, *await sku_ids(unit.connection, project_id, product.id)):
            holders = await definitions.holders(unit.connection, project_id, one)
            decide_deletion("product" if one == product.id else "sku", one, holders)
        await PRODUCTS.delete(unit, project_id, product.id)

    await engine.database.transact(attempt)


async def upsert_sku(engine: Engine, project_id: str, product_reference: str, command: Upsert) -> Sku:
    """Create or update a SKU of a product and return it.

    Raises a refusal with `NOT_FOUND` for the product or an id, or one for a source id or metadata that do not fit.
    """

    async def attempt(unit: Unit) -> Sku:
        product = await _found(unit.connection, project_id, PRODUCTS, product_reference)

        def blank(now: datetime) -> Sku:
            fresh = engine.identifiers.fresh("sku")
            return Sku(
                fresh, product.id, command.source_id, *(None,) * 3, {}, None, {}, created_at=now, updated_at=None
            )

        found = await SKUS.lock(unit, project_id, command.item_id, command.source_id)
        for one in found:
            if one.product_id != product.id:
                if one.id == command.item_id:
                    raise not_found("sku", one.id)
                raise source_id_taken("sku", command.source_id or "", one.id)
        return await _upsert(engine, unit, project_id, SKUS, command=command, found=found, blank=blank)

    return await engine.database.transact(attempt)


async def update_sku(
    engine: Engine, project_id: str, product_reference: str, reference: str, changes: Mapping[str, Any]
) -> Sku:
    """Update a SKU of a product and return it. Raises a refusal with `NOT_FOUND` for either."""

    async def attempt(unit: Unit) -> Sku:
        product = await _found(unit.connection, project_id, PRODUCTS, product_reference)
        present = _named(SKUS, await SKUS.lock(unit, project_id, reference, reference), reference, product)
        return await _change(engine, unit, project_id, SKUS, saved=present, desired=merged(present, changes))

    return await engine.database.transact(attempt)


async def get_sku(engine: Engine, project_id: str, reference: str) -> Sku:
    """Return a SKU by its id, else by its source id. Raises a refusal with `NOT_FOUND`."""

    async def look(connection: Connection) -> Sku:
        return await _found(connection, project_id, SKUS, reference)

    return await engine.database.read(look)


async def list_skus(
    engine: Engine, project_id: str, product_reference: str, declaration: ListDeclaration, query: ListQuery
) -> tuple[Page[Sku], int]:
    """Return one page of a product's SKUs, and how many all pages have. Raises a refusal with `NOT_FOUND`."""

    async def look(connection: Connection) -> tuple[Page[Sku], int]:
        product = await _found(connection, project_id, PRODUCTS, product_reference)
        return await SKUS.page(connection, declaration, query, project_id, product.id)

    return await engine.database.read(look)


async def delete_sku(engine: Engine, project_id: str, product_reference: str, reference: str) -> None:
    """Delete a SKU of a product for good, and take it out of the collections that list it.

    Raises a refusal with `NOT_FOUND`, or with `IN_USE` if definitions refer to it.
    """

    async def attempt(unit: Unit) -> None:
        await definitions.change(unit, project_id)
        product = await _found(unit.connection, project_id, PRODUCTS, product_reference)
        sku = _named(SKUS, await SKUS.lock(unit, project_id, reference, reference), reference, product)
        decide_deletion("sku", sku.id, await definitions.holders(unit.connection, project_id, sku.id))
        await SKUS.delete(unit, project_id, sku.id)

    await engine.database.transact(attempt)


async def _upsert(
    engine: Engine,
    unit: Unit,
    project_id: str,
    catalog: Catalog[Item],
    *,
    command: Upsert,
    found: Sequence[Item],
    blank: Callable[[datetime], Item],
) -> Item:
    present = named(catalog.noun, found, command.item_id, command.source_id)
    if present is not None:
        saved = next(one for one in found if one.id == present.id)
        return await _change(engine, unit, project_id, catalog, saved=saved, desired=merged(present, command.changes))
    new = merged(blank(await project_now(engine, unit.connection, project_id)), command.changes)
    await check_metadata(unit.connection, project_id, catalog.noun, new.metadata)
    await catalog.insert(unit, project_id, new)
    return new


async def _change(
    engine: Engine, unit: Unit, project_id: str, catalog: Catalog[Item], *, saved: Item, desired: Item
) -> Item:
    if is_same(saved, desired):
        return saved
    if saved.metadata != desired.metadata:
        await check_metadata(unit.connection, project_id, catalog.noun, desired.metadata)
    changed = desired._replace(updated_at=await project_now(engine, unit.connection, project_id))
    await catalog.save(unit, project_id, changed)
    return changed


async def _found(connection: Connection, project_id: str, catalog: Catalog[Item], reference: str) -> Item:
    item = await catalog.find(connection, project_id, reference)
    if item is None:
        raise not_found(catalog.noun, reference)
    return item


def _named(catalog: Catalog[Item], found: Sequence[Item], reference: str, product: Product | None = None) -> Item:
    """Return the one that a path means: by its id, else by its source id; of the product, where there is one."""
    for item in sorted(found, key=lambda one: one.id != reference):
        if product is None or (isinstance(item, Sku) and item.product_id == product.id):
            return item
    raise not_found(catalog.noun, reference)


async def _with_skus(connection: Connection, project_id: str, product: Product) -> ProductWithSkus:
    return (await with_skus(connection, project_id, [product]))[0]
