"""How members came to their tiers."""

from typing import Any, Final, cast

from troth.actions import tiering
from troth.core.lists import ListDeclaration, ids, instants
from troth.core.tiering.state import shown
from troth.http.list_parameters import query_parameters
from troth.http.lists import answer_list
from troth.http.resources import LISTING
from troth.http.routes.members import MemberId, ProgramId
from troth.http.routing import Call, Routes
from troth.http.shapes.tier_transactions import TierTransactionListResponse

routes = Routes(tag="Members", scope="loyalties")

TIER_TRANSACTIONS: Final = ListDeclaration(
    cursor_prefix="lcrsttx", fields={"card_id": ids("lcrd"), "created_at": instants()}, orders=("created_at",)
)


@routes.get(
    "/v2/loyalties/programs/{programId}/members/{memberId}/tiers/transactions",
    operation_id="listMemberTierTransactions",
    reasons=LISTING,
    reserved=(409,),
    query=query_parameters(TIER_TRANSACTIONS),
)
async def list_tier_transactions(call: Call, program_id: ProgramId, member_id: MemberId) -> TierTransactionListResponse:
    """List a member's tier transactions.

    Tiers joined, prolonged, changed and left. What begins only with the next tracking period is PENDING until then, or
    REJECTED where something else comes in its place.
    """
    path = (program_id, member_id)
    return await answer_list(
        call,
        TIER_TRANSACTIONS,
        lambda query: tiering.transaction_page(call.engine, call.caller.project_id, path, TIER_TRANSACTIONS, query),
        lambda one: cast("Any", shown(one, program_id, member_id)),
        *path,
    )
