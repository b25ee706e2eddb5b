"""Async actions: what was asked for and is done apart from the answer (domain 9)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from troth.core.configuration import timestamp

AsyncActionStatus = Literal["ENQUEUED", "IN_PROGRESS", "DONE", "FAILED"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncAction:
    """One of them; `type` is such as `CAMPAIGN.VOUCHERS_DELETE`, `result` what came of it once it is over."""

    id: str
    type: str
    status: AsyncActionStatus
    request_id: str
    result: Mapping[str, Any] | None
    created_at: datetime
    updated_at: datetime | None = None


def shown(action: AsyncAction) -> dict[str, Any]:
    """Return the async action as a list shows it (contract: AsyncActionBase); `processing_time` is in milliseconds."""
    over = action.status in ("DONE", "FAILED")
    answer = {
        "id": action.id,
        "type": action.type,
        "status": action.status,
        "operation_status": {"DONE": "SUCCESS", "FAILED": "FAILED"}.get(action.status, "UNKNOWN"),
        "created_at": timestamp(action.created_at),
        "request_id": action.request_id,
        "progress": 100 if over else 0,
        "object": "async_action",
    }
    if action.updated_at is not None:
        answer["updated_at"] = timestamp(action.updated_at)
        answer["processing_time"] = round((action.updated_at - action.created_at).total_seconds() * 1000)
    return answer


def shown_with_result(action: AsyncAction) -> dict[str, Any]:
    """Return the async action with what came of it (contract: AsyncAction)."""
    return shown(action) | ({"result": action.result} if action.result is not None else {})
