"""Buying rewards."""

from typing import Annotated, Any, Final, cast

from fastapi import Path

from troth.actions import purchases, refunds
from troth.core.lists import ListDeclaration, ids, instants
from troth.core.purchases.refunds import Refund
from troth.core.purchases.shop import Buy
from troth.core.purchases.transactions import shown, shown_simulated
from troth.core.refusals import Reason, Refusal
from troth.http.list_parameters import query_parameters
from troth.http.lists import answer_list
from troth.http.resources import ACTIVE_MEMBER, LISTING, SPENDING
from troth.http.routes.members import MemberId, ProgramId
from troth.http.routing import Call, Routes
from troth.http.shapes.purchases import (
    RewardPurchaseCreateDryRunResponse,
    RewardPurchaseCreateRequest,
    RewardPurchaseCreateTransactionResponse,
    RewardPurchaseListResponse,
    RewardPurchaseRefundRequest,
    RewardPurchaseRefundResponse,
)

RewardTransactionId = Annotated[str, Path(alias="rewardTransactionId", pattern=r"^lrtx_[a-f0-9]+$")]

PURCHASES: Final = ListDeclaration(
    cursor_prefix="lcrstrx",
    fields={"id": ids("lrtx"), "reward_id": ids("lrew"), "created_at": instants()},
    orders=("created_at",),
)
_AS_USUAL: Final = RewardPurchaseRefundRequest()
_PATH: Final = "/v2/loyalties/programs/{programId}/members/{memberId}/rewards/purchases"

routes = Routes(tag="Rewards", scope="loyalties")


@routes.post(
    _PATH,
    operation_id="purchaseMemberReward",
    status=202,
    others={200: RewardPurchaseCreateDryRunResponse},
    changes=False,
    reasons=(
        *ACTIVE_MEMBER,
        Reason.NON_ACTIVE_REWARD,
        Reason.OUTSIDE_REWARD_WINDOW,
        Reason.REWARD_NOT_ASSIGNED,
        Reason.OUT_OF_STOCK,
        Reason.PURCHASE_COOLDOWN,
        Reason.PURCHASE_FREQUENCY,
        Reason.NO_MATCHING_COST,
        Reason.NO_CARD_FOR_COST,
        *SPENDING,
        Reason.NO_TARGET_CARD,
    ),
)
async def purchase_reward(
    call: Call, program_id: ProgramId, member_id: MemberId, body: RewardPurchaseCreateRequest
) -> RewardPurchaseCreateTransactionResponse:
    """Purchase reward.

    The price is the first cost of the reward that is for the member. Points and stock are taken when the answer comes;
    then the reward is issued in the background, and the purchase becomes APPROVED, or REJECTED with everything given
    back. A DRY_RUN is answered with 200, writes nothing, and may be asked for with a read-only key.
    """
    command = Buy(program_id, member_id, body.reward_id, call.caller.source)
    if body.mode == "DRY_RUN":
        call.answer_status = 200
        simulated = await purchases.simulate(call.engine, call.caller.project_id, command)
        answer = {
            "transaction": shown_simulated(simulated),
            "status": "DRY_RUN",
            "message": "The reward can be purchased",
        }
        return cast("RewardPurchaseCreateTransactionResponse", answer)
    if not call.caller.may("loyalties", changes=True):
        raise Refusal(Reason.FORBIDDEN, "The credentials do not give the right to do this")
    made = await call.lanes.purchases.submit(call.caller.project_id, command)
    answer = {"transaction": shown(made), "status": "TRANSACTION_CREATED", "message": "Transaction pending"}
    return cast("RewardPurchaseCreateTransactionResponse", answer)


@routes.get(
    _PATH,
    operation_id="listMemberRewardPurchases",
    reasons=LISTING,
    query=query_parameters(PURCHASES),
)
async def list_purchases(call: Call, program_id: ProgramId, member_id: MemberId) -> RewardPurchaseListResponse:
    """List reward purchases of a member, and their refunds."""
    path = (program_id, member_id)
    return await answer_list(
        call,
        PURCHASES,
        lambda query: purchases.purchase_page(call.engine, call.caller.project_id, path, PURCHASES, query),
        lambda one: cast("Any", shown(one)),
        *path,
    )


@routes.post(
    "/v2/loyalties/programs/{programId}/rewards/purchases/{rewardTransactionId}/refund",
    operation_id="refundRewardPurchase",
    status=202,
    reasons=(Reason.INVALID_TRANSACTION_STATUS, Reason.REWARD_NOT_REFUNDABLE, Reason.POINTS_ARE_GONE),
)
async def refund_purchase(
    call: Call,
    program_id: ProgramId,
    transaction_id: RewardTransactionId,
    body: RewardPurchaseRefundRequest = _AS_USUAL,
) -> RewardPurchaseRefundResponse:
    """Refund reward purchase.

    The same points come back, with their old date or, if it has passed, with that of points that are earned today.
    A coupon that was not used is deleted, what is left of a gift voucher's credit is taken, bought points are taken
    back. It works outside the program's window too.
    """
    policies = body.policies
    allow, write_off = policies.refund == "ALLOW", policies.stock == "WRITE_OFF"
    command = Refund(program_id, transaction_id, allow, write_off, call.caller.source)
    made = await refunds.refund(call.engine, call.caller.project_id, command)
    answer = {"transaction": shown(made), "status": "APPROVED", "message": "Purchase refunded"}
    return cast("RewardPurchaseRefundResponse", answer)
