"""How a route answers a list with numbered pages: from its query string, over the page that is found, to the answer."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from troth.actions.access import get_project
from troth.core.lists import ListQuery, Operator, Page, PageDeclaration, instants
from troth.core.refusals import Reason
from troth.http.numbered_pages import numbered_envelope, parse_numbered
from troth.http.query_strings import single, take_apart
from troth.core.lists import invalid_query
from troth.http.routing import Call

Row = TypeVar("Row")

LISTING: Final = (Reason.INVALID_QUERY,)
"""How a list with numbered pages is refused."""


async def answer_numbered(
    call: Call,
    declaration: PageDeclaration,
    find: Callable[[ListQuery], Awaitable[tuple[Page[Row], int]]],
    shown: Callable[[Row], dict[str, Any]],
) -> Any:
    """Return the page that a request asks for, in the shape that the route declares."""
    project = await get_project(call.engine, call.caller.project_id)
    zone = ZoneInfo(project.time_zone)
    query = parse_numbered(declaration, call.scope["query_string"], now=call.engine.clock.now(), zone=zone)
    page, total = await find(query)
    return numbered_envelope(declaration, page, [shown(row) for row in page.rows], total)
