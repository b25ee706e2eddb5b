"""Async actions as the API shows them (contract: AsyncAction)."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from troth.http.shapes.members import DateTime


class AsyncActionBase(TypedDict):
    """What was asked for and is done apart from the answer; `processing_time` is in milliseconds."""

    id: Annotated[str, Field(pattern=r"^aa_[a-zA-Z0-9]+$")]
    type: Literal["CAMPAIGN.VOUCHERS_DELETE"]
    status: Literal["DONE", "ENQUEUED", "FAILED", "IN_PROGRESS"]
    operation_status: Literal["FAILED", "SUCCESS", "UNKNOWN"]
    created_at: DateTime
    updated_at: NotRequired[DateTime]
    request_id: str
    processing_time: NotRequired[int]
    progress: int
    object: Literal["async_action"]


class AsyncActionResult(TypedDict):
    """What came of an async action; `done_count` is how many vouchers were deleted."""

    message: str
    done_count: int


class AsyncAction(AsyncActionBase):
    """An async action with what came of it, once it is over."""

    result: NotRequired[AsyncActionResult]


class AsyncActionList(TypedDict):
    """One page of async actions; `total` counts all pages, of a filtered list up to 10,000."""

    object: Literal["list"]
    data_ref: Literal["async_actions"]
    async_actions: list[AsyncActionBase]
    total: int
    has_more: bool
