"""Products and SKUs as the API reads and shows them (contract: Product, Sku).

Properties that are not known are ignored, since the contract leaves these bodies open.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints
from typing_extensions import TypedDict

from troth.core.configuration import LARGEST_INTEGER, Configuration, Integer, Metadata
from troth.core.customer_requests import Line
from troth.core.customers import SourceId
from troth.core.sections import NULL_IS_DEFAULT
from troth.http.shapes.members import DateTime

Price = Annotated[Integer, Field(ge=-LARGEST_INTEGER, le=LARGEST_INTEGER)]
Url = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00-\x1f\x7f]*$")]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Attribute = Annotated[str, StringConstraints(max_length=500)]


class _ItemUpdateRequest(Configuration):
    model_config = ConfigDict(extra="ignore")

    price: Price | None = None
    image_url: Url | None = None
    metadata: Metadata = Field(default_factory=dict)

    def changes(self) -> Mapping[str, Any]:
        """Return the properties that are given."""
        return self.model_dump(exclude_unset=True, exclude={"id", "source_id"})


class ProductUpdateRequest(_ItemUpdateRequest):
    """Changes of a product: what is absent stays as it is."""

    name: Line = None
    attributes: Annotated[tuple[Attribute, ...], Field(max_length=1000), NULL_IS_DEFAULT] = ()


class ProductCreateRequest(ProductUpdateRequest):
    """A product to create; or to update, where `id` names one or one has the `source_id`."""

    id: Reference | None = None
    source_id: SourceId | None = None


class SkuUpdateRequest(_ItemUpdateRequest):
    """Changes of a SKU: what is absent stays as it is."""

    sku: Line = None
    currency: Line = None
    attributes: Metadata = Field(default_factory=dict)


class SkuCreateRequest(SkuUpdateRequest):
    """A SKU to create; or to update, where `id` names one or one has the `source_id`."""

    id: Reference | None = None
    source_id: SourceId | None = None


class ProductWithoutSkus(TypedDict):
    """A product; `price` is in minor units."""

    id: Annotated[str, Field(pattern=r"^prod_[a-f0-9]+$")]
    source_id: str | None
    name: str | None
    price: int | None
    attributes: list[str]
    image_url: str | None
    metadata: dict[str, Any]
    created_at: DateTime
    updated_at: DateTime | None
    object: Literal["product"]


class Sku(TypedDict):
    """A variant of a product."""

    id: Annotated[str, Field(pattern=r"^sku_[a-f0-9]+$")]
    source_id: str | None
    product_id: str
    sku: str | None
    price: int | None
    currency: str | None
    attributes: dict[str, Any]
    image_url: str | None
    metadata: dict[str, Any]
    created_at: DateTime
    updated_at: DateTime | None
    object: Literal["sku"]


class SkusOfProduct(TypedDict):
    """The oldest 100 SKUs of a product; `total` counts all."""

    object: Literal["list"]
    data_ref: Literal["data"]
    data: list[Sku]
    total: int


class Product(ProductWithoutSkus):
    """A product with its SKUs."""

    skus: SkusOfProduct


class ProductList(TypedDict):
    """One page of products; `total` counts all pages, of a filtered list up to 10,000."""

    object: Literal["list"]
    data_ref: Literal["products"]
    products: list[Product]
    total: int
    has_more: bool


class SkuList(TypedDict):
    """One page of a product's SKUs; `total` counts all pages, of a filtered list up to 10,000."""

    object: Literal["list"]
    data_ref: Literal["skus"]
    skus: list[Sku]
    total: int
    has_more: bool
