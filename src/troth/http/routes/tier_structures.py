"""Tier structures and their tiers: the levels of a program."""

from typing import Annotated, Any, Final, cast

from fastapi import Path

from troth.actions import tier_structures
from troth.actions.tier_structures import TIER_STRUCTURES
from troth.core.lifecycle import Verb
from troth.core.lists import Field, Kind, ListDeclaration, choices, ids, instants
from troth.core.refusals import Reason
from troth.core.tier_lifecycle import shown
from troth.http.editing import IF_MATCH
from troth.http.list_parameters import query_parameters
from troth.http.lists import answer_list
from troth.http.resources import LISTING, Resource, definition_list, fitting, history_list
from troth.http.routing import Call, Routes
from troth.http.shapes.tier_structures import (
    Tier,
    TierCreateRequest,
    TierListResponse,
    TierStructure,
    TierStructureActivity,
    TierStructureActivityListResponse,
    TierStructureCreateRequest,
    TierStructureListResponse,
    TierStructureUpdateRequest,
    TierUpdateRequest,
)

TierStructureId = Annotated[str, Path(alias="tierStructureId", pattern=r"^lts_[a-f0-9]+$")]
TierId = Annotated[str, Path(alias="tierId", pattern=r"^lt_[a-f0-9]+$")]

LISTED: Final = definition_list(
    "lcrsts",
    ids("lts"),
    orders=("created_at", "name", "type", "status"),
    statuses=("DRAFT", "ACTIVE", "INACTIVE", "DELETED"),
    more={"type": choices(("POINT_BALANCE", "POINT_EARNED"))},
)
HISTORY: Final = history_list(
    "lcrsats",
    ids("lats"),
    noun="tier_structure",
    pasts=(
        "created",
        "updated",
        "deleted",
        "activated",
        "deactivated",
        "drafted",
        "assigned",
        "unassigned",
        "tier.created",
        "tier.updated",
        "tier.deleted",
    ),
)
TIERS: Final = ListDeclaration(
    fields={"created_at": instants(filterable=False), "name": Field(kind=Kind.TEXT)},
    orders=("created_at", "name"),
    cursor_prefix="lcrst",
    deep_filters=False,
)
_RESOURCE: Final = Resource[TierStructure, TierStructureActivity](TIER_STRUCTURES, listed=LISTED, history=HISTORY)

routes = Routes(tag="Tier Structures", scope="loyalties")


@routes.get(
    "/v2/loyalties/tier-structures",
    operation_id="listTierStructures",
    reasons=LISTING,
    reserved=(404, 409),
    query=query_parameters(LISTED),
)
async def list_tier_structures(call: Call) -> TierStructureListResponse:
    """List tier structures."""
    return await _RESOURCE.list(call)


@routes.post(
    "/v2/loyalties/tier-structures",
    operation_id="createTierStructure",
    reasons=(Reason.NOT_FOUND,),
    reserved=(409,),
)
async def create_tier_structure(call: Call, body: TierStructureCreateRequest) -> TierStructure:
    """Create tier structure.

    It is a DRAFT unless it is asked to be ACTIVE at once; tiers are added while it is a DRAFT.
    """
    return await _RESOURCE.create(call, body)


@routes.get(
    "/v2/loyalties/tier-structures/{tierStructureId}",
    operation_id="getTierStructure",
    reserved=(400, 409),
)
async def get_tier_structure(call: Call, tier_structure_id: TierStructureId) -> TierStructure:
    """Get tier structure.

    The header `ETag` names its present state, for a change that is to be refused in any other.
    """
    return await _RESOURCE.get(call, tier_structure_id)


@routes.put(
    "/v2/loyalties/tier-structures/{tierStructureId}",
    operation_id="updateTierStructure",
    reasons=(Reason.PRECONDITION_FAILED,),
    reserved=(409,),
    query=(IF_MATCH,),
)
async def update_tier_structure(
    call: Call, tier_structure_id: TierStructureId, body: TierStructureUpdateRequest
) -> TierStructure:
    """Update tier structure.

    Each given section replaces the present one. After DRAFT only `name` and `metadata` may change.
    """
    return await _RESOURCE.update(call, tier_structure_id, body)


@routes.delete(
    "/v2/loyalties/tier-structures/{tierStructureId}",
    operation_id="deleteTierStructure",
    reasons=(Reason.IN_USE,),
    reserved=(400,),
)
async def delete_tier_structure(call: Call, tier_structure_id: TierStructureId) -> TierStructure:
    """Delete tier structure.

    Refused while it is assigned to a program.
    """
    return await _RESOURCE.delete(call, tier_structure_id)


@routes.post(
    "/v2/loyalties/tier-structures/{tierStructureId}/activate",
    operation_id="activateTierStructure",
    reasons=(Reason.CONFLICTING_MOVE,),
    reserved=(400,),
)
async def activate_tier_structure(call: Call, tier_structure_id: TierStructureId) -> TierStructure:
    """Activate tier structure."""
    return await _RESOURCE.move(call, tier_structure_id, Verb.ACTIVATE)


@routes.post(
    "/v2/loyalties/tier-structures/{tierStructureId}/deactivate",
    operation_id="deactivateTierStructure",
    reasons=(Reason.CONFLICTING_MOVE,),
    reserved=(400,),
)
async def deactivate_tier_structure(call: Call, tier_structure_id: TierStructureId) -> TierStructure:
    """Deactivate tier structure.

    Refused while it is assigned to a program.
    """
    return await _RESOURCE.move(call, tier_structure_id, Verb.DEACTIVATE)


@routes.post(
    "/v2/loyalties/tier-structures/{tierStructureId}/draft",
    operation_id="draftTierStructure",
    reasons=(Reason.CONFLICTING_MOVE,),
    reserved=(400,),
)
async def draft_tier_structure(call: Call, tier_structure_id: TierStructureId) -> TierStructure:
    """Return tier structure to draft.

    Refused while it is assigned to a program.
    """
    return await _RESOURCE.move(call, tier_structure_id, Verb.DRAFT)


@routes.get(
    "/v2/loyalties/tier-structures/{tierStructureId}/activities",
    operation_id="listTierStructureActivities",
    reasons=LISTING,
    reserved=(409,),
    query=query_parameters(HISTORY),
)
async def list_tier_structure_activities(
    call: Call, tier_structure_id: TierStructureId
) -> TierStructureActivityListResponse:
    """List tier structure activities."""
    return await _RESOURCE.history(call, tier_structure_id)


@routes.post(
    "/v2/loyalties/tier-structures/{tierStructureId}/tiers",
    operation_id="createTier",
    reasons=(Reason.CONFLICTING_MOVE,),
)
async def create_tier(call: Call, tier_structure_id: TierStructureId, body: TierCreateRequest) -> Tier:
    """Create tier.

    Its structure must be a DRAFT, and its points must not overlap those of another tier of its kind.
    """
    return _tier(await fitting(tier_structures.create_tier(call.engine, call.caller, tier_structure_id, body)))


@routes.get(
    "/v2/loyalties/tier-structures/{tierStructureId}/tiers",
    operation_id="listTiers",
    reasons=LISTING,
    reserved=(409,),
    query=query_parameters(TIERS),
)
async def list_tiers(call: Call, tier_structure_id: TierStructureId) -> TierListResponse:
    """List tiers."""
    return await answer_list(
        call,
        TIERS,
        lambda query: tier_structures.list_tiers(call.engine, call.caller.project_id, tier_structure_id, TIERS, query),
        lambda tier: _tier(shown(tier, tier_structure_id)),
        tier_structure_id,
    )


@routes.put(
    "/v2/loyalties/tier-structures/{tierStructureId}/tiers/{tierId}",
    operation_id="updateTier",
    reserved=(409,),
)
async def update_tier(call: Call, tier_structure_id: TierStructureId, tier_id: TierId, body: TierUpdateRequest) -> Tier:
    """Update tier.

    Each given section replaces the present one. Once the structure is no DRAFT, only `name` and `metadata` may change.
    """
    changed = tier_structures.update_tier(call.engine, call.caller, tier_structure_id, tier_id, body)
    return _tier(await fitting(changed))


@routes.delete(
    "/v2/loyalties/tier-structures/{tierStructureId}/tiers/{tierId}",
    operation_id="deleteTier",
    reasons=(Reason.CONFLICTING_MOVE, Reason.IN_USE),
    reserved=(400,),
)
async def delete_tier(call: Call, tier_structure_id: TierStructureId, tier_id: TierId) -> Tier:
    """Delete tier.

    Its structure must be a DRAFT. Refused while an earning rule asks for the tier.
    """
    return _tier(await tier_structures.delete_tier(call.engine, call.caller, tier_structure_id, tier_id))


def _tier(answer: dict[str, Any]) -> Tier:
    return cast("Tier", answer)
