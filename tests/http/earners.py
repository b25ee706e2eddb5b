"""A shop whose orders earn, for the tests of earning end to end."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
from tests.conftest import TestProject, client_of, make_project
from tests.http.cards import TestCard, set_clock
from tests.http.definitions import points
from tests.http.members import customer
from tests.http.platform import created
from tests.http.programs import PROGRAMS, active_wallet, program, rule

from troth.actions import ledger_audit
from troth.actions.earning import evaluate
from troth.actions.engine import Engine
from troth.actions.triggers import Round
from troth.http.door import Door

TO_ZERO = {"type": "REVOKE_FROM_BALANCE", "mode": "REVOKE_TO_ZERO"}
BELOW_ZERO = {"type": "REVOKE_FROM_BALANCE", "mode": "REVOKE_BELOW_ZERO"}
FROM_PENDING = {"type": "REVOKE_FROM_PENDING"}
THREE_DAYS = {"type": "PERIOD_BASED", "period_based": {"period": {"value": 3, "unit": "DAY"}}}


def refunds(method: dict[str, Any]) -> dict[str, Any]:
    return {"spent_points": {"type": "NONE"}, "earned_points": {"type": "REFUNDABLE", "methods": [method]}}


def per(every: int, card_definition_id: str) -> dict[str, Any]:
    """An earning of a point for each `every` minor units of an order."""
    proportion = {"order": {"total_amount": {"every": every, "value": 1}}}
    effect = {"card_definition_id": card_definition_id, "calculation_type": "POST_DISCOUNT_ORDER_AMOUNT", **proportion}
    return {"effects": [{"type": "POINTS_PROPORTIONAL", "points_proportional": effect}]}


class Shop:
    """A program at work, with a member."""

    def __init__(self, engine: Engine, project: TestProject, client: httpx.AsyncClient) -> None:
        self.engine, self.project, self.client = engine, project, client
        self.card: TestCard
        self.cards: list[TestCard] = []
        self.customer_id = ""
        self.wallet_id = ""

    async def open(self, earnings: Sequence[Any] = (), *, wallet: dict[str, Any] | None = None, **given: Any) -> None:
        """Open with one wallet and one rule, whose earnings are made of the wallet's id."""
        self.wallet_id = await active_wallet(self.client, **(wallet or {}))
        made = [one(self.wallet_id) if callable(one) else one for one in earnings or (points(self.wallet_id, 10),)]
        rule_id = await rule(self.client, self.wallet_id, earnings=made, **given)
        items = {"card_definitions": [{"id": self.wallet_id}], "earning_rules": [{"id": rule_id}]}
        club = await program(self.client, name="Club", status="ACTIVE", **items)
        self.customer_id = await customer(self.client)
        answer = await self.client.post(f"{PROGRAMS}/{club['id']}/members", json={"customer_id": self.customer_id})
        member = answer.json()
        self.card = TestCard(self.client, club["id"], member["id"], member["cards"][0]["card"]["id"])

    async def order(self, source_id: str, status: str = "PAID", *, works: bool = True, **given: Any) -> dict[str, Any]:
        body = {"source_id": source_id, "status": status, "customer": {"id": self.customer_id}, **given}
        order = await created(self.client, "orders", **body)
        if works:
            await self.work()
        return order

    async def work(self) -> None:
        """Work off what was triggered."""
        round_ = Round(evaluate)
        while (await round_.work_off(self.engine)).more:
            pass

    async def evaluations(self) -> list[dict[str, Any]]:
        answer = await self.client.get(f"{self.card.member_path}/earning-evaluations?limit=100&order=created_at")
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    async def reasons(self) -> list[Any]:
        """Return the reason of every rule of every evaluation, None where it earned, oldest first."""
        return [one["reason"] for evaluation in await self.evaluations() for one in evaluation["rules"]]

    async def types(self) -> list[tuple[str, int]]:
        return [(kind, total) for kind, total, _ in await self.card.history()]

    async def is_clean(self) -> bool:
        """Return whether every card is the sum of its postings."""
        return [some async for _, some in ledger_audit.verify(self.engine, self.project.id) if some] == []

    async def joined(self, program_id: str) -> list[TestCard]:
        """Enrol the customer in another program, and return its cards there."""
        answer = await self.client.post(f"{PROGRAMS}/{program_id}/members", json={"customer_id": self.customer_id})
        assert answer.status_code == 200, answer.text
        member = answer.json()
        return [TestCard(self.client, program_id, member["id"], one["card"]["id"]) for one in member["cards"]]

    async def event(self, name: str, *, works: bool = True, **metadata: Any) -> None:
        body = {"event": name, "customer": {"id": self.customer_id}, "metadata": metadata}
        assert (await self.client.post("/v1/events", json=body)).is_success
        if works:
            await self.work()


@asynccontextmanager
async def opened_shop(engine: Engine, door: Door) -> AsyncIterator[Shop]:
    """Yield a shop in Warsaw on 31 January 2026, at eleven in the morning, still to be opened."""
    project = await make_project(engine, time_zone="Europe/Warsaw", sandbox=True)
    await set_clock(engine, project, "2026-01-31T10:00:00Z")
    async with client_of(door, project.headers) as client:
        yield Shop(engine, project, client)
