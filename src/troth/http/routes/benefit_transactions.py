"""Benefits that members were granted, under both faces."""

from typing import Any, Final, cast

from troth.actions import fulfilment
from troth.core.earning.fulfilment import BenefitTransaction, shown
from troth.core.lists import ListDeclaration, ids, instants
from troth.core.references import benefit_id
from troth.http.list_parameters import query_parameters
from troth.http.lists import answer_list
from troth.http.resources import LISTING
from troth.http.routes.members import MemberId, ProgramId
from troth.http.routing import Call, Routes
from troth.http.shapes.benefit_transactions import BenefitTransactionListResponse, IncentiveTransactionListResponse

_MEMBER: Final = "/v2/loyalties/programs/{programId}/members/{memberId}"

BENEFIT_TRANSACTIONS: Final = ListDeclaration(
    cursor_prefix="lcrsbtx",
    fields={"benefit_id": ids("lben"), "created_at": instants()},
    orders=("created_at",),
)
INCENTIVE_TRANSACTIONS: Final = ListDeclaration(
    cursor_prefix="lcrsitx",
    fields={"incentive_id": ids("linc"), "created_at": instants()},
    orders=("created_at",),
)

routes = Routes(tag="Benefits", scope="loyalties")


@routes.get(
    f"{_MEMBER}/benefits/transactions",
    operation_id="listMemberBenefitTransactions",
    reasons=LISTING,
    reserved=(409,),
    query=query_parameters(BENEFIT_TRANSACTIONS),
)
async def list_benefit_transactions(
    call: Call, program_id: ProgramId, member_id: MemberId
) -> BenefitTransactionListResponse:
    """List a member's benefit transactions.

    Every benefit that a rule has granted: PENDING until it is fulfilled, REJECTED with the reason where it cannot be.
    """
    return cast("BenefitTransactionListResponse", await _list(call, BENEFIT_TRANSACTIONS, program_id, member_id, shown))


@routes.get(
    f"{_MEMBER}/incentives/transactions",
    operation_id="listMemberIncentiveTransactions",
    reasons=LISTING,
    query=query_parameters(INCENTIVE_TRANSACTIONS),
)
async def list_incentive_transactions(
    call: Call, program_id: ProgramId, member_id: MemberId
) -> IncentiveTransactionListResponse:
    """List a member's incentive transactions.

    Its benefit transactions under their older name.
    """
    found = await _list(call, INCENTIVE_TRANSACTIONS, program_id, member_id, _as_incentive)
    return cast("IncentiveTransactionListResponse", found)


async def _list(call: Call, declaration: ListDeclaration, program_id: str, member_id: str, face: Any) -> Any:
    path = (program_id, member_id)
    return await answer_list(
        call,
        declaration,
        lambda query: fulfilment.transaction_page(call.engine, call.caller.project_id, path, declaration, query),
        face,
        *path,
    )


def _as_incentive(transaction: BenefitTransaction) -> dict[str, Any]:
    told = shown(transaction)
    incentive = "linc_" + benefit_id(told.pop("benefit_id")).removeprefix("lben_")
    return {**told, "incentive_id": incentive, "object": "incentive_transaction"}
