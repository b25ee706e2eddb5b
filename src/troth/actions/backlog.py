"""What of a project waits to be worked off whatever its time is: taken on, recorded or bought before (domain 16).

Workers find all of it by themselves. A clock that is moved works it off for its own project, before it goes on.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from troth.actions import fulfilment, issuing, member_batches, order_imports
from troth.actions.customer_imports import CUSTOMER_IMPORTS, Importer
from troth.actions.earning import evaluate
from troth.actions.engine import Engine
from troth.actions.fulfilment import FULFILMENT
from troth.actions.issuing import ISSUING
from troth.actions.member_batches import MEMBER_BATCHES
from troth.actions.order_imports import ORDER_IMPORTS
from troth.actions.progress import Progress
from troth.actions.triggers import TRIGGERS, Round
from troth.core.triggers import FAILURES_BEFORE_PARKING

WAITED_FOR_FAILURES: Final = FAILURES_BEFORE_PARKING
"""What has failed so often is tried again, or parked, and kept out of the way of others."""

_importer: Final = Importer()


async def _import_customers(engine: Engine, project_id: str) -> Progress:
    return await _importer.work_off(engine, project_id=project_id)


async def _evaluate_triggers(engine: Engine, project_id: str) -> Progress:
    return await Round(evaluate, project_id).work_off(engine)


WORK: Final[Mapping[str, Callable[[Engine, str], Awaitable[Progress]]]] = {
    CUSTOMER_IMPORTS: _import_customers,
    MEMBER_BATCHES: member_batches.work_off,
    ORDER_IMPORTS: order_imports.work_off,
    TRIGGERS: _evaluate_triggers,
    FULFILMENT: fulfilment.work_off,
    ISSUING: issuing.work_off,
}
"""How a batch of a project is worked off, by the names of the jobs that `db.clock.waiting` tells."""
