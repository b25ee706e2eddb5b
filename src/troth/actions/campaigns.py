"""Create, list and delete campaigns (domain 9)."""

from troth.actions import platform_resources
from troth.actions.definitions import require
from troth.actions.engine import Engine
from troth.actions.schemas import check_metadata
from troth.core.async_actions import AsyncAction
from troth.core.campaigns import Campaign, IssuedCampaign, reference_ids, stored
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.platform_resources import PlatformResource
from troth.db import async_actions, campaigns
from troth.db.database import Connection, Unit


async def create_campaign(engine: Engine, project_id: str, name: str, campaign: Campaign) -> IssuedCampaign:
    """Create a campaign.

    Raises a refusal with `INVALID_PAYLOAD` for metadata that break their schema, with `NOT_FOUND` for a product or SKU
    that it gives for free, with `DUPLICATE_KEY` for its name.
    """

    async def check(unit: Unit) -> None:
        await check_metadata(unit.connection, project_id, "campaign", campaign.metadata)
        await require(unit.connection, project_id, reference_ids(campaign))

    new = await platform_resources.create(engine, project_id, "campaign", name, stored(campaign), check=check)
    return IssuedCampaign(new, 0)


async def get_campaign(engine: Engine, project_id: str, reference: str) -> IssuedCampaign:
    """Return a campaign by its id or its name. Raises a refusal with `NOT_FOUND`."""

    async def look(connection: Connection) -> IssuedCampaign:
        campaign = await platform_resources.found(connection, project_id, "campaign", reference)
        return IssuedCampaign(campaign, await campaigns.vouchers_count(connection, campaign.id))

    return await engine.database.read(look)


async def list_campaigns(
    engine: Engine, project_id: str, declaration: ListDeclaration, query: ListQuery
) -> tuple[Page[IssuedCampaign], int]:
    """Return one page of the project's campaigns, and how many all pages have."""

    async def look(connection: Connection) -> tuple[Page[IssuedCampaign], int]:
        return await campaigns.page(connection, declaration, query, project_id)

    return await engine.database.read(look)


async def delete_campaign(engine: Engine, project_id: str, reference: str, request_id: str) -> str:
    """Delete a campaign for good with its vouchers, and return the id of the async action that says how many.

    Raises a refusal with `NOT_FOUND`, or with `IN_USE` if definitions refer to it.
    """
    action_id = engine.identifiers.fresh("aa")

    async def record(unit: Unit, campaign: PlatformResource) -> None:
        now = engine.clock.now()
        done = await campaigns.last_vouchers_count(unit, campaign.id)
        action = AsyncAction(
            id=action_id,
            type="CAMPAIGN.VOUCHERS_DELETE",
            status="DONE",
            request_id=request_id,
            result={"message": f"Campaign {campaign.id} has been deleted with its vouchers", "done_count": done},
            created_at=now,
            updated_at=now,
        )
        await async_actions.insert(unit, project_id, action)

    await platform_resources.delete(engine, project_id, "campaign", reference, before=record)
    return action_id
