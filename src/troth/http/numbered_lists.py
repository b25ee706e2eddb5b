"""How a route answers a list with numbered pages: from its query string, over the page that is found, to the answer."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from troth.actions.project_time import get_project_time
from troth.core.lists import Field, ListQuery, Operator, Page, PageDeclaration, instants
from troth.http.numbered_pages import numbered_envelope, parse_numbered
from troth.http.routing import Call

Row = TypeVar("Row")


def plain_list(
    data_ref: str,
    filter_parameters: Mapping[str, tuple[str, Operator]] | None = None,
    *,
    starting_after: str | None = None,
) -> PageDeclaration:
    """Declare a list with numbered pages that knows no fields but its times."""
    fields: dict[str, Field] = {"created_at": instants(), "updated_at": instants(nullable=True)}
    return PageDeclaration(
        data_ref=data_ref,
        fields=fields,
        orders=tuple(fields),
        filter_parameters=filter_parameters or {},
        starting_after=starting_after,
    )


async def answer_numbered(
    call: Call,
    declaration: PageDeclaration,
    find: Callable[[ListQuery], Awaitable[tuple[Page[Row], int]]],
    shown: Callable[[Row], dict[str, Any]],
) -> Any:
    """Return the page that a request asks for, in the shape that its route declares."""
    now, zone = await get_project_time(call.engine, call.caller.project_id)
    query = parse_numbered(declaration, call.scope["query_string"], now=now, zone=zone)
    page, total = await find(query)
    return numbered_envelope(declaration, page, [shown(row) for row in page.rows], total)
