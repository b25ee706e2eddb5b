"""Campaigns: what the coupons and gift cards are like that rewards and benefits issue (domain 9 and 11).

Vouchers carry the whole of it to where they are redeemed, which is not here.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, ClassVar, Final, Literal, NamedTuple, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, WithJsonSchema, model_validator

from troth.core.card_definitions import CodeConfig
from troth.core.configuration import LARGEST_INTEGER, Configuration, Flag, Instant, Integer, Metadata, Number, timestamp
from troth.core.platform_resources import PlatformResource
from troth.core.references import ProductId, SkuId
from troth.core.sections import NULL_IS_DEFAULT, Fault, Items, refuse
from troth.core.validity import Weekday

MOST_VOUCHERS: Final = 1_000_000

Amount = Annotated[Number, Field(ge=0, le=LARGEST_INTEGER)]
Formula = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


def _duration(text: str) -> str:
    if len(text) > 50 or _DURATION.fullmatch(text) is None:
        raise ValueError("must be a length of time such as P1D or PT1H")
    return text


_DURATION: Final = re.compile(
    r"P(?=.)([0-9]+Y)?([0-9]+M)?([0-9]+W)?([0-9]+D)?(T(?=.)([0-9]+H)?([0-9]+M)?([0-9]+S)?)?", re.ASCII
)
Duration = Annotated[str, AfterValidator(_duration)]
"""A length of time in ISO 8601, such as P1D or PT1H."""

TimeOfDay = Annotated[
    str,
    StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"),
    WithJsonSchema({"type": "string", "format": "time"}),
]

Day = Annotated[Weekday, WithJsonSchema({"type": "integer", "enum": [0, 1, 2, 3, 4, 5, 6]})]

ItemsEffect = Literal["APPLY_TO_ORDER", "APPLY_TO_ITEMS"]


class UnitItem(Configuration):
    """The product or SKU that is free."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    name: Annotated[str, StringConstraints(max_length=500)]
    source_id: Annotated[str, StringConstraints(max_length=500)] | None = None


class UnitProduct(UnitItem):
    """The product that is free."""

    id: ProductId


class UnitSku(UnitItem):
    """The SKU that is free."""

    id: SkuId


class Unit(Configuration):
    """Free units of one product."""

    effect: Literal["ADD_NEW_ITEMS", "ADD_MISSING_ITEMS"]
    unit_type: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    unit_off: Amount | None = None
    unit_off_formula: Formula | None = None
    product: UnitProduct | None = None
    sku: UnitSku | None = None


_BY_TYPE: Final = {
    "AMOUNT": ("amount_off", "amount_off_formula", "aggregated_amount_limit", "effect", "is_dynamic"),
    "PERCENT": (
        "percent_off",
        "percent_off_formula",
        "amount_limit",
        "aggregated_amount_limit",
        "effect",
        "is_dynamic",
    ),
    "FIXED": ("fixed_amount", "fixed_amount_formula", "effect", "is_dynamic"),
    "UNIT": ("unit_off", "unit_off_formula", "effect", "unit_type", "product", "sku", "units", "is_dynamic"),
}
_NEEDED: Final = {"AMOUNT": "amount_off", "PERCENT": "percent_off", "FIXED": "fixed_amount", "UNIT": "unit_type"}
_ITEMS: Final = ("APPLY_TO_ORDER", "APPLY_TO_ITEMS")
_EFFECTS: Final = {
    "AMOUNT": (
        *_ITEMS,
        "APPLY_TO_ITEMS_PROPORTIONALLY",
        "APPLY_TO_ITEMS_PROPORTIONALLY_BY_QUANTITY",
        "APPLY_TO_ITEMS_BY_QUANTITY",
    ),
    "PERCENT": _ITEMS,
    "FIXED": _ITEMS,
    "UNIT": ("ADD_MISSING_ITEMS", "ADD_NEW_ITEMS", "ADD_SAME_ITEMS", "ADD_MANY_ITEMS"),
}


class Discount(Configuration):
    """What a coupon takes off an order; the type decides which of the other properties may be given."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"type": "PERCENT", "percent_off": 10}]})

    type: Literal["AMOUNT", "PERCENT", "FIXED", "UNIT"]
    effect: (
        Literal[
            "APPLY_TO_ORDER",
            "APPLY_TO_ITEMS",
            "APPLY_TO_ITEMS_PROPORTIONALLY",
            "APPLY_TO_ITEMS_PROPORTIONALLY_BY_QUANTITY",
            "APPLY_TO_ITEMS_BY_QUANTITY",
            "ADD_MISSING_ITEMS",
            "ADD_NEW_ITEMS",
            "ADD_SAME_ITEMS",
            "ADD_MANY_ITEMS",
        ]
        | None
    ) = None
    amount_off: Amount | None = None
    amount_off_formula: Formula | None = None
    aggregated_amount_limit: Annotated[Integer, Field(ge=0)] | None = None
    percent_off: Annotated[Number, Field(ge=0, le=100)] | None = None
    percent_off_formula: Formula | None = None
    amount_limit: Amount | None = None
    fixed_amount: Amount | None = None
    fixed_amount_formula: Formula | None = None
    unit_off: Annotated[Integer, Field(ge=0)] | None = None
    unit_off_formula: Formula | None = None
    unit_type: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    product: UnitProduct | None = None
    sku: UnitSku | None = None
    units: Annotated[tuple[Unit, ...], Items(1, 100)] | None = None
    is_dynamic: Flag | None = None

    @model_validator(mode="after")
    def _as_typed(self) -> Self:
        refuse(type(self).__name__, self._faults())
        return self

    def _faults(self) -> Iterable[Fault]:
        many = self.type == "UNIT" and self.effect == "ADD_MANY_ITEMS"
        needed = "units" if many else _NEEDED[self.type]
        if getattr(self, needed) is None:
            yield Fault((needed,), f"is required when {'effect is ADD_MANY_ITEMS' if many else f'type is {self.type}'}")
        if self.units and self.effect != "ADD_MANY_ITEMS":
            yield Fault(("units",), "must be left out or null unless effect is ADD_MANY_ITEMS")
        if self.effect is not None and self.effect not in _EFFECTS[self.type]:
            yield Fault(("effect",), f"must be one of {', '.join(_EFFECTS[self.type])} when type is {self.type}")
        for name in type(self).model_fields:
            if name != "type" and name not in _BY_TYPE[self.type] and getattr(self, name) is not None:
                yield Fault((name,), f"must be left out or null when type is {self.type}")

    def reference_ids(self) -> Iterator[str]:
        """Yield the ids of the products and SKUs that are given for free."""
        holders: tuple[Discount | Unit, ...] = (self, *(self.units or ()))
        for holder in holders:
            for item in (holder.product, holder.sku):
                if item is not None:
                    yield item.id


class Gift(Configuration):
    """The credit of a gift card, in minor units."""

    amount: Amount
    balance: Amount
    subtracted_amount: Integer | None = None
    effect: ItemsEffect | None = None

    @model_validator(mode="after")
    def _unspent(self) -> Self:
        faults = []
        if self.balance != self.amount:
            faults.append(Fault(("balance",), "must equal amount: new gift cards are unspent"))
        if self.subtracted_amount:
            faults.append(Fault(("subtracted_amount",), "must be 0 or left out: new gift cards are unspent"))
        refuse(type(self).__name__, faults)
        return self


class Redemption(Configuration):
    """How often a voucher may be redeemed; null is any number of times."""

    quantity: Annotated[Integer, Field(ge=1)] | None = None


class VoucherCodeConfig(CodeConfig):
    """How a voucher's code is made; `initial_count` is where a counter in the pattern begins."""

    initial_count: Annotated[Integer, Field(ge=0)] | None = None


class _Voucher(Configuration):
    code_config: Annotated[VoucherCodeConfig, NULL_IS_DEFAULT] = VoucherCodeConfig()
    redemption: Redemption | None = None


class CouponVoucher(_Voucher):
    """What each coupon of a campaign is like."""

    type: Literal["DISCOUNT_VOUCHER"]
    discount: Discount


class GiftVoucher(_Voucher):
    """What each gift card of a campaign is like."""

    type: Literal["GIFT_VOUCHER"]
    gift: Gift


class ValidityTimeframe(Configuration):
    """For how long, and how often again, vouchers are valid."""

    duration: Duration
    interval: Duration


class CampaignHours(Configuration):
    """A window of some weekdays."""

    days_of_week: Annotated[tuple[Day, ...], Items(1, 7, distinct=True)] | None = None
    start_time: TimeOfDay | None = None
    expiration_time: TimeOfDay | None = None


class CampaignValidityHours(Configuration):
    """The hours of each weekday in which vouchers are valid."""

    daily: Annotated[tuple[CampaignHours, ...], Items(1, 100)] | None = None


class CampaignConfiguration(Configuration):
    """What a campaign is besides its name and its vouchers."""

    description: Annotated[str, StringConstraints(max_length=5000)] | None = None
    type: Annotated[Literal["AUTO_UPDATE", "STATIC", "STANDALONE"], NULL_IS_DEFAULT] = "AUTO_UPDATE"
    join_once: Annotated[Flag, NULL_IS_DEFAULT] = False
    auto_join: Annotated[Flag, NULL_IS_DEFAULT] = False
    use_voucher_metadata_schema: Annotated[Flag, NULL_IS_DEFAULT] = False
    vouchers_count: Annotated[Integer, Field(ge=0, le=MOST_VOUCHERS), NULL_IS_DEFAULT] = 0
    start_date: Instant | None = None
    expiration_date: Instant | None = None
    validity_timeframe: ValidityTimeframe | None = None
    validity_day_of_week: Annotated[tuple[Day, ...], Items(1, 7, distinct=True)] | None = None
    validity_hours: CampaignValidityHours | None = None
    activity_duration_after_publishing: Duration | None = None
    category: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    metadata: Metadata = Field(default_factory=dict)

    @model_validator(mode="after")
    def _starts_before_it_expires(self) -> Self:
        if self.start_date and self.expiration_date and self.start_date >= self.expiration_date:
            refuse(type(self).__name__, [Fault(("expiration_date",), "must be after start_date")])
        return self


class CouponCampaign(CampaignConfiguration):
    """A campaign of coupons."""

    campaign_type: Literal["DISCOUNT_COUPONS"]
    voucher: CouponVoucher

    usual_redemptions: ClassVar[int | None] = 1


class GiftCampaign(CampaignConfiguration):
    """A campaign of gift cards."""

    campaign_type: Literal["GIFT_VOUCHERS"]
    voucher: GiftVoucher

    usual_redemptions: ClassVar[int | None] = None


Campaign = CouponCampaign | GiftCampaign


def reference_ids(campaign: Campaign) -> frozenset[str]:
    """Return the ids of the products and SKUs that a campaign gives for free."""
    voucher = campaign.voucher
    return frozenset(voucher.discount.reference_ids() if isinstance(voucher, CouponVoucher) else ())


def stored(campaign: Campaign) -> dict[str, Any]:
    """Return what is kept of a new campaign: a coupon may be redeemed once, a gift card until it is empty."""
    configuration = {name: value for name, value in campaign.stored().items() if name != "name"}
    given = campaign.voucher.redemption
    quantity = given.quantity if given and "quantity" in given.model_fields_set else campaign.usual_redemptions
    configuration["voucher"] |= {"redemption": {"quantity": quantity}}
    return configuration


_INHERITED: Final = ("start_date", "expiration_date", "validity_timeframe", "validity_day_of_week", "validity_hours")
"""What holds for each voucher because it holds for the campaign."""


class IssuedCampaign(NamedTuple):
    """A campaign, and how many vouchers it has by now."""

    campaign: PlatformResource
    vouchers_count: int


def shown(issued: IssuedCampaign) -> dict[str, Any]:
    """Return the campaign as answers show it (contract: Campaign); absent properties are left out.

    Vouchers are made when they are issued. Where more were asked for in advance than there are, more are to come.
    """
    campaign, count = issued
    configuration = campaign.configuration
    inherited = {name: configuration[name] for name in _INHERITED if name in configuration}
    answer = {
        "id": campaign.id,
        "name": campaign.name,
        **configuration,
        "voucher": {**configuration["voucher"], "is_referral_code": False, **inherited},
        "vouchers_count": count,
        "active": True,
        "created_at": timestamp(campaign.created_at),
        "creation_status": "DONE",
        "vouchers_generation_status": "IN_PROGRESS" if count < configuration["vouchers_count"] else "DONE",
        "readonly": False,
        "protected": False,
        "category_id": None,
        "categories": [],
        "object": "campaign",
    }
    if campaign.updated_at is not None:
        answer["updated_at"] = timestamp(campaign.updated_at)
    return answer
