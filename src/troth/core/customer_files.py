"""CSV files of customers: what their columns mean.

The first row names the columns, in any order. `id`, `source_id`, `name`, `description`, `email`, `phone`, `birthday`
(or `birthdate`) and `city`, `state`, `line_1`, `line_2`, `country`, `postal_code` of the address (or `address_city` …)
are the customer's properties; capitals, spaces, hyphens and dots make no difference (`Source ID`, `Address line 1`,
`address.city`). Any other column is metadata, a text under the column's name, and so is `metadata.x` whatever x is.

A row is a customer to create, or to update where its `id` or `source_id` is known. An empty cell says nothing: what a
customer has already stays. A row whose cells are all empty is passed over like an empty line.
"""

import re
from typing import Any, Final, NamedTuple

from troth.core.csv_rows import Row
from troth.core.refusals import Reason, Refusal

MOST_COLUMNS: Final = 500
LONGEST_COLUMN_NAME: Final = 200

_PROPERTIES: Final = ("id", "source_id", "name", "description", "email", "phone", "birthday")
_ADDRESS: Final = ("city", "state", "line_1", "line_2", "country", "postal_code")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class Column(NamedTuple):
    """What a column means: a property, or one of the properties inside `address` or `metadata`."""

    property: str
    inside: str | None = None


_KNOWN: Final = {
    **{name: Column(name) for name in _PROPERTIES},
    "birthdate": Column("birthday"),
    **{f"{prefix}{name}": Column("address", name) for name in _ADDRESS for prefix in ("", "address_")},
}


def columns(header: Row) -> tuple[Column, ...]:
    """Return what the columns of a file mean.

    Raises a refusal with `INVALID_PAYLOAD` for a header that cannot be read, and for columns without a name or with
    the same meaning.
    """
    if header.fault is not None:
        raise _refusal(f"the header {header.fault}")
    if len(header.cells) > MOST_COLUMNS:
        raise _refusal(f"the header has {len(header.cells)} columns; {MOST_COLUMNS} are allowed")
    found: dict[Column, int] = {}
    for place, cell in enumerate(header.cells, 1):
        name = cell.strip()
        if not name:
            raise _refusal(f"column {place} has no name")
        if len(name) > LONGEST_COLUMN_NAME or _CONTROL.search(name):
            raise _refusal(f"column {place}: a name has at most {LONGEST_COLUMN_NAME} characters, none of control")
        column = _meaning(name)
        if (first := found.setdefault(column, place)) != place:
            twin = header.cells[first - 1].strip()
            raise _refusal(f"columns {first} ({twin}) and {place} ({name}) mean the same; only one may be there")
    if len(found) == 1 and (separator := re.search("[;\t]", header.cells[0])):
        raise _refusal(f"the header has one column and {separator[0]!r} in it; cells are separated by commas")
    return tuple(found)


def says_something(row: Row) -> bool:
    """Return whether a row is to be reckoned with, be it malformed."""
    return row.fault is not None or any(row.cells)


def body(names: tuple[Column, ...], row: Row) -> dict[str, Any] | str:
    """Return what a row says of a customer, as a request's body would; or what is wrong with the row."""
    if row.fault is not None:
        return row.fault
    if len(row.cells) != len(names):
        return f"has {len(row.cells)} cells where the header has {len(names)}"
    said: dict[str, Any] = {}
    for (name, inside), cell in zip(names, row.cells, strict=True):
        if not cell:
            continue
        if inside is None:
            said[name] = cell
        else:
            said.setdefault(name, {})[inside] = cell
    return said


def _meaning(name: str) -> Column:
    prefix, _, key = name.partition(".")
    if key and prefix.lower() == "metadata":
        return Column("metadata", key)
    return _KNOWN.get(re.sub(r"[\s.-]+", "_", name).lower()) or Column("metadata", name)


def _refusal(words: str) -> Refusal:
    return Refusal(Reason.INVALID_PAYLOAD, f"file: {words}")
