"""Programs: what customers join, and what connects card definitions, earning rules, tiers and rewards."""

from collections.abc import Iterable
from typing import Annotated, Any, Final, cast

from fastapi import Path
from pydantic import ValidationError

from troth.actions import programs
from troth.core.activities import StoredActivity
from troth.core.activities import shown as shown_activity
from troth.core.assignments import ROLES, Assign, Batch, shown_stock
from troth.core.definitions import Definition
from troth.core.lifecycle import REWARD, Verb
from troth.core.lists import ids
from troth.core.payloads import invalid
from troth.core.program_lifecycle import shown
from troth.core.refusals import Reason
from troth.http.editing import IF_MATCH, expected_tags, tag
from troth.http.list_parameters import query_parameters
from troth.http.lists import answer_list
from troth.http.resources import LISTING, definition_list, history_list
from troth.http.routing import Call, Routes
from troth.http.shapes.programs import (
    Program,
    ProgramActivity,
    ProgramActivityListResponse,
    ProgramCreateRequest,
    ProgramCreateResponse,
    ProgramListResponse,
    ProgramUpdateRequest,
)

ProgramId = Annotated[str, Path(alias="programId", pattern=r"^lprg_[a-f0-9]+$")]

LISTED: Final = definition_list(
    "lcrsprg", ids("lprg"), orders=("created_at", "name"), statuses=("ACTIVE", "INACTIVE", "DRAFT")
)
HISTORY: Final = history_list(
    "lcrsapr",
    ids("laprg"),
    noun="program",
    pasts=(
        *("created", "updated", "deleted", "activated", "deactivated", "reward.updated"),
        *(f"{kind}.{past}" for kind in ROLES for past in ("assigned", "unassigned")),
    ),
)

routes = Routes(tag="Programs", scope="loyalties")


@routes.post(
    "/v2/loyalties/programs",
    operation_id="createProgram",
    reasons=(
        Reason.NOT_FOUND,
        Reason.CARD_DEFINITION_NOT_ASSIGNED,
        Reason.NON_ACTIVE_CARD_DEFINITION,
        Reason.NON_ACTIVE_TIER_STRUCTURE,
        Reason.MISSING_ACTIVE_CARD_DEFINITION,
        Reason.MISSING_ACTIVE_EARNING_RULE,
    ),
)
async def create_program(call: Call, body: ProgramCreateRequest) -> ProgramCreateResponse:
    """Create program.

    It is a DRAFT unless it is asked to be ACTIVE at once, for which it needs an ACTIVE card definition and an ACTIVE
    earning rule. What is named is assigned with it, by the rules of the assignments.
    """
    named = {kind: entering(kind, getattr(body, f"{kind}s")) for kind in ROLES}
    program = await programs.create(
        call.engine,
        call.caller,
        name=body.name,
        status=body.status,
        given=body,
        metadata=body.metadata,
        batch=Batch(assign=tuple(one for items in named.values() for one in items)),
    )
    tag(call, program)
    created = {f"{kind}s": [_created(one) for one in items] or None for kind, items in named.items()}
    return cast("ProgramCreateResponse", {**shown(program), **created})


@routes.get(
    "/v2/loyalties/programs",
    operation_id="listPrograms",
    reasons=LISTING,
    reserved=(404, 409),
    query=query_parameters(LISTED),
)
async def list_programs(call: Call) -> ProgramListResponse:
    """List programs."""
    return await answer_list(
        call,
        LISTED,
        lambda query: programs.list_page(call.engine, call.caller.project_id, LISTED, query),
        _shown,
    )


@routes.get("/v2/loyalties/programs/{programId}", operation_id="getProgram", reserved=(400, 409))
async def get_program(call: Call, program_id: ProgramId) -> Program:
    """Get program.

    The header `ETag` names its present state, for a change that is to be refused in any other.
    """
    return _answer(call, await programs.get(call.engine, call.caller.project_id, program_id))


@routes.put(
    "/v2/loyalties/programs/{programId}",
    operation_id="updateProgram",
    reasons=(Reason.PRECONDITION_FAILED,),
    reserved=(409,),
    query=(IF_MATCH,),
)
async def update_program(call: Call, program_id: ProgramId, body: ProgramUpdateRequest) -> Program:
    """Update program.

    Each given property replaces the present one. After DRAFT only `name` and `metadata` may change.
    """
    given = body.model_fields_set
    try:
        changed = await programs.update(
            call.engine,
            call.caller,
            program_id,
            name=body.name,
            given=body,
            metadata=body.metadata if "metadata" in given else None,
            if_match=expected_tags(call),
        )
    except ValidationError as error:
        raise invalid(error) from None
    return _answer(call, changed)


@routes.delete("/v2/loyalties/programs/{programId}", operation_id="deleteProgram", reserved=(400, 409))
async def delete_program(call: Call, program_id: ProgramId) -> Program:
    """Delete program.

    Allowed in any status. Its assignments end; its members keep their history.
    """
    return _shown(await programs.delete(call.engine, call.caller, program_id))


@routes.post(
    "/v2/loyalties/programs/{programId}/activate",
    operation_id="activateProgram",
    reasons=(Reason.INVALID_MOVE, Reason.MISSING_ACTIVE_CARD_DEFINITION, Reason.MISSING_ACTIVE_EARNING_RULE),
    reserved=(409,),
)
async def activate_program(call: Call, program_id: ProgramId) -> Program:
    """Activate program.

    It needs an assigned ACTIVE card definition and an assigned ACTIVE earning rule.
    """
    return _answer(call, await programs.move(call.engine, call.caller, program_id, Verb.ACTIVATE))


@routes.post(
    "/v2/loyalties/programs/{programId}/deactivate",
    operation_id="deactivateProgram",
    reasons=(Reason.INVALID_MOVE,),
    reserved=(409,),
)
async def deactivate_program(call: Call, program_id: ProgramId) -> Program:
    """Deactivate program."""
    return _answer(call, await programs.move(call.engine, call.caller, program_id, Verb.DEACTIVATE))


@routes.get(
    "/v2/loyalties/programs/{programId}/activities",
    operation_id="listProgramActivities",
    reasons=LISTING,
    reserved=(409,),
    query=query_parameters(HISTORY),
)
async def list_program_activities(call: Call, program_id: ProgramId) -> ProgramActivityListResponse:
    """List program activities."""
    return await answer_list(
        call,
        HISTORY,
        lambda query: programs.activity_page(
            call.engine, call.caller.project_id, program_id, declaration=HISTORY, query=query
        ),
        _entry,
        program_id,
    )


def entering(kind: str, items: Iterable[Any]) -> tuple[Assign, ...]:
    """Return what a body's items of one kind assign; a reward has a stock."""
    stocks = {item.id: item.stock.limited for item in items} if kind == REWARD.kind else {}
    return tuple(
        Assign(kind, item.id, limited.quantity if (limited := stocks.get(item.id)) else None) for item in items
    )


def _created(one: Assign) -> dict[str, Any]:
    stock = {"stock": shown_stock(one.stock_quantity)} if one.kind == REWARD.kind else {}
    return {"id": one.definition_id, **stock}


def _answer(call: Call, program: Definition) -> Program:
    tag(call, program)
    return _shown(program)


def _shown(program: Definition) -> Program:
    return cast("Program", shown(program))


def _entry(activity: StoredActivity) -> ProgramActivity:
    return cast("ProgramActivity", shown_activity(activity, "program_id"))
