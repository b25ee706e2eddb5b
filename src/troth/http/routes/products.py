"""Products and their SKUs."""

from typing import Annotated, Final, cast

from fastapi import Path

from troth.actions import products
from troth.actions.products import Upsert
from troth.core.lists import Operator
from troth.core.products import shown_sku, shown_with_skus
from troth.core.refusals import Reason
from troth.http.deletion import FORCE, check_force
from troth.http.list_parameters import query_parameters
from troth.http.numbered_lists import answer_numbered, plain_list
from troth.http.routing import Call, Routes
from troth.http.shapes.products import (
    Product,
    ProductCreateRequest,
    ProductList,
    ProductUpdateRequest,
    Sku,
    SkuCreateRequest,
    SkuList,
    SkuUpdateRequest,
)

ProductId = Annotated[str, Path(alias="productId", description="The product's `id` or its `source_id`.")]
SkuId = Annotated[str, Path(alias="skuId", description="The SKU's `id` or its `source_id`.")]

_PERIOD: Final = {"start_date": ("created_at", Operator.AFTER), "end_date": ("created_at", Operator.BEFORE)}
PRODUCTS: Final = plain_list("products", _PERIOD)
SKUS: Final = plain_list("skus", _PERIOD)

routes = Routes(tag="Products", scope="products")
sku_routes = Routes(tag="Products", scope="skus")


@routes.get(
    "/v1/products", operation_id="listProducts", reasons=(Reason.INVALID_QUERY,), query=query_parameters(PRODUCTS)
)
async def list_products(call: Call) -> ProductList:
    """List products.

    `start_date` and `end_date` are about `created_at`: later than the one, earlier than the other.
    """
    answer = await answer_numbered(
        call,
        PRODUCTS,
        lambda query: products.list_products(call.engine, call.caller.project_id, PRODUCTS, query),
        shown_with_skus,
    )
    return cast("ProductList", answer)


@routes.post("/v1/products", operation_id="createProduct", reasons=(Reason.NOT_FOUND, Reason.DUPLICATE_KEY))
async def create_product(call: Call, body: ProductCreateRequest) -> Product:
    """Create or update product.

    The one that has the given `source_id` or `id` is updated.

    Without either the product is always a new one. An `id` must exist; a product without a source id may be given one,
    but never another.
    """
    command = Upsert(body.id, body.source_id, body.changes())
    made = await products.upsert_product(call.engine, call.caller.project_id, command)
    return cast("Product", shown_with_skus(made))


@routes.get("/v1/products/{productId}", operation_id="getProduct")
async def get_product(call: Call, product_id: ProductId) -> Product:
    """Get product with its SKUs."""
    found = await products.get_product(call.engine, call.caller.project_id, product_id)
    return cast("Product", shown_with_skus(found))


@routes.put("/v1/products/{productId}", operation_id="updateProduct")
async def update_product(call: Call, product_id: ProductId, body: ProductUpdateRequest) -> Product:
    """Update product.

    What is absent stays as it is, null clears it. Metadata are merged property by property.
    """
    changed = await products.update_product(call.engine, call.caller.project_id, product_id, body.changes())
    return cast("Product", shown_with_skus(changed))


@routes.delete(
    "/v1/products/{productId}",
    operation_id="deleteProduct",
    status=204,
    reasons=(Reason.IN_USE, Reason.INVALID_QUERY),
    query=(FORCE,),
)
async def delete_product(call: Call, product_id: ProductId) -> None:
    """Delete product with its SKUs.

    Refused while a definition refers to it or to one of its SKUs. Collections that list them go on without.
    """
    check_force(call)
    await products.delete_product(call.engine, call.caller.project_id, product_id)


@routes.get(
    "/v1/products/{productId}/skus",
    operation_id="listSkus",
    reasons=(Reason.INVALID_QUERY,),
    query=query_parameters(SKUS),
)
async def list_skus(call: Call, product_id: ProductId) -> SkuList:
    """List SKUs of a product.

    `start_date` and `end_date` are about `created_at`: later than the one, earlier than the other.
    """
    answer = await answer_numbered(
        call,
        SKUS,
        lambda query: products.list_skus(call.engine, call.caller.project_id, product_id, SKUS, query),
        shown_sku,
    )
    return cast("SkuList", answer)


@routes.post("/v1/products/{productId}/skus", operation_id="createSku", reasons=(Reason.DUPLICATE_KEY,))
async def create_sku(call: Call, product_id: ProductId, body: SkuCreateRequest) -> Sku:
    """Create or update SKU.

    The one of this product that has the given `source_id` or `id` is updated.

    Without either the SKU is always a new one. An `id` must exist; a SKU without a source id may be given one, but
    never another.
    """
    command = Upsert(body.id, body.source_id, body.changes())
    made = await products.upsert_sku(call.engine, call.caller.project_id, product_id, command)
    return cast("Sku", shown_sku(made))


@routes.put("/v1/products/{productId}/skus/{skuId}", operation_id="updateSku")
async def update_sku(call: Call, product_id: ProductId, sku_id: SkuId, body: SkuUpdateRequest) -> Sku:
    """Update SKU.

    What is absent stays as it is, null clears it. Metadata are merged property by property.
    """
    changed = await products.update_sku(call.engine, call.caller.project_id, product_id, sku_id, body.changes())
    return cast("Sku", shown_sku(changed))


@routes.delete(
    "/v1/products/{productId}/skus/{skuId}",
    operation_id="deleteSku",
    status=204,
    reasons=(Reason.IN_USE, Reason.INVALID_QUERY),
    query=(FORCE,),
)
async def delete_sku(call: Call, product_id: ProductId, sku_id: SkuId) -> None:
    """Delete SKU.

    Refused while a definition refers to it. Collections that list it go on without.
    """
    check_force(call)
    await products.delete_sku(call.engine, call.caller.project_id, product_id, sku_id)


@sku_routes.get("/v1/skus/{skuId}", operation_id="getSku")
async def get_sku(call: Call, sku_id: SkuId) -> Sku:
    """Get SKU."""
    return cast("Sku", shown_sku(await products.get_sku(call.engine, call.caller.project_id, sku_id)))
