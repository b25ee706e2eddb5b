"""Order transactions: what members have paid of orders with points (domain 12)."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any, Final, NamedTuple

from troth.core.configuration import timestamp
from troth.core.definitions import ProgramInForce

_SHOWN_DIGITS: Final = 28


class Payment(NamedTuple):
    """What a member has paid of an order: `amount`, in minor units, for `points` on a card.

    `number` tells the payments of an order in their order, from 1 on. `details` is shown as it is.
    """

    id: str
    member_id: str
    program_id: str
    card_id: str
    card_definition_id: str
    card_transaction_id: str
    order_id: str
    number: int
    amount: int
    points: int
    details: Mapping[str, Any]
    created_at: datetime


def reason_of(program: ProgramInForce) -> str:
    """Return the reason that payments and their returns are booked with."""
    return f"{program.name} / Payment with points"


def shown(payment: Payment) -> dict[str, Any]:
    """Return a payment as answers show it (contract: OrderPaymentTransaction)."""
    return {
        "id": payment.id,
        **_shared(payment),
        "card_transaction_id": payment.card_transaction_id,
        "status": "APPROVED",
        "details": payment.details,
        "created_at": timestamp(payment.created_at),
    }


def shown_simulated(payment: Payment) -> dict[str, Any]:
    """Return a payment that was only tried, hence without ids and time (contract: …CreateDryRunResponse)."""
    told = {name: value for name, value in payment.details["payment"].items() if name != "id"}
    return {
        **_shared(payment),
        "card_transaction_id": None,
        "status": "SIMULATED",
        "details": {**payment.details, "payment": told},
    }


def shown_ratio(ratio: Fraction) -> int | Decimal:
    """Return how many points one minor unit costs as JSON shows it: exact where 28 digits are enough."""
    if ratio.denominator == 1:
        return ratio.numerator
    return Context(prec=_SHOWN_DIGITS).divide(Decimal(ratio.numerator), Decimal(ratio.denominator))


def _shared(payment: Payment) -> dict[str, Any]:
    return {
        "program_id": payment.program_id,
        "member_id": payment.member_id,
        "card_id": payment.card_id,
        "card_definition_id": payment.card_definition_id,
        "order_id": payment.order_id,
        "type": "PAY_WITH_POINTS",
        "updated_at": None,
        "object": "order_transaction",
    }
