"""Two editors of one resource: the tag of the state that was read, and the state that a change expects (domain 5)."""

import re
from typing import Any, Final

from troth.core.definitions import Definition
from troth.core.refusals import Reason, Refusal
from troth.http.routing import Call

IF_MATCH: Final[dict[str, Any]] = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "The `ETag` of the state that is to be changed; in any other state the change is refused.",
}

_TAGS: Final = re.compile(r'\s*(?:(?:W/)?"[^"\x00-\x20\x7f]*"\s*(?:,\s*|$))+')
_TAG: Final = re.compile(r'(W/)?"([^"]*)"')


def expected_tags(call: Call) -> frozenset[str] | None:
    """Return the tags of `If-Match`, None where any state will do; weak tags are none (RFC 9110, section 13.1.1).

    Raises a refusal with `PRECONDITION_FAILED` for a header that names no tag.
    """
    given = ", ".join(call.headers.getlist("if-match"))
    if given.strip() in ("", "*"):
        return None
    if _TAGS.fullmatch(given) is None:
        raise Refusal(Reason.PRECONDITION_FAILED, 'If-Match: must be * or tags in quotes, such as "0f3a", by commas')
    return frozenset(tag for weak, tag in _TAG.findall(given) if not weak)


def tag(call: Call, state: Definition) -> None:
    """Give the answer the `ETag` of the state that it shows."""
    call.answer_headers.append((b"etag", f'"{state.tag}"'.encode()))
