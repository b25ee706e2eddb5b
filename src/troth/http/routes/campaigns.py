"""Campaigns of coupons and gift cards."""

from typing import Annotated, Final, cast

from fastapi import Path

from troth.actions import campaigns
from troth.core.campaigns import shown
from troth.core.lists import Operator, PageDeclaration, choices, ids, instants, texts
from troth.core.refusals import Reason
from troth.http.deletion import FORCE, check_force
from troth.http.list_parameters import query_parameters
from troth.http.numbered_lists import answer_numbered
from troth.http.routing import Call, Routes
from troth.http.shapes.async_actions import AsyncActionReference
from troth.http.shapes.campaigns import Campaign, CampaignCreateRequest, CampaignList

CampaignId = Annotated[str, Path(alias="campaignId", description="The campaign's `id` or its `name`.")]

CAMPAIGNS: Final = PageDeclaration(
    data_ref="campaigns",
    fields={
        "campaigns": texts(),
        "campaigns_id": ids("camp", digits="a-zA-Z0-9"),
        "campaign_type": choices(
            ("PROMOTION", "GIFT_VOUCHERS", "REFERRAL_PROGRAM", "DISCOUNT_COUPONS", "LOYALTY_PROGRAM")
        ),
        "campaign_status": choices(("DONE", "IN_PROGRESS", "FAILED", "DRAFT", "MODIFYING")),
        "is_referral_code": choices(("true", "false", "TRUE", "FALSE"), stored=str.lower),
        "voucher_type": choices(("GIFT_VOUCHER", "DISCOUNT_VOUCHER", "LOYALTY_CARD")),
        "type": choices(("AUTO_UPDATE", "BULK", "STANDALONE", "STATIC")),
        "created_at": instants(filterable=False),
        "created_date": instants(),
        "updated_at": instants(nullable=True),
        "start_date": instants(nullable=True),
        "expiration_date": instants(nullable=True),
    },
    orders=("created_at", "updated_at"),
    filter_parameters={
        "campaign_type": ("campaign_type", Operator.IS),
        "campaign_status": ("campaign_status", Operator.IS),
        "is_referral_code": ("is_referral_code", Operator.IS),
    },
    deep_filters=True,
)

routes = Routes(tag="Campaigns", scope="campaigns")


@routes.get(
    "/v1/campaigns", operation_id="listCampaigns", reasons=(Reason.INVALID_QUERY,), query=query_parameters(CAMPAIGNS)
)
async def list_campaigns(call: Call) -> CampaignList:
    """List campaigns.

    There are neither referral campaigns nor campaigns that fail or wait to be created: their filters find nothing.
    """
    answer = await answer_numbered(
        call,
        CAMPAIGNS,
        lambda query: campaigns.list_campaigns(call.engine, call.caller.project_id, CAMPAIGNS, query),
        shown,
    )
    return cast("CampaignList", answer)


@routes.post("/v1/campaigns", operation_id="createCampaign", reasons=(Reason.NOT_FOUND, Reason.DUPLICATE_KEY))
async def create_campaign(call: Call, body: CampaignCreateRequest) -> Campaign:
    """Create campaign of coupons or gift cards.

    Its name must be the only one of the project. Coupons may be redeemed once, gift cards any number of times, unless
    `redemption` says otherwise.
    """
    made = await campaigns.create_campaign(call.engine, call.caller.project_id, body.name, body)
    return cast("Campaign", shown(made))


@routes.get("/v1/campaigns/{campaignId}", operation_id="getCampaign")
async def get_campaign(call: Call, campaign_id: CampaignId) -> Campaign:
    """Get campaign."""
    found = await campaigns.get_campaign(call.engine, call.caller.project_id, campaign_id)
    return cast("Campaign", shown(found))


@routes.delete(
    "/v1/campaigns/{campaignId}",
    operation_id="deleteCampaign",
    status=202,
    reasons=(Reason.IN_USE, Reason.INVALID_QUERY),
    query=(FORCE,),
)
async def delete_campaign(call: Call, campaign_id: CampaignId) -> AsyncActionReference:
    """Delete campaign.

    Refused while a definition refers to it. It is deleted when the answer comes, and the async action is done.
    """
    check_force(call)
    action_id = await campaigns.delete_campaign(call.engine, call.caller.project_id, campaign_id, call.request_id)
    return {"async_action_id": action_id}
