"""Lists with numbered pages, the older convention, at the door (domain 3, "v1 lists").

They share declaration, filters and SQL with the lists that are paged by a cursor. What differs: `page`, one `order`
field, plain parameters as filters, `starting_after`, and the answer's form. An instant alone cannot tell rows of the
same millisecond apart, so `starting_after` passes over those that share the given one.
"""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any, TypeVar

from troth.core.configuration import instant
from troth.core.lists import (
    SETS,
    Filter,
    ListQuery,
    Order,
    Page,
    PageDeclaration,
    Position,
    invalid_query,
    read_filter,
    read_number,
    read_order,
    shown,
    sorted_filters,
)
from troth.http.paging import read_filters, read_limit, refuse_unknown
from troth.http.query_strings import Parameters, path_of, several, single, take_apart

Item = TypeVar("Item")


def parse_numbered(
    declaration: PageDeclaration, query_string: bytes | str, *, now: datetime, zone: tzinfo
) -> ListQuery:
    """Return what a request asks of a list with numbered pages; raises a refusal with `INVALID_QUERY`."""
    parameters = take_apart(query_string)
    refuse_unknown(declaration, parameters)
    limit = read_limit(declaration, parameters)
    named = single(parameters, "order")
    order = read_order(declaration, [named] if named else [])
    filters, junction = read_filters(declaration, parameters, now=now, zone=zone)
    number = single(parameters, "page")
    after = _starting_after(declaration, parameters, order)
    if after and number:
        raise invalid_query("page and starting_after cannot be combined")
    return ListQuery(
        limit=limit,
        order=order,
        filters=filters,
        junction=junction,
        as_of=now,
        after=after,
        skip=limit * (read_number("page", number, declaration.largest_page or 1) - 1) if number else 0,
        bounds=_bounds(declaration, parameters, now, zone),
    )


def numbered_envelope(
    declaration: PageDeclaration, page: Page[Any], data: Sequence[Item], total: int | None = None
) -> dict[str, object]:
    """Return the answer that shows `data`, the rows of `page` as the API shows them; some lists have no total."""
    answer: dict[str, object] = {"object": "list", "data_ref": declaration.data_ref, declaration.data_ref: list(data)}
    return answer | ({} if total is None else {"total": total}) | {"has_more": page.position is not None}


def _bounds(declaration: PageDeclaration, parameters: Parameters, now: datetime, zone: tzinfo) -> tuple[Filter, ...]:
    bounds = []
    for name, (field, operator) in declaration.filter_parameters.items():
        path = path_of(name)
        if operator in SETS:
            asked = [one for one in several(parameters.get(path, [])) if one]
        else:
            text = single(parameters, *path)
            asked = [] if text is None else [text]
        if asked:
            bounds.append(read_filter(declaration, field, operator, asked, now=now, zone=zone, parameter=name))
    return sorted_filters(declaration, bounds)


def _starting_after(declaration: PageDeclaration, parameters: Parameters, order: Sequence[Order]) -> Position | None:
    text = single(parameters, "starting_after")
    if text is None:
        return None
    if order[0].field != declaration.starting_after:
        raise invalid_query(f"starting_after needs an order by {declaration.starting_after}, up or down")
    try:
        return (instant(text),)
    except ValueError as error:
        raise invalid_query(f"starting_after {error}, not {shown(text)}") from None
