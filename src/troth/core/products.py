"""Products and their SKUs (domain 9).

Each is named by its own id or by its source id. What a request does not give stays as it is; null clears a property.
Metadata are merged property by property.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

from troth.core.configuration import timestamp
from troth.core.definitions import shown_instant
from troth.core.json import decode, text
from troth.core.metadata import merged as merged_metadata
from troth.core.refusals import Reason, Refusal, not_found

SKUS_SHOWN: Final = 100
"""How many SKUs a product is shown with, oldest first; all of them have a list of their own."""


class Product(NamedTuple):
    """A product; `price` is in minor units."""

    id: str
    source_id: str | None
    name: str | None
    price: int | None
    attributes: Sequence[str]
    image_url: str | None
    metadata: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime | None


class Sku(NamedTuple):
    """A variant of a product; its `attributes` are values for the names that the product's attributes are."""

    id: str
    product_id: str
    source_id: str | None
    sku: str | None
    price: int | None
    currency: str | None
    attributes: Mapping[str, Any]
    image_url: str | None
    metadata: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime | None


class ProductWithSkus(NamedTuple):
    """A product, its oldest `SKUS_SHOWN` SKUs, and how many it has."""

    product: Product
    skus: Sequence[Sku]
    skus_count: int


Item = TypeVar("Item", Product, Sku)


def named(resource_type: str, found: Sequence[Item], resource_id: str | None, source_id: str | None) -> Item | None:
    """Return what a creation means instead of a new item, with the source id that it is given; None for a new one.

    `found` are those that have the id or the source id. Raises a refusal with `NOT_FOUND` for an id, with
    `INVALID_PAYLOAD` where the item has another source id, with `DUPLICATE_KEY` where another item has this one.
    """
    owner = next((one for one in found if source_id is not None and one.source_id == source_id), None)
    if resource_id is None:
        return owner
    item = next((one for one in found if one.id == resource_id), None)
    if item is None:
        raise not_found(resource_type, resource_id)
    if source_id is None or item is owner:
        return item
    if item.source_id is not None:
        raise Refusal(
            Reason.INVALID_PAYLOAD,
            f"source_id: the {resource_type} has another one, which cannot be changed: {item.source_id}",
            resource_id=item.id,
            resource_type=resource_type,
        )
    if owner is not None:
        raise source_id_taken(resource_type, source_id, owner.id)
    return item._replace(source_id=source_id)


def source_id_taken(resource_type: str, source_id: str, owner_id: str) -> Refusal:
    """Return the refusal of a source id that another item has."""
    return Refusal(
        Reason.DUPLICATE_KEY,
        f"source_id: another {resource_type} has it already: {source_id}",
        resource_id=owner_id,
        resource_type=resource_type,
    )


def merged(item: Item, changes: Mapping[str, Any]) -> Item:
    """Return an item with changes applied. Raises a refusal where its metadata grow too large."""
    desired = dict(changes)
    if "metadata" in desired:
        desired["metadata"] = merged_metadata(item.metadata, desired["metadata"])
    # As it will be read back, so that what is the same compares as the same.
    stored: dict[str, Any] = decode(text(desired))
    return item._replace(**stored)


def is_same(one: Item, other: Item) -> bool:
    """Return whether nothing differs; to Python, the true and the 1 of metadata would be equal."""
    return text(one._asdict()) == text(other._asdict())


def shown_product(product: Product) -> dict[str, Any]:
    """Return the product as answers show it (contract: ProductWithoutSkus)."""
    return {
        "id": product.id,
        "source_id": product.source_id,
        "name": product.name,
        "price": product.price,
        "attributes": product.attributes,
        "image_url": product.image_url,
        "metadata": product.metadata,
        "created_at": timestamp(product.created_at),
        "updated_at": shown_instant(product.updated_at),
        "object": "product",
    }


def shown_sku(sku: Sku) -> dict[str, Any]:
    """Return the SKU as answers show it (contract: Sku)."""
    return {
        "id": sku.id,
        "source_id": sku.source_id,
        "product_id": sku.product_id,
        "sku": sku.sku,
        "price": sku.price,
        "currency": sku.currency,
        "attributes": sku.attributes,
        "image_url": sku.image_url,
        "metadata": sku.metadata,
        "created_at": timestamp(sku.created_at),
        "updated_at": shown_instant(sku.updated_at),
        "object": "sku",
    }


def shown_with_skus(one: ProductWithSkus) -> dict[str, Any]:
    """Return the product with its SKUs as answers show it (contract: Product)."""
    skus = [shown_sku(sku) for sku in one.skus]
    return {
        **shown_product(one.product),
        "skus": {"object": "list", "data_ref": "data", "data": skus, "total": one.skus_count},
    }
