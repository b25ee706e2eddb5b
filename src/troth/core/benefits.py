"""Benefits, called incentives on their other face: what an earning rule grants besides points (domain 1, 5 and 13)."""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from troth.core.configuration import LARGEST_INTEGER, Configuration, Integer
from troth.core.goods import DiscountCoupons, GiftVouchers, Material
from troth.core.proportional import PointsProportional
from troth.core.references import CardDefinitionId
from troth.core.sections import NULL_IS_DEFAULT, Choice
from troth.core.stock import UNLIMITED, LimitedStock, Stock

UNLIMITED_INCENTIVE_STOCK: Final = 2**31 - 1
"""How the incentive face writes that there is no limit, or one that is larger than this."""


class BenefitPoints(Configuration):
    """A fixed number of points on a wallet."""

    value: Annotated[Integer, Field(ge=0, le=LARGEST_INTEGER)]
    card_definition_id: CardDefinitionId


class BenefitDigital(Choice):
    """A gift voucher or a coupon."""

    type: Literal["GIFT_VOUCHERS", "DISCOUNT_COUPONS"]
    gift_vouchers: GiftVouchers | None = None
    discount_coupons: DiscountCoupons | None = None


class BenefitConfiguration(Choice):
    """A whole benefit but its name and status."""

    parts: ClassVar = {kind: (kind.lower(),) for kind in ("POINTS", "POINTS_PROPORTIONAL", "MATERIAL", "DIGITAL")}

    type: Literal["POINTS", "POINTS_PROPORTIONAL", "MATERIAL", "DIGITAL"]
    points: BenefitPoints | None = None
    points_proportional: PointsProportional | None = None
    material: Material | None = None
    digital: BenefitDigital | None = None
    stock: Annotated[Stock, NULL_IS_DEFAULT] = UNLIMITED


def incentive_stock(stock: Stock) -> int:
    """Return a stock as the incentive face shows it."""
    return min(stock.limited.quantity, UNLIMITED_INCENTIVE_STOCK) if stock.limited else UNLIMITED_INCENTIVE_STOCK


def stock_of_incentive(count: int) -> Stock:
    """Return the stock that the incentive face's number means."""
    if count == UNLIMITED_INCENTIVE_STOCK:
        return UNLIMITED
    return Stock(type="LIMITED", limited=LimitedStock(quantity=count))


def references(benefit: BenefitConfiguration) -> frozenset[str]:
    """Return the ids of everything that a benefit refers to: wallets, products, SKUs, collections, campaigns."""
    found: set[str] = set()
    if benefit.points:
        found.add(benefit.points.card_definition_id)
    if benefit.points_proportional:
        found.update(benefit.points_proportional.reference_ids())
    if benefit.material:
        found.update(benefit.material.reference_ids)
    if benefit.digital:
        voucher = benefit.digital.gift_vouchers or benefit.digital.discount_coupons
        assert voucher is not None
        found.add(voucher.campaign_id)
    return frozenset(found)
