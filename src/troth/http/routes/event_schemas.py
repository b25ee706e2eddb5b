"""Event schemas: the kinds of custom events that a project knows."""

from typing import Annotated, Final, cast

from fastapi import Path

from troth.actions import platform_resources
from troth.core.refusals import Reason
from troth.core.schema_resources import shown_event_schema, stored
from troth.http.list_parameters import query_parameters
from troth.http.numbered_lists import answer_numbered, plain_list
from troth.http.routing import Call, Routes
from troth.http.shapes.event_schemas import EventSchema, EventSchemaCreateRequest, EventSchemaList

EventSchemaId = Annotated[str, Path(alias="eventSchemaId", description="The event schema's `id` or its `name`.")]

EVENT_SCHEMAS: Final = plain_list("data")

routes = Routes(tag="Event Schemas", scope="events")


@routes.get(
    "/v1/event-schemas",
    operation_id="listEventSchemas",
    reasons=(Reason.INVALID_QUERY,),
    query=query_parameters(EVENT_SCHEMAS),
)
async def list_event_schemas(call: Call) -> EventSchemaList:
    """List event schemas."""
    answer = await answer_numbered(
        call,
        EVENT_SCHEMAS,
        lambda query: platform_resources.list_page(
            call.engine, call.caller.project_id, "event_schema", EVENT_SCHEMAS, query
        ),
        shown_event_schema,
    )
    return cast("EventSchemaList", answer)


@routes.post("/v1/event-schemas", operation_id="createEventSchema", reasons=(Reason.DUPLICATE_KEY,))
async def create_event_schema(call: Call, body: EventSchemaCreateRequest) -> EventSchema:
    """Create event schema.

    Its name is that of the events, and no other schema of the project may have it.
    """
    made = await platform_resources.create(call.engine, call.caller.project_id, "event_schema", body.name, stored(body))
    return cast("EventSchema", shown_event_schema(made))


@routes.get("/v1/event-schemas/{eventSchemaId}", operation_id="getEventSchema")
async def get_event_schema(call: Call, event_schema_id: EventSchemaId) -> EventSchema:
    """Get event schema."""
    found = await platform_resources.get(call.engine, call.caller.project_id, "event_schema", event_schema_id)
    return cast("EventSchema", shown_event_schema(found))


@routes.delete(
    "/v1/event-schemas/{eventSchemaId}", operation_id="deleteEventSchema", status=204, reasons=(Reason.IN_USE,)
)
async def delete_event_schema(call: Call, event_schema_id: EventSchemaId) -> None:
    """Delete event schema.

    Refused while a definition refers to it.
    """
    await platform_resources.delete(call.engine, call.caller.project_id, "event_schema", event_schema_id)
