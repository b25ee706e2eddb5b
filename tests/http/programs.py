"""Programs and all that they connect, made for the tests of whatever works with them."""

from collections.abc import Sequence
from typing import Any

import httpx
from tests.http.definitions import BASE, made, points

from troth.actions.engine import Engine
from troth.core.definitions import Definition
from troth.db import definitions
from troth.db.database import Unit

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


async def structure(engine: Engine, project_id: str, card_definition_id: str, status: str = "ACTIVE") -> str:
    """Store a tier structure on a wallet and return its id."""
    balance = {"card_definition_id": card_definition_id}
    configuration = {"type": "POINT_BALANCE", "point_balance": balance}
    return await _stored(engine, project_id, "tier_structure", configuration, status, [card_definition_id])


async def reward(engine: Engine, project_id: str, *card_definition_ids: str, status: str = "ACTIVE") -> str:
    """Store a reward that costs points of each of the wallets and return its id."""
    costs = [{"spending": [{"points": 5, "card_definition_id": one}]} for one in card_definition_ids]
    configuration = {"type": "MATERIAL", "costs": costs}
    return await _stored(engine, project_id, "reward", configuration, status, card_definition_ids)


async def _stored(
    engine: Engine, project_id: str, kind: str, configuration: dict[str, Any], status: str, referred: Sequence[str]
) -> str:
    prefix = {"tier_structure": "lts", "reward": "lrew"}[kind]
    new = Definition(
        id=engine.identifiers.fresh(prefix),
        kind=kind,
        name=kind,
        status=status,
        configuration=configuration,
        metadata={},
        created_at=engine.clock.now(),
    )

    async def attempt(unit: Unit) -> None:
        await definitions.insert(unit, project_id, new)
        await definitions.save_references(unit, new.id, referred)

    await engine.database.transact(attempt)
    return new.id
