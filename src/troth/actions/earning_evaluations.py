"""Look at what triggers did to members, and forget it after its time (domain 8, Why)."""

from datetime import timedelta
from typing import Final

from troth.actions.engine import Engine
from troth.actions.members import MemberPath, get_member
from troth.actions.progress import Progress
from troth.core.earning.evaluations import Evaluation
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.db import earning
from troth.db.database import Connection, Unit

FORGET_EVALUATIONS: Final = "forget_evaluations"
KEPT_DAYS: Final = 400
REFUSALS_KEPT_DAYS: Final = 90
FORGOTTEN_AT_ONCE: Final = 1000
REST_SECONDS: Final = 600.0


async def evaluation_page(
    engine: Engine, project_id: str, path: MemberPath, declaration: ListDeclaration, query: ListQuery
) -> Page[Evaluation]:
    """Return one page of what triggers did to a member, and why. Raises a refusal with `NOT_FOUND`."""
    found = await get_member(engine, project_id, path)
    member_id = found.member.id

    async def look(connection: Connection) -> Page[Evaluation]:
        return await earning.evaluation_page(connection, declaration, query, member_id)

    return await engine.database.read(look)


async def forget_evaluations(
    engine: Engine, *, kept_days: int = KEPT_DAYS, refusals_kept_days: int = REFUSALS_KEPT_DAYS
) -> Progress:
    """Delete some of the evaluations that have been kept long enough: those that earned nothing go first (domain 8)."""
    now = engine.clock.now()
    earned_before, refused_before = (now - timedelta(days=days) for days in (kept_days, refusals_kept_days))

    async def attempt(unit: Unit) -> int:
        return await earning.forget(unit, earned_before, refused_before, FORGOTTEN_AT_ONCE)

    count = await engine.database.transact(attempt)
    return Progress(count, count == FORGOTTEN_AT_ONCE, REST_SECONDS)
