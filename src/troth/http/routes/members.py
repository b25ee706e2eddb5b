"""Members of a program."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Final, cast

from fastapi import Path
from pydantic import ValidationError

from troth.actions import member_batches, members
from troth.core.activities import shown as shown_activity
from troth.core.lifecycle import Verb
from troth.core.lists import ListDeclaration, choices, ids, instants
from troth.core.member_batches import ENTRIES_IN_A_CHUNK, Entry
from troth.core.members import Enrol, shown, shown_with_cards
from troth.core.members import Member as MemberRecord
from troth.core.payloads import invalid
from troth.core.refusals import Reason
from troth.http.list_parameters import query_parameters
from troth.http.lists import answer_list
from troth.http.resources import LISTING, history_list
from troth.http.routing import Call, Routes
from troth.http.shapes.members import (
    CardActivity,
    CardActivityListResponse,
    Member,
    MemberActivity,
    MemberActivityListResponse,
    MemberBatchCreateRequest,
    MemberBatchCreateResponse,
    MemberCreateRequest,
    MemberListResponse,
    MemberUpdateRequest,
    MemberWithCards,
)

ProgramId = Annotated[str, Path(alias="programId", pattern=r"^lprg_[a-f0-9]+$")]
MemberId = Annotated[str, Path(alias="memberId", pattern=r"^lmbr_[a-f0-9]+$")]

CardId = Annotated[str, Path(alias="cardId", pattern=r"^lcrd_[a-f0-9]+$")]

routes = Routes(tag="Members", scope="loyalties")

MEMBERS: Final = ListDeclaration(
    cursor_prefix="lcrsmbr",
    fields={
        "id": ids("lmbr"),
        "status": choices(("ACTIVE", "INACTIVE")),
        "customer_id": ids("cust", digits="a-zA-Z0-9"),
        "created_at": instants(),
    },
    orders=("created_at", "status", "customer_id"),
)
MEMBER_HISTORY: Final = history_list(
    "lcrsambr",
    ids("lambr"),
    noun="member",
    pasts=("created", "updated", "deleted", "activated", "deactivated", "card.assigned", "card.unassigned"),
)
CARD_HISTORY: Final = history_list(
    "lcrsacrd",
    ids("lacrd"),
    noun="card",
    pasts=(
        "created",
        "assigned",
        "unassigned",
        "code_generation.succeeded",
        "code_generation.failed",
        "ledger.repaired",
    ),
)


@routes.post(
    "/v2/loyalties/programs/{programId}/members",
    operation_id="createMember",
    reasons=(Reason.NON_ACTIVE_PROGRAM, Reason.MEMBER_EXISTS),
)
async def create_member(call: Call, program_id: ProgramId, body: MemberCreateRequest) -> MemberWithCards:
    """Create member.

    Enrols an existing customer in an ACTIVE program. The member gets a card for each of the program's card definitions;
    the cards' codes are made afterwards, normally within a second, and are null until then.
    """
    wanted = _wanted(body)
    command = Enrol(
        program_id=program_id,
        customer_id=wanted.customer_id,
        customer_source_id=wanted.customer_source_id,
        status=wanted.status,
        metadata=wanted.metadata,
        source=call.caller.source,
    )
    made = await call.lanes.enrol.submit(call.caller.project_id, command)
    return cast("MemberWithCards", shown_with_cards(*made))


@routes.post(
    "/v2/loyalties/programs/{programId}/members/batch",
    operation_id="batchCreateProgramMembers",
    status=202,
    reasons=(Reason.NON_ACTIVE_PROGRAM,),
)
async def create_members(
    call: Call, program_id: ProgramId, body: MemberBatchCreateRequest
) -> MemberBatchCreateResponse:
    """Create members in a batch.

    The array is taken on as a whole and worked off in the background; each entry succeeds or fails for itself, a
    malformed one too. The async action tells how far it is, its report what came of each entry.
    """
    entries: list[Entry] = []
    for first in range(0, len(body), ENTRIES_IN_A_CHUNK):
        entries += map(_entry, body[first : first + ENTRIES_IN_A_CHUNK])
        await asyncio.sleep(0)  # a large batch lets other requests pass
    action_id = await member_batches.create(call.engine, call.caller, program_id, entries, call.request_id)
    return {"async_action_id": action_id}


def _wanted(body: MemberCreateRequest) -> Entry:
    identification = body.customer_identification
    return Entry(
        customer_id=identification.customer_id if identification else body.customer_id,
        customer_source_id=identification.customer_source_id if identification else None,
        status=body.status or "ACTIVE",
        metadata=body.metadata,
    )


def _entry(given: Mapping[str, Any]) -> Entry:
    try:
        return _wanted(MemberCreateRequest.model_validate(given))
    except ValidationError as error:
        customer_id = given.get("customer_id")
        named = customer_id if isinstance(customer_id, str) else None
        return Entry(named, None, "ACTIVE", {}, invalid(error).details)


@routes.get(
    "/v2/loyalties/programs/{programId}/members",
    operation_id="listProgramMembers",
    reasons=LISTING,
    reserved=(409,),
    query=query_parameters(MEMBERS),
)
async def list_members(call: Call, program_id: ProgramId) -> MemberListResponse:
    """List members of a program."""
    return await answer_list(
        call,
        MEMBERS,
        lambda query: members.member_page(call.engine, call.caller.project_id, program_id, MEMBERS, query),
        _answer,
        program_id,
    )


@routes.get("/v2/loyalties/programs/{programId}/members/{memberId}", operation_id="getProgramMember")
async def get_member(call: Call, program_id: ProgramId, member_id: MemberId) -> MemberWithCards:
    """Get member."""
    found = await call.lanes.get_member.submit(call.caller.project_id, (program_id, member_id))
    return cast("MemberWithCards", shown_with_cards(*found))


@routes.put("/v2/loyalties/programs/{programId}/members/{memberId}", operation_id="updateProgramMember")
async def update_member(call: Call, program_id: ProgramId, member_id: MemberId, body: MemberUpdateRequest) -> Member:
    """Update member.

    Metadata are merged property by property; null clears a property, and in the place of all it clears them all.
    """
    return _answer(await members.update(call.engine, call.caller, (program_id, member_id), body.metadata))


@routes.post(
    "/v2/loyalties/programs/{programId}/members/{memberId}/activate",
    operation_id="activateProgramMember",
    reasons=(Reason.INVALID_MOVE,),
    reserved=(409,),
)
async def activate_member(call: Call, program_id: ProgramId, member_id: MemberId) -> Member:
    """Activate member."""
    return _answer(await members.move(call.engine, call.caller, (program_id, member_id), Verb.ACTIVATE))


@routes.post(
    "/v2/loyalties/programs/{programId}/members/{memberId}/deactivate",
    operation_id="deactivateProgramMember",
    reasons=(Reason.INVALID_MOVE,),
    reserved=(409,),
)
async def deactivate_member(call: Call, program_id: ProgramId, member_id: MemberId) -> Member:
    """Deactivate member.

    It neither earns nor spends then, but its points activate and expire.
    """
    return _answer(await members.move(call.engine, call.caller, (program_id, member_id), Verb.DEACTIVATE))


@routes.delete(
    "/v2/loyalties/programs/{programId}/members/{memberId}", operation_id="deleteProgramMember", reserved=(400, 409)
)
async def delete_member(call: Call, program_id: ProgramId, member_id: MemberId) -> Member:
    """Delete member.

    The history of the cards stays. The customer may enrol again, as a new member.
    """
    return _answer(await members.delete(call.engine, call.caller, (program_id, member_id)))


@routes.get(
    "/v2/loyalties/programs/{programId}/members/{memberId}/activities",
    operation_id="listProgramMemberActivities",
    reasons=LISTING,
    reserved=(409,),
    query=query_parameters(MEMBER_HISTORY),
)
async def list_member_activities(call: Call, program_id: ProgramId, member_id: MemberId) -> MemberActivityListResponse:
    """List a member's activities."""
    return await answer_list(
        call,
        MEMBER_HISTORY,
        lambda query: members.activity_page(
            call.engine, call.caller.project_id, (program_id, member_id), MEMBER_HISTORY, query
        ),
        lambda entry: cast("MemberActivity", shown_activity(entry, "member_id")),
        program_id,
        member_id,
    )


@routes.get(
    "/v2/loyalties/programs/{programId}/members/{memberId}/cards/{cardId}/activities",
    operation_id="listCardActivities",
    reasons=LISTING,
    reserved=(409,),
    query=query_parameters(CARD_HISTORY),
)
async def list_card_activities(
    call: Call, program_id: ProgramId, member_id: MemberId, card_id: CardId
) -> CardActivityListResponse:
    """List a card's activities."""
    return await answer_list(
        call,
        CARD_HISTORY,
        lambda query: members.activity_page(
            call.engine, call.caller.project_id, (program_id, member_id), CARD_HISTORY, query, card_id=card_id
        ),
        lambda entry: cast("CardActivity", shown_activity(entry, "card_id")),
        program_id,
        member_id,
        card_id,
    )


def _answer(member: MemberRecord) -> Member:
    return cast("Member", shown(member))
