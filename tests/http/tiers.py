"""A card in a program with tiers, and what can be seen of its tiers over the API."""

from typing import Any

import httpx
from tests.http.cards import TestCard
from tests.http.definitions import BASE, made
from tests.http.members import customer, enrolled
from tests.http.programs import PROGRAMS, active_wallet, program, rule

LEVELS = {"Bronze": (0, 100), "Silver": (100, 500), "Gold": (500, None)}
PATH = f"{BASE}/tier-structures"


def earned(value: int, unit: str, moment: str = "IMMEDIATELY") -> dict[str, Any]:
    """Return the part of a structure that follows earned points, but for its wallet."""
    return {"period": {"value": value, "unit": unit}, "type": moment}


def points(least: int, most: int | None = None) -> dict[str, Any]:
    """Return the qualification rules of a tier without a segment."""
    return {"type": "POINTS", "points": {"min_value": least, "max_value": most}}


async def tiers(
    client: httpx.AsyncClient, wallet_id: str, levels: dict[str, Any], **structure: Any
) -> tuple[str, dict[str, str]]:
    """Make an ACTIVE tier structure on a wallet; return its id and its tiers' by their names.

    A level is the points at which it begins and ends, or all of a tier's properties.
    """
    source = {"point_balance": {"card_definition_id": wallet_id}, "type": "POINT_BALANCE"}
    if part := structure.pop("point_earned", None):
        source = {"point_earned": {"card_definition_id": wallet_id, **part}, "type": "POINT_EARNED"}
    structure_id = (await made(client, "tier-structures", {"name": "Levels", **source, **structure}))["id"]
    ids = {}
    for name, level in levels.items():
        given = level if isinstance(level, dict) else {"qualification_rules": points(*level)}
        ids[name] = (await made(client, f"tier-structures/{structure_id}/tiers", {"name": name, **given}))["id"]
    assert (await client.post(f"{PATH}/{structure_id}/activate")).status_code == 200
    return structure_id, ids


class TieredCard(TestCard):
    """A new member's first card, on which the program's tier structure sits."""

    customer_id: str
    structure_id: str
    names: dict[str | None, str]

    async def progress(self) -> dict[str, Any]:
        """Return the card's tier progress, with names in the place of tiers."""
        answer = await self.client.get(f"{PROGRAMS}/{self.program_id}/memberships/{self.customer_id}")
        assert answer.status_code == 200, answer.text
        (shown,) = (one for one in answer.json()["cards"] if one["card"]["id"] == self.id)
        progress: dict[str, Any] = shown["tier_progress"]
        return progress

    async def tier(self) -> str | None:
        """Return the name of the tier that the card is in."""
        current = (await self.progress())["current"]
        return current and str(current["tier"]["name"])

    async def tier_transactions(self, query: str = "order=created_at&limit=100") -> list[dict[str, Any]]:
        answer = await self.client.get(f"{self.member_path}/tiers/transactions?{query}")
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    async def chain(self) -> list[str]:
        """Return the card's tier history, as `2030-02-28T23:00 UPGRADED Bronze>Silver`, what is decided in brackets."""
        return [self._line(one) for one in await self.tier_transactions()]

    def _line(self, one: dict[str, Any]) -> str:
        moved = f"{self.names[one['details']['tier_from']]}>{self.names[one['details']['tier_to']]}"
        decided = f" ({one['status']} {one['updated_at'][:16]})" if one["updated_at"] else ""
        waits = " PENDING" if one["status"] == "PENDING" else ""
        return f"{one['created_at'][:16]}{waits} {one['type']} {moved}{decided}"


async def tiered_card(
    client: httpx.AsyncClient,
    levels: dict[str, Any] | None = None,
    *,
    wallet: dict[str, Any] | None = None,
    others: int = 0,
    customer_id: str | None = None,
    **structure: Any,
) -> TieredCard:
    """Make a wallet with tiers, `others` without, an ACTIVE program of them, and a member."""
    wallets = [await active_wallet(client, **(wallet or {})), *[await active_wallet(client) for _ in range(others)]]
    structure_id, ids = await tiers(client, wallets[0], levels or LEVELS, **structure)
    club = await program(
        client,
        status="ACTIVE",
        card_definitions=[{"id": one} for one in wallets],
        earning_rules=[{"id": await rule(client, *wallets)}],
        tier_structures=[{"id": structure_id}],
    )
    customer_id = customer_id or await customer(client)
    member = await enrolled(client, f"{PROGRAMS}/{club['id']}/members", customer_id=customer_id)
    (card,) = (one["card"] for one in member["cards"] if one["card"]["card_definition_id"] == wallets[0])
    made_card = TieredCard(client, club["id"], member["id"], card["id"])
    made_card.customer_id, made_card.structure_id = customer_id, structure_id
    made_card.names = {None: "", **{tier_id: name for name, tier_id in ids.items()}}
    return made_card
