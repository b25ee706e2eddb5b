"""Vouchers of campaigns."""

from typing import Annotated, Final, cast

from fastapi import Path

from troth.actions import vouchers
from troth.core.lists import Operator, PageDeclaration, choices, ids, instants, texts
from troth.core.refusals import Reason
from troth.core.vouchers import shown
from troth.http.list_parameters import query_parameters
from troth.http.numbered_lists import answer_numbered
from troth.http.routing import Call, Routes
from troth.http.shapes.vouchers import Voucher, VoucherList

VOUCHERS: Final = PageDeclaration(
    data_ref="vouchers",
    fields={
        "id": ids("v"),
        "code": texts(),
        "campaign": texts(),
        "campaign_id": ids("camp", digits="a-zA-Z0-9"),
        "category": texts(nullable=True),
        "holder_id": ids("cust", digits="a-zA-Z0-9"),
        "voucher_type": choices(("GIFT_VOUCHER", "DISCOUNT_VOUCHER", "LOYALTY_CARD")),
        "created_at": instants(),
        "updated_at": instants(nullable=True),
    },
    orders=("created_at", "updated_at", "code"),
    filter_parameters={
        "ids": ("id", Operator.IN),
        "code": ("code", Operator.IS),
        "campaign": ("campaign", Operator.IS),
        "campaign_id": ("campaign_id", Operator.IS),
        "category": ("category", Operator.IS),
        "customer": ("holder_id", Operator.IS),
        "created_at[before]": ("created_at", Operator.BEFORE),
        "created_at[after]": ("created_at", Operator.AFTER),
        "updated_at[before]": ("updated_at", Operator.BEFORE),
        "updated_at[after]": ("updated_at", Operator.AFTER),
    },
    largest_page=99,
    deep_filters=True,
)

routes = Routes(tag="Vouchers", scope="vouchers")


@routes.get(
    "/v1/vouchers", operation_id="listVouchers", reasons=(Reason.INVALID_QUERY,), query=query_parameters(VOUCHERS)
)
async def list_vouchers(call: Call) -> VoucherList:
    """List vouchers.

    Coupons and gift cards, as rewards and benefits have issued them.
    """
    answer = await answer_numbered(
        call,
        VOUCHERS,
        lambda query: vouchers.list_vouchers(call.engine, call.caller.project_id, VOUCHERS, query),
        lambda found: shown(*found),
    )
    return cast("VoucherList", answer)


@routes.get("/v1/vouchers/{code}", operation_id="getVoucher")
async def get_voucher(call: Call, code: Annotated[str, Path(description="The voucher's code.")]) -> Voucher:
    """Get voucher by its code."""
    found = await vouchers.get(call.engine, call.caller.project_id, code)
    return cast("Voucher", shown(*found))
