"""A shop for tests of orders: what batches leave of orders, customers and triggers, without a database."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tests.core.definitions import definitions

from troth.core.customers import Customer, CustomerFacts, Upserts
from troth.core.definitions import Definitions
from troth.core.order_items import Goods
from troth.core.order_requests import OrderCreateRequest, OrderUpdateRequest
from troth.core.orders import Order, OrderFacts, Put, Puts, decide
from troth.core.refusals import Refusal
from troth.core.triggers import Trigger

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Shop:
    """All orders and customers there are, as one batch after the other leaves them."""

    def __init__(self, known: Definitions | None = None) -> None:
        self.definitions = known or definitions()
        self.orders: dict[str, Order] = {}
        self.customers: dict[str, Customer] = {}
        self.triggers: list[Trigger] = []
        self._number = 0

    def put(self, *commands: Put) -> tuple[Order | Refusal, ...]:
        upserts, puts = self._decide(commands)
        self.customers |= {one.id: one for one in upserts.saved}
        self.orders |= {one.id: one for one in puts.saved}
        self.triggers += puts.triggers
        return puts.answers

    def one(self, command: Put) -> Order:
        (answer,) = self.put(command)
        assert isinstance(answer, Order), answer
        return answer

    def _decide(self, commands: Sequence[Put]) -> tuple[Upserts, Puts]:
        facts = OrderFacts(list(self.orders.values()), Goods([], []))
        customers = CustomerFacts(list(self.customers.values()), ())
        return decide(commands, facts, customers, self.definitions, NOW, self._fresh)

    def _fresh(self, prefix: str) -> str:
        self._number += 1
        return f"{prefix}_{self._number}"


def create(**given: Any) -> Put:
    return OrderCreateRequest.model_validate(given).creation()


def update(reference: str, **given: Any) -> Put:
    return OrderUpdateRequest.model_validate(given).command(reference)


def items(*amounts: int, discount: int = 0) -> list[dict[str, Any]]:
    return [{"source_id": "a", "amount": amount, "discount_amount": discount} for amount in amounts]
