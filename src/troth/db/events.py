"""Custom events, each of which stays with its customer."""

from collections.abc import Sequence
from datetime import datetime

from troth.core.events import CustomEvent
from troth.core.json import text
from troth.db.database import Unit
from troth.db.queries import queries

_SQL = queries("events")


async def save(unit: Unit, project_id: str, events: Sequence[CustomEvent], now: datetime) -> None:
    """Insert custom events; the first proves the unit's commit."""
    unit.prove(_SQL.is_saved, events[0].customer.id, events[0].id)
    await unit.connection.execute(
        _SQL.save,
        project_id,
        now,
        [one.customer.id for one in events],
        [one.id for one in events],
        [one.schema_id for one in events],
        [one.name for one in events],
        [text(one.metadata) for one in events],
    )
