"""Async actions as the API shows them (contract: AsyncAction)."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from troth.http.shapes.members import DateTime


class AsyncActionReference(TypedDict):
    """The async action that does what was asked for, or that says what became of it."""

    async_action_id: Annotated[str, Field(pattern=r"^aa_[a-zA-Z0-9]+$")]


class AsyncActionBase(TypedDict):
    """What was asked for and is done apart from the answer; `processing_time` is in milliseconds."""

    id: Annotated[str, Field(pattern=r"^aa_[a-zA-Z0-9]+$")]
    type: Literal[
        "CAMPAIGN.VOUCHERS_DELETE",
        "CLOCK.MOVE",
        "CUSTOMERS.BULK_UPDATE",
        "CUSTOMERS.IMPORT_CSV",
        "LOYALTIES.MEMBERS_CREATE",
        "ORDERS.IMPORT",
    ]
    status: Literal["DONE", "ENQUEUED", "FAILED", "IN_PROGRESS"]
    operation_status: Literal["FAILED", "SUCCESS", "UNKNOWN"]
    created_at: DateTime
    updated_at: NotRequired[DateTime]
    request_id: str
    processing_time: NotRequired[int]
    progress: int
    object: Literal["async_action"]


class AsyncActionFailure(TypedDict):
    """An entry that failed: its place among the entries, from 0, or its row, whom or what it is about, and why."""

    index: NotRequired[int]
    row: NotRequired[int]
    customer_id: NotRequired[str | None]
    source_id: NotRequired[str]
    code: NotRequired[str]
    key: NotRequired[str]
    reason: str


class AsyncActionError(TypedDict):
    """Why a bulk update left a resource as it was."""

    message: str
    details: str
    key: str
    source_id: NotRequired[str]
    code: NotRequired[str]


class AsyncActionResult(TypedDict):
    """What has come of an async action so far; which properties there are depends on its type.

    `done_count` is how many entries succeeded (of a campaign's deletion, how many vouchers were deleted); `failed` are
    the first 100 of those that did not, the report of a batch has them all.
    """

    message: NotRequired[str]
    done_count: NotRequired[int]
    failed_count: NotRequired[int]
    failed: NotRequired[list[AsyncActionFailure] | AsyncActionFailure]
    errors: NotRequired[list[AsyncActionError]]
    reports: NotRequired[list[str]]
    reports_available_till: NotRequired[DateTime]


class ReportLine(TypedDict):
    """What came of one entry; `key` and `details` say why it failed.

    `index` is the entry's place in the body, from 0; `row` the line of the file in which the row begins, from 1.
    """

    index: NotRequired[int]
    row: NotRequired[int]
    source_id: NotRequired[str | None]
    customer_id: NotRequired[str | None]
    order_id: NotRequired[str | None]
    status: Literal["ENQUEUED", "DONE", "FAILED"]
    key: str | None
    details: str | None


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
