"""Definitions made over the API, for the tests of whatever works with them."""

from typing import Any

import httpx

from troth.actions.engine import Engine

BASE = "/v2/loyalties"
NO_WALLET = "lcdef_00000000000000000000000000000000"


async def made(client: httpx.AsyncClient, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """Create a definition (`kind` as in the path) and return the answer."""
    answer = await client.post(f"{BASE}/{kind}", json=body)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def wallet(client: httpx.AsyncClient, **given: Any) -> dict[str, Any]:
    return await made(client, "card-definitions", {"name": "Points", "type": "INDIVIDUAL", **given})


def points(card_definition_id: str, value: int = 10, **more: Any) -> dict[str, Any]:
    """An earning that grants points."""
    effect = {"type": "POINTS", "points": {"value": value, "card_definition_id": card_definition_id, **more}}
    return {"effects": [effect]}


async def earning_rule(client: httpx.AsyncClient, *earnings: dict[str, Any], **given: Any) -> dict[str, Any]:
    body = {"name": "Rule", "trigger": {"event": "customer.order.paid"}, "earnings": list(earnings), **given}
    return await made(client, "earning-rules", body)


async def assign(engine: Engine, project_id: str, kind: str, definition_id: str) -> str:
    """Assign a definition to a new program of the project and return the program's id."""
    program_id = engine.identifiers.fresh("lprg")
    now = engine.clock.now()
    async with engine.database.connection() as connection:
        await connection.execute(
            "INSERT INTO programs (id, project_id, name, status, configuration, metadata, created_at)"
            " VALUES ($1, $2, 'Program', 'DRAFT', '{}', '{}', $3)",
            program_id,
            project_id,
            now,
        )
        await connection.execute(
            "INSERT INTO program_assignments (program_id, definition_id, kind, created_at) VALUES ($1, $2, $3, $4)",
            program_id,
            definition_id,
            kind,
            now,
        )
    return program_id


def refused(answer: httpx.Response, status: int, key: str) -> dict[str, Any]:
    """Check a refusal and return its body."""
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["code"], body["key"]) == (status, status, key), answer.text
    return body
