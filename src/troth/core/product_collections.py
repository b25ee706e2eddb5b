"""Product collections: products and SKUs listed one by one, or all products that a filter finds (domain 9)."""

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import StringConstraints

from troth.core.configuration import Configuration, timestamp
from troth.core.filters import ProductFilter
from troth.core.platform_resources import PlatformResource

MOST_ITEMS = 1000
"""How many entries a static collection may list."""


class CollectionItem(Configuration):
    """A product, or a SKU; `product_id` is that of the SKU's product."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    object: Literal["product", "sku"]
    product_id: str | None = None


class CollectionConfiguration(Configuration):
    """What a collection is; of a static one the entries lie in a table of their own, so that deletions reach them."""

    type: Literal["STATIC", "AUTO_UPDATE"]
    filter: ProductFilter | None = None


class ProductCollection(NamedTuple):
    """A collection with its entries, in their order; an AUTO_UPDATE one has none of its own."""

    resource: PlatformResource
    items: tuple[CollectionItem, ...]

    @property
    def configuration(self) -> CollectionConfiguration:
        """What the collection is."""
        return CollectionConfiguration.model_validate(self.resource.configuration)


def shown(collection: ProductCollection) -> dict[str, Any]:
    """Return the collection as answers show it (contract: ProductCollectionsItem)."""
    resource = collection.resource
    answer = {"id": resource.id, "name": resource.name, **resource.configuration}
    if resource.configuration["type"] == "STATIC":
        answer["products"] = [item.stored() for item in collection.items]
    return answer | {"created_at": timestamp(resource.created_at), "object": "products_collection"}
