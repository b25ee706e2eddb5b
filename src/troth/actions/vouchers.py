"""Issue vouchers of campaigns, and look at them (domain 9 and 11)."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from troth.actions.card_codes import random_bytes
from troth.actions.engine import Engine
from troth.core.card_codes import MISSES_BEFORE_FAILURE, random_code
from troth.core.earning.facts import Amount
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.platform_resources import PlatformResource
from troth.core.purchases.issuing import Rejection
from troth.core.refusals import not_found
from troth.core.vouchers import Voucher
from troth.db import vouchers
from troth.db.database import Connection, Unit


class Wanted(NamedTuple):
    """A new voucher of a campaign, for a customer; `credit` is a gift card's, in minor units."""

    campaign_id: str
    holder_id: str
    credit: Amount | None


async def issue(
    engine: Engine, unit: Unit, project_id: str, wanted: Sequence[Wanted], now: datetime
) -> list[Voucher | Rejection]:
    """Make a new voucher for each that is wanted, or tell why there is none.

    Codes are made as the campaign says, and are the only ones of the project; 20 taken ones in a row are too many.
    """
    if not wanted:
        return []
    campaigns = await vouchers.campaigns(unit, project_id, {one.campaign_id for one in wanted})
    entropy, fresh = random_bytes(), engine.identifiers.fresh
    made: dict[int, Voucher | Rejection] = {}
    remaining = []
    for place, one in enumerate(wanted):
        if one.campaign_id in campaigns:
            remaining.append(place)
        else:
            words = f"Campaign {one.campaign_id} is not there any more"
            made[place] = Rejection("campaign_not_found", {"campaign_id": one.campaign_id}, words)
    for _ in range(MISSES_BEFORE_FAILURE):
        if not remaining:
            break
        tried = {}
        for place in remaining:
            one = wanted[place]
            code = random_code(campaigns[one.campaign_id].configuration["voucher"]["code_config"], entropy)
            tried[place] = Voucher(fresh("v"), code, one.campaign_id, one.holder_id, one.credit, one.credit, 0, now)
        taken = await vouchers.take(unit, project_id, list(tried.values()), now)
        made |= {place: voucher for place, voucher in tried.items() if voucher.id in taken}
        remaining = [place for place in remaining if place not in made]
    for place in remaining:
        words = f"No free code was found for a voucher of campaign {wanted[place].campaign_id}"
        made[place] = Rejection("no_free_code", {"campaign_id": wanted[place].campaign_id}, words)
    return [made[place] for place in range(len(wanted))]


async def get(engine: Engine, project_id: str, code: str) -> tuple[Voucher, PlatformResource]:
    """Return the voucher that has a code, and its campaign. Raises a refusal with `NOT_FOUND`."""
    found = await engine.database.read(lambda connection: vouchers.find(connection, project_id, code))
    if found is None:
        raise not_found("voucher", code)
    return found


async def list_vouchers(
    engine: Engine, project_id: str, declaration: ListDeclaration, query: ListQuery
) -> tuple[Page[tuple[Voucher, PlatformResource]], int]:
    """Return one page of the project's vouchers, each with its campaign, and how many all pages have."""

    async def look(connection: Connection) -> tuple[Page[tuple[Voucher, PlatformResource]], int]:
        return await vouchers.page(connection, declaration, query, project_id)

    return await engine.database.read(look)
