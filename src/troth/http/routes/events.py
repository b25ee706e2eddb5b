"""Custom events: what customers do."""

from typing import cast

from troth.core.events import shown
from troth.core.refusals import Reason
from troth.http.routing import Call, Routes
from troth.http.shapes.events import Event, EventCreateRequest

routes = Routes(tag="Events", scope="events")


@routes.post("/v1/events", operation_id="trackCustomEvent", reasons=(Reason.NOT_FOUND, Reason.DUPLICATE_KEY))
async def track_custom_event(call: Call, body: EventCreateRequest) -> Event:
    """Track custom event.

    There must be an event schema of its name, which its metadata must fit. The customer is created or updated with it.
    """
    tracked = await call.lanes.track_event.submit(call.caller.project_id, body.command())
    return cast("Event", shown(tracked))
