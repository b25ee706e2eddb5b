"""The parameter `force` of deletions: it is read for clients that send it, and changes nothing."""

from typing import Any, Final

from troth.core.lists import invalid_query, shown
from troth.http.query_strings import single, take_apart
from troth.http.routing import Call

FORCE: Final[dict[str, Any]] = {
    "name": "force",
    "in": "query",
    "required": False,
    "schema": {"type": "boolean"},
    "description": "Changes nothing: there is no bin to put things into, deletion is for good either way.",
}


def check_force(call: Call) -> None:
    """Raise a refusal with `INVALID_QUERY` if `force` is given and is neither true nor false."""
    given = single(take_apart(call.scope["query_string"]), "force")
    if given not in (None, "true", "false"):
        raise invalid_query(f"force must be true or false, not {shown(given or '')}")
