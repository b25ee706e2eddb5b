"""How a route is declared: once, with FastAPI's own means, for the document as for the lean door that serves it."""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from http import HTTPStatus
from inspect import Parameter, getdoc, signature
from typing import Any, Final, Generic, TypeVar, get_args, get_origin

from fastapi import APIRouter
from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from troth.actions.engine import Engine
from troth.core.access import Caller
from troth.core.idempotency_keys import PATTERN
from troth.core.refusals import Reason
from troth.http.lanes import Lanes
from troth.http.problems import ErrorResponse

FORM: Final = "x-form"
"""Marks an operation of the document whose body is a form; the document is made without the mark."""

JSON: Final = "application/json"
JSON_LINES: Final = "application/x-ndjson"

Item = TypeVar("Item")
_UPLOAD: Final = {
    "type": "object",
    "properties": {"file": {"type": "string", "format": "binary"}},
    "required": ["file"],
}

Endpoint = Callable[..., Awaitable[Any]]
Receiver = Callable[[Engine, str, AsyncIterator[bytes]], AbstractAsyncContextManager[Any]]
"""Receives a file that is uploaded to a project, piece by piece, and makes of it what the endpoint needs."""

Headers = Sequence[tuple[bytes, bytes]]

ALWAYS: Final = (
    Reason.UNAUTHORIZED,
    Reason.FORBIDDEN,
    Reason.NOT_ACCEPTABLE,
    Reason.TOO_MANY_REQUESTS,
    Reason.INTERNAL_ERROR,
    Reason.OVERLOADED,
)
WITH_BODY: Final = (Reason.INVALID_PAYLOAD, Reason.PAYLOAD_TOO_LARGE, Reason.UNSUPPORTED_MEDIA_TYPE)
WITH_KEY: Final = (Reason.INVALID_PAYLOAD, Reason.PAYLOAD_TOO_LARGE, Reason.IDEMPOTENCY_KEY_REUSED)

IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": PATTERN},
    "description": "Makes the request safe to repeat: for 24 hours the same key with the same body gets the first"
    " answer again, marked by `Idempotent-Replayed: true`. A request that is refused or changes nothing leaves its key"
    " free.",
}


class Call(Request):
    """One request on its way: what an endpoint is handed besides the path's parameters and the body.

    `answer_status` and `answer_headers` may be changed by the endpoint; `received` is there where a file is uploaded.
    FastAPI takes the class for a plain request and keeps it out of the document.
    """

    engine: Engine
    lanes: Lanes
    caller: Caller
    request_id: str
    received: Any
    answer_status: int
    answer_headers: list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Lines(Generic[Item]):
    """An answer of any length, a JSON value a line, sent as it is read; a page is some lines."""

    pages: AsyncIterator[Sequence[Item]]


@dataclass(frozen=True, slots=True)
class Operation:
    """A declared route as the door needs it."""

    method: str
    path: str
    endpoint: Endpoint
    status: int
    scope: str
    changes: bool
    public: bool
    form: bool
    keyed: bool
    upload: Receiver | None
    validate: Callable[[Any], Any] | None
    """Turns the decoded body into the endpoint's body; None where there is none."""
    body_is_optional: bool
    media_type: str


class Routes:
    """The routes of one noun: their tag in the document and the scope that a bearer token needs for them."""

    def __init__(self, *, tag: str, scope: str) -> None:
        self.router = APIRouter(tags=[tag])
        self.operations: list[Operation] = []
        self._scope = scope

    def get(self, path: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare a GET; see `declare`."""
        return self.declare("GET", path, **{"changes": False} | options)

    def post(self, path: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare a POST; see `declare`."""
        return self.declare("POST", path, **options)

    def put(self, path: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare a PUT; see `declare`."""
        return self.declare("PUT", path, **options)

    def delete(self, path: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare a DELETE; see `declare`."""
        return self.declare("DELETE", path, **options)

    def declare(
        self,
        method: str,
        path: str,
        *,
        operation_id: str,
        reasons: Sequence[Reason] = (),
        status: int = 200,
        statuses: Sequence[int] = (),
        others: Mapping[int, Any] = {},
        reserved: Sequence[int] = (),
        query: Sequence[dict[str, Any]] = (),
        changes: bool = True,
        public: bool = False,
        form: bool = False,
        keyed: bool = True,
        upload: Receiver | None = None,
    ) -> Callable[[Endpoint], Endpoint]:
        """Declare an operation.

        The endpoint takes the call, the path's parameters in the path's order, then `body` if it has one. `reasons`
        are its refusals besides those that any route has; `statuses` further successes of the same shape, `others` of
        other shapes; `reserved` statuses that the contract names although Troth has no use for them; `query` its
        parameters as OpenAPI has them. `changes` says that a read-only key may not call it, `public` that it asks for
        no credentials, `keyed` that a POST or PUT takes an idempotency key. What `upload` makes of a file, the endpoint
        finds as the call's `received`.
        """
        keyed = keyed and method in ("POST", "PUT")

        def register(endpoint: Endpoint) -> Endpoint:
            body = signature(endpoint).parameters.get("body")
            refusals = [*reasons, *(WITH_BODY if body or upload else ()), *(WITH_KEY if keyed else ())]
            refusals += () if public else ALWAYS
            if "{" in path:
                refusals.append(Reason.NOT_FOUND)
            answer = signature(endpoint).return_annotation
            is_lines = get_origin(answer) is Lines
            summary, _, description = (getdoc(endpoint) or operation_id).partition("\n")
            responses = _responses(refusals, reserved)
            if is_lines:
                responses[status] = {"content": {JSON_LINES: {"schema": TypeAdapter(*get_args(answer)).json_schema()}}}
            for other, model in {**dict.fromkeys(statuses, answer), **others}.items():
                responses[other] = {"model": model, "description": HTTPStatus(other).phrase}
            self.router.add_api_route(
                path,
                endpoint,
                methods=[method],
                status_code=status,
                response_model=None if is_lines else answer,
                response_class=Response if is_lines else JSONResponse,
                response_description=HTTPStatus(status).phrase,
                responses=responses,
                operation_id=operation_id,
                summary=summary.rstrip("."),
                description=description.strip(),
                openapi_extra=_beside_the_signature(query, form=form, keyed=keyed, upload=upload is not None),
            )
            self.operations.append(
                Operation(
                    method=method,
                    path=path,
                    endpoint=endpoint,
                    status=status,
                    scope=self._scope,
                    changes=changes,
                    public=public,
                    form=form,
                    keyed=keyed,
                    upload=upload,
                    validate=_validator(body) if body else None,
                    body_is_optional=body is not None and body.default is not Parameter.empty,
                    media_type=JSON_LINES if is_lines else JSON,
                )
            )
            return endpoint

        return register


def _beside_the_signature(query: Sequence[dict[str, Any]], *, form: bool, keyed: bool, upload: bool) -> dict[str, Any]:
    """Return what the document has of an operation that its endpoint's signature does not say."""
    parameters = [*query, *((IDEMPOTENCY_KEY,) if keyed else ())]
    extra: dict[str, Any] = {"parameters": parameters} if parameters else {}
    if form:
        extra[FORM] = True
    if upload:
        extra["requestBody"] = {"content": {"multipart/form-data": {"schema": _UPLOAD}}, "required": True}
    return extra


def _validator(body: Parameter) -> Callable[[Any], Any]:
    return TypeAdapter(body.annotation).validate_python


def _responses(refusals: Sequence[Reason], reserved: Sequence[int]) -> dict[int | str, dict[str, Any]]:
    keys: dict[int, list[str]] = defaultdict(list)
    for reason in refusals:
        if reason.value.key not in keys[reason.value.code]:
            keys[reason.value.code].append(reason.value.key)
    for code in reserved:
        keys.setdefault(code, [])
    return {
        code: {"model": ErrorResponse, "description": ", ".join(f"`{key}`" for key in names) or "Reserved"}
        for code, names in sorted(keys.items())
    }
