"""How purchases end: issued and APPROVED, or REJECTED with everything given back (domain 11)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from troth.core.ledger.booking import Booked, credited, room
from troth.core.ledger.holdings import Holdings
from troth.core.ledger.postings import Kind
from troth.core.ledger.returns import released, spent
from troth.core.ledger.transactions import CardTransaction, TransactionType
from troth.core.points import Present, expiration_of
from troth.core.purchases.transactions import RewardTransaction
from troth.core.vouchers import Voucher


class Waiting(NamedTuple):
    """A purchase that is not decided, what is to be handed out, and how its points were taken.

    `consumed` is what the transaction that pays it took of which bucket.
    """

    transaction: RewardTransaction
    customer_id: str
    goods: Mapping[str, Any]
    paying: CardTransaction
    consumed: Mapping[str, int]

    @property
    def campaign_id(self) -> str | None:
        """The campaign of which a voucher is to be issued, None for any other good."""
        digital = self.goods.get("digital", {})
        voucher = digital.get("discount_coupons") or digital.get("gift_vouchers")
        return voucher["campaign_id"] if voucher else None

    @property
    def credit(self) -> Any:
        """The credit of the gift voucher to be issued, None for any other good."""
        gift = self.goods.get("digital", {}).get("gift_vouchers")
        return gift["balance"] if gift else None

    @property
    def voucher_id(self) -> str | None:
        """The voucher that was issued, None if there was none."""
        digital = self.transaction.details["result"]["digital"] or {}
        issued = digital.get("discount_coupons") or digital.get("gift_vouchers")
        return str(issued[0]["id"]) if issued else None


class Rejection(NamedTuple):
    """Why a purchase cannot be issued: a word for programs, facts, and words for people."""

    reason: str
    facts: Mapping[str, Any]
    words: str


class Ended(NamedTuple):
    """A purchase that is decided, the member after it, and what was booked, in order."""

    transaction: RewardTransaction
    holdings: Holdings
    booked: tuple[Booked, ...]


def issued(waiting: Waiting, holdings: Holdings, voucher: Voucher | Rejection | None, present: Present) -> Ended:
    """Return a purchase that is issued to a member who is settled up to now.

    `voucher` is the one that was made for it, or why there is none. Where something is in the way, all is given back.
    """
    digital = waiting.goods.get("digital")
    if isinstance(voucher, Rejection):
        return rejected(waiting, holdings, voucher, present)
    if digital and (points := digital.get("loyalty_card_points")):
        return _with_points(waiting, holdings, points, present)
    if digital is None:
        return _approved(waiting, holdings, {"material": waiting.goods["material"]}, present)
    assert voucher is not None, "one was made for what is neither points nor a thing"
    told: dict[str, Any] = {"id": voucher.id, "code": voucher.code}
    if voucher.amount is not None:
        told |= {"amount": voucher.amount, "balance": voucher.balance}
    name = "discount_coupons" if voucher.amount is None else "gift_vouchers"
    return _approved(waiting, holdings, {"digital": {"type": digital["type"], name: [told]}}, present)


def rejected(waiting: Waiting, holdings: Holdings, rejection: Rejection, present: Present) -> Ended:
    """Return a purchase that is rejected, its points where they were."""
    account = holdings.accounts[waiting.paying.card_id]
    told = {"rejection": {"reason": rejection.reason, "details": rejection.words}}
    expiration = expiration_of(account, holdings, present)
    booked = released(account, waiting.paying, waiting.consumed, expiration, told, present.occasion(), present.fresh)
    details = {**waiting.transaction.details, "rejection": {"reason": rejection.reason, "details": rejection.facts}}
    ended = waiting.transaction._replace(status="REJECTED", details=details, updated_at=present.now)
    return Ended(ended, holdings.after(booked), (booked,))


def _with_points(waiting: Waiting, holdings: Holdings, wanted: Mapping[str, Any], present: Present) -> Ended:
    card_definition_id, points = wanted["card_definition_id"], wanted["points"]
    accounts = holdings.accounts.values()
    target = next((one for one in accounts if one.card_definition_id == card_definition_id), None)
    if target is None:
        words = f"The member has no card of card definition {card_definition_id}"
        facts = {"card_definition_id": card_definition_id}
        return rejected(waiting, holdings, Rejection("no_target_card", facts, words), present)
    if points > (most := room(target, Kind.PURCHASED)):
        words = f"Card {target.card_id} can take {most} more points"
        return rejected(waiting, holdings, Rejection("target_card_full", {"card_id": target.card_id}, words), present)
    transaction = waiting.transaction
    about = {
        "reward": {"id": transaction.reward_id},
        "reward_transaction": {"id": transaction.id},
        "card_transaction": {"id": waiting.paying.id},
    }
    occasion = present.occasion(transaction.details["reason"])._replace(about=about)
    expiration = expiration_of(target, holdings, present)
    bought = credited(target, TransactionType.POINTS_PURCHASED, points, expiration, occasion, present.fresh)
    told = {"target_card": {"id": target.card_id}, "purchase_transaction": {"id": bought.entry.transaction.id}}
    given = {"points": points, "card_definition_id": card_definition_id, "card_id": target.card_id}
    result = {"digital": {"type": "LOYALTY_CARD_POINTS", "loyalty_card_points": given}}
    ended = _approved(waiting, holdings.after(bought), result, present, told)
    return ended._replace(booked=(bought, *ended.booked))


def _approved(
    waiting: Waiting,
    holdings: Holdings,
    given: Mapping[str, Any],
    present: Present,
    told: Mapping[str, Any] | None = None,
) -> Ended:
    transaction = waiting.transaction
    account = holdings.accounts[waiting.paying.card_id]
    booked = spent(account, waiting.paying, transaction.points, told or {}, present.occasion())
    details = {**transaction.details, "result": {**transaction.details["result"], **given}}
    ended = transaction._replace(status="APPROVED", details=details, updated_at=present.now)
    return Ended(ended, holdings.after(booked), (booked,))
