"""Rewards are bought, issued and refunded beside all that happens to cards; the auditor says what these show.

What is left of stock, of codes, and what becomes of each purchase is worked out once more here (domain 11).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test
from tests.core.auditor import Locked
from tests.http import test_points_machine
from tests.http.definitions import refused
from tests.http.shops import Buyer, Shop, campaign, card_points, coupon
from tests.http.test_points_machine import LENGTHS, NAMES, PLACES, Api, PointsMachine
from tests.reliability.stack import FULL_SIZE, size

from troth.actions import issuing

api = test_points_machine.api

STOCK = 3
BOUGHT_POINTS = 9
ONLY_CODE = {
    "type": "DISCOUNT_VOUCHER",
    "discount": {"type": "AMOUNT", "amount_off": 100},
    "code_config": {"pattern": "#", "charset": "A"},
}


class Offer(NamedTuple):
    """What a reward costs on which card; `gives` points on the other card, or the only code that there is."""

    name: str
    price: int
    gives: str = ""


OFFERS = (Offer("a", 7), Offer("b", 5), Offer("a", 6, "points"), Offer("b", 4, "code"))
LIMITED = (1, 3)
"""Of which offers there are but `STOCK`; of the last one, all but one are rejected."""


@dataclass
class Bought:
    """A purchase, and what has become of it."""

    id: str
    offer: int
    locked: Locked
    status: str = "PENDING"


class PurchasesMachine(PointsMachine):
    """A member with two cards who buys rewards, too."""

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        self.bought: list[Bought] = []

    async def _begin(self, zone: str, wallets: tuple[dict[str, Any], ...]) -> None:
        await super()._begin(zone, wallets)
        card = self.cards["a"]
        shown = (await self.client.get(card.member_path)).json()
        wallet_of = {one["card"]["id"]: one["card"]["card_definition_id"] for one in shown["cards"]}
        ids = tuple(wallet_of[self.cards[name].id] for name in "ab")
        self.shop = Shop(self.client, card.program_id, ids)
        self.buyer = Buyer(self.shop, card.member_id, self.customer_id, tuple(self.cards.values()))
        digital = {
            "points": card_points(ids[1], BOUGHT_POINTS),
            "code": coupon(await campaign(self.client, voucher=ONLY_CODE)),
        }
        self.rewards = [
            await self.shop.reward(
                self.shop.cost(one.price, "ab".index(one.name)),
                stock=STOCK if place in LIMITED else None,
                refunds={"type": "REFUNDABLE"},
                **({"digital": digital[one.gives]} if one.gives else {}),
            )
            for place, one in enumerate(OFFERS)
        ]

    def _left(self, place: int) -> int:
        """Return what is left of a limited offer."""
        held = {"PENDING", "APPROVED"}
        return STOCK - sum(one.offer == place and one.status in held for one in self.bought)

    @rule(place=st.integers(0, len(OFFERS) - 1), copies=st.integers(0, 2))
    def buy(self, place: int, copies: int) -> None:
        """Buy a reward, with a key and a copy of the request or without."""
        offer, body = OFFERS[place], {"reward_id": self.rewards[place], "mode": "TRANSACTION"}
        answers = self.run(self._sent(f"{self.buyer.path}/rewards/purchases", body, copies))
        key = self._hindrance(place)
        if key:
            for answer in answers:
                refused(answer, 423, key)
            return
        assert {one.status_code for one in answers} == {202}, answers[0].text
        (id_,) = {one.json()["transaction"]["id"] for one in answers}
        self.bought.append(Bought(id_, place, self.auditor.lock(offer.name, offer.price)))

    def _hindrance(self, place: int) -> str | None:
        if not self.is_active:
            return "non_active_member"
        if place in LIMITED and not self._left(place):
            return "reward_out_of_stock"
        short = self.auditor.cards[OFFERS[place].name].balance < OFFERS[place].price
        return "insufficient_card_balance" if short else None

    @rule(
        name=NAMES, credit=st.integers(5, 30), places=st.lists(st.integers(0, 3), min_size=1, max_size=4), then=LENGTHS
    )
    def shop_and_wait(self, name: str, credit: int, places: list[int], then: str) -> None:
        """Buy with new points, let time pass over what is still to be issued, and have it issued then."""
        if not self.is_active:
            self.change_status("activate")
        self.adjust(name, credit, 0)
        for place in places:
            self.buy(place, 0)
        self.advance(then, "unseen", False)
        self.issue()

    @rule()
    def issue(self) -> None:
        """Let a worker issue what was bought."""
        self.run(self._issue())
        self.leave_nothing_behind()

    async def _issue(self) -> None:
        while (await issuing.work_off(self.api.engine, self.project.id)).more:
            pass

    def leave_nothing_behind(self) -> None:
        for one in self.bought:
            if one.status == "PENDING":
                offer = OFFERS[one.offer]
                taken = offer.gives == "code" and any(
                    other.offer == one.offer and other.status == "APPROVED" for other in self.bought
                )
                one.status = "REJECTED" if taken else "APPROVED"
                if offer.gives == "points":
                    self.auditor.buy_points("b", BOUGHT_POINTS)
                self.auditor.end(one.locked, is_issued=not taken)

    @rule(place=PLACES, copies=st.integers(0, 2))
    def refund(self, place: int, copies: int) -> None:
        """Undo a purchase, the last ones first, and then in vain once more."""
        if not self.bought:
            return
        one = self.bought[-1 - place % len(self.bought)]
        path = f"{self.shop.path}/rewards/purchases/{one.id}/refund"
        answers = self.run(self._sent(path, {}, copies))
        if one.status != "APPROVED":
            for answer in answers:
                refused(answer, 409, "invalid_transaction_status")
            return
        gives_points = OFFERS[one.offer].gives == "points"
        if gives_points and self.auditor.cards["b"].balance < BOUGHT_POINTS:
            for answer in answers:
                refused(answer, 409, "insufficient_card_balance")
            return
        assert {answer.status_code for answer in answers} == {202}, answers[0].text
        assert len({answer.content for answer in answers}) == 1
        one.status = "REFUNDED"
        if gives_points:
            self.auditor.reverse("b", BOUGHT_POINTS)
        self.auditor.give_back(one.locked.name, one.locked.parts)
        (again,) = self.run(self._sent(path, {}, 0))
        refused(again, 409, "invalid_transaction_status")

    @precondition(lambda self: hasattr(self, "rewards"))
    @invariant()
    def purchases_and_stock_are_as_they_must_be(self) -> None:
        listed = self.run(self.buyer.purchases())
        found = {one["id"]: one["status"] for one in listed if one["type"] == "PURCHASE"}
        wanted = {one.id: one.status for one in self.bought}
        assert found == (wanted if len(listed) < 100 else wanted | found)
        undone = sum(one.status == "REFUNDED" for one in self.bought)
        assert len(listed) == min(len(self.bought) + undone, 100)
        for place in LIMITED:
            redeemed = sum(one.offer == place and one.status == "APPROVED" for one in self.bought)
            assert self.run(self.shop.stock(self.rewards[place])) == (self._left(place), redeemed)


@pytest.mark.parametrize("turn", range(size(1, 20)))
def test_purchases_and_cards_are_what_the_auditor_says_whatever_happens(api: Api, turn: int) -> None:
    machine: Callable[[], PurchasesMachine] = partial(PurchasesMachine, api)
    large_enough = settings(
        max_examples=size(8, 30),
        stateful_step_count=size(25, 40),
        deadline=None,
        derandomize=not FULL_SIZE,  # the same stories every time, new ones at full size
        phases=[Phase.generate],  # a shorter story would take longer to find than a test may take
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=large_enough)
