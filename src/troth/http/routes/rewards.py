"""Rewards: what members buy with points."""

from typing import Annotated, Final

from fastapi import Path

from troth.actions.rewards import REWARDS
from troth.core.lifecycle import Verb
from troth.core.lists import choices, ids
from troth.core.refusals import Reason
from troth.http.editing import IF_MATCH
from troth.http.list_parameters import query_parameters
from troth.http.resources import LISTING, Resource, definition_list, history_list
from troth.http.routing import Call, Routes
from troth.http.shapes.rewards import (
    RewardActivity,
    RewardActivityListResponse,
    RewardCreateRequest,
    RewardListResponse,
    RewardResponse,
    RewardUpdateRequest,
)

RewardId = Annotated[str, Path(alias="rewardId", pattern=r"^lrew_[a-f0-9]+$")]

LISTED: Final = definition_list(
    "lcrsrew",
    ids("lrew"),
    orders=("created_at", "name"),
    statuses=("ACTIVE", "INACTIVE", "DRAFT"),
    more={"type": choices(("MATERIAL", "DIGITAL"))},
)
HISTORY: Final = history_list(
    "lcrsarew",
    ids("larew"),
    noun="reward",
    pasts=("created", "updated", "deleted", "activated", "deactivated", "drafted", "assigned", "unassigned"),
)
_RESOURCE: Final = Resource[RewardResponse, RewardActivity](REWARDS, listed=LISTED, history=HISTORY)

routes = Routes(tag="Rewards", scope="loyalties")


@routes.get(
    "/v2/loyalties/rewards",
    operation_id="listRewards",
    reasons=LISTING,
    reserved=(404, 409),
    query=query_parameters(LISTED),
)
async def list_rewards(call: Call) -> RewardListResponse:
    """List rewards."""
    return await _RESOURCE.list(call)


@routes.post(
    "/v2/loyalties/rewards",
    operation_id="createReward",
    reasons=(Reason.NOT_FOUND,),
    reserved=(409,),
)
async def create_reward(call: Call, body: RewardCreateRequest) -> RewardResponse:
    """Create reward.

    It is a DRAFT unless it is asked to be ACTIVE at once. Everything that it refers to must exist.
    """
    return await _RESOURCE.create(call, body)


@routes.get(
    "/v2/loyalties/rewards/{rewardId}",
    operation_id="getReward",
    reserved=(400, 409),
)
async def get_reward(call: Call, reward_id: RewardId) -> RewardResponse:
    """Get reward.

    The header `ETag` names its present state, for a change that is to be refused in any other.
    """
    return await _RESOURCE.get(call, reward_id)


@routes.put(
    "/v2/loyalties/rewards/{rewardId}",
    operation_id="updateReward",
    reasons=(Reason.PRECONDITION_FAILED,),
    reserved=(409,),
    query=(IF_MATCH,),
)
async def update_reward(call: Call, reward_id: RewardId, body: RewardUpdateRequest) -> RewardResponse:
    """Update reward.

    Each given section replaces the present one; costs that carry the id of a present one keep it. After DRAFT
    everything but `type` and what is handed out may change.
    """
    return await _RESOURCE.update(call, reward_id, body)


@routes.delete(
    "/v2/loyalties/rewards/{rewardId}",
    operation_id="deleteReward",
    reserved=(400, 409),
)
async def delete_reward(call: Call, reward_id: RewardId) -> RewardResponse:
    """Delete reward.

    It leaves its programs; purchases under way are finished.
    """
    return await _RESOURCE.delete(call, reward_id)


@routes.post(
    "/v2/loyalties/rewards/{rewardId}/activate",
    operation_id="activateReward",
    reasons=(Reason.CONFLICTING_MOVE,),
    reserved=(400,),
)
async def activate_reward(call: Call, reward_id: RewardId) -> RewardResponse:
    """Activate reward."""
    return await _RESOURCE.move(call, reward_id, Verb.ACTIVATE)


@routes.post(
    "/v2/loyalties/rewards/{rewardId}/deactivate",
    operation_id="deactivateReward",
    reasons=(Reason.CONFLICTING_MOVE,),
    reserved=(400,),
)
async def deactivate_reward(call: Call, reward_id: RewardId) -> RewardResponse:
    """Deactivate reward.

    It cannot be bought until it is activated again.
    """
    return await _RESOURCE.move(call, reward_id, Verb.DEACTIVATE)


@routes.post(
    "/v2/loyalties/rewards/{rewardId}/draft",
    operation_id="draftReward",
    reasons=(Reason.CONFLICTING_MOVE,),
    reserved=(400,),
)
async def draft_reward(call: Call, reward_id: RewardId) -> RewardResponse:
    """Return reward to draft.

    Refused while it is assigned to a program.
    """
    return await _RESOURCE.move(call, reward_id, Verb.DRAFT)


@routes.get(
    "/v2/loyalties/rewards/{rewardId}/activities",
    operation_id="listRewardActivities",
    reasons=LISTING,
    reserved=(409,),
    query=query_parameters(HISTORY),
)
async def list_reward_activities(call: Call, reward_id: RewardId) -> RewardActivityListResponse:
    """List reward activities."""
    return await _RESOURCE.history(call, reward_id)
