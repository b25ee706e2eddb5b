"""What customers have ordered: which orders count, and what a change of them means (domain 9).

An order counts for its customer while it is PAID or FULFILLED, imported ones included, with what is to be paid of it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

from troth.core.configuration import timestamp
from troth.core.orders import Order, total_amount

COUNTED: Final = frozenset({"PAID", "FULFILLED"})


class OrdersSummary(NamedTuple):
    """The sum and the number of a customer's orders, and the one that was created last; amounts in minor units."""

    total_amount: int = 0
    total_count: int = 0
    last_amount: int = 0
    last_at: datetime | None = None

    def shown(self) -> dict[str, Any]:
        """Return it as answers show it (contract: CustomerSummaryOrders); the average is floored."""
        answer: dict[str, Any] = {
            "total_amount": self.total_amount,
            "total_count": self.total_count,
            "average_amount": self.total_amount // max(self.total_count, 1),
            "last_order_amount": self.last_amount,
        }
        if self.last_at is not None:
            answer["last_order_date"] = timestamp(self.last_at)
        return answer


class OrdersChange(NamedTuple):
    """By how much the sum and the number of a customer's orders change."""

    amount: int = 0
    orders: int = 0


def changes(before: Iterable[Order], after: Iterable[Order]) -> dict[str, OrdersChange]:
    """Return what it means to customers, by their ids, that orders are changed; those it means nothing to are left out.

    `after` are new orders, and those of `before` that have changed.
    """
    changed = {order.id: order for order in after}
    found: dict[str, OrdersChange] = {}
    for sign, orders in ((-1, [one for one in before if one.id in changed]), (1, changed.values())):
        for order in orders:
            if order.customer_id is not None and order.status in COUNTED:
                amount, count = found.get(order.customer_id, OrdersChange())
                found[order.customer_id] = OrdersChange(amount + sign * total_amount(order), count + sign)
    return {customer_id: change for customer_id, change in found.items() if any(change)}
