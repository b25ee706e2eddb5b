"""Segments made over the API, and who is in them, for the tests of whatever works with them."""

from typing import Any

import httpx
from tests.http.platform import created, listed

from troth.actions.engine import Engine


def asking(field: str, operator: str, *values: Any) -> dict[str, Any]:
    return {"junction": "and", field: {"conditions": {operator: list(values)}}}


VIP = asking("metadata.vip", "$is", True)


async def segment(client: httpx.AsyncClient, asked: dict[str, Any] = VIP, kind: str = "auto-update") -> str:
    """Create a segment of the customers whom a filter finds, and return its id."""
    return str((await created(client, "segments", name="Some", type=kind, filter=asked))["id"])


async def people(client: httpx.AsyncClient, segment_id: str) -> set[str]:
    """Return the ids of a segment's customers, as the list of customers has them."""
    return {one["id"] for one in await listed(client, f"customers?limit=100&segment_id={segment_id}")}


async def segments_of(client: httpx.AsyncClient, reference: str) -> list[str]:
    """Return the ids of a customer's segments, the oldest first."""
    answer = await client.get(f"/v1/customers/{reference}/segments")
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["data"]]


async def entered(engine: Engine, project_id: str) -> list[str]:
    """Return the segments whose entering was recorded for members of a project, in the order of recording."""
    async with engine.database.connection() as connection:
        rows = await connection.fetch(
            "SELECT subject_id FROM triggers WHERE project_id = $1 AND kind = 'customer.segment.entered' ORDER BY seq",
            project_id,
        )
    return [row["subject_id"] for row in rows]
