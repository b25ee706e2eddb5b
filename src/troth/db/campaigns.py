"""Campaigns: their list has fields of its own."""

from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.platform_resources import PlatformResource
from troth.db import listing
from troth.db.database import Connection
from troth.db.platform_resources import resource
from troth.db.queries import queries

_SQL = queries("campaigns")


async def page(
    connection: Connection, declaration: ListDeclaration, query: ListQuery, project_id: str
) -> tuple[Page[PlatformResource], int]:
    """Return one page of the project's campaigns, and how many all pages have."""
    rows, position = await listing.page(connection, declaration, query, _SQL.listed, project_id)
    total = await listing.count(connection, declaration, query, _SQL.listed, project_id)
    return Page([resource(row) for row in rows], position), total
