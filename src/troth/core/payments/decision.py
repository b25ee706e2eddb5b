"""Whether and how much of an order a member pays with points: the one decision of payments and dry runs (domain 12).

Money is in minor units. The ratio says how many points one minor unit costs, as an exact fraction.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import ceil, floor
from typing import Any, Final, NamedTuple, TypeAlias

from troth.core.card_definitions import CardDefinitionConfiguration, ExchangeRatio
from troth.core.configuration import LARGEST_INTEGER
from troth.core.definitions import ProgramInForce
from troth.core.formulas import Facts, FormulaError, read
from troth.core.ledger.accounts import Account
from troth.core.ledger.booking import Booked, debited
from troth.core.ledger.holdings import Holdings
from troth.core.ledger.limits import spendable
from troth.core.ledger.transactions import TransactionType
from troth.core.orders import Order, total_amount
from troth.core.payments.transactions import Payment, reason_of, shown_ratio
from troth.core.points import CardPath, Present
from troth.core.refusals import Reason, Refusal

SpentBefore: TypeAlias = Callable[[str, str], int]
"""How many points a card, by its id, has spent in the present period of a unit, such as `MONTH`."""

PAYABLE: Final = ("CREATED", "PAID")
"""The statuses in which an order can be paid."""


class PaymentLimit(NamedTuple):
    """How much a request lets be paid at most, in points and in money; None where it says nothing."""

    points: int | None = None
    amount: int | None = None

    @property
    def told(self) -> dict[str, int]:
        """The limit as the payment's metadata tell it."""
        given = {"points_limit": self.points, "amount_limit": self.amount}
        return {name: largest for name, largest in given.items() if largest is not None}


class Pay(NamedTuple):
    """Pay as much of an order as possible; `source` is who does, as the `source` of activities in JSON text.

    The order is named by its id, by its source id, or by both, which then must belong together.
    """

    path: CardPath
    order_id: str | None
    order_source_id: str | None
    limit: PaymentLimit
    source: str


class Bill(NamedTuple):
    """What a payment is decided on besides points: the order, the customer's metadata, and what was spent before."""

    order: Order
    customer: Mapping[str, Any]
    spent_before: SpentBefore


class Paid(NamedTuple):
    """A decided payment: what it is, how it is booked, and what of it is kept for its return.

    `mode` is how much comes back if the order is lowered, None where the wallet gives nothing back; `items_amount` is
    what the order's items were worth.
    """

    payment: Payment
    booked: Booked
    customer_id: str
    mode: str | None
    items_amount: int

    @property
    def consumed(self) -> tuple[tuple[str, int], ...]:
        """How many points were taken from which bucket, in the order in which they were."""
        (posting,) = self.booked.entry.postings
        return tuple((bucket_id, -change) for bucket_id, change in posting.changes.items())


def pay(
    command: Pay, bill: Bill, program: ProgramInForce, holdings: Holdings, account: Account, present: Present
) -> Paid:
    """Return the payment of an order from an account of a member who is settled up to now.

    Raises a refusal with one of the reasons of domain 12, in their order.
    """
    order, wallet = bill.order, program.wallets[account.card_definition_id]
    exchange = _exchange(wallet, account)
    _check(order, holdings)
    unpaid = open_amount(order)
    if unpaid == 0:
        words = f"Nothing is left to pay of order {order.id}, whose total amount is {total_amount(order)}"
        raise Refusal(Reason.ORDER_ALREADY_PAID, words, order.id, "order")
    ratio = _ratio(exchange, bill, account)
    amount, cut = _payable(command.limit, unpaid, ratio, wallet, account, bill.spent_before)
    points = ceil(amount * ratio)
    payment_id, reason = present.fresh("lotx"), reason_of(program)
    about = {"order": {"id": order.id}, "order_transaction": {"id": payment_id}}
    occasion = present.occasion(reason)._replace(about=about)
    booked = debited(account, TransactionType.POINTS_SPENT_ON_ORDER, points, occasion, present.fresh)
    details = {
        "reason": reason,
        "rejection": None,
        "metadata": {**command.limit.told, **({"spending_limit": cut} if cut else {})},
        "payment": {
            "id": payment_id,
            "amount": amount,
            "points_spent": points,
            "exchange_ratio": shown_ratio(ratio),
        },
    }
    number = order.points_paid.payments_count + 1
    payment = Payment(
        payment_id, holdings.member.id, program.id, account.card_id, account.card_definition_id,
        booked.entry.transaction.id, order.id, number, amount, points, details, present.now,
    )  # fmt: skip
    methods = wallet.refunds.spent_points.methods
    mode = methods[0].mode if methods else None
    return Paid(payment, booked, holdings.member.customer_id, mode, items_amount(order))


def open_amount(order: Order) -> int:
    """Return what is still to be paid of an order: its total amount less what was paid with points and not returned."""
    return max(total_amount(order) - order.points_paid.amount, 0)


def items_amount(order: Order) -> int:
    """Return what all items of an order are worth, before discounts."""
    return sum(line["amount"] for line in order.items)


def payable(unpaid: int, ratio: Fraction, points: int, most: int | None = None) -> int:
    """Return the largest amount that costs no more than `points` and is within what is unpaid and, if given, `most`.

    An amount costs `ceil(amount * ratio)`.
    """
    largest = min(unpaid, floor(max(points, 0) / ratio))
    return largest if most is None else min(largest, most)


def _exchange(wallet: CardDefinitionConfiguration, account: Account) -> ExchangeRatio:
    exchange = wallet.pay_with_points.exchange_ratio
    if exchange is None:
        words = f"Orders cannot be paid with points of card definition {account.card_definition_id}"
        raise Refusal(Reason.PAYMENTS_NOT_ENABLED, words, account.card_id, "card")
    return exchange


def _check(order: Order, holdings: Holdings) -> None:
    if order.status not in PAYABLE:
        words = f"order: is {order.status}; it can be paid while it is {' or '.join(PAYABLE)}"
        raise Refusal(Reason.INVALID_PAYLOAD, words, order.id, "order")
    if order.customer_id not in (None, holdings.member.customer_id):
        words = f"order: belongs to customer {order.customer_id}; it must be the member's or nobody's"
        raise Refusal(Reason.INVALID_PAYLOAD, words, order.id, "order")


def _ratio(exchange: ExchangeRatio, bill: Bill, account: Account) -> Fraction:
    try:
        return read(exchange.formula).value(Facts(bill.order.metadata, bill.customer))
    except FormulaError as error:
        words = f"pay_with_points.exchange_ratio.formula: {error}"
        raise Refusal(Reason.INVALID_PAYLOAD, words, account.card_definition_id, "card_definition") from None


def _payable(
    limit: PaymentLimit,
    unpaid: int,
    ratio: Fraction,
    wallet: CardDefinitionConfiguration,
    account: Account,
    spent_before: SpentBefore,
) -> tuple[int, str | None]:
    """Return how much can be paid, and which spending limit has made it less."""
    balance = account.counters.balance
    if balance <= 0:
        words = f"The balance of card {account.card_id} is {balance}"
        raise Refusal(Reason.ZERO_BALANCE, words, account.card_id, "card")
    points = balance if limit.points is None else min(balance, limit.points)
    amount = payable(unpaid, ratio, points, limit.amount)
    if amount == 0:
        words = f"One minor unit costs {ceil(ratio)} points; the balance of card {account.card_id} is {balance}"
        words += f", of which at most {limit.points} may be spent" if limit.points is not None else ""
        raise Refusal(Reason.INSUFFICIENT_BALANCE, words, account.card_id, "card")
    asked = ceil(amount * ratio)
    cut = spendable(
        wallet.spending_limits, account.counters, asked, spent=lambda unit: spent_before(account.card_id, unit)
    )
    room = room_to_spend(account)
    allowed = payable(amount, ratio, min(cut.points, room))
    if allowed == 0:
        reason = Reason.TRANSACTION_SPENDING_LIMIT if cut.limit == "transaction" else Reason.GLOBAL_SPENDING_LIMIT
        limited = cut.details if cut.limit else f"no counter of the card may pass {LARGEST_INTEGER}"
        raise Refusal(reason, f"One minor unit costs {ceil(ratio)} points; {limited}", account.card_id, "card")
    return allowed, cut.details if allowed < amount else None


def room_to_spend(account: Account) -> int:
    """Return how many points may be spent, beside those that are locked, so that every counter stays exact in JSON."""
    counters = account.counters
    return LARGEST_INTEGER - (counters.spent + counters.locked - counters.unlocked)
