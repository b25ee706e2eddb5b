"""Card definitions: how the points on the cards of a program behave."""

from typing import Annotated, Final

from fastapi import Path

from troth.actions.card_definitions import CARD_DEFINITIONS
from troth.core.lifecycle import Verb
from troth.core.lists import choices, ids, instants
from troth.core.refusals import Reason
from troth.http.editing import IF_MATCH
from troth.http.list_parameters import query_parameters
from troth.http.resources import LISTING, Resource, definition_list, history_list
from troth.http.routing import Call, Routes
from troth.http.shapes.card_definitions import (
    CardDefinition,
    CardDefinitionActivity,
    CardDefinitionActivityListResponse,
    CardDefinitionCreateRequest,
    CardDefinitionListResponse,
    CardDefinitionUpdateRequest,
)

CardDefinitionId = Annotated[str, Path(alias="cardDefinitionId", pattern=r"^lcdef_[a-f0-9]+$")]

LISTED: Final = definition_list(
    "lcrscdef",
    ids("lcdef"),
    orders=("name", "type", "status", "created_at"),
    statuses=("ACTIVE", "DRAFT"),
    more={"type": choices(("INDIVIDUAL",)), "updated_at": instants(nullable=True)},
)
HISTORY: Final = history_list(
    "lcrsacd",
    ids("lacd"),
    noun="card_definition",
    pasts=("created", "updated", "deleted", "activated", "deactivated", "drafted", "assigned", "unassigned"),
)
_RESOURCE: Final = Resource[CardDefinition, CardDefinitionActivity](CARD_DEFINITIONS, listed=LISTED, history=HISTORY)

routes = Routes(tag="Card Definitions", scope="loyalties")


@routes.get(
    "/v2/loyalties/card-definitions",
    operation_id="listCardDefinitions",
    reasons=LISTING,
    reserved=(404, 409),
    query=query_parameters(LISTED),
)
async def list_card_definitions(call: Call) -> CardDefinitionListResponse:
    """List card definitions."""
    return await _RESOURCE.list(call)


@routes.post(
    "/v2/loyalties/card-definitions",
    operation_id="createCardDefinition",
    reasons=(Reason.NOT_FOUND,),
    reserved=(409,),
)
async def create_card_definition(call: Call, body: CardDefinitionCreateRequest) -> CardDefinition:
    """Create card definition.

    It is a DRAFT unless it is asked to be ACTIVE at once. Sections that are left out have their defaults.
    """
    return await _RESOURCE.create(call, body)


@routes.get("/v2/loyalties/card-definitions/{cardDefinitionId}", operation_id="getCardDefinition", reserved=(400, 409))
async def get_card_definition(call: Call, card_definition_id: CardDefinitionId) -> CardDefinition:
    """Get card definition.

    The header `ETag` names its present state, for a change that is to be refused in any other.
    """
    return await _RESOURCE.get(call, card_definition_id)


@routes.put(
    "/v2/loyalties/card-definitions/{cardDefinitionId}",
    operation_id="updateCardDefinition",
    reasons=(Reason.PRECONDITION_FAILED, Reason.RESOURCE_LOCKED),
    reserved=(409,),
    query=(IF_MATCH,),
)
async def update_card_definition(
    call: Call, card_definition_id: CardDefinitionId, body: CardDefinitionUpdateRequest
) -> CardDefinition:
    """Update card definition.

    Each given section replaces the present one. After DRAFT only `name`, `metadata`, `pay_with_points` and
    `code_config`, for codes yet to be made, may change; what has been booked is never rewritten.
    """
    return await _RESOURCE.update(call, card_definition_id, body)


@routes.delete(
    "/v2/loyalties/card-definitions/{cardDefinitionId}",
    operation_id="deleteCardDefinition",
    reasons=(Reason.IN_USE,),
    reserved=(400,),
)
async def delete_card_definition(call: Call, card_definition_id: CardDefinitionId) -> CardDefinition:
    """Delete card definition.

    Refused while it is assigned to a program or another definition refers to it.
    """
    return await _RESOURCE.delete(call, card_definition_id)


@routes.post(
    "/v2/loyalties/card-definitions/{cardDefinitionId}/activate",
    operation_id="activateCardDefinition",
    reasons=(Reason.CONFLICTING_MOVE,),
    reserved=(400,),
)
async def activate_card_definition(call: Call, card_definition_id: CardDefinitionId) -> CardDefinition:
    """Activate card definition."""
    return await _RESOURCE.move(call, card_definition_id, Verb.ACTIVATE)


@routes.post(
    "/v2/loyalties/card-definitions/{cardDefinitionId}/draft",
    operation_id="draftCardDefinition",
    reasons=(Reason.CONFLICTING_MOVE,),
    reserved=(400,),
)
async def draft_card_definition(call: Call, card_definition_id: CardDefinitionId) -> CardDefinition:
    """Return card definition to draft.

    Refused while it is assigned to a program.
    """
    return await _RESOURCE.move(call, card_definition_id, Verb.DRAFT)


@routes.get(
    "/v2/loyalties/card-definitions/{cardDefinitionId}/activities",
    operation_id="listCardDefinitionActivities",
    reasons=LISTING,
    reserved=(409,),
    query=query_parameters(HISTORY),
)
async def list_card_definition_activities(
    call: Call, card_definition_id: CardDefinitionId
) -> CardDefinitionActivityListResponse:
    """List card definition activities."""
    return await _RESOURCE.history(call, card_definition_id)
