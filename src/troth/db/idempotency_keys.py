"""Idempotency keys: taken before anything else of a unit of work, and kept with the answer or freed at its end."""

from datetime import datetime

from troth.core.idempotency_keys import Given, Keyed
from troth.db.database import Unit
from troth.db.queries import queries

_SQL = queries("idempotency_keys")


async def take(unit: Unit, request: Keyed, now: datetime, before: datetime) -> bool:
    """Take a request's key, and return whether that was possible.

    A key that was taken before an instant is free. Waits for a unit that has taken the key and is not over.
    """
    project_id, scope, body_digest, request_id = request
    row = await unit.connection.fetchval(_SQL.take, project_id, scope, body_digest, request_id, now, before)
    return row is not None


async def given(unit: Unit, request: Keyed) -> tuple[bytes, Given]:
    """Return the digest of the body that came with a key that was taken, and the answer that was given."""
    (row,) = await unit.connection.fetch(_SQL.given, request.project_id, request.scope)
    return row["body_digest"], Given(row["status"], [(name, value) for name, value in row["headers"]], row["body"])


async def keep(unit: Unit, request: Keyed, answer: Given) -> None:
    """Keep an answer with its request's key."""
    unit.prove(_SQL.is_kept, request.project_id, request.scope, request.request_id)
    headers = [[name, value] for name, value in answer.headers]
    await unit.connection.execute(_SQL.keep, request.project_id, request.scope, answer.status, headers, answer.body)


async def free(unit: Unit, request: Keyed) -> None:
    """Free a key that this unit has taken."""
    await unit.connection.execute(_SQL.free, request.project_id, request.scope)


async def forget(unit: Unit, before: datetime, limit: int) -> int:
    """Delete some of the keys that were taken before an instant, oldest first, and return how many."""
    rows = await unit.connection.fetch(_SQL.forget, before, limit)
    return len(rows)
