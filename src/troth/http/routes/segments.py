"""Segments of customers."""

from typing import Annotated, Final, cast

from fastapi import Path

from troth.actions import platform_resources, segments
from troth.core.lists import Operator, PageDeclaration, choices, ids, instants, texts
from troth.core.refusals import Reason
from troth.core.segments import shown
from troth.http.list_parameters import query_parameters
from troth.http.numbered_lists import answer_numbered
from troth.http.routing import Call, Routes
from troth.http.shapes.segments import (
    Segment,
    SegmentCreateRequest,
    SegmentCustomersRequest,
    SegmentList,
    SegmentUpdateRequest,
)

SegmentId = Annotated[str, Path(alias="segmentId", pattern=r"^seg_[a-zA-Z0-9]+$")]

SEGMENTS: Final = PageDeclaration(
    data_ref="data",
    fields={
        "id": ids("seg", digits="a-zA-Z0-9"),
        "name": texts(),
        "type": choices(("auto-update", "passive", "static")),
        "created_at": instants(),
    },
    filter_parameters={"ids": ("id", Operator.IN)},
    largest_page=None,
    deep_filters=True,
)

routes = Routes(tag="Segments", scope="segments")


@routes.get(
    "/v1/segments", operation_id="listSegments", reasons=(Reason.INVALID_QUERY,), query=query_parameters(SEGMENTS)
)
async def list_segments(call: Call) -> SegmentList:
    """List segments."""
    answer = await answer_numbered(
        call,
        SEGMENTS,
        lambda query: platform_resources.list_page(call.engine, call.caller.project_id, "segment", SEGMENTS, query),
        shown,
    )
    return cast("SegmentList", {**answer, "segments": answer["data"]})


@routes.post("/v1/segments", operation_id="createSegment", reasons=(Reason.NOT_FOUND,))
async def create_segment(call: Call, body: SegmentCreateRequest) -> Segment:
    """Create segment.

    A static one has the customers that it is given. The filter of the others is over customers, by their properties
    and `metadata.…`; whom it finds is kept, followed with every change of a customer, and with time each midnight.
    Entering an `auto-update` one later, or being added to a static one, triggers earning rules; a `passive` one never
    does. Those whom the segment begins with do not enter it.
    """
    made = await segments.create_segment(
        call.engine, call.caller.project_id, body.name, body.configuration(), body.customers or ()
    )
    return cast("Segment", shown(made))


@routes.get("/v1/segments/{segmentId}", operation_id="getSegment")
async def get_segment(call: Call, segment_id: SegmentId) -> Segment:
    """Get segment."""
    found = await platform_resources.get(call.engine, call.caller.project_id, "segment", segment_id)
    return cast("Segment", shown(found))


@routes.put("/v1/segments/{segmentId}", operation_id="updateSegment")
async def update_segment(call: Call, segment_id: SegmentId, body: SegmentUpdateRequest) -> Segment:
    """Update segment.

    Its name, its filter, or whether one with a filter is `auto-update` or `passive`. Those whom a new filter finds do
    not enter the segment.
    """
    changed = await segments.update_segment(
        call.engine, call.caller.project_id, segment_id, name=body.name, type_=body.type, asked=body.filter
    )
    return cast("Segment", shown(changed))


@routes.post("/v1/segments/{segmentId}/customers", operation_id="addSegmentCustomers")
async def add_segment_customers(call: Call, segment_id: SegmentId, body: SegmentCustomersRequest) -> Segment:
    """Add customers to static segment.

    All of them or none. Each that was not in it enters it, which triggers earning rules.
    """
    segment = await segments.add_customers(call.engine, call.caller.project_id, segment_id, body.customers)
    return cast("Segment", shown(segment))


@routes.delete("/v1/segments/{segmentId}/customers", operation_id="removeSegmentCustomers", status=204)
async def remove_segment_customers(call: Call, segment_id: SegmentId, body: SegmentCustomersRequest) -> None:
    """Remove customers from static segment.

    All of them or none; who is not in it stays out.
    """
    await segments.remove_customers(call.engine, call.caller.project_id, segment_id, body.customers)


@routes.delete("/v1/segments/{segmentId}", operation_id="deleteSegment", status=204, reasons=(Reason.IN_USE,))
async def delete_segment(call: Call, segment_id: SegmentId) -> None:
    """Delete segment.

    Refused while a definition refers to it. The customers stay.
    """
    await platform_resources.delete(call.engine, call.caller.project_id, "segment", segment_id)
