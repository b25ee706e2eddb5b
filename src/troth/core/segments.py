"""Segments: groups of customers, listed one by one or found by a filter (domain 9)."""

from typing import Any, Literal

from troth.core.configuration import Configuration, timestamp
from troth.core.definitions import shown_instant
from troth.core.filters import CustomerFilter
from troth.core.platform_resources import PlatformResource


class SegmentConfiguration(Configuration):
    """What a segment is: of a static one the customers lie in a table of their own."""

    type: Literal["static", "auto-update", "passive"]
    filter: CustomerFilter | None = None


def shown(segment: PlatformResource) -> dict[str, Any]:
    """Return the segment as answers show it (contract: Segment); before the first change there is no `updated_at`."""
    answer = {
        "id": segment.id,
        "name": segment.name,
        "created_at": timestamp(segment.created_at),
        "updated_at": shown_instant(segment.updated_at),
        "type": segment.configuration["type"],
        "filter": segment.configuration.get("filter"),
        "object": "segment",
    }
    if segment.updated_at is None:
        del answer["updated_at"]
    return answer
