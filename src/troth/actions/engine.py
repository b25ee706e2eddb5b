"""What every action works with; made once a process by `assemble`."""

from collections.abc import Callable
from dataclasses import dataclass, field

from troth.actions.definitions_cache import DefinitionsCache
from troth.actions.sandboxes import Sandboxes
from troth.clocks import Clock
from troth.db.database import Database
from troth.identifiers import Identifiers


@dataclass(slots=True)
class Engine:
    """The database, the wall clock, the source of ids, what is known of projects, and how to wake the workers.

    Whatever belongs to loyalty has its time from `project_time`. `wake` is called with the name of a job after a commit
    that gave it something to do.
    """

    database: Database
    clock: Clock
    identifiers: Identifiers
    definitions: DefinitionsCache = field(default_factory=DefinitionsCache)
    sandboxes: Sandboxes = field(default_factory=Sandboxes)
    wake: Callable[[str], None] = lambda _job: None
