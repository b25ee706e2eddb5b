"""Async actions: what was asked for and is done apart from the answer (domain 9)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from troth.core.configuration import timestamp

AsyncActionStatus = Literal["ENQUEUED", "IN_PROGRESS", "DONE", "FAILED"]

MOST_FAILURES: Final = 100
"""How many failed entries an async action shows itself; its report has them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncAction:
    """One of them; `type` is such as `CAMPAIGN.VOUCHERS_DELETE`, `result` what has come of it so far.

    `entries_count` is how many entries it works off, None where it is done in one piece.
    """

    id: str
    type: str
    status: AsyncActionStatus
    request_id: str
    result: Mapping[str, Any] | None
    created_at: datetime
    updated_at: datetime | None = None
    entries_count: int | None = None

    @property
    def progress(self) -> int:
        """How much of it is done, in percent."""
        if self.status in ("DONE", "FAILED"):
            return 100
        if not self.entries_count or not self.result:
            return 0
        return int((self.result["done_count"] + self.result["failed_count"]) * 100 // self.entries_count)


def enqueued(
    action_id: str, kind: str, request_id: str, entries_count: int, message: str, now: datetime
) -> AsyncAction:
    """Return a new async action with entries to work off; without any it is done, and says so by `message`."""
    new = AsyncAction(
        id=action_id,
        type=kind,
        status="ENQUEUED",
        request_id=request_id,
        result=None,
        created_at=now,
        entries_count=entries_count,
    )
    return new if entries_count else advanced(new, done=0, failures=(), message=message, now=now)


def advanced(
    action: AsyncAction, *, done: int, failures: Sequence[Mapping[str, Any]], message: str, now: datetime
) -> AsyncAction:
    """Return the async action after more of its entries: so many done, and each failed one with its `index`.

    `message` says in words what the counts mean; it may name `{done}` and `{failed}`.
    """
    before: Mapping[str, Any] = action.result or {"done_count": 0, "failed_count": 0, "failed": []}
    done += before["done_count"]
    failed = before["failed_count"] + len(failures)
    shown_failures = sorted([*before["failed"], *failures], key=lambda one: int(one["index"]))[:MOST_FAILURES]
    over = done + failed == action.entries_count
    return replace(
        action,
        status="DONE" if over else "IN_PROGRESS",
        result={
            "message": message.format(done=done, failed=failed),
            "done_count": done,
            "failed_count": failed,
            "failed": shown_failures,
        },
        updated_at=now,
    )


def shown(action: AsyncAction) -> dict[str, Any]:
    """Return the async action as a list shows it (contract: AsyncActionBase); `processing_time` is in milliseconds."""
    answer = {
        "id": action.id,
        "type": action.type,
        "status": action.status,
        "operation_status": {"DONE": "SUCCESS", "FAILED": "FAILED"}.get(action.status, "UNKNOWN"),
        "created_at": timestamp(action.created_at),
        "request_id": action.request_id,
        "progress": action.progress,
        "object": "async_action",
    }
    if action.updated_at is not None:
        answer["updated_at"] = timestamp(action.updated_at)
        answer["processing_time"] = round((action.updated_at - action.created_at).total_seconds() * 1000)
    return answer


def shown_with_result(action: AsyncAction) -> dict[str, Any]:
    """Return the async action with what came of it (contract: AsyncAction)."""
    return shown(action) | ({"result": action.result} if action.result is not None else {})
