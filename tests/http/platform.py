"""Resources of the platform made over the API, for the tests of whatever works with them."""

from typing import Any

import httpx


async def created(client: httpx.AsyncClient, kind: str, **given: Any) -> dict[str, Any]:
    """Create a resource (`kind` as in the path) and return the answer."""
    answer = await client.post(f"/v1/{kind}", json=given)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def listed(client: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    """Return the rows of a v1 list."""
    answer = await client.get(f"/v1/{path}")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    rows: list[dict[str, Any]] = body[body["data_ref"]]
    return rows
