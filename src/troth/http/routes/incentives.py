"""Incentives: the other face of benefits (domain 1)."""

from typing import Annotated, Final

from fastapi import Path

from troth.actions.benefits import INCENTIVES
from troth.core.incentives import shown
from troth.core.lifecycle import Verb
from troth.core.lists import choices, ids
from troth.core.refusals import Reason
from troth.http.editing import IF_MATCH
from troth.http.list_parameters import query_parameters
from troth.http.resources import LISTING, Resource, definition_list, history_list
from troth.http.routing import Call, Routes
from troth.http.shapes.benefits import (
    IncentiveActivityDTO,
    IncentiveActivityListResponse,
    IncentiveCreateRequest,
    IncentiveDTO,
    IncentiveListResponse,
    IncentiveUpdateRequest,
)

IncentiveId = Annotated[str, Path(alias="id", pattern=r"^linc_[a-f0-9]+$")]

LISTED: Final = definition_list(
    "lcrsinc",
    ids("lben", "linc"),
    orders=("created_at", "name", "type"),
    statuses=("ACTIVE", "DRAFT"),
    more={"type": choices(("POINTS", "POINTS_PROPORTIONAL", "MATERIAL", "DIGITAL"))},
)
HISTORY: Final = history_list(
    "lcrsainc",
    ids("laben", "lainc"),
    noun="incentive",
    stored_noun="benefit",
    pasts=("created", "updated", "deleted", "activated", "drafted"),
)
_RESOURCE: Final = Resource[IncentiveDTO, IncentiveActivityDTO](
    INCENTIVES, listed=LISTED, history=HISTORY, face=shown, activity_prefix="lainc"
)

routes = Routes(tag="Incentives", scope="loyalties")


@routes.get(
    "/v2/loyalties/incentives",
    operation_id="listIncentives",
    reasons=LISTING,
    query=query_parameters(LISTED),
)
async def list_incentives(call: Call) -> IncentiveListResponse:
    """List incentives."""
    return await _RESOURCE.list(call)


@routes.post(
    "/v2/loyalties/incentives",
    operation_id="createIncentive",
    reasons=(Reason.NOT_FOUND, Reason.NON_ACTIVE_CARD_DEFINITION),
    reserved=(409,),
)
async def create_incentive(call: Call, body: IncentiveCreateRequest) -> IncentiveDTO:
    """Create incentive.

    It is a DRAFT unless it is asked to be ACTIVE at once, for which a card definition that it grants points on must be.
    """
    return await _RESOURCE.create(call, body)


@routes.get(
    "/v2/loyalties/incentives/{id}",
    operation_id="getIncentive",
)
async def get_incentive(call: Call, incentive_id: IncentiveId) -> IncentiveDTO:
    """Get incentive.

    The header `ETag` names its present state, for a change that is to be refused in any other.
    """
    return await _RESOURCE.get(call, incentive_id)


@routes.put(
    "/v2/loyalties/incentives/{id}",
    operation_id="updateIncentive",
    reasons=(Reason.PRECONDITION_FAILED,),
    reserved=(409,),
    query=(IF_MATCH,),
)
async def update_incentive(call: Call, incentive_id: IncentiveId, body: IncentiveUpdateRequest) -> IncentiveDTO:
    """Update incentive.

    Each given section replaces the present one. After DRAFT only `name` and `stock` may change.
    """
    return await _RESOURCE.update(call, incentive_id, body)


@routes.delete(
    "/v2/loyalties/incentives/{id}",
    operation_id="deleteIncentive",
    reasons=(Reason.IN_USE,),
)
async def delete_incentive(call: Call, incentive_id: IncentiveId) -> IncentiveDTO:
    """Delete incentive.

    Refused while an earning rule uses it.
    """
    return await _RESOURCE.delete(call, incentive_id)


@routes.post(
    "/v2/loyalties/incentives/{id}/activate",
    operation_id="activateIncentive",
    reasons=(Reason.INVALID_MOVE, Reason.NON_ACTIVE_CARD_DEFINITION),
)
async def activate_incentive(call: Call, incentive_id: IncentiveId) -> IncentiveDTO:
    """Activate incentive.

    A card definition that it grants points on must be ACTIVE.
    """
    return await _RESOURCE.move(call, incentive_id, Verb.ACTIVATE)


@routes.post(
    "/v2/loyalties/incentives/{id}/draft",
    operation_id="draftIncentive",
    reasons=(Reason.INVALID_MOVE, Reason.LOCKED_BY_EARNING_RULE),
)
async def draft_incentive(call: Call, incentive_id: IncentiveId) -> IncentiveDTO:
    """Return incentive to draft.

    Refused while an ACTIVE earning rule uses it.
    """
    return await _RESOURCE.move(call, incentive_id, Verb.DRAFT)


@routes.get(
    "/v2/loyalties/incentives/{id}/activities",
    operation_id="listIncentiveActivities",
    reasons=LISTING,
    query=query_parameters(HISTORY),
)
async def list_incentive_activities(call: Call, incentive_id: IncentiveId) -> IncentiveActivityListResponse:
    """List incentive activities."""
    return await _RESOURCE.history(call, incentive_id)
