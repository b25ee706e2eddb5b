"""What is handed out besides points: products, SKUs, coupons and gift vouchers, of rewards and benefits (domain 11)."""

from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from troth.core.configuration import LARGEST_INTEGER, Configuration, Number
from troth.core.proportional import ProductReference
from troth.core.references import CampaignId, ProductId, SkuId
from troth.core.sections import Choice


class SkuOfProduct(Configuration):
    """A SKU and the product it belongs to."""

    product_id: ProductId
    id: SkuId


class Material(Choice):
    """A product, or one SKU of it."""

    type: Literal["PRODUCT", "SKU"]
    product: ProductReference | None = None
    sku: SkuOfProduct | None = None

    @property
    def reference_ids(self) -> tuple[str, ...]:
        """The ids of the product and the SKU."""
        if self.sku:
            return self.sku.product_id, self.sku.id
        return (self.product.id,) if self.product else ()


class DiscountCoupons(Configuration):
    """A new coupon of a campaign."""

    campaign_id: CampaignId


class GiftVouchers(Configuration):
    """A new gift voucher of a campaign, with a balance in minor units."""

    campaign_id: CampaignId
    balance: Annotated[
        Number,
        Field(ge=0, le=LARGEST_INTEGER),
        WithJsonSchema({"type": "number", "minimum": 0, "maximum": LARGEST_INTEGER}),
    ]
