"""Vouchers as the API shows them (contract: Voucher)."""

from typing import Annotated, Any, Literal, NotRequired

from typing_extensions import TypedDict

from troth.core.campaigns import Day, Discount
from troth.http.shapes.campaigns import ShownHours, ShownTimeframe
from troth.http.shapes.definitions import DateTime, Stored


class VoucherGift(TypedDict):
    """What a gift card was issued with and what is left of it, in minor units."""

    amount: float
    balance: float
    subtracted_amount: float
    effect: NotRequired[Literal["APPLY_TO_ORDER", "APPLY_TO_ITEMS"]]


class VoucherRedemption(TypedDict):
    """How often a voucher may be redeemed, null is any number of times, and how often it was."""

    quantity: int | None
    redeemed_quantity: int
    object: Literal["list"]


class Voucher(TypedDict):
    """A coupon or a gift card; properties without a value are left out."""

    id: str
    code: str
    campaign: str
    campaign_id: str
    category: NotRequired[str]
    type: Literal["GIFT_VOUCHER", "DISCOUNT_VOUCHER"]
    discount: NotRequired[Annotated[dict[str, Any], Stored(Discount)]]
    gift: NotRequired[VoucherGift]
    start_date: NotRequired[DateTime]
    expiration_date: NotRequired[DateTime]
    validity_timeframe: NotRequired[ShownTimeframe]
    validity_day_of_week: NotRequired[list[Day]]
    validity_hours: NotRequired[ShownHours]
    active: bool
    metadata: dict[str, Any]
    is_referral_code: bool
    holder_id: NotRequired[str]
    redemption: VoucherRedemption
    categories: list[Any]
    created_at: DateTime
    updated_at: NotRequired[DateTime]
    object: Literal["voucher"]


class VoucherList(TypedDict):
    """One page of vouchers; `total` counts all pages, of a filtered list up to 10,000."""

    object: Literal["list"]
    data_ref: Literal["vouchers"]
    vouchers: list[Voucher]
    total: int
    has_more: bool
