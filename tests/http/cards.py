"""A card in a sandbox whose clock tests move, and what can be done with it over the API."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
from tests.conftest import TestProject
from tests.http.members import enrolled
from tests.http.programs import PROGRAMS, active_wallet, program, rule

from troth.actions.desk import close_desk, open_desk
from troth.actions.engine import Engine
from troth.core.ledger.booking import credited, deferred
from troth.core.ledger.transactions import TransactionType
from troth.db.database import Unit


class TestCard:
    """A card of a new member."""

    __test__ = False

    def __init__(self, client: httpx.AsyncClient, program_id: str, member_id: str, card_id: str) -> None:
        self.client = client
        self.program_id, self.member_id, self.id = program_id, member_id, card_id
        self.member_path = f"{PROGRAMS}/{program_id}/members/{member_id}"
        self.path = f"{self.member_path}/cards/{card_id}"

    async def adjust(self, points: int, **more: Any) -> dict[str, Any]:
        answer = await self.client.post(f"{self.path}/points", json={"points": points, **more})
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    async def shown(self) -> Any:
        answer = await self.client.get(self.member_path)
        assert answer.status_code == 200, answer.text
        return next(one["card"] for one in answer.json()["cards"] if one["card"]["id"] == self.id)

    async def balance(self) -> tuple[int, int]:
        """Return the usable and the pending points."""
        balance = (await self.shown())["balance"]
        return balance["points"], balance["pending_points"]

    async def listed(self, what: str) -> list[dict[str, Any]]:
        """Return all of a list, in its default order, a page of two at a time."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            answer = await self.client.get(f"{self.path}/{what}?limit=2{cursor}")
            assert answer.status_code == 200, answer.text
            found += answer.json()["data"]
            if answer.json()["cursor"] is None:
                return found
            cursor = f"&cursor={answer.json()['cursor']['next']}"

    async def history(self) -> list[tuple[str, int, str]]:
        """Return type, points and instant of every transaction, oldest first."""
        told = [
            (one["type"], one["details"]["points"]["total"], one["created_at"])
            for one in await self.listed("transactions")
        ]
        return told[::-1]


async def new_card(client: httpx.AsyncClient, **wallet: Any) -> TestCard:
    """Make a wallet, an ACTIVE program and a member."""
    (card,) = await new_cards(client, wallet)
    return card


async def new_cards(
    client: httpx.AsyncClient, *wallets: dict[str, Any], earnings: Callable[[list[str]], list[Any]] | None = None
) -> list[TestCard]:
    """Make wallets, an ACTIVE program that has them, and a member; return its cards in the order of the wallets.

    A paid order earns what `earnings` makes of the wallets' ids.
    """
    ids = [await active_wallet(client, **one) for one in wallets]
    earned = await rule(client, *ids, **({"earnings": earnings(ids)} if earnings else {}))
    given = {"card_definitions": [{"id": one} for one in ids], "earning_rules": [{"id": earned}]}
    made = await program(client, status="ACTIVE", **given)
    member = await enrolled(client, f"{PROGRAMS}/{made['id']}/members")
    cards = {one["card"]["card_definition_id"]: one["card"]["id"] for one in member["cards"]}
    return [TestCard(client, made["id"], member["id"], cards[one]) for one in ids]


async def set_clock(engine: Engine, project: TestProject, instant: str) -> None:
    """Let a sandbox's clock stand at an instant, with none of the work on the way done."""
    async with engine.database.connection() as connection:
        moment = datetime.fromisoformat(instant)
        await connection.execute("UPDATE projects SET clock_at = $2 WHERE id = $1", project.id, moment)


async def earn(engine: Engine, project: TestProject, card: TestCard, points: int) -> None:
    """Book points as an earning rule does: pending where the wallet says so."""

    async def attempt(unit: Unit) -> None:
        desk, _ = await open_desk(engine, unit, project.id, [card.member_id], patient=True)
        holdings, present = desk.at(card.member_id)
        assert holdings is not None
        account = holdings.accounts[card.id]
        wallet = present.definitions.programs[card.program_id].wallets[account.card_definition_id]
        expiration, occasion, fresh = wallet.points_expiration, present.occasion("Rule"), present.fresh
        if wallet.pending_points.type == "IMMEDIATE":
            booked = credited(account, TransactionType.POINTS_EARNED, points, expiration, occasion, fresh)
        else:
            booked = deferred(account, points, wallet.pending_points, expiration, occasion, fresh)
        desk.book(card.member_id, holdings.after(booked), [booked.entry], "{}")
        await close_desk(engine, unit, project.id, desk)

    await engine.database.transact(attempt)
