"""Errors in their one shape (domain 4)."""

from typing import Final, NotRequired

from typing_extensions import TypedDict

from troth.core.refusals import Reason, Refusal

RETRY_AFTER_SECONDS: Final = {429: "1", 503: "1"}


class ErrorResponse(TypedDict):
    """What every refused or failed request answers."""

    code: int
    key: str
    message: str
    details: NotRequired[str]
    request_id: NotRequired[str]
    resource_id: NotRequired[str]
    resource_type: NotRequired[str]
    related_object_ids: NotRequired[list[str]]
    related_object_type: NotRequired[str]
    statusCode: NotRequired[int]
    error: NotRequired[str]


def problem(refusal: Refusal, request_id: str) -> ErrorResponse:
    """Return a refusal as the API shows it."""
    code, key, message = refusal.reason.value
    shape: ErrorResponse = {"code": code, "key": key, "message": message, "details": refusal.details}
    shape["request_id"] = request_id
    if refusal.resource_id is not None:
        shape["resource_id"] = refusal.resource_id
    if refusal.resource_type is not None:
        shape["resource_type"] = refusal.resource_type
    if refusal.related_ids:
        shape["related_object_ids"] = list(refusal.related_ids)
    if refusal.related_type is not None:
        shape["related_object_type"] = refusal.related_type
    if refusal.reason is Reason.PAYLOAD_TOO_LARGE:
        shape["statusCode"], shape["error"] = code, message
    return shape
