"""Create segments, and tell which a customer is in (domain 9)."""

from collections.abc import Collection, Sequence
from typing import Final

from troth.actions import platform_resources
from troth.actions.engine import Engine
from troth.actions.project_time import read_project_time
from troth.core.platform_resources import PlatformResource
from troth.core.refusals import not_found
from troth.core.segments import SegmentConfiguration
from troth.db import customers, segments
from troth.db.database import Connection, Unit

FILTERS_AT_ONCE: Final = 20


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


async def list_segments_of(engine: Engine, project_id: str, reference: str) -> Sequence[PlatformResource]:
    """Return the segments that a customer is in, the oldest first: by their lists, and by their filters as of now.

    `reference` is the customer's id or its source id. Raises a refusal with `NOT_FOUND`.
    """

    async def look(connection: Connection) -> list[PlatformResource]:
        customer = await customers.find(connection, project_id, reference)
        if customer is None:
            raise not_found("customer", reference)
        now, zone = await read_project_time(engine, connection, project_id)
        candidates = await segments.candidates_of(connection, project_id, customer.id)
        configurations = [SegmentConfiguration.model_validate(one.configuration) for one in candidates]
        filters = [one.filter for one in configurations if one.filter is not None]
        passed: list[bool] = []
        for first in range(0, len(filters), FILTERS_AT_ONCE):
            asked = filters[first : first + FILTERS_AT_ONCE]
            passed += await segments.passes(connection, project_id, customer.id, asked, now=now, zone=zone)
        answers = iter(passed)
        return [
            segment
            for segment, configuration in zip(candidates, configurations, strict=True)
            if configuration.filter is None or next(answers)
        ]

    return await engine.database.read(look)
