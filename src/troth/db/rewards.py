"""Rewards as they are assigned to programs."""

from collections.abc import Collection

from troth.core.purchases.offers import Assigned, Reward
from troth.db.database import Connection
from troth.db.definitions import definition
from troth.db.queries import queries

_SQL = queries("rewards")


async def assigned(
    connection: Connection, project_id: str, program_ids: Collection[str]
) -> dict[str, dict[str, Assigned]]:
    """Return the rewards of programs by their ids, the oldest assignment first."""
    found: dict[str, dict[str, Assigned]] = {one: {} for one in program_ids}
    for row in await connection.fetch(_SQL.assigned, project_id, list(program_ids)):
        found[row["program_id"]][row["id"]] = Assigned(Reward(definition(row)), row["is_limited"])
    return found
