"""What an order earned, and taking it back when the order is cancelled or lowered (domain 8)."""

from typing import NamedTuple

from troth.core.card_definitions import CardDefinitionConfiguration, RevokeFromPending
from troth.core.earning.bases import OrderBase, to_take_back
from troth.core.earning.baskets import Basket
from troth.core.earning.booking import Earning
from troth.core.earning.facts import Amount, Order
from troth.core.ledger.accounts import Account
from troth.core.ledger.booking import Fresh, Occasion, canceled, debited
from troth.core.ledger.holdings import Holdings
from troth.core.ledger.transactions import Entry, TransactionType


class OrderEarning(NamedTuple):
    """Points that an order earned on a card, and how many of them have been taken back.

    `base` is what they are taken back by, of which the order had `amount` when it earned. `bucket_id` is the pending
    bucket that they were put into, None if they were usable at once. `taken` counts what was taken back; after the
    order was cancelled it is all of them, whatever the card had: that is done once.
    """

    order_id: str
    transaction_id: str
    card_id: str
    points: int
    bucket_id: str | None
    base: OrderBase
    amount: Amount
    taken: int = 0


class TakenBack(NamedTuple):
    """Holdings after points were taken back, what was booked, and what is now known of the earning."""

    holdings: Holdings
    entries: tuple[Entry, ...]
    earning: OrderEarning


def order_earning(order_id: str, earning: Earning) -> OrderEarning:
    """Return what is kept of points that an order has just earned."""
    given, entry = earning.given, earning.entry
    assert given.order_base is not None, "an order earned them"
    (posting,) = entry.postings
    bucket_id = next((one for one in posting.changes if one.startswith("lcppb_")), None)
    amount = 0 if given.order_amount is None else given.order_amount
    card_id = entry.transaction.card_id
    return OrderEarning(order_id, entry.transaction.id, card_id, posting.points, bucket_id, given.order_base, amount)


def taken_back(
    earning: OrderEarning,
    order: Order,
    *,
    is_canceled: bool,
    holdings: Holdings,
    wallet: CardDefinitionConfiguration,
    occasion: Occasion,
    fresh: Fresh,
) -> TakenBack:
    """Return what a changed order takes back of what it earned: all if it is cancelled, else the part that is lost.

    First what of it is still pending is cancelled; then the rest is taken from the balance, as far as the wallet's
    refunds say: not at all, to zero, or below (domain 8). What was taken once is not given again. What a lowered order
    could not take is still to be taken by its next change, so that whoever is lowered and then cancelled ends as if
    cancelled at once.
    """
    points = earning.points - earning.taken if is_canceled else _lost(earning, order)
    methods = wallet.refunds.earned_points.methods
    if points == 0 or not methods:
        return TakenBack(holdings, (), earning)
    entries: list[Entry] = []
    account = holdings.accounts[earning.card_id]
    bucket = account.pending.get(earning.bucket_id or "")
    pending = min(points, bucket.points) if bucket and bucket.status == "PENDING" else 0
    if bucket and pending:
        booked = canceled(account, bucket, pending, occasion, fresh)
        holdings = holdings.after(booked)
        entries.append(booked.entry)
    method, account = methods[0], holdings.accounts[earning.card_id]
    rest = 0 if isinstance(method, RevokeFromPending) else _takeable(account, points - pending, method.mode)
    if rest:
        booked = debited(account, TransactionType.POINTS_REFUNDED, rest, occasion, fresh)
        holdings = holdings.after(booked)
        entries.append(booked.entry)
    taken = earning.points if is_canceled else earning.taken + pending + rest
    return TakenBack(holdings, tuple(entries), earning._replace(taken=taken))


def _lost(earning: OrderEarning, order: Order) -> int:
    basket = None if order.lines is None else Basket(order.lines)
    now = earning.base.measured(order, basket)
    return to_take_back(earning.points, earning.amount, 0 if now is None else now, earning.taken)


def _takeable(account: Account, points: int, mode: str) -> int:
    return points if mode == "REVOKE_BELOW_ZERO" else min(points, max(account.counters.balance, 0))
