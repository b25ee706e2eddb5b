"""Each process keeps the definitions of the projects that it serves, and never trusts them stale (architecture).

Whoever decides reads the project's `definitions_version` with its first load and asks here with it; another version
than the kept one is loaded anew.
"""

from collections import OrderedDict
from typing import Final

from troth.core.definitions import Definitions
from troth.db import definitions
from troth.db.database import Connection

PROJECTS_KEPT: Final = 1000


class DefinitionsCache:
    """The definitions of the projects used last, at most `PROJECTS_KEPT` of them."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Definitions] = OrderedDict()

    async def at(self, connection: Connection, project_id: str, version: int) -> Definitions:
        """Return the project's definitions, of the given version or of a later one."""
        kept = self._kept.get(project_id)
        if kept is None or kept.version < version:
            kept = self._kept[project_id] = await definitions.load(connection, project_id)
            if len(self._kept) > PROJECTS_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(project_id)
        return kept
