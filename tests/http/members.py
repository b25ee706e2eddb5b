"""Members made over the API, for the tests of whatever works with them."""

from typing import Any

import httpx
from tests.http.programs import PROGRAMS, ready


async def club(client: httpx.AsyncClient) -> str:
    """Create an ACTIVE program with one wallet and return the path of its members."""
    program, _, _ = await ready(client, status="ACTIVE")
    return f"{PROGRAMS}/{program['id']}/members"


async def customer(client: httpx.AsyncClient, **given: Any) -> str:
    answer = await client.post("/v1/customers", json=given)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def enrolled(client: httpx.AsyncClient, members: str, **given: Any) -> dict[str, Any]:
    """Enrol a customer, a new one if none is given, and return the answer."""
    body = {"customer_id": await customer(client), **given} if "customer_id" not in given else given
    answer = await client.post(members, json=body)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def activities(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    """Return the history of a member or a card, oldest first."""
    answer = await client.get(f"{path}/activities?order=created_at&limit=100")
    assert answer.status_code == 200, answer.text
    entries: list[dict[str, Any]] = answer.json()["data"]
    return entries
