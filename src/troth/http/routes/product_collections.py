"""Product collections."""

from typing import Annotated, Any, Final, cast

from fastapi import Path

from troth.actions import platform_resources, product_collections
from troth.core.product_collections import shown
from troth.core.products import Product, Sku, shown_product, shown_sku
from troth.core.refusals import Reason
from troth.http.list_parameters import query_parameters
from troth.http.numbered_lists import answer_numbered, plain_list
from troth.http.routing import Call, Routes
from troth.http.shapes.product_collections import (
    ProductCollection,
    ProductCollectionCreateRequest,
    ProductCollectionList,
    ProductCollectionProductList,
)

ProductCollectionId = Annotated[str, Path(alias="productCollectionId", pattern=r"^pc_[a-zA-Z0-9]+$")]

COLLECTIONS: Final = plain_list("data")
HELD: Final = plain_list("data", starting_after="created_at")

routes = Routes(tag="Product Collections", scope="product-collections")


@routes.get(
    "/v1/product-collections",
    operation_id="listProductCollections",
    reasons=(Reason.INVALID_QUERY,),
    query=query_parameters(COLLECTIONS),
)
async def list_product_collections(call: Call) -> ProductCollectionList:
    """List product collections."""
    answer = await answer_numbered(
        call,
        COLLECTIONS,
        lambda query: product_collections.list_collections(call.engine, call.caller.project_id, COLLECTIONS, query),
        shown,
    )
    return cast("ProductCollectionList", answer)


@routes.post("/v1/product-collections", operation_id="createProductCollection", reasons=(Reason.NOT_FOUND,))
async def create_product_collection(call: Call, body: ProductCollectionCreateRequest) -> ProductCollection:
    """Create product collection.

    A static one lists products and SKUs, which must exist. The filter of an AUTO_UPDATE one is over products, by their
    properties and `metadata.…`; what it holds is what the filter finds at the time.
    """
    made = await product_collections.create_collection(
        call.engine, call.caller.project_id, body.name, body.configuration(), body.products or ()
    )
    return cast("ProductCollection", shown(made))


@routes.get("/v1/product-collections/{productCollectionId}", operation_id="getProductCollection")
async def get_product_collection(call: Call, product_collection_id: ProductCollectionId) -> ProductCollection:
    """Get product collection."""
    found = await product_collections.get_collection(call.engine, call.caller.project_id, product_collection_id)
    return cast("ProductCollection", shown(found))


@routes.delete(
    "/v1/product-collections/{productCollectionId}",
    operation_id="deleteProductCollection",
    status=204,
    reasons=(Reason.BENEFIT_IN_USE,),
)
async def delete_product_collection(call: Call, product_collection_id: ProductCollectionId) -> None:
    """Delete product collection.

    Refused while a definition refers to it. The products stay.
    """
    await platform_resources.delete(
        call.engine,
        call.caller.project_id,
        "products_collection",
        product_collection_id,
        # Of all deletions that are refused, only this one and a benefit's have 400 in the contract.
        refused=Reason.BENEFIT_IN_USE,
    )


@routes.get(
    "/v1/product-collections/{productCollectionId}/products",
    operation_id="listProductsInCollection",
    reasons=(Reason.INVALID_QUERY,),
    query=query_parameters(HELD),
)
async def list_products_in_collection(
    call: Call, product_collection_id: ProductCollectionId
) -> ProductCollectionProductList:
    """List products in collection."""
    answer = await answer_numbered(
        call,
        HELD,
        lambda query: product_collections.list_held_items(
            call.engine, call.caller.project_id, product_collection_id, HELD, query
        ),
        _shown_item,
    )
    return cast("ProductCollectionProductList", answer)


def _shown_item(item: Product | tuple[Sku, Product]) -> dict[str, Any]:
    if isinstance(item, Product):
        return shown_product(item)
    sku, product = item
    return {**shown_sku(sku), "product": shown_product(product)}
