"""Why a member earned, or did not."""

from typing import Any, Final, cast

from troth.actions.earning_evaluations import evaluation_page
from troth.core.earning.evaluations import shown
from troth.core.lists import ListDeclaration, ids, instants
from troth.http.list_parameters import query_parameters
from troth.http.lists import answer_list
from troth.http.resources import LISTING
from troth.http.routes.members import MemberId, ProgramId
from troth.http.routing import Call, Routes
from troth.http.shapes.earning_evaluations import EarningEvaluationListResponse

routes = Routes(tag="Members", scope="loyalties")

EVALUATIONS: Final = ListDeclaration(
    cursor_prefix="lcrseev", fields={"id": ids("leev"), "created_at": instants()}, orders=("created_at",)
)


@routes.get(
    "/v2/loyalties/programs/{programId}/members/{memberId}/earning-evaluations",
    operation_id="listMemberEarningEvaluations",
    reasons=LISTING,
    query=query_parameters(EVALUATIONS),
)
async def list_earning_evaluations(
    call: Call, program_id: ProgramId, member_id: MemberId
) -> EarningEvaluationListResponse:
    """List a member's earning evaluations.

    One for each order, custom event or segment that set off rules of the program: what every rule earned, or by what it
    was refused. Those that earned are kept for 400 days, the others for 90.
    """
    return await answer_list(
        call,
        EVALUATIONS,
        lambda query: evaluation_page(call.engine, call.caller.project_id, (program_id, member_id), EVALUATIONS, query),
        lambda one: cast("Any", shown(one)),
        program_id,
        member_id,
    )
