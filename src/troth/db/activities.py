"""The histories of definitions, programs and customers."""

from collections.abc import Sequence
from datetime import datetime

from troth.core.activities import Activity, StoredActivity
from troth.core.json import decode
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.db import listing
from troth.db.database import Connection, Row, Unit
from troth.db.queries import queries

_SQL = queries("activities")


async def save(
    unit: Unit, project_id: str, group_id: str, source: str, activities: Sequence[Activity], now: datetime
) -> None:
    """Insert what one change did, in one group; the first entry proves the unit's commit."""
    unit.prove(_SQL.is_saved, activities[0].id)
    await unit.connection.execute(
        _SQL.save,
        project_id,
        group_id,
        source,
        now,
        [activity.subject_id for activity in activities],
        [activity.id for activity in activities],
        [activity.type for activity in activities],
        [activity.data for activity in activities],
    )


async def page(
    connection: Connection, declaration: ListDeclaration, query: ListQuery, project_id: str, subject_id: str
) -> Page[StoredActivity]:
    """Return one page of a subject's history."""
    return stored(await listing.page(connection, declaration, query, _SQL.listed, project_id, subject_id))


def stored(page: Page[Row]) -> Page[StoredActivity]:
    """Return the entries of a page of rows."""
    return Page(
        [
            StoredActivity(
                id=row["id"],
                subject_id=row["subject_id"],
                type=row["type"],
                data=decode(row["data"]),
                group_id=row["group_id"],
                source=decode(row["source"]),
                created_at=row["created_at"],
            )
            for row in page.rows
        ],
        page.position,
    )
