"""Members of a program."""

from typing import Annotated, Final

from fastapi import Path

from troth.actions import members
from troth.core.activities import shown as shown_activity
from troth.core.lists import ListDeclaration, choices, ids, instants
from troth.core.members import Enrol, shown, shown_with_cards
from troth.core.refusals import Reason
from troth.http.list_parameters import query_parameters
from troth.http.lists import answer_list
from troth.http.resources import LISTING, history_list
from troth.http.routing import Call, Routes
from troth.http.shapes.members import (
    CardActivityListResponse,
    MemberActivityListResponse,
    MemberCreateRequest,
    MemberListResponse,
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
    pasts=("created", "assigned", "unassigned", "code_generation.succeeded", "code_generation.failed"),
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
    identification = body.customer_identification
    command = Enrol(
        program_id=program_id,
        customer_id=identification.customer_id if identification else body.customer_id,
        customer_source_id=identification.customer_source_id if identification else None,
        status=body.status or "ACTIVE",
        metadata=body.metadata,
        source=call.caller.source,
    )
    return shown_with_cards(*await call.lanes.enrol.submit(call.caller.project_id, command))


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
        shown,
        program_id,
    )


@routes.get("/v2/loyalties/programs/{programId}/members/{memberId}", operation_id="getProgramMember")
async def get_member(call: Call, program_id: ProgramId, member_id: MemberId) -> MemberWithCards:
    """Get member with its cards."""
    return shown_with_cards(*await call.lanes.get_member.submit(call.caller.project_id, (program_id, member_id)))


@routes.get(
    "/v2/loyalties/programs/{programId}/members/{memberId}/activities",
    operation_id="listProgramMemberActivities",
    reasons=LISTING,
    reserved=(409,),
    query=query_parameters(MEMBER_HISTORY),
)
async def list_member_activities(
    call: Call, program_id: ProgramId, member_id: MemberId
) -> MemberActivityListResponse:
    """List a member's activities."""
    return await answer_list(
        call,
        MEMBER_HISTORY,
        lambda query: members.activity_page(
            call.engine, call.caller.project_id, (program_id, member_id), MEMBER_HISTORY, query
        ),
        lambda entry: shown_activity(entry, "member_id"),
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
        lambda entry: shown_activity(entry, "card_id"),
        program_id,
        member_id,
        card_id,
    )
