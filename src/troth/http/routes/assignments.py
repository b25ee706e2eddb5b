"""What is assigned to programs: card definitions, earning rules, tier structures, rewards."""

from typing import Annotated, Any, Final, cast

from fastapi import Path

from troth.actions import assignments
from troth.core.assignments import Assignment, Batch, Unassign, shown
from troth.core.lifecycle import CARD_DEFINITION, EARNING_RULE, REWARD, TIER_STRUCTURE, Lifecycle
from troth.core.lists import ListDeclaration, instants
from troth.core.refusals import Reason
from troth.http.list_parameters import query_parameters
from troth.http.lists import answer_list
from troth.http.paging import ListAnswer
from troth.http.resources import LISTING
from troth.http.routes.programs import ProgramId, entering
from troth.http.routing import Call, Routes
from troth.http.shapes.programs import (
    ProgramCardDefinitionAssignmentListResponse,
    ProgramCardDefinitionBatchRequest,
    ProgramCardDefinitionBatchResponse,
    ProgramEarningRuleAssignmentListResponse,
    ProgramEarningRuleBatchRequest,
    ProgramEarningRuleBatchResponse,
    ProgramRewardAssignment,
    ProgramRewardAssignmentListResponse,
    ProgramRewardAssignmentUpdateRequest,
    ProgramRewardBatchRequest,
    ProgramRewardBatchResponse,
    ProgramTierStructureAssignmentListResponse,
    ProgramTierStructureBatchRequest,
    ProgramTierStructureBatchResponse,
)

RewardId = Annotated[str, Path(alias="rewardId", pattern=r"^lrew_[a-f0-9]+$")]


def _listed(cursor_prefix: str) -> ListDeclaration:
    return ListDeclaration(
        fields={"created_at": instants(filterable=False)}, tie_breaker="definition_id", cursor_prefix=cursor_prefix
    )


CARD_DEFINITIONS: Final = _listed("lcrscdefa")
EARNING_RULES: Final = _listed("lcrserna")
TIER_STRUCTURES: Final = _listed("lcrstsa")
REWARDS: Final = _listed("lcrsrewa")

_DRAFT_ONLY: Final = (Reason.DUPLICATE_KEY, Reason.IN_USE, Reason.NON_DRAFT_PROGRAM)
_ANY_TIME: Final = (Reason.DUPLICATE_KEY, Reason.CARD_DEFINITION_NOT_ASSIGNED)

routes = Routes(tag="Programs", scope="loyalties")


@routes.get(
    "/v2/loyalties/programs/{programId}/card-definitions",
    operation_id="listProgramCardDefinitionAssignments",
    reasons=LISTING,
    reserved=(409,),
    query=query_parameters(CARD_DEFINITIONS),
)
async def list_program_card_definitions(
    call: Call, program_id: ProgramId
) -> ProgramCardDefinitionAssignmentListResponse:
    """List program card definition assignments."""
    return await _list(call, program_id, CARD_DEFINITION, CARD_DEFINITIONS)


@routes.post(
    "/v2/loyalties/programs/{programId}/card-definitions/batch",
    operation_id="batchProgramCardDefinitionAssignments",
    reasons=(*_DRAFT_ONLY, Reason.NON_ACTIVE_CARD_DEFINITION),
)
async def batch_program_card_definitions(
    call: Call, program_id: ProgramId, body: ProgramCardDefinitionBatchRequest
) -> ProgramCardDefinitionBatchResponse:
    """Unassign and assign card definitions.

    First `unassign`, then `assign`, all of it or nothing. Possible while the program is a DRAFT; card definitions must
    be ACTIVE, and one that an assigned earning rule, reward or tier structure uses cannot leave.
    """
    return cast("ProgramCardDefinitionBatchResponse", await _change(call, program_id, CARD_DEFINITION, body))


@routes.get(
    "/v2/loyalties/programs/{programId}/earning-rules",
    operation_id="listProgramEarningRuleAssignments",
    reasons=LISTING,
    reserved=(409,),
    query=query_parameters(EARNING_RULES),
)
async def list_program_earning_rules(call: Call, program_id: ProgramId) -> ProgramEarningRuleAssignmentListResponse:
    """List program earning rule assignments."""
    return await _list(call, program_id, EARNING_RULE, EARNING_RULES)


@routes.post(
    "/v2/loyalties/programs/{programId}/earning-rules/batch",
    operation_id="batchProgramEarningRuleAssignments",
    reasons=(*_ANY_TIME, Reason.MISSING_ACTIVE_EARNING_RULE),
)
async def batch_program_earning_rules(
    call: Call, program_id: ProgramId, body: ProgramEarningRuleBatchRequest
) -> ProgramEarningRuleBatchResponse:
    """Unassign and assign earning rules.

    First `unassign`, then `assign`, all of it or nothing. One of the card definitions on which a rule grants points
    must be assigned, unless it grants benefits only; an ACTIVE program keeps at least one ACTIVE rule.
    """
    return cast("ProgramEarningRuleBatchResponse", await _change(call, program_id, EARNING_RULE, body))


@routes.get(
    "/v2/loyalties/programs/{programId}/tier-structures",
    operation_id="listProgramTierStructureAssignments",
    reasons=LISTING,
    reserved=(409,),
    query=query_parameters(TIER_STRUCTURES),
)
async def list_program_tier_structures(call: Call, program_id: ProgramId) -> ProgramTierStructureAssignmentListResponse:
    """List program tier structure assignments."""
    return await _list(call, program_id, TIER_STRUCTURE, TIER_STRUCTURES)


@routes.post(
    "/v2/loyalties/programs/{programId}/tier-structures/batch",
    operation_id="batchProgramTierStructureAssignments",
    reasons=(*_DRAFT_ONLY, Reason.CARD_DEFINITION_NOT_ASSIGNED, Reason.NON_ACTIVE_TIER_STRUCTURE),
)
async def batch_program_tier_structures(
    call: Call, program_id: ProgramId, body: ProgramTierStructureBatchRequest
) -> ProgramTierStructureBatchResponse:
    """Unassign and assign tier structures.

    First `unassign`, then `assign`, all of it or nothing. Possible while the program is a DRAFT, which has at most one;
    it must be ACTIVE and its card definition assigned, and one that an assigned earning rule uses cannot leave.
    """
    return cast("ProgramTierStructureBatchResponse", await _change(call, program_id, TIER_STRUCTURE, body))


@routes.get(
    "/v2/loyalties/programs/{programId}/rewards",
    operation_id="listProgramRewardAssignments",
    reasons=LISTING,
    reserved=(409,),
    query=query_parameters(REWARDS),
)
async def list_program_rewards(call: Call, program_id: ProgramId) -> ProgramRewardAssignmentListResponse:
    """List program reward assignments."""
    return await _list(call, program_id, REWARD, REWARDS)


@routes.post(
    "/v2/loyalties/programs/{programId}/rewards/batch",
    operation_id="batchProgramRewardAssignments",
    reasons=_ANY_TIME,
)
async def batch_program_rewards(
    call: Call, program_id: ProgramId, body: ProgramRewardBatchRequest
) -> ProgramRewardBatchResponse:
    """Unassign and assign rewards.

    First `unassign`, then `assign`, all of it or nothing. One of the card definitions that a reward can be paid with
    must be assigned. A reward that is assigned anew starts with nothing redeemed.
    """
    return cast("ProgramRewardBatchResponse", await _change(call, program_id, REWARD, body))


@routes.put(
    "/v2/loyalties/programs/{programId}/rewards/{rewardId}",
    operation_id="updateProgramRewardAssignment",
    reserved=(409,),
)
async def update_program_reward(
    call: Call, program_id: ProgramId, reward_id: RewardId, body: ProgramRewardAssignmentUpdateRequest
) -> ProgramRewardAssignment:
    """Set how many of an assigned reward are left."""
    quantity = body.stock.limited.quantity if body.stock.limited else None
    changed = await assignments.set_stock(call.engine, call.caller, program_id, reward_id, quantity)
    return cast("ProgramRewardAssignment", shown(changed))


async def _list(call: Call, program_id: str, lifecycle: Lifecycle, declaration: ListDeclaration) -> ListAnswer[Any]:
    project_id = call.caller.project_id
    return await answer_list(
        call,
        declaration,
        lambda query: assignments.list_page(
            call.engine, project_id, program_id, lifecycle.kind, declaration=declaration, query=query
        ),
        shown,
        program_id,
    )


async def _change(call: Call, program_id: str, lifecycle: Lifecycle, body: Any) -> dict[str, Any]:
    batch = Batch(
        assign=entering(lifecycle.kind, body.assign),
        unassign=tuple(Unassign(lifecycle.kind, item.id) for item in body.unassign),
    )
    outcome = await assignments.change(call.engine, call.caller, program_id, batch)
    return {"assigned": _shown(outcome.assigned), "unassigned": _shown(outcome.unassigned)}


def _shown(some: tuple[Assignment, ...]) -> list[dict[str, Any]]:
    return [shown(one) for one in some]
