"""How a route answers a list: from its query string, over the page that an action finds, to the answer."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from troth.actions.access import ensure_secret
from troth.actions.project_time import get_project_time
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.http.paging import ListAnswer, Reading, envelope, parse
from troth.http.routing import Call

Row = TypeVar("Row")
Item = TypeVar("Item")

_PURPOSE: Final = "cursors"


async def answer_list(
    call: Call,
    declaration: ListDeclaration,
    find: Callable[[ListQuery], Awaitable[Page[Row]]],
    shown: Callable[[Row], Item],
    *scope: str,
) -> ListAnswer[Item]:
    """Return the page that a request asks for; `scope` are the ids of what the list belongs to besides the project."""
    project_id = call.caller.project_id
    now, zone = await get_project_time(call.engine, project_id)
    reading = Reading(
        scope=(project_id, *scope),
        key=await ensure_secret(call.engine, _PURPOSE),
        now=now,
        wall=call.engine.clock.now(),
        zone=zone,
    )
    query = parse(declaration, call.scope["query_string"], reading)
    page = await find(query)
    return envelope(declaration, query, page, [shown(row) for row in page.rows], reading)
