"""Product collections as the API reads and shows them (contract: ProductCollectionsItem).

Properties that are not known are ignored, since the contract leaves these bodies open.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, NotRequired, Self

from pydantic import ConfigDict, Field, model_validator
from typing_extensions import TypedDict

from troth.core.configuration import Configuration, Name
from troth.core.filters import ProductFilter
from troth.core.product_collections import MOST_ITEMS, CollectionConfiguration, CollectionItem
from troth.core.sections import Fault, refuse
from troth.http.shapes.definitions import Stored
from troth.http.shapes.members import DateTime
from troth.http.shapes.products import ProductWithoutSkus, Sku


class ProductCollectionCreateRequest(Configuration):
    """A static collection with its entries, or one of all products that a filter finds."""

    model_config = ConfigDict(extra="ignore")

    type: Literal["STATIC", "AUTO_UPDATE"]
    name: Name
    products: Annotated[tuple[CollectionItem, ...], Field(max_length=MOST_ITEMS)] | None = None
    filter: ProductFilter | None = None

    @model_validator(mode="after")
    def _as_typed(self) -> Self:
        refuse(type(self).__name__, self._faults())
        return self

    def _faults(self) -> Iterable[Fault]:
        if self.type == "AUTO_UPDATE":
            if self.filter is None:
                yield Fault(("filter",), "is required when type is AUTO_UPDATE")
            if self.products is not None:
                yield Fault(("products",), "must be left out or null when type is AUTO_UPDATE")
        elif self.filter is not None:
            yield Fault(("filter",), "must be left out or null when type is STATIC")
        seen: set[str] = set()
        for place, item in enumerate(self.products or ()):
            if item.id in seen:
                yield Fault(("products", place, "id"), "must not be listed twice")
            seen.add(item.id)

    def configuration(self) -> CollectionConfiguration:
        """Return what the collection is besides its entries."""
        return CollectionConfiguration(type=self.type, filter=self.filter)


class ProductCollectionProduct(TypedDict):
    """An entry of a static collection."""

    id: str
    product_id: NotRequired[str]
    object: Literal["sku", "product"]


class ProductCollection(TypedDict):
    """A collection: with `products` where it is static, with `filter` where it is not."""

    id: Annotated[str, Field(pattern=r"^pc_[a-zA-Z0-9]+$")]
    name: str
    type: Literal["STATIC", "AUTO_UPDATE"]
    filter: NotRequired[Annotated[dict[str, Any], Stored(ProductFilter)]]
    products: NotRequired[list[ProductCollectionProduct]]
    created_at: DateTime
    object: Literal["products_collection"]


class ProductCollectionList(TypedDict):
    """One page of collections; `total` counts all pages."""

    object: Literal["list"]
    data_ref: Literal["data"]
    data: list[ProductCollection]
    total: int
    has_more: bool


class SkuWithProduct(Sku):
    """A SKU and its product."""

    product: ProductWithoutSkus


class ProductCollectionProductList(TypedDict):
    """One page of what a collection holds; `total` counts all pages."""

    object: Literal["list"]
    data_ref: Literal["data"]
    data: list[ProductWithoutSkus | SkuWithProduct]
    total: int
    has_more: bool
