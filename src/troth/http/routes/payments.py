"""Paying orders with points."""

from typing import Any, Final, cast

from troth.actions import payments
from troth.core.lists import ListDeclaration, ids, instants
from troth.core.payments.requests import OrderPaymentCreateRequest
from troth.core.payments.transactions import shown, shown_simulated
from troth.core.refusals import Reason, Refusal
from troth.http.list_parameters import query_parameters
from troth.http.lists import answer_list
from troth.http.resources import ACTIVE_MEMBER, LISTING, SPENDING
from troth.http.routes.members import MemberId, ProgramId
from troth.http.routing import Call, Routes
from troth.http.shapes.payments import (
    OrderPaymentCreateDryRunResponse,
    OrderPaymentCreateTransactionResponse,
    OrderPaymentListResponse,
)

PAYMENTS: Final = ListDeclaration(
    cursor_prefix="lcrsotx", fields={"id": ids("lotx"), "created_at": instants()}, orders=("created_at",)
)
_PATH: Final = "/v2/loyalties/programs/{programId}/members/{memberId}/orders/payments"

routes = Routes(tag="Orders", scope="loyalties")


@routes.post(
    _PATH,
    operation_id="createMemberOrderPayment",
    status=202,
    others={200: OrderPaymentCreateDryRunResponse},
    changes=False,
    reasons=(
        *ACTIVE_MEMBER,
        Reason.PAYMENTS_NOT_ENABLED,
        Reason.ORDER_ALREADY_PAID,
        Reason.ZERO_BALANCE,
        *SPENDING,
    ),
)
async def pay_order(
    call: Call, program_id: ProgramId, member_id: MemberId, body: OrderPaymentCreateRequest
) -> OrderPaymentCreateTransactionResponse:
    """Pay order with points.

    As much is paid as the order's open amount, the balance and all limits let, at the card definition's exchange ratio.
    The answer is final: the transaction is APPROVED. A DRY_RUN is answered with 200, writes nothing, and may be asked
    for with a read-only key.
    """
    command = body.command(program_id, member_id, call.caller.source)
    if body.mode == "DRY_RUN":
        call.answer_status = 200
        simulated = await payments.simulate(call.engine, call.caller.project_id, command)
        answer = {"transaction": shown_simulated(simulated), "status": "DRY_RUN", "message": "The order can be paid"}
        return cast("OrderPaymentCreateTransactionResponse", answer)
    if not call.caller.may("loyalties", changes=True):
        raise Refusal(Reason.FORBIDDEN, "The credentials do not give the right to do this")
    made = await call.lanes.payments.submit(call.caller.project_id, command)
    answer = {"transaction": shown(made), "status": "TRANSACTION_CREATED", "message": "Transaction approved"}
    return cast("OrderPaymentCreateTransactionResponse", answer)


@routes.get(_PATH, operation_id="listMemberOrderPayments", reasons=LISTING, query=query_parameters(PAYMENTS))
async def list_payments(call: Call, program_id: ProgramId, member_id: MemberId) -> OrderPaymentListResponse:
    """List a member's payments of orders with points."""
    path = (program_id, member_id)
    return await answer_list(
        call,
        PAYMENTS,
        lambda query: payments.payment_page(call.engine, call.caller.project_id, path, PAYMENTS, query),
        lambda one: cast("Any", shown(one)),
        *path,
    )
