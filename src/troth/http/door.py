"""The lean door: one ASGI callable that takes every request of the API from its first byte to its last (decision 0004).

The order of checks is domain 4's: HTTP basics, credentials, rights, shape, and then whatever the action finds.
"""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from hashlib import sha256
from typing import Any, Final
from urllib.parse import unquote

import structlog
from pydantic import ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from troth.actions.engine import Engine
from troth.core.idempotency_keys import Given
from troth.core.json import encode
from troth.core.payloads import invalid
from troth.core.refusals import Reason, Refusal
from troth.http import metrics
from troth.http.auth import Authenticator
from troth.http.bodies import LARGEST_BODY, form_body, json_body, pieces, too_large
from troth.http.idempotency_keys import answered, idempotency_key, rendered
from troth.http.lanes import Lanes
from troth.http.problems import RETRY_AFTER_SECONDS, problem
from troth.http.routing import JSON, JSON_LINES, Call, Headers, Lines, Operation
from troth.http.uploads import LARGEST_UPLOAD, MULTIPART, uploaded_file

log = structlog.get_logger()

SLOW_SECONDS: Final = 0.5
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
"""What no id and no source id holds; U+0000 has no place in PostgreSQL, U+001F separates the ids of a batch."""


class _Node:
    """A step of the path: its fixed continuations, the one that is a parameter, the operations that end here."""

    __slots__ = ("fixed", "operations", "parameter")

    def __init__(self) -> None:
        self.fixed: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.operations: dict[str, Operation] = {}


class Door:
    """Serves the declared operations; anything else goes to `pages` (documentation, Hub) or is not found."""

    def __init__(
        self,
        engine: Engine,
        lanes: Lanes,
        operations: Sequence[Operation],
        pages: ASGIApp,
        *,
        access_log: str = "problems",
    ) -> None:
        self._engine = engine
        self._lanes = lanes
        self._pages = pages
        self._authenticator = Authenticator(engine)
        self._log_all = access_log == "all"
        self._log_problems = access_log != "none"
        self._root = _Node()
        for operation in operations:
            self._plant(operation)

    def _plant(self, operation: Operation) -> None:
        node = self._root
        for step in operation.path.split("/")[1:]:
            if step.startswith("{"):
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.fixed.setdefault(step, _Node())
        node.operations[operation.method] = operation

    def _find(self, steps: Sequence[str]) -> tuple[_Node | None, list[str]]:
        node = self._root
        values: list[str] = []
        for step in steps:
            following = node.fixed.get(step)
            if following is None:
                if node.parameter is None or not step:
                    return None, values
                values.append(step)
                following = node.parameter
            node = following
        return (node, values) if node.operations else (None, values)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._pages(scope, receive, send)
            return
        node, values = self._find(_steps(scope))
        if node is None and not scope["path"].startswith(("/v1/", "/v2/")):
            await self._pages(scope, receive, send)
            return
        started = self._engine.clock.seconds()
        call = Call(scope)
        call.engine, call.lanes = self._engine, self._lanes
        call.request_id = self._engine.identifiers.fresh("v").replace("_", "-", 1)
        call.answer_headers = []
        rest: AsyncIterator[Sequence[Any]] | None = None
        try:
            answer = await self._answer(call, node, values, receive)
            if isinstance(answer, Lines):
                rest = answer.pages
                first: Sequence[Any] | None = await anext(rest, None)
                status, body = call.answer_status, _lines(first or ())
            elif isinstance(answer, Given):
                status, body = answer.status, answer.body
            else:
                status, body = call.answer_status, rendered(answer)
        except Refusal as refusal:
            status, body = self._refused(call, refusal)
        except Exception:
            log.exception("request.failed", request_id=call.request_id, method=scope["method"], path=scope["path"])
            status, body = self._refused(call, Refusal(Reason.INTERNAL_ERROR, "The log has the details"))
        if rest is None:
            await _send(send, status, body, call)
        else:
            await _send_lines(send, status, body, rest, call)
        self._record(call, status, self._engine.clock.seconds() - started)

    async def _answer(self, call: Call, node: _Node | None, values: list[str], receive: Receive) -> Any:
        scope = call.scope
        if node is None or any(map(_CONTROL.search, values)):
            raise Refusal(Reason.NOT_FOUND, f"There is nothing at {scope['path'][:200]!r}")
        operation = node.operations.get("GET" if scope["method"] == "HEAD" else scope["method"])
        if operation is None:
            allowed = ", ".join(sorted({*node.operations, *(("HEAD",) if "GET" in node.operations else ())}))
            call.answer_headers.append((b"allow", allowed.encode()))
            raise Refusal(Reason.METHOD_NOT_ALLOWED, f"Allowed here: {allowed}")
        headers = scope["headers"]
        read = _checked_basics(operation, headers)
        if not operation.public:
            call.caller = await self._authenticator.authenticate(headers)
            if not call.caller.may(operation.scope, changes=operation.changes):
                raise Refusal(Reason.FORBIDDEN, "The credentials do not give the right to do this")
        call.answer_status = operation.status
        key = idempotency_key(headers) if operation.keyed else None
        path = (operation.path, *values)
        endpoint = partial(operation.endpoint, call, *values)
        if operation.upload:
            digest = sha256()
            file = uploaded_file(receive, _header(headers, b"content-type") or b"", digest)
            async with operation.upload(self._engine, call.caller.project_id, file) as call.received:
                return await answered(call, key, path, digest.digest, endpoint)
        if read is None and key is None:
            return await endpoint()
        body = b"".join([piece async for piece in pieces(receive, LARGEST_BODY)])
        if operation.validate is not None and read is not None:
            try:
                endpoint = partial(endpoint, operation.validate(read(body)))
            except ValidationError as error:
                raise invalid(error) from None
        return await answered(call, key, path, lambda: sha256(body).digest(), endpoint)

    def _refused(self, call: Call, refusal: Refusal) -> tuple[int, bytes]:
        code = refusal.reason.value.code
        if retry_after := RETRY_AFTER_SECONDS.get(code):
            call.answer_headers.append((b"retry-after", retry_after.encode()))
        if code == 401:
            call.answer_headers.append((b"www-authenticate", b"Bearer"))
        return code, encode(problem(refusal, call.request_id))

    def _record(self, call: Call, status: int, seconds: float) -> None:
        metrics.count_request(call.scope["method"], status, seconds)
        if self._log_all or (self._log_problems and (status >= 400 or seconds >= SLOW_SECONDS)):
            log.info(
                "request",
                request_id=call.request_id,
                method=call.scope["method"],
                path=call.scope["path"],
                status=status,
                milliseconds=round(seconds * 1000, 1),
            )


def _steps(scope: Scope) -> Sequence[str]:
    """Return the path's steps; one that holds a slash, as a source id may, is written with `%2F`."""
    raw: bytes = scope.get("raw_path") or b""
    if b"%2" in raw:
        return [unquote(step) for step in raw.decode("ascii").removesuffix("/").split("/")[1:]]
    path: str = scope["path"]
    return path.removesuffix("/").split("/")[1:]


def _header(headers: Headers, name: bytes) -> bytes | None:
    for key, value in headers:
        if key == name:
            return value
    return None


def _checked_basics(operation: Operation, headers: Headers) -> Callable[[bytes], Any] | None:
    accept = _header(headers, b"accept")
    if accept is not None and not _accepts(accept, operation.media_type.encode()):
        raise Refusal(Reason.NOT_ACCEPTABLE, f"Answers are {operation.media_type}")
    if operation.upload:
        _check_body(headers, MULTIPART, LARGEST_UPLOAD)
    if operation.validate is None or (operation.body_is_optional and _has_no_body(headers)):
        return None
    if operation.form:
        _check_body(headers, b"application/x-www-form-urlencoded", LARGEST_BODY)
        return form_body
    _check_body(headers, JSON.encode(), LARGEST_BODY)
    return json_body


def _has_no_body(headers: Headers) -> bool:
    return _header(headers, b"content-length") in (None, b"0") and _header(headers, b"transfer-encoding") is None


def _check_body(headers: Headers, media_type: bytes, largest: int) -> None:
    length = _header(headers, b"content-length")
    if length is not None and int(length) > largest:
        raise too_large(largest)
    if (_header(headers, b"content-type") or b"").split(b";", 1)[0].strip().lower() != media_type:
        raise Refusal(Reason.UNSUPPORTED_MEDIA_TYPE, f"The body must be {media_type.decode()}")


def _accepts(accept: bytes, media_type: bytes) -> bool:
    for part in accept.lower().split(b","):
        kind, *parameters = (one.strip() for one in part.split(b";"))
        if kind in (b"*/*", b"application/*", media_type, b"") and b"q=0" not in parameters:
            return True
    return False


async def _send(send: Send, status: int, body: bytes, call: Call) -> None:
    headers = _headers(call, None if status == 204 else JSON)
    if status != 204:
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _send_lines(send: Send, status: int, body: bytes, rest: AsyncIterator[Sequence[Any]], call: Call) -> None:
    """Send lines page by page; whatever breaks on the way ends the connection, so that nobody takes a part for all."""
    await send({"type": "http.response.start", "status": status, "headers": _headers(call, JSON_LINES)})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    async for page in rest:
        await send({"type": "http.response.body", "body": _lines(page), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _headers(call: Call, media_type: str | None) -> list[tuple[bytes, bytes]]:
    headers = [(b"x-request-id", call.request_id.encode()), *call.answer_headers]
    if media_type:
        headers.append((b"content-type", media_type.encode()))
    return headers


def _lines(page: Sequence[Any]) -> bytes:
    return b"".join(encode(one) + b"\n" for one in page)
