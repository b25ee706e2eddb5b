"""What definitions refer to of the platform: which of it a project has."""

from collections.abc import Iterable, Mapping
from typing import Final

from troth.db.database import Connection
from troth.db.queries import queries

_RESOURCES: Final = queries("platform_resources").existing

EXISTING: Final[Mapping[str, str]] = {
    "prod": queries("products").existing,
    "sku": queries("skus").existing,
    "pc": _RESOURCES,
    "seg": _RESOURCES,
    "ms": _RESOURCES,
    "camp": _RESOURCES,
}
"""For the prefix of an id: the query that returns which of such ids (`$2`) a project (`$1`) has."""

_NONE: Final[Mapping[str, str]] = {}


async def missing(
    connection: Connection, project_id: str, ids: Iterable[str], own: Mapping[str, str] = _NONE
) -> set[str]:
    """Return those of the ids that the project does not have; so are all with an unknown prefix.

    `own` are the queries for further prefixes, such as those of definitions themselves.
    """
    absent = set(ids)
    asked: dict[str, list[str]] = {}
    for one in sorted(absent):
        prefix = one.partition("_")[0]
        if query := EXISTING.get(prefix) or own.get(prefix):
            asked.setdefault(query, []).append(one)
    for query, of_query in asked.items():
        absent -= {row["id"] for row in await connection.fetch(query, project_id, of_query)}
    return absent
