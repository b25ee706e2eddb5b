"""Each process keeps the definitions of the projects that it serves, and never trusts them stale (architecture).

Whoever decides reads the project's `definitions_version` with its first load and asks here with it; another version
than the kept one is loaded anew.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Final

from troth.core.definitions import Definitions
from troth.core.earning.evaluation import EarningRule
from troth.db import definitions
from troth.db.database import Connection

PROJECTS_KEPT: Final = 1000


class DefinitionsCache:
    """The definitions of the projects used last, at most `PROJECTS_KEPT` of them."""

    __slots__ = ("_kept", "_rules")

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Definitions] = OrderedDict()
        self._rules: dict[str, dict[str, tuple[EarningRule, ...]]] = {}

    async def at(self, connection: Connection, project_id: str, version: int) -> Definitions:
        """Return the project's definitions, of the given version or of a later one."""
        kept = self._kept.get(project_id)
        if kept is None or kept.version < version:
            kept = self._kept[project_id] = await definitions.load(connection, project_id)
            self._rules.pop(project_id, None)
            if len(self._kept) > PROJECTS_KEPT:
                gone, _ = self._kept.popitem(last=False)
                self._rules.pop(gone, None)
        self._kept.move_to_end(project_id)
        return kept

    async def earning_rules(
        self, connection: Connection, project_id: str, version: int, program_ids: Iterable[str]
    ) -> Mapping[str, tuple[EarningRule, ...]]:
        """Return the earning rules of programs, by program, the oldest assignment first; see `at`.

        They are loaded program by program as they are asked for, since a project may have very many.
        """
        kept = await self.at(connection, project_id, version)
        known = self._rules.setdefault(project_id, {})
        asked = set(program_ids) & kept.programs.keys()
        if missing := asked - known.keys():
            loaded = await definitions.earning_rules(connection, project_id, missing)
            if self._kept.get(project_id) is kept:
                known |= loaded
            return {**{one: known[one] for one in asked - missing}, **loaded}
        return {one: known[one] for one in asked}
