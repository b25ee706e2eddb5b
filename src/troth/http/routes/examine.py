"""Examining: what would be earned, and what could be bought."""

from typing import cast

from troth.actions import examine, examine_rewards
from troth.core.earning.examine_requests import ExamineEarningRulesRequest
from troth.core.refusals import Reason
from troth.http.routing import Call, Routes
from troth.http.shapes.examine import ExamineEarningRulesResponse
from troth.http.shapes.examine_rewards import ExamineRewardsRequest, ExamineRewardsResponse

routes = Routes(tag="Examine", scope="loyalties")


@routes.post(
    "/v2/loyalties/examine/earning-rules",
    operation_id="examineEarningRules",
    reasons=(Reason.NOT_FOUND,),
    changes=False,
)
async def examine_earning_rules(call: Call, body: ExamineEarningRulesRequest) -> ExamineEarningRulesResponse:
    """Examine earning rules.

    What the ACTIVE memberships of a customer in ACTIVE programs would earn now by an order, an event, or entering a
    segment: the decision that earning itself makes, with the limits of wallets, and nothing is saved. Rules that need
    nothing but the trigger are fulfilled whatever is told of it; conditions on what is not told are not, and points in
    proportion to it are left out.
    """
    found = await examine.examine_earning_rules(call.engine, call.caller.project_id, body)
    return cast("ExamineEarningRulesResponse", found)


@routes.post(
    "/v2/loyalties/examine/rewards",
    operation_id="examineRewards",
    reasons=(Reason.NOT_FOUND,),
    changes=False,
)
async def examine_the_rewards(call: Call, body: ExamineRewardsRequest) -> ExamineRewardsResponse:
    """Examine rewards.

    Every ACTIVE reward of the ACTIVE memberships of a customer in ACTIVE programs, under the card that would pay it:
    whether it can be bought now, or all that stands in the way, by the checks of the purchase itself. What no card of
    the member would pay is in the list of rewards alone.
    """
    whose = body.customer_identification
    found = await examine_rewards.examine_rewards(
        call.engine, call.caller.project_id, whose.type, whose.reference, body.customer.metadata, body.member.metadata
    )
    return cast("ExamineRewardsResponse", found)
