"""Each process remembers which projects are sandboxes: that never changes, so that live ones cost no query."""

from collections import OrderedDict
from typing import Final

from troth.db import clock
from troth.db.database import Connection

PROJECTS_KEPT: Final = 10_000


class Sandboxes:
    """Whether a project's clock can be moved, for the projects used last, at most `PROJECTS_KEPT` of them."""

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: OrderedDict[str, bool] = OrderedDict()

    async def includes(self, connection: Connection, project_id: str) -> bool:
        """Return whether the project is a sandbox."""
        kept = self._kept.get(project_id)
        if kept is None:
            kept = self._kept[project_id] = await clock.is_sandbox(connection, project_id)
            if len(self._kept) > PROJECTS_KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(project_id)
        return kept
