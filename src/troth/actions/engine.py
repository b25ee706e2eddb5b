"""What every action works with; made once a process by `assemble`."""

from collections.abc import Callable
from dataclasses import dataclass, field

from troth.actions.definitions_cache import DefinitionsCache
from troth.clocks import Clock
from troth.db.database import Database
from troth.identifiers import Identifiers


@dataclass(slots=True)
class Engine:
    """The database, the clock, the source of ids, the definitions of each project, and how to wake the workers.

    `wake` is called with the name of a job after a commit that gave it something to do.
    """

    database: Database
    clock: Clock
    identifiers: Identifiers
    definitions: DefinitionsCache = field(default_factory=DefinitionsCache)
    wake: Callable[[str], None] = lambda _job: None
