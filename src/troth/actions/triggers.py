"""Work triggers off: each member's in their order, exactly once (domain 8)."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

import structlog
from prometheus_client import Counter

from troth.actions.engine import Engine
from troth.actions.progress import Progress
from troth.core.triggers import Failure, ParkedTrigger, WaitingTrigger, failed
from troth.db import triggers
from troth.db.database import Broken, Connection, Unit

TRIGGERS: Final = "triggers"
MEMBERS_AT_ONCE: Final = 200
TRIGGERS_OF_A_MEMBER_AT_ONCE: Final = 20
TRIGGERS_AT_ONCE: Final = 1000
LONGEST_WORDS: Final = 500

evaluated = Counter("troth_triggers_evaluated_total", "Triggers evaluated.", ["kind"])
failures = Counter("troth_trigger_failures_total", "Evaluations of a trigger that failed.", ["kind"])
parked = Counter("troth_triggers_parked_total", "Triggers that failed so often that they were parked.", ["kind"])

log = structlog.get_logger()

Evaluation: TypeAlias = Callable[[Engine, Unit, Sequence[WaitingTrigger]], Awaitable[None]]
"""Does in the given transaction what follows from triggers of several members, who are locked in it.

They come sorted by member, each member's in the order in which they happened; a part of them may come again in another
transaction if it raises.
"""


class _Worked(NamedTuple):
    claimed: triggers.Claim
    done: Sequence[WaitingTrigger]
    failed: Sequence[Failure]


class Round:
    """One worker's way round all members that have triggers: each call takes the next ones after those before.

    So a member whose queue never ends keeps nobody waiting, nor does one whose triggers fail. Calls may overlap. Where
    a project is given, it is all that there is, and its members are taken anew each time.
    """

    def __init__(self, evaluate: Evaluation, project_id: str | None = None) -> None:
        self._evaluate = evaluate
        self._project_id = project_id
        self._after = ""

    async def work_off(self, engine: Engine) -> Progress:
        """Evaluate the first triggers of the next members.

        Claim, effect and removal are one commit, so that a worker which is killed leaves a trigger done or not begun.
        One that fails is tried again after a while, those of its member behind it wait; failing again and again, it is
        parked, and they go on.
        """
        began_at = self._after

        async def attempt(unit: Unit) -> _Worked:
            now = engine.clock.now()
            claimed = await self._claim(unit, began_at, now)
            self._after = claimed.after
            of_each = max(TRIGGERS_AT_ONCE // max(len(claimed.member_ids), 1), 1)
            due = await triggers.waiting(unit, claimed.member_ids, now, min(of_each, TRIGGERS_OF_A_MEMBER_AT_ONCE))
            done, broken = await self._evaluated(engine, unit, due)
            failures = [failed(trigger, _words(error), now) for trigger, error in broken]
            await triggers.remove(unit, done)
            await triggers.save_failures(unit, failures, now)
            return _Worked(claimed, done, failures)

        worked = await engine.database.transact(attempt)
        _count(worked)
        moved = worked.done or any(one.due_at is None for one in worked.failed)
        return Progress(len(worked.done), more=bool(moved or began_at or worked.claimed.after))

    async def _claim(self, unit: Unit, after: str, now: datetime) -> triggers.Claim:
        if self._project_id is None:
            return await triggers.claim(unit, after, now, MEMBERS_AT_ONCE)
        return await triggers.claim_of_project(unit, self._project_id, now, MEMBERS_AT_ONCE)

    async def _evaluated(
        self, engine: Engine, unit: Unit, due: Sequence[WaitingTrigger]
    ) -> tuple[list[WaitingTrigger], list[tuple[WaitingTrigger, BaseException]]]:
        """Evaluate triggers; where that breaks, each half for itself, and of a member nothing behind one that fails."""
        if not due:
            return [], []
        try:
            await unit.alone(lambda: self._evaluate(engine, unit, due))
        except Broken as broken:
            if len(due) == 1:
                return [], [(due[0], broken.__cause__ or broken)]
        else:
            return list(due), []
        middle = len(due) // 2
        done, failed = await self._evaluated(engine, unit, due[:middle])
        blocked = {trigger.member_id for trigger, _ in failed}
        rest = [one for one in due[middle:] if one.member_id not in blocked]
        more_done, more_failed = await self._evaluated(engine, unit, rest)
        return done + more_done, failed + more_failed


async def list_parked(engine: Engine, project_id: str | None, limit: int) -> list[ParkedTrigger]:
    """Return the triggers of a project, or of all, that were parked last."""

    async def look(connection: Connection) -> list[ParkedTrigger]:
        return await triggers.parked(connection, project_id, limit)

    return await engine.database.read(look)


async def retry(engine: Engine, asked: Sequence[tuple[str, int]]) -> int:
    """Have parked triggers evaluated anew, each named by its member and number; return how many there were."""

    async def attempt(unit: Unit) -> int:
        return await triggers.retry(unit, asked)

    count = await engine.database.transact(attempt)
    engine.wake(TRIGGERS)
    return count


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:LONGEST_WORDS]


def _count(worked: _Worked) -> None:
    for trigger in worked.done:
        evaluated.labels(trigger.kind).inc()
    for trigger, words, due_at in worked.failed:
        failures.labels(trigger.kind).inc()
        if due_at is None:
            parked.labels(trigger.kind).inc()
        log.error(
            "trigger.parked" if due_at is None else "trigger.failed",
            project_id=trigger.project_id,
            member_id=trigger.member_id,
            seq=trigger.seq,
            kind=trigger.kind,
            subject_id=trigger.subject_id,
            failures=trigger.failures + 1,
            failure=words,
            next_try_at=due_at,
        )
