"""Orders earn, are paid, lowered and cancelled beside all that happens to cards; the auditor says what these show.

How much is paid and what comes back is worked out once more here, as simply as it can be (domain 8, 12).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from itertools import groupby
from math import ceil
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test
from tests.core.auditor import Part
from tests.http import test_points_machine
from tests.http.definitions import refused
from tests.http.payments import work
from tests.http.test_points_machine import LENGTHS, NAMES, PLACES, Api, PointsMachine
from tests.reliability.stack import FULL_SIZE, size

api = test_points_machine.api

RATIOS = {"a": Fraction(1), "b": Fraction(7, 10)}
MOST_ORDERS = 4
"""What the program's rule gives for an order, on the first wallet."""

BASKETS = st.lists(
    st.tuples(st.integers(1, 60), st.booleans(), NAMES, st.integers(0, 60)), min_size=1, max_size=MOST_ORDERS
)
STATES = st.lists(st.tuples(PLACES, st.integers(0, 15), st.integers(0, 20)), min_size=1, max_size=8)
"""Which orders come to cost how many tenths of before, less a discount."""


@dataclass
class Payment:
    """What was paid from a card, and how much of the amount has been given back."""

    name: str
    amount: int
    points: list[Part]
    """A part of one point for each, in the order in which they were taken."""
    items: int
    returned: int = 0

    @property
    def returned_points(self) -> int:
        return len(self.points) * self.returned // self.amount


@dataclass
class Order:
    """An order of one item, with a discount."""

    id: str
    item: int
    discount: int = 0
    base: int | None = None
    """Its total when it earned, if it did."""
    taken: int = 0
    payments: list[Payment] = field(default_factory=list)

    @property
    def total(self) -> int:
        return max(self.item - self.discount, 0)

    @property
    def paid(self) -> int:
        return sum(one.amount - one.returned for one in self.payments)


class PaymentsMachine(PointsMachine):
    """A member with two cards who buys, too."""

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        self.bought: list[Order] = []
        self.modes: dict[str, str | None] = {}
        self.takes_back = False

    async def _begin(self, zone: str, wallets: tuple[dict[str, Any], ...]) -> None:
        # Which modes they are follows from what was drawn: initialisation is inherited.
        names = ["REFUND_ALL", "REFUND_ITEM", "REFUND_AMOUNT", None]
        self.modes = {name: names[len(str(one)) % 4] for name, one in zip("ab", wallets, strict=True)}
        self.takes_back = wallets[0]["pending_points"]["type"] == "IMMEDIATE"
        given = tuple(
            {**one, "pay_with_points": self._pays(name), "refunds": self._refunds(name)}
            for name, one in zip("ab", wallets, strict=True)
        )
        await super()._begin(zone, given)
        shown = (await self.client.get(self.cards["a"].member_path)).json()
        self.customer_id = shown["customer_id"]

    def _pays(self, name: str) -> dict[str, Any]:
        ratio = RATIOS[name]
        formula = f"{ratio.numerator} / {ratio.denominator}"
        return {"type": "EXCHANGE_RATIO", "exchange_ratio": {"formula": formula}}

    def _refunds(self, name: str) -> dict[str, Any]:
        mode = self.modes[name]
        spent = [{"type": "RETURN_POINTS", "mode": mode}] if mode else []
        earned = [{"type": "REVOKE_FROM_BALANCE", "mode": "REVOKE_TO_ZERO"}] if name == "a" and self.takes_back else []
        return {
            section: {"type": "REFUNDABLE", "methods": methods} if methods else {"type": "NONE"}
            for section, methods in (("spent_points", spent), ("earned_points", earned))
        }

    @rule(baskets=BASKETS, length=LENGTHS, states=STATES)
    def trade(self, baskets: list[tuple[int, bool, str, int]], length: str, states: list[tuple[int, int, int]]) -> None:
        """Order things that may earn, pay half of each with new points, then the rest; later change them."""
        self._wake()
        for amount, is_paid, name, credit in baskets:
            if len(self.bought) >= MOST_ORDERS:
                self.bought.pop(0)
            self.adjust(name, credit, 0)
            order = self._order(amount, is_paid=is_paid)
            self._pay(order, name, "amount", amount // 2 + 1)
            self._pay(order, "b" if name == "a" else "a", "amount", amount)
        self.advance(length, "unseen", False)
        self.change(states)

    def _order(self, amount: int, *, is_paid: bool) -> Order:
        body = {
            "items": [{"source_id": "tea", "amount": amount}],
            "status": "PAID" if is_paid else "CREATED",
            "customer": {"id": self.customer_id},
            "metadata": {"card": "a"},
        }
        answer = self.run(self.client.post("/v1/orders", json=body))
        order = Order(answer.json()["id"], amount)
        self.bought.append(order)
        if is_paid and self.is_active:
            order.base = amount
            self.auditor.earn("a", amount)
        self.run(work(self.api.engine))
        return order

    @rule(name=NAMES, place=PLACES, kind=st.sampled_from(["points", "amount"]), most=st.integers(1, 50))
    def pay(self, name: str, place: int, kind: str, most: int) -> None:
        """Pay one of the orders from a card, as far as it goes."""
        if self.bought:
            self._wake()
            self._pay(self.bought[place % len(self.bought)], name, kind, most)

    def _wake(self) -> None:
        if not self.is_active:
            self.change_status("activate")

    def _pay(self, order: Order, name: str, kind: str, most: int) -> None:
        limit = {"type": f"{kind.upper()}_LIMIT", f"{kind}_limit": {"max": most}}
        body = {"card_id": self.cards[name].id, "order": {"id": order.id}, "payment_limit": limit}
        (answer,) = self.run(self._sent(f"{self.cards[name].member_path}/orders/payments", body, 0))
        unpaid, balance = max(order.total - order.paid, 0), self.auditor.cards[name].balance
        points = min(balance, most) if kind == "points" else balance
        fitting = [one for one in range(1, unpaid + 1) if ceil(one * RATIOS[name]) <= points]
        amount = max((one for one in fitting if kind == "points" or one <= most), default=0)
        if unpaid == 0:
            refused(answer, 423, "order_already_paid")
        elif balance <= 0:
            refused(answer, 423, "zero_card_balance")
        elif amount == 0:
            refused(answer, 423, "insufficient_card_balance")
        else:
            assert answer.status_code == 202, answer.text
            told = answer.json()["transaction"]["details"]["payment"]
            spent = ceil(amount * RATIOS[name])
            assert (told["amount"], told["points_spent"]) == (amount, spent)
            parts = self.auditor.spend(name, spent)
            units = [part._replace(points=1) for part in parts for _ in range(part.points)]
            order.payments.append(Payment(name, amount, units, order.item))

    @rule(states=STATES)
    def change(self, states: list[tuple[int, int, int]]) -> None:
        """Change what orders cost, several times before anybody looks at them."""
        if not self.bought:
            return
        for place, tenths, discount in states:
            order = self.bought[place % len(self.bought)]
            order.item, order.discount = order.item * tenths // 10, discount
            changes = {"items": [{"source_id": "tea", "amount": order.item}], "discount_amount": discount}
            self.run(self._put(order, changes))
            self._lowered(order, is_canceled=False)
        self.run(work(self.api.engine))

    @rule(place=PLACES)
    def cancel(self, place: int) -> None:
        """Cancel an order: everything goes back."""
        if not self.bought:
            return
        order = self.bought.pop(place % len(self.bought))
        self.run(self._put(order, {"status": "CANCELED"}))
        self._lowered(order, is_canceled=True)
        self.run(work(self.api.engine))

    async def _put(self, order: Order, changes: dict[str, Any]) -> None:
        answer = await self.client.put(f"/v1/orders/{order.id}", json=changes)
        assert answer.status_code == 200, answer.text

    def _lowered(self, order: Order, *, is_canceled: bool) -> None:
        is_gone = is_canceled or order.total == 0
        excess = order.paid - (0 if is_gone else order.total)
        for one in reversed(order.payments):
            mode = self.modes[one.name]
            if mode is None or (mode == "REFUND_ALL" and not is_gone):
                continue
            falling = max(min(one.amount - one.returned, excess), 0)
            excess -= falling
            if mode == "REFUND_ITEM" and not is_gone:
                at_least = order.payments.index(one)
                back = sum(each.returned for each in order.payments[at_least:] if self.modes[each.name] == mode)
                falling = max(min(falling, one.items - order.item - back), 0)
            self._give_back(one, falling)
        if order.base is not None and self.takes_back:
            lost = order.base if is_canceled else max(order.base - order.total, 0)
            due = max(lost - order.taken, 0)
            if points := min(due, max(self.auditor.cards["a"].balance, 0)):
                self.auditor.refund("a", points)
                order.taken += points

    def _give_back(self, payment: Payment, amount: int) -> None:
        before = payment.returned_points
        payment.returned += amount
        end = len(payment.points)
        units = payment.points[end - payment.returned_points : end - before]
        parts = [part._replace(points=len(list(same))) for part, same in groupby(units)]
        if parts:
            self.auditor.give_back(payment.name, parts)


@pytest.mark.parametrize("turn", range(size(1, 20)))
def test_orders_and_cards_are_what_the_auditor_says_whatever_happens(api: Api, turn: int) -> None:
    machine: Callable[[], PaymentsMachine] = partial(PaymentsMachine, api)
    large_enough = settings(
        max_examples=size(12, 30),
        stateful_step_count=size(25, 40),
        deadline=None,
        derandomize=not FULL_SIZE,  # the same stories every time, new ones at full size
        phases=[Phase.generate],  # a shorter story would take longer to find than a test may take
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=large_enough)
