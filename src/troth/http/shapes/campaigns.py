"""Campaigns as the API reads and shows them (contract: Campaign).

Unknown properties are refused although the contract leaves these bodies open: some of its properties restrict who may
redeem a voucher, and a voucher must not be worth more than was meant.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, WrapValidator
from typing_extensions import TypedDict

from troth.core.campaigns import (
    CampaignValidityHours,
    CouponCampaign,
    Day,
    Discount,
    Gift,
    GiftCampaign,
    ValidityTimeframe,
    VoucherCodeConfig,
)
from troth.core.configuration import Configuration, Name
from troth.core.sections import Fault, refuse
from troth.http.shapes.definitions import Stored
from troth.http.shapes.members import DateTime


class CouponCampaignCreateRequest(CouponCampaign):
    """A campaign of coupons."""

    name: Name


class GiftCampaignCreateRequest(GiftCampaign):
    """A campaign of gift cards."""

    name: Name


_KINDS: Mapping[str, type[Configuration]] = {
    "DISCOUNT_COUPONS": CouponCampaignCreateRequest,
    "GIFT_VOUCHERS": GiftCampaignCreateRequest,
}


def _by_kind(value: Any, _: Callable[[Any], Any]) -> Configuration:
    """Read a body as what its `campaign_type` says; a plain union would report the errors of each alternative."""
    if not isinstance(value, Mapping):
        raise ValueError("must be an object")  # noqa: TRY004 - Pydantic reports a ValueError with its path
    kind = value.get("campaign_type")
    if not isinstance(kind, str) or kind not in _KINDS:
        refuse("campaign", [Fault(("campaign_type",), f"must be one of {', '.join(_KINDS)}")])
    return _KINDS[str(kind)].model_validate(value)


CampaignCreateRequest = Annotated[CouponCampaignCreateRequest | GiftCampaignCreateRequest, WrapValidator(_by_kind)]


ShownTimeframe = Annotated[dict[str, Any], Stored(ValidityTimeframe)]
ShownHours = Annotated[dict[str, Any], Stored(CampaignValidityHours)]


class VoucherRedemption(TypedDict):
    """How often a voucher may be redeemed; null is any number of times."""

    quantity: int | None


class CampaignVoucher(TypedDict):
    """What each voucher of a campaign is like."""

    type: Literal["DISCOUNT_VOUCHER", "GIFT_VOUCHER"]
    discount: NotRequired[Annotated[dict[str, Any], Stored(Discount)]]
    gift: NotRequired[Annotated[dict[str, Any], Stored(Gift)]]
    redemption: VoucherRedemption
    code_config: Annotated[dict[str, Any], Stored(VoucherCodeConfig)]
    is_referral_code: bool
    start_date: NotRequired[DateTime]
    expiration_date: NotRequired[DateTime]
    validity_timeframe: NotRequired[ShownTimeframe]
    validity_day_of_week: NotRequired[list[Day]]
    validity_hours: NotRequired[ShownHours]


class Campaign(TypedDict):
    """A campaign; properties without a value are left out.

    `vouchers_count` is how many vouchers there are: those that rewards and benefits have issued, without those that
    refunds have deleted. None are made in advance; `vouchers_generation_status` is IN_PROGRESS while there are fewer
    than were asked for.
    """

    id: Annotated[str, Field(pattern=r"^camp_[a-zA-Z0-9]+$")]
    name: str
    description: NotRequired[str]
    campaign_type: Literal["DISCOUNT_COUPONS", "GIFT_VOUCHERS"]
    type: Literal["AUTO_UPDATE", "STATIC", "STANDALONE"]
    voucher: CampaignVoucher
    auto_join: bool
    join_once: bool
    use_voucher_metadata_schema: bool
    validity_timeframe: NotRequired[ShownTimeframe]
    validity_day_of_week: NotRequired[list[Day]]
    validity_hours: NotRequired[ShownHours]
    activity_duration_after_publishing: NotRequired[str]
    vouchers_count: int
    start_date: NotRequired[DateTime]
    expiration_date: NotRequired[DateTime]
    active: bool
    metadata: dict[str, Any]
    created_at: DateTime
    updated_at: NotRequired[DateTime]
    category: NotRequired[str]
    creation_status: Literal["DONE"]
    vouchers_generation_status: Literal["DONE", "IN_PROGRESS"]
    readonly: bool
    protected: bool
    category_id: None
    categories: list[Any]
    object: Literal["campaign"]


class CampaignList(TypedDict):
    """One page of campaigns; `total` counts all pages, of a filtered list up to 10,000."""

    object: Literal["list"]
    data_ref: Literal["campaigns"]
    campaigns: list[Campaign]
    total: int
    has_more: bool
