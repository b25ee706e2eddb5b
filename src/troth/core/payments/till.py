"""A batch of payments: each is decided on what those before it left (domain 12)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from troth.core.definitions import Definitions
from troth.core.ledger.holdings import Holdings
from troth.core.orders import Order, PointsPaid
from troth.core.payments.decision import Bill, Paid, Pay, pay
from troth.core.points import Present, active, at_work, find_account
from troth.core.refusals import Reason, Refusal, not_found

_NOTHING: Final[Mapping[str, Any]] = {}


class Facts(NamedTuple):
    """What is known of a batch besides points: the orders that it names, metadata of customers, and what was spent.

    Metadata are there of those customers whom a formula may ask about; `spent` is by card and unit of the period.
    """

    orders: Sequence[Order]
    customers: Mapping[str, Mapping[str, Any]]
    spent: Mapping[tuple[str, str], int]


def asks_who_pays(holdings: Holdings, definitions: Definitions) -> bool:
    """Tell whether a formula by which a member pays may look at the customer's metadata."""
    program = definitions.programs.get(holdings.member.program_id)
    exchanges = (wallet.pay_with_points.exchange_ratio for wallet in program.wallets.values()) if program else ()
    return any("CUSTOMER_METADATA" in exchange.formula.upper() for exchange in exchanges if exchange)


class Till:
    """The facts of a batch as they change with each payment."""

    def __init__(self, facts: Facts) -> None:
        self._orders = {order.id: order for order in facts.orders}
        self._sources = {order.source_id: order.id for order in facts.orders if order.source_id is not None}
        self._customers = facts.customers
        self._before = facts.spent
        self._since: defaultdict[str, int] = defaultdict(int)
        self._paid: set[str] = set()

    def pay(self, command: Pay, holdings: Holdings | None, present: Present) -> Paid:
        """Return a payment by a member that is settled up to now, and count it.

        Raises a refusal, in the order of checks of domain 4 and 12.
        """
        path = command.path
        program = at_work(path.program_id, present)
        member = active(path, holdings)
        account = find_account(path, member, present)
        order = self._order(command)
        customer = self._customers.get(member.member.customer_id, _NOTHING)
        bill = Bill(order, customer, lambda card_id, unit: self._before.get((card_id, unit), 0) + self._since[card_id])
        made = pay(command, bill, program, member, account, present)
        self._count(order, made)
        return made

    @property
    def paid_orders(self) -> list[Order]:
        """The orders that were paid, as they are now."""
        return [self._orders[order_id] for order_id in sorted(self._paid)]

    def _order(self, command: Pay) -> Order:
        named = command.order_id or command.order_source_id or ""
        order = self._orders.get(command.order_id or self._sources.get(named, ""))
        if order is None:
            raise not_found("order", named)
        if command.order_source_id not in (None, order.source_id):
            present = f"another one: {order.source_id}" if order.source_id is not None else "none"
            words = f"order.source_id: the order {order.id} has {present}"
            raise Refusal(Reason.INVALID_PAYLOAD, words, order.id, "order")
        return order

    def _count(self, order: Order, made: Paid) -> None:
        before, payment = order.points_paid, made.payment
        payers = tuple(sorted({*before.payer_ids, made.customer_id}))
        self._orders[order.id] = order._replace(
            points_paid=PointsPaid(before.amount + payment.amount, payment.number, payers)
        )
        self._paid.add(order.id)
        self._since[payment.card_id] += payment.points
