"""Points on a card: adjusting them, what they went through, what is pending and what will expire."""

from typing import Annotated, Any, Final, cast

from fastapi import Path

from troth.actions import points
from troth.core.ledger import buckets, transactions
from troth.core.lists import ListDeclaration, days, ids, instants
from troth.core.points import ActivatePending, Adjust, CancelPending, CardPath, Command, ExpireBucket
from troth.core.refusals import Reason
from troth.http.list_parameters import query_parameters
from troth.http.lists import answer_list
from troth.http.resources import ACTIVE_MEMBER, LISTING
from troth.http.routes.members import CardId, MemberId, ProgramId
from troth.http.routing import Call, Routes
from troth.http.shapes.points import (
    AdjustCardPointsRequest,
    AdjustCardPointsResponse,
    CardPendingPointsActivationResponse,
    CardPendingPointsBucketListResponse,
    CardPendingPointsCancellationResponse,
    CardPointsBucketListResponse,
    CardPointsExpirationResult,
    CardTransactionListResponse,
)

PendingBucketId = Annotated[str, Path(alias="bucketId", pattern=r"^lcppb_[a-f0-9]+$")]
BucketId = Annotated[str, Path(alias="bucketId", pattern=r"^lcpeb_[a-f0-9]+$")]

CARD: Final = "/v2/loyalties/programs/{programId}/members/{memberId}/cards/{cardId}"

routes = Routes(tag="Points", scope="loyalties")

TRANSACTIONS: Final = ListDeclaration(
    cursor_prefix="lcrsctx", fields={"id": ids("lctx"), "created_at": instants()}, orders=("created_at",)
)
PENDING_BUCKETS: Final = ListDeclaration(
    cursor_prefix="lcrscppb", fields={"date": days()}, orders=("date",), default_order=("date",), deep_filters=False
)
POINTS_BUCKETS: Final = ListDeclaration(
    cursor_prefix="lcrspeb",
    fields={"expiration_date": days()},
    orders=("expiration_date",),
    default_order=("expiration_date",),
    deep_filters=False,
)


@routes.post(
    f"{CARD}/points",
    operation_id="adjustCardPoints",
    reasons=ACTIVE_MEMBER,
)
async def adjust_points(
    call: Call, program_id: ProgramId, member_id: MemberId, card_id: CardId, body: AdjustCardPointsRequest
) -> AdjustCardPointsResponse:
    """Adjust a card's points.

    Points are added, into a bucket of the card definition's expiration, or taken from those that expire soonest. A
    debit that the balance does not cover is a transaction too, one that is REJECTED. The answer is final.
    """
    path = CardPath(program_id, member_id, card_id)
    command = Adjust(path, body.points, body.reason, call.caller.source)
    return cast("AdjustCardPointsResponse", await _done(call, command, "NO_CHANGE", "The balance stays as it is"))


@routes.get(
    f"{CARD}/transactions",
    operation_id="listCardTransactions",
    reasons=LISTING,
    query=query_parameters(TRANSACTIONS),
)
async def list_transactions(
    call: Call, program_id: ProgramId, member_id: MemberId, card_id: CardId
) -> CardTransactionListResponse:
    """List a card's transactions."""
    path = CardPath(program_id, member_id, card_id)
    return await answer_list(
        call,
        TRANSACTIONS,
        lambda query: points.transaction_page(call.engine, call.caller.project_id, path, TRANSACTIONS, query),
        lambda one: cast("Any", transactions.shown(one, program_id, member_id)),
        *path,
    )


@routes.get(
    f"{CARD}/pending-points",
    operation_id="listCardPendingPoints",
    reasons=LISTING,
    query=query_parameters(PENDING_BUCKETS),
)
async def list_pending_points(
    call: Call, program_id: ProgramId, member_id: MemberId, card_id: CardId
) -> CardPendingPointsBucketListResponse:
    """List a card's pending points.

    Buckets of points that will become usable on a date, or with an event; those that are done are not listed.
    """
    path = CardPath(program_id, member_id, card_id)
    return await answer_list(
        call,
        PENDING_BUCKETS,
        lambda query: points.pending_bucket_page(call.engine, call.caller.project_id, path, PENDING_BUCKETS, query),
        lambda one: cast("Any", buckets.shown_pending(*one)),
        *path,
    )


@routes.post(
    f"{CARD}/pending-points/{{bucketId}}/activate",
    operation_id="activateCardPendingPointsBucket",
    reasons=(Reason.INVALID_PENDING_BUCKET,),
)
async def activate_pending_points(
    call: Call, program_id: ProgramId, member_id: MemberId, card_id: CardId, bucket_id: PendingBucketId
) -> CardPendingPointsActivationResponse:
    """Activate pending points before their date."""
    command = ActivatePending(CardPath(program_id, member_id, card_id), bucket_id, call.caller.source)
    answer = await _done(call, command, "NO_ACTIVATION", "There is nothing to activate")
    return cast("CardPendingPointsActivationResponse", answer)


@routes.post(
    f"{CARD}/pending-points/{{bucketId}}/cancel",
    operation_id="cancelCardPendingPointsBucket",
    reasons=(Reason.INVALID_PENDING_BUCKET,),
)
async def cancel_pending_points(
    call: Call, program_id: ProgramId, member_id: MemberId, card_id: CardId, bucket_id: PendingBucketId
) -> CardPendingPointsCancellationResponse:
    """Cancel pending points; they will never be usable."""
    command = CancelPending(CardPath(program_id, member_id, card_id), bucket_id, call.caller.source)
    return cast("CardPendingPointsCancellationResponse", await _done(call, command))


@routes.get(
    f"{CARD}/expiring-points",
    operation_id="listCardExpiringPoints",
    reasons=LISTING,
    reserved=(409,),
    query=query_parameters(POINTS_BUCKETS),
)
async def list_expiring_points(
    call: Call, program_id: ProgramId, member_id: MemberId, card_id: CardId
) -> CardPointsBucketListResponse:
    """List a card's expiring points.

    Buckets of points that have a last day of use; points that never expire are not listed.
    """
    path = CardPath(program_id, member_id, card_id)
    return await answer_list(
        call,
        POINTS_BUCKETS,
        lambda query: points.points_bucket_page(call.engine, call.caller.project_id, path, POINTS_BUCKETS, query),
        lambda one: cast("Any", buckets.shown(*one)),
        *path,
    )


@routes.post(
    f"{CARD}/expiring-points/{{bucketId}}/expire",
    operation_id="expireCardPointsBucket",
    reasons=(Reason.INVALID_BUCKET,),
    reserved=(400, 409),
)
async def expire_points(
    call: Call, program_id: ProgramId, member_id: MemberId, card_id: CardId, bucket_id: BucketId
) -> CardPointsExpirationResult:
    """Expire points before their last day of use is over."""
    command = ExpireBucket(CardPath(program_id, member_id, card_id), bucket_id, call.caller.source)
    answer = await _done(call, command, "NO_EXPIRATION", "The bucket holds no points")
    return cast("CardPointsExpirationResult", answer)


async def _done(call: Call, command: Command, idle: str = "", idle_words: str = "") -> dict[str, Any]:
    """Do a command in its lane and answer with its transaction, or with `idle` where nothing was to be booked."""
    transaction = await call.lanes.points.submit(call.caller.project_id, command)
    if transaction is None:
        return {"transaction": None, "status": idle, "message": idle_words}
    shown = transactions.shown(transaction, command.path.program_id, command.path.member_id)
    return {
        "transaction": shown,
        "status": "TRANSACTION_CREATED",
        "message": f"Transaction {transaction.status.lower()}",
    }
