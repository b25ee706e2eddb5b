"""How purchases are undone: points and what they bought go back where they came from (domain 11)."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from troth.core.earning.facts import Amount
from troth.core.ledger.booking import Booked, debited
from troth.core.ledger.holdings import Holdings
from troth.core.ledger.returns import returned
from troth.core.ledger.transactions import TransactionType
from troth.core.points import Present, expiration_of
from troth.core.purchases.issuing import Waiting
from troth.core.purchases.transactions import RewardTransaction
from troth.core.refusals import Reason, Refusal
from troth.core.vouchers import Voucher


class Refund(NamedTuple):
    """Undo a purchase.

    With `allow` also one of a reward that is not refundable; with `write_off` the unit does not go back into the stock.
    `source` is who does, as the `source` of activities in JSON text.
    """

    program_id: str
    transaction_id: str
    allow: bool
    write_off: bool
    source: str


class Fate(NamedTuple):
    """What becomes of a voucher that was bought; None as `balance` deletes it."""

    voucher: Voucher
    result: Literal["DELETED", "CREDITS_SUBTRACTED", "SKIPPED"]
    balance: Amount | None


class Refunded(NamedTuple):
    """A purchase that is undone, its refund, the member after it, and what was booked, in order."""

    purchase: RewardTransaction
    refund: RewardTransaction
    holdings: Holdings
    booked: tuple[Booked, ...]


def check(command: Refund, purchase: RewardTransaction, *, is_refundable: bool) -> None:
    """Raise a refusal with `INVALID_TRANSACTION_STATUS` or `REWARD_NOT_REFUNDABLE` unless a purchase can be undone."""
    id_ = purchase.id
    if (purchase.type, purchase.status) != ("PURCHASE", "APPROVED"):
        words = f"Reward transaction {id_} is a {purchase.type} that is {purchase.status}; only an APPROVED PURCHASE"
        raise Refusal(Reason.INVALID_TRANSACTION_STATUS, f"{words} can be refunded", id_, "reward_transaction")
    if not is_refundable and not command.allow:
        words = f"Reward {purchase.reward_id} is not REFUNDABLE; the policy ALLOW overrides that"
        raise Refusal(Reason.REWARD_NOT_REFUNDABLE, words, purchase.reward_id, "reward")


def fate_of(voucher: Voucher) -> Fate:
    """Return what becomes of a voucher that was bought: what is used stays, what is left of a credit is taken."""
    if voucher.balance is not None:
        return Fate(voucher, "CREDITS_SUBTRACTED", 0) if voucher.balance else Fate(voucher, "SKIPPED", 0)
    used = voucher.redeemed_count > 0
    return Fate(voucher, "SKIPPED" if used else "DELETED", None)


def refunded(bought: Waiting, fate: Fate | None, holdings: Holdings, present: Present) -> Refunded:
    """Return a purchase that is undone for a member who is settled up to now; `fate` is its voucher's, if it is there.

    Raises a refusal with `POINTS_ARE_GONE` if points that were bought are not there any more.
    """
    purchase, paying = bought.transaction, bought.paying
    refund_id = present.fresh("lrtx")
    about = {"reward": {"id": purchase.reward_id}, "reward_transaction": {"id": refund_id}}
    undone = {"card_transaction": {"id": paying.id}, "reward_transaction": {"id": purchase.id}}
    booked: list[Booked] = []
    given = (purchase.details["result"]["digital"] or {}).get("loyalty_card_points")
    if given:
        of_points = {**undone, "card_transaction": paying.details["purchase_transaction"]}
        reversing = _reversed(purchase, given, holdings, {**about, "purchase": of_points}, present)
        holdings = holdings.after(reversing)
        booked.append(reversing)
    account = holdings.accounts[paying.card_id]
    occasion = present.occasion(purchase.details["reason"])._replace(about={**about, "purchase": undone})
    expiration = expiration_of(account, holdings, present)
    returning = returned(account, bought.consumed, expiration, occasion, present.fresh)
    booked.append(returning)
    result = _result(purchase.details["result"], fate)
    refund = purchase._replace(
        id=refund_id,
        card_transaction_id=returning.entry.transaction.id,
        type="REFUND",
        details={**purchase.details, "result": result, "purchase": undone},
        created_at=present.now,
        updated_at=None,
    )
    ended = purchase._replace(status="REFUNDED", updated_at=present.now)
    return Refunded(ended, refund, holdings.after(returning), tuple(booked))


def _reversed(
    purchase: RewardTransaction,
    given: Mapping[str, Any],
    holdings: Holdings,
    about: Mapping[str, Any],
    present: Present,
) -> Booked:
    target, points = holdings.accounts[given["card_id"]], given["points"]
    if target.counters.balance < points:
        words = f"The balance of card {target.card_id} is {target.counters.balance}, {points} were bought"
        raise Refusal(Reason.POINTS_ARE_GONE, words, target.card_id, "card")
    occasion = present.occasion(purchase.details["reason"])._replace(about=about)
    return debited(target, TransactionType.POINTS_PURCHASE_REVERSED, points, occasion, present.fresh)


def _result(result: Mapping[str, Any], fate: Fate | None) -> dict[str, Any]:
    """Return what a purchase got, with what became of its voucher."""
    digital = result["digital"]
    for name in ("discount_coupons", "gift_vouchers"):
        if digital and digital.get(name):
            (voucher,) = digital[name]
            told = {**voucher, "result": fate.result if fate else "SKIPPED"}
            if fate and fate.balance is not None:
                told["balance"] = fate.balance
            digital = {**digital, name: [told]}
    return {**result, "digital": digital}
