"""Benefits: what an earning rule grants besides points; incentives are the same under another name."""

from typing import Annotated, Final

from fastapi import Path

from troth.actions.benefits import BENEFITS
from troth.core.lifecycle import Verb
from troth.core.lists import choices, ids
from troth.core.refusals import Reason
from troth.http.editing import IF_MATCH
from troth.http.list_parameters import query_parameters
from troth.http.resources import LISTING, Resource, definition_list, history_list
from troth.http.routing import Call, Routes
from troth.http.shapes.benefits import (
    Benefit,
    BenefitActivity,
    BenefitActivityListResponse,
    BenefitCreateRequest,
    BenefitListResponse,
    BenefitUpdateRequest,
)

BenefitId = Annotated[str, Path(alias="benefitId", pattern=r"^lben_[a-f0-9]+$")]

LISTED: Final = definition_list(
    "lcrsben",
    ids("lben", "linc"),
    orders=("created_at", "name", "type"),
    statuses=("ACTIVE", "DRAFT"),
    more={"type": choices(("POINTS", "POINTS_PROPORTIONAL", "MATERIAL", "DIGITAL"))},
)
HISTORY: Final = history_list(
    "lcrsaben", ids("laben", "lainc"), noun="benefit", pasts=("created", "updated", "deleted", "activated", "drafted")
)
_RESOURCE: Final = Resource[Benefit, BenefitActivity](BENEFITS, listed=LISTED, history=HISTORY)

routes = Routes(tag="Benefits", scope="loyalties")


@routes.get(
    "/v2/loyalties/benefits",
    operation_id="listBenefits",
    reasons=LISTING,
    reserved=(404, 409),
    query=query_parameters(LISTED),
)
async def list_benefits(call: Call) -> BenefitListResponse:
    """List benefits."""
    return await _RESOURCE.list(call)


@routes.post(
    "/v2/loyalties/benefits",
    operation_id="createBenefit",
    reasons=(Reason.NOT_FOUND, Reason.NON_ACTIVE_CARD_DEFINITION),
    reserved=(409,),
)
async def create_benefit(call: Call, body: BenefitCreateRequest) -> Benefit:
    """Create benefit.

    It is a DRAFT unless it is asked to be ACTIVE at once, for which a card definition that it grants points on must be.
    """
    return await _RESOURCE.create(call, body)


@routes.get(
    "/v2/loyalties/benefits/{benefitId}",
    operation_id="getBenefit",
    reserved=(400, 409),
)
async def get_benefit(call: Call, benefit_id: BenefitId) -> Benefit:
    """Get benefit.

    The header `ETag` names its present state, for a change that is to be refused in any other.
    """
    return await _RESOURCE.get(call, benefit_id)


@routes.put(
    "/v2/loyalties/benefits/{benefitId}",
    operation_id="updateBenefit",
    reasons=(Reason.PRECONDITION_FAILED,),
    reserved=(409, 423),
    query=(IF_MATCH,),
)
async def update_benefit(call: Call, benefit_id: BenefitId, body: BenefitUpdateRequest) -> Benefit:
    """Update benefit.

    Each given section replaces the present one. After DRAFT only `name` and `stock` may change.
    """
    return await _RESOURCE.update(call, benefit_id, body)


@routes.delete(
    "/v2/loyalties/benefits/{benefitId}",
    operation_id="deleteBenefit",
    reasons=(Reason.BENEFIT_IN_USE,),
    reserved=(409,),
)
async def delete_benefit(call: Call, benefit_id: BenefitId) -> Benefit:
    """Delete benefit.

    Refused while an earning rule uses it.
    """
    return await _RESOURCE.delete(call, benefit_id)


@routes.post(
    "/v2/loyalties/benefits/{benefitId}/activate",
    operation_id="activateBenefit",
    reasons=(Reason.INVALID_MOVE, Reason.NON_ACTIVE_CARD_DEFINITION),
    reserved=(409,),
)
async def activate_benefit(call: Call, benefit_id: BenefitId) -> Benefit:
    """Activate benefit.

    A card definition that it grants points on must be ACTIVE.
    """
    return await _RESOURCE.move(call, benefit_id, Verb.ACTIVATE)


@routes.post(
    "/v2/loyalties/benefits/{benefitId}/draft",
    operation_id="draftBenefit",
    reasons=(Reason.INVALID_MOVE, Reason.CONNECTED_ACTIVE_EARNING_RULE),
    reserved=(409,),
)
async def draft_benefit(call: Call, benefit_id: BenefitId) -> Benefit:
    """Return benefit to draft.

    Refused while an ACTIVE earning rule uses it.
    """
    return await _RESOURCE.move(call, benefit_id, Verb.DRAFT)


@routes.get(
    "/v2/loyalties/benefits/{benefitId}/activities",
    operation_id="listBenefitActivities",
    reasons=LISTING,
    reserved=(409,),
    query=query_parameters(HISTORY),
)
async def list_benefit_activities(call: Call, benefit_id: BenefitId) -> BenefitActivityListResponse:
    """List benefit activities."""
    return await _RESOURCE.history(call, benefit_id)
