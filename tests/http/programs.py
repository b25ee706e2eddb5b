"""Programs and all that they connect, made for the tests of whatever works with them."""

from typing import Any

import httpx
from tests.http.definitions import BASE, made, points

PROGRAMS = f"{BASE}/programs"
NO_PROGRAM = "lprg_00000000000000000000000000000000"


async def program(client: httpx.AsyncClient, **given: Any) -> dict[str, Any]:
    return await made(client, "programs", {"name": "Club", **given})


async def active_wallet(client: httpx.AsyncClient, **given: Any) -> str:
    body = {"name": "Points", "type": "INDIVIDUAL", "status": "ACTIVE", **given}
    return str((await made(client, "card-definitions", body))["id"])


async def rule(client: httpx.AsyncClient, *card_definition_ids: str, status: str = "ACTIVE", **given: Any) -> str:
    """Create an earning rule that grants points on each of the wallets."""
    body = {
        "name": "Rule",
        "status": status,
        "trigger": {"event": "customer.order.paid"},
        "earnings": [points(one) for one in card_definition_ids],
        **given,
    }
    return str((await made(client, "earning-rules", body))["id"])


async def ready(client: httpx.AsyncClient, **given: Any) -> tuple[dict[str, Any], str, str]:
    """Create a program with an ACTIVE wallet and an ACTIVE rule; return it and their ids."""
    wallet_id = await active_wallet(client)
    rule_id = await rule(client, wallet_id)
    body = {"card_definitions": [{"id": wallet_id}], "earning_rules": [{"id": rule_id}], **given}
    return await program(client, **body), wallet_id, rule_id


async def batch(
    client: httpx.AsyncClient, program_id: str, kind: str, assign: Any = (), unassign: Any = ()
) -> httpx.Response:
    """Send a batch (`kind` as in the path); items are ids or whole items."""

    def items(some: Any) -> list[Any]:
        return [{"id": one} if isinstance(one, str) else one for one in some]

    body = {"assign": items(assign), "unassign": items(unassign)}
    return await client.post(f"{PROGRAMS}/{program_id}/{kind}/batch", json=body)


async def assigned(client: httpx.AsyncClient, program_id: str, kind: str) -> list[str]:
    """Return the ids that are assigned to a program (`kind` as in the path), oldest first."""
    answer = await client.get(f"{PROGRAMS}/{program_id}/{kind}?order=created_at&limit=100")
    assert answer.status_code == 200, answer.text
    name = f"{kind.replace('-', '_').removesuffix('s')}_id"
    return [one[name] for one in answer.json()["data"]]


async def history(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    """Return the activities of a resource, oldest first."""
    answer = await client.get(f"{BASE}/{path}/activities?order=created_at&limit=100")
    assert answer.status_code == 200, answer.text
    entries: list[dict[str, Any]] = answer.json()["data"]
    return entries


async def structure(client: httpx.AsyncClient, card_definition_id: str, status: str = "ACTIVE") -> str:
    """Create a tier structure on a wallet."""
    balance = {"card_definition_id": card_definition_id}
    return await _in_status(client, "tier-structures", status, type="POINT_BALANCE", point_balance=balance)


async def reward(client: httpx.AsyncClient, *card_definition_ids: str, status: str = "ACTIVE") -> str:
    """Create a reward that can be paid with points of any of the wallets."""
    product = await client.post("/v1/products", json={"name": "Mug"})
    costs = [{"spending": [{"points": 5, "card_definition_id": one}]} for one in card_definition_ids]
    material = {"type": "PRODUCT", "product": {"id": product.json()["id"]}}
    return await _in_status(client, "rewards", status, type="MATERIAL", material=material, costs=costs)


async def _in_status(client: httpx.AsyncClient, kind: str, status: str, **given: Any) -> str:
    shown = await made(client, kind, {"name": kind, "status": "DRAFT" if status == "DRAFT" else "ACTIVE", **given})
    if status == "INACTIVE":
        assert (await client.post(f"{BASE}/{kind}/{shown['id']}/deactivate")).status_code == 200
    return str(shown["id"])
