"""Create segments (domain 9)."""

from collections.abc import Collection

from troth.actions import platform_resources
from troth.actions.engine import Engine
from troth.core.platform_resources import PlatformResource
from troth.core.refusals import not_found
from troth.core.segments import SegmentConfiguration
from troth.db import segments
from troth.db.database import Unit


async def create_segment(
    engine: Engine,
    project_id: str,
    name: str,
    configuration: SegmentConfiguration,
    customer_ids: Collection[str],
) -> PlatformResource:
    """Create a segment, a static one with its customers. Raises a refusal with `NOT_FOUND` for one of them."""

    async def add(unit: Unit, segment: PlatformResource) -> None:
        if customer_ids:
            absent = await segments.add_customers(unit, project_id, segment.id, set(customer_ids), segment.created_at)
            if absent:
                raise not_found("customer", min(absent))

    return await platform_resources.create(engine, project_id, "segment", name, configuration.stored(), then=add)
