"""What comes back of the points that paid an order, when it is lowered under its payments or cancelled (domain 12)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from troth.core.definitions import ProgramInForce
from troth.core.ledger.accounts import Changes
from troth.core.ledger.booking import Occasion
from troth.core.ledger.holdings import Holdings
from troth.core.ledger.returns import returned
from troth.core.ledger.transactions import Entry
from troth.core.payments.transactions import reason_of
from troth.core.points import Present, expiration_of
from troth.core.triggers import WaitingTrigger

Mode: TypeAlias = Literal["REFUND_ALL", "REFUND_ITEM", "REFUND_AMOUNT"]


class OrderPayment(NamedTuple):
    """A payment as its order keeps it, and how much of its `amount` has been given back.

    `consumed` has the buckets that its points came from, in the order in which they were taken. `mode` says how much
    comes back, None if nothing does; `items_amount` what the order's items were worth when it was paid.
    """

    order_id: str
    number: int
    member_id: str
    transaction_id: str
    card_id: str
    amount: int
    points: int
    mode: Mode | None
    items_amount: int
    consumed: Sequence[tuple[str, int]]
    returned_amount: int = 0

    @property
    def left(self) -> int:
        """What is paid with it still."""
        return self.amount - self.returned_amount

    @property
    def returned_points(self) -> int:
        """The points that came back: in proportion to the amount, floored, and all of them with all of it."""
        return self.points * self.returned_amount // self.amount

    def given_back(self, after: "OrderPayment") -> Changes:
        """Return what of which bucket comes back on the way to a later state, as what paying took of it.

        What was taken last comes back first, as if less had been paid from the beginning.
        """
        begin, end, place = self.returned_points, after.returned_points, 0
        changes: dict[str, int] = {}
        for bucket_id, points in reversed(self.consumed):
            share = min(place + points, end) - max(place, begin)
            place += points
            if share > 0:
                changes[bucket_id] = -share
        return changes


class Lowered(NamedTuple):
    """What an order has become: its total amount, what its items are worth, and whether it is cancelled."""

    total_amount: int
    items_amount: int
    is_canceled: bool

    @classmethod
    def told_by(cls, payload: Mapping[str, Any]) -> "Lowered":
        """Return what a trigger tells of an order."""
        order = payload["order"]
        return cls(order["total_amount"], sum(item["amount"] for item in order["items"]), payload["canceled"])

    @property
    def is_gone(self) -> bool:
        """Whether nothing is left to be paid."""
        return self.is_canceled or self.total_amount == 0


def after_return(payments: Sequence[OrderPayment], order: Lowered) -> list[OrderPayment]:
    """Return all payments of an order as they are once it is lowered; they stand in the order in which they were made.

    What they are more than the order's total falls on the latest first and is given back, but by REFUND_ITEM no more
    than items have become less worth: the rest stays with that payment until they have, and falls on no earlier one.
    REFUND_ALL gives back nothing until nothing is left of the order; earlier ones do so in its place. Whatever is in
    between, the same has come back in the end, of each payment.
    """
    excess = sum(one.left for one in payments) - (0 if order.is_gone else order.total_amount)
    of_items = 0
    after: list[OrderPayment] = []
    for one in reversed(payments):
        most = one.left
        if one.mode is None or (one.mode == "REFUND_ALL" and not order.is_gone):
            most = 0
        amount = max(min(most, excess), 0)
        excess -= amount
        if one.mode == "REFUND_ITEM" and not order.is_gone:
            lost = one.items_amount - order.items_amount
            amount = max(min(amount, lost - of_items - one.returned_amount), 0)
        after.append(one._replace(returned_amount=one.returned_amount + amount))
        if one.mode == "REFUND_ITEM":
            of_items += after[-1].returned_amount
    return after[::-1]


class GivenBack(NamedTuple):
    """A member's holdings after points came back, and what was booked."""

    holdings: Holdings
    entries: tuple[Entry, ...]


class PaidOrders:
    """The payments of orders as they change with each trigger that tells of a change of one."""

    def __init__(self, payments: Iterable[OrderPayment]) -> None:
        self._payments: defaultdict[str, list[OrderPayment]] = defaultdict(list)
        for one in payments:
            self._payments[one.order_id].append(one)
        self._before = {one.transaction_id: one for of_order in self._payments.values() for one in of_order}

    @property
    def bucket_ids(self) -> set[str]:
        """The buckets that points may come back to."""
        return {bucket_id for one in self._before.values() for bucket_id, _ in one.consumed}

    @property
    def changed(self) -> list[tuple[OrderPayment, int]]:
        """The payments of which something was given back, and how much of their amount."""
        present = (one for of_order in self._payments.values() for one in of_order)
        changes = ((one, one.returned_amount - self._before[one.transaction_id].returned_amount) for one in present)
        return [(one, amount) for one, amount in changes if amount]

    def give_back(
        self, trigger: WaitingTrigger, holdings: Holdings, program: ProgramInForce, present: Present
    ) -> GivenBack:
        """Give a member back what an order has been paid too much by it, as far as the order was when it changed.

        Payments that came after the change are none of its business. Those of other members count, and are given back
        with the triggers of these.
        """
        entries: list[Entry] = []
        payments = self._payments[trigger.subject_id]
        told = payments[: trigger.payload.get("payments", 0)]
        for place, after in reversed(list(enumerate(after_return(told, Lowered.told_by(trigger.payload))))):
            before, account = payments[place], holdings.accounts.get(after.card_id)
            if account is None or after == before:
                continue
            payments[place] = after
            if consumed := before.given_back(after):
                expiration = expiration_of(account, holdings, present)
                occasion = _occasion(trigger, after, program, present)
                booked = returned(account, consumed, expiration, occasion, present.fresh)
                holdings = holdings.after(booked)
                entries.append(booked.entry)
        return GivenBack(holdings, tuple(entries))


def _occasion(trigger: WaitingTrigger, payment: OrderPayment, program: ProgramInForce, present: Present) -> Occasion:
    about = {"order": {"id": payment.order_id}, "order_transaction": {"id": payment.transaction_id}}
    return present.occasion(reason_of(program))._replace(occurred_at=trigger.occurred_at, about=about)
