"""Campaigns: how many vouchers they have, and a list with fields of its own."""

from troth.core.campaigns import IssuedCampaign
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.db import listing
from troth.db.database import Connection, Unit
from troth.db.platform_resources import resource
from troth.db.queries import queries

_SQL = queries("campaigns")


async def vouchers_count(connection: Connection, campaign_id: str) -> int:
    """Return how many vouchers a campaign has."""
    count: int = await connection.fetchval(_SQL.vouchers_count, campaign_id)
    return count


async def last_vouchers_count(unit: Unit, campaign_id: str) -> int:
    """Return how many vouchers a campaign has that is about to be deleted, once those under way are there or gone."""
    await unit.connection.execute(_SQL.lock, campaign_id)
    return await vouchers_count(unit.connection, campaign_id)


async def page(
    connection: Connection, declaration: ListDeclaration, query: ListQuery, project_id: str
) -> tuple[Page[IssuedCampaign], int]:
    """Return one page of the project's campaigns, and how many all pages have."""
    rows, position = await listing.page(connection, declaration, query, _SQL.listed, project_id)
    total = await listing.count(connection, declaration, query, _SQL.listed, project_id)
    return Page([IssuedCampaign(resource(row), row["vouchers_count"]) for row in rows], position), total
