"""Vouchers: the coupons and gift cards that rewards and benefits issue from campaigns (domain 9 and 11)."""

from datetime import datetime
from typing import Any, Final, NamedTuple

from troth.core.configuration import timestamp
from troth.core.definitions import shown_instant
from troth.core.earning.facts import Amount
from troth.core.platform_resources import PlatformResource

_INHERITED: Final = ("start_date", "expiration_date", "validity_timeframe", "validity_day_of_week", "validity_hours")


class Voucher(NamedTuple):
    """A coupon, or a gift card with its credit in minor units: what it was issued with, and what is left of it."""

    id: str
    code: str
    campaign_id: str
    holder_id: str | None
    amount: Amount | None
    balance: Amount | None
    redeemed_count: int
    created_at: datetime
    updated_at: datetime | None = None


def shown(voucher: Voucher, campaign: PlatformResource) -> dict[str, Any]:
    """Return a voucher as answers show it (contract: Voucher); absent properties are left out."""
    configuration = campaign.configuration
    like = configuration["voucher"]
    answer: dict[str, Any] = {
        "id": voucher.id,
        "code": voucher.code,
        "campaign": campaign.name,
        "campaign_id": campaign.id,
        "type": like["type"],
        **({"discount": like["discount"]} if "discount" in like else {}),
        **{name: configuration[name] for name in (*_INHERITED, "category") if name in configuration},
        "active": True,
        "metadata": configuration.get("metadata", {}),
        "is_referral_code": False,
        "redemption": {
            "quantity": like["redemption"]["quantity"],
            "redeemed_quantity": voucher.redeemed_count,
            "object": "list",
        },
        "categories": [],
        "created_at": timestamp(voucher.created_at),
        "object": "voucher",
    }
    if voucher.amount is not None and voucher.balance is not None:
        spent = {"subtracted_amount": voucher.amount - voucher.balance, "balance": voucher.balance}
        answer["gift"] = {**like.get("gift", {}), "amount": voucher.amount, **spent}
    if voucher.holder_id is not None:
        answer["holder_id"] = voucher.holder_id
    if voucher.updated_at is not None:
        answer["updated_at"] = shown_instant(voucher.updated_at)
    return answer
