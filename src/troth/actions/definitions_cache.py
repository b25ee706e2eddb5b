"""Each process keeps the definitions of the projects that it serves, and never trusts them stale (architecture).

Whoever decides reads the project's `definitions_version` with its first load and asks here with it; another version
than the kept one is loaded anew.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Final, NamedTuple, TypeVar

from troth.core.definitions import Definitions
from troth.core.earning.evaluation import EarningRule
from troth.core.purchases.offers import Assigned
from troth.db import definitions, rewards
from troth.db.database import Connection

PROJECTS_KEPT: Final = 1000

T = TypeVar("T")


class _Kept(NamedTuple):
    """A project's definitions, and of its programs what was asked for: a project may have very many."""

    definitions: Definitions
    rules: dict[str, tuple[EarningRule, ...]]
    rewards: dict[str, dict[str, Assigned]]


class DefinitionsCache:
    """The definitions of the projects used last, at most `PROJECTS_KEPT` of them."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    async def at(self, connection: Connection, project_id: str, version: int) -> Definitions:
        """Return the project's definitions, of the given version or of a later one."""
        return (await self._at(connection, project_id, version)).definitions

    async def earning_rules(
        self, connection: Connection, project_id: str, version: int, program_ids: Iterable[str]
    ) -> Mapping[str, tuple[EarningRule, ...]]:
        """Return the earning rules of programs, by program, the oldest assignment first; see `at`."""
        kept = await self._at(connection, project_id, version)
        return await _of_programs(
            kept, kept.rules, program_ids, lambda ids: definitions.earning_rules(connection, project_id, ids)
        )

    async def rewards(
        self, connection: Connection, project_id: str, version: int, program_ids: Iterable[str]
    ) -> Mapping[str, Mapping[str, Assigned]]:
        """Return the rewards of programs by program and by their ids, the oldest assignment first; see `at`."""
        kept = await self._at(connection, project_id, version)
        return await _of_programs(
            kept, kept.rewards, program_ids, lambda ids: rewards.assigned(connection, project_id, ids)
        )

    async def _at(self, connection: Connection, project_id: str, version: int) -> _Kept:
        kept = self._kept.get(project_id)
        if kept is None or kept.definitions.version < version:
            kept = self._kept[project_id] = _Kept(await definitions.load(connection, project_id), {}, {})
            if len(self._kept) > PROJECTS_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(project_id)
        return kept


async def _of_programs(
    kept: _Kept,
    known: dict[str, T],
    program_ids: Iterable[str],
    load: Callable[[Collection[str]], Awaitable[dict[str, T]]],
) -> Mapping[str, T]:
    """Return what is known of programs, loading what is missing."""
    asked = set(program_ids) & kept.definitions.programs.keys()
    if missing := asked - known.keys():
        known |= await load(missing)
    return {one: known[one] for one in asked}
