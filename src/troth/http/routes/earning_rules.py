"""Earning rules: when points and benefits are granted."""

from typing import Annotated, Final

from fastapi import Path

from troth.actions.earning_rules import EARNING_RULES
from troth.core.lifecycle import Verb
from troth.core.lists import ids
from troth.core.refusals import Reason
from troth.http.editing import IF_MATCH
from troth.http.list_parameters import query_parameters
from troth.http.resources import LISTING, Resource, definition_list, history_list
from troth.http.routing import Call, Routes
from troth.http.shapes.earning_rules import (
    EarningRuleActivitiesListResponse,
    EarningRuleActivityResponse,
    EarningRuleCreateRequest,
    EarningRuleListResponse,
    EarningRuleResponse,
    EarningRuleUpdateRequest,
)

EarningRuleId = Annotated[str, Path(alias="earningRuleId", pattern=r"^lern_[a-f0-9]+$")]

LISTED: Final = definition_list(
    "lcrsern", ids("lern"), orders=("created_at", "name"), statuses=("ACTIVE", "INACTIVE", "DRAFT")
)
HISTORY: Final = history_list(
    "lcrsaer",
    ids("laer"),
    noun="earning_rule",
    pasts=("created", "updated", "deleted", "activated", "deactivated", "drafted", "assigned", "unassigned"),
)
_RESOURCE: Final = Resource[EarningRuleResponse, EarningRuleActivityResponse](
    EARNING_RULES, listed=LISTED, history=HISTORY
)

routes = Routes(tag="Earning Rules", scope="loyalties")


@routes.post(
    "/v2/loyalties/earning-rules",
    operation_id="createEarningRule",
    reasons=(Reason.NOT_FOUND,),
    reserved=(409,),
)
async def create_earning_rule(call: Call, body: EarningRuleCreateRequest) -> EarningRuleResponse:
    """Create earning rule.

    It is a DRAFT unless it is asked to be ACTIVE at once. Everything that it refers to must exist.
    """
    return await _RESOURCE.create(call, body)


@routes.get(
    "/v2/loyalties/earning-rules",
    operation_id="listEarningRules",
    reasons=LISTING,
    reserved=(404, 409),
    query=query_parameters(LISTED),
)
async def list_earning_rules(call: Call) -> EarningRuleListResponse:
    """List earning rules."""
    return await _RESOURCE.list(call)


@routes.get("/v2/loyalties/earning-rules/{earningRuleId}", operation_id="getEarningRule", reserved=(400, 409))
async def get_earning_rule(call: Call, earning_rule_id: EarningRuleId) -> EarningRuleResponse:
    """Get earning rule.

    The header `ETag` names its present state, for a change that is to be refused in any other.
    """
    return await _RESOURCE.get(call, earning_rule_id)


@routes.put(
    "/v2/loyalties/earning-rules/{earningRuleId}",
    operation_id="updateEarningRule",
    reasons=(Reason.PRECONDITION_FAILED,),
    reserved=(409,),
    query=(IF_MATCH,),
)
async def update_earning_rule(
    call: Call, earning_rule_id: EarningRuleId, body: EarningRuleUpdateRequest
) -> EarningRuleResponse:
    """Update earning rule.

    Each given section replaces the present one; earnings that carry the id of a present one keep it. After DRAFT
    everything but `trigger` may change.
    """
    return await _RESOURCE.update(call, earning_rule_id, body)


@routes.delete(
    "/v2/loyalties/earning-rules/{earningRuleId}",
    operation_id="deleteEarningRule",
    reasons=(Reason.IN_USE,),
    reserved=(400,),
)
async def delete_earning_rule(call: Call, earning_rule_id: EarningRuleId) -> EarningRuleResponse:
    """Delete earning rule.

    Refused while it is assigned to a program.
    """
    return await _RESOURCE.delete(call, earning_rule_id)


@routes.post(
    "/v2/loyalties/earning-rules/{earningRuleId}/activate",
    operation_id="activateEarningRule",
    reasons=(Reason.CONFLICTING_MOVE,),
    reserved=(400,),
)
async def activate_earning_rule(call: Call, earning_rule_id: EarningRuleId) -> EarningRuleResponse:
    """Activate earning rule."""
    return await _RESOURCE.move(call, earning_rule_id, Verb.ACTIVATE)


@routes.post(
    "/v2/loyalties/earning-rules/{earningRuleId}/deactivate",
    operation_id="deactivateEarningRule",
    reasons=(Reason.CONFLICTING_MOVE,),
    reserved=(400,),
)
async def deactivate_earning_rule(call: Call, earning_rule_id: EarningRuleId) -> EarningRuleResponse:
    """Deactivate earning rule.

    It grants nothing until it is activated again.
    """
    return await _RESOURCE.move(call, earning_rule_id, Verb.DEACTIVATE)


@routes.post(
    "/v2/loyalties/earning-rules/{earningRuleId}/draft",
    operation_id="draftEarningRule",
    reasons=(Reason.CONFLICTING_MOVE,),
    reserved=(400,),
)
async def draft_earning_rule(call: Call, earning_rule_id: EarningRuleId) -> EarningRuleResponse:
    """Return earning rule to draft."""
    return await _RESOURCE.move(call, earning_rule_id, Verb.DRAFT)


@routes.get(
    "/v2/loyalties/earning-rules/{earningRuleId}/activities",
    operation_id="listEarningRuleActivities",
    reasons=LISTING,
    reserved=(409,),
    query=query_parameters(HISTORY),
)
async def list_earning_rule_activities(call: Call, earning_rule_id: EarningRuleId) -> EarningRuleActivitiesListResponse:
    """List earning rule activities."""
    return await _RESOURCE.history(call, earning_rule_id)
