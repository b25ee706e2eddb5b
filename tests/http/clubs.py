"""A program that customers can join, and its members, made over the API."""

from typing import Any

import httpx
from tests.http.programs import PROGRAMS, active_wallet, program, rule


class Club:
    """A program with its wallets, oldest first, as a client of its project works with it."""

    def __init__(self, client: httpx.AsyncClient, program_id: str, wallet_ids: tuple[str, str]) -> None:
        self.client = client
        self.id = program_id
        self.wallet_ids = wallet_ids
        self.members = f"{PROGRAMS}/{program_id}/members"

    async def customer(self, **given: Any) -> str:
        answer = await self.client.post("/v1/customers", json=given)
        return str(answer.json()["id"])

    async def enrolled(self, **given: Any) -> dict[str, Any]:
        """Enrol a customer, a new one if none is given, and return the answer."""
        body = given if "customer_id" in given else {"customer_id": await self.customer(), **given}
        answer = await self.client.post(self.members, json=body)
        assert answer.status_code == 200, answer.text
        member: dict[str, Any] = answer.json()
        return member

    async def read(self, path: str) -> Any:
        answer = await self.client.get(f"{self.members}{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()


async def new_club(client: httpx.AsyncClient) -> Club:
    """Make an ACTIVE program with two wallets."""
    wallets = (await active_wallet(client), await active_wallet(client, name="Stars"))
    items = {
        "card_definitions": [{"id": one} for one in wallets],
        "earning_rules": [{"id": await rule(client, wallets[0])}],
    }
    made = await program(client, status="ACTIVE", **items)
    return Club(client, made["id"], wallets)
