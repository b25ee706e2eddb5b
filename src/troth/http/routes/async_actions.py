"""Async actions: what was asked for and is done apart from the answer."""

from typing import Annotated, Final, cast

from fastapi import Path

from troth.actions import async_actions
from troth.core.async_actions import shown, shown_with_result
from troth.core.lists import Operator, PageDeclaration, instants
from troth.core.refusals import Reason
from troth.http.list_parameters import query_parameters
from troth.http.numbered_lists import answer_numbered
from troth.http.routing import Call, Lines, Routes
from troth.http.shapes.async_actions import AsyncAction, AsyncActionList, ReportLine

AsyncActionId = Annotated[str, Path(alias="asyncActionId", pattern=r"^aa_[a-zA-Z0-9]+$")]

ASYNC_ACTIONS: Final = PageDeclaration(
    data_ref="async_actions",
    fields={"created_at": instants()},
    filter_parameters={"end_date": ("created_at", Operator.BEFORE)},
    largest_page=None,
)

routes = Routes(tag="Async Actions", scope="async-actions")


@routes.get(
    "/v1/async-actions",
    operation_id="listAsyncActions",
    reasons=(Reason.INVALID_QUERY,),
    query=query_parameters(ASYNC_ACTIONS),
)
async def list_async_actions(call: Call) -> AsyncActionList:
    """List async actions.

    The newest first; `end_date` is the instant before which they were asked for.
    """
    answer = await answer_numbered(
        call,
        ASYNC_ACTIONS,
        lambda query: async_actions.list_async_actions(call.engine, call.caller.project_id, ASYNC_ACTIONS, query),
        shown,
    )
    return cast("AsyncActionList", answer)


@routes.get("/v1/async-actions/{asyncActionId}", operation_id="getAsyncAction")
async def get_async_action(call: Call, async_action_id: AsyncActionId) -> AsyncAction:
    """Get async action."""
    found = await async_actions.get_async_action(call.engine, call.caller.project_id, async_action_id)
    return cast("AsyncAction", shown_with_result(found))


@routes.get("/v1/async-actions/{asyncActionId}/report", operation_id="getAsyncActionReport")
async def get_report(call: Call, async_action_id: AsyncActionId) -> Lines[ReportLine]:
    """Get report.

    Of a batch or an import: one line for each entry, in their order.

    Entries of a batch that wait are ENQUEUED; rows of an import that wait are not in it yet.
    """
    pages = await async_actions.get_report(call.engine, call.caller.project_id, async_action_id)
    return cast("Lines[ReportLine]", Lines(pages))
