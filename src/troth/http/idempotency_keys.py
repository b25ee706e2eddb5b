"""`Idempotency-Key` on any POST or PUT: sent again, a request gets the same answer again (domain 17)."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from troth.actions.idempotency_keys import once
from troth.core.idempotency_keys import PATTERN, Given, Keyed, scope_of
from troth.core.json import encode
from troth.core.refusals import Reason, Refusal
from troth.http.routing import Call, Headers

_NAME: Final = b"idempotency-key"
_KEY: Final = re.compile(PATTERN)
_REPLAYED: Final = (b"idempotent-replayed", b"true")


def idempotency_key(headers: Headers) -> str | None:
    """Return a request's key, None if it has none. Raises a refusal with `INVALID_PAYLOAD` for what is no key."""
    given = [value for name, value in headers if name == _NAME]
    if not given:
        return None
    key = given[0].decode("latin-1")
    if len(given) > 1 or not _KEY.fullmatch(key):
        raise Refusal(
            Reason.INVALID_PAYLOAD, "Idempotency-Key: must be given once and have 1 to 255 printable ASCII characters"
        )
    return key


async def answered(
    call: Call,
    key: str | None,
    path: Sequence[str],
    body_digest: Callable[[], bytes],
    endpoint: Callable[[], Awaitable[Any]],
) -> Any:
    """Return the answer of a request's endpoint; where the request has a key, as it was given at the first time.

    `path` is the declared path and the values of its parameters.
    """
    if key is None:
        return await endpoint()
    status = call.answer_status

    async def answer() -> Given:
        call.answer_status, call.answer_headers = status, []
        body = rendered(await endpoint())
        return Given(call.answer_status, call.answer_headers, body)

    scope = scope_of(call.scope["method"], *path, key)
    request = Keyed(call.caller.project_id, scope, body_digest(), call.request_id)
    given, replayed = await once(call.engine, request, answer)
    call.answer_headers = [*given.headers, *((_REPLAYED,) if replayed else ())]
    return given


def rendered(answer: Any) -> bytes:
    """Return the body of an answer; None has none."""
    return b"" if answer is None else encode(answer)
