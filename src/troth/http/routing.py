"""How a route is declared: once, for the document as for the lean door that serves it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any, Final, Generic, TypeVar, get_origin

from pydantic import TypeAdapter
from starlette.requests import Request

from troth.actions.engine import Engine
from troth.core.access import Caller
from troth.core.refusals import Reason
from troth.http.lanes import Lanes

JSON: Final = "application/json"
JSON_LINES: Final = "application/x-ndjson"

Item = TypeVar("Item")
Endpoint = Callable[..., Awaitable[Any]]
Receiver = Callable[[Engine, str, AsyncIterator[bytes]], AbstractAsyncContextManager[Any]]
"""Receives a file that is uploaded to a project, piece by piece, and makes of it what the endpoint needs."""

Headers = Sequence[tuple[bytes, bytes]]


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
class Described:
    """What the document alone says of an operation; see `Routes.declare`."""

    operation_id: str
    reasons: Sequence[Reason]
    statuses: Sequence[int]
    others: Mapping[int, Any]
    reserved: Sequence[int]
    query: Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Operation:
    """A declared route: what the door needs to serve it, and what the document says of it besides."""

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
    described: Described


class Routes:
    """The routes of one noun: their tag in the document and the scope that a bearer token needs for them."""

    def __init__(self, *, tag: str, scope: str) -> None:
        self.tag: Final = tag
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

        def register(endpoint: Endpoint) -> Endpoint:
            takes = signature(endpoint)
            body = takes.parameters.get("body")
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
                    keyed=keyed and method in ("POST", "PUT"),
                    upload=upload,
                    validate=TypeAdapter(body.annotation).validate_python if body else None,
                    body_is_optional=body is not None and body.default is not Parameter.empty,
                    media_type=JSON_LINES if get_origin(takes.return_annotation) is Lines else JSON,
                    described=Described(operation_id, reasons, statuses, others, reserved, query),
                )
            )
            return endpoint

        return register
