"""Audit the ledger: every card against the sum of its postings, on demand and every night; repair from postings."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

import structlog
from prometheus_client import Counter, Gauge

from troth.actions.desk import LATE
from troth.actions.engine import Engine
from troth.actions.progress import Progress
from troth.actions.project_time import project_now
from troth.core.activities import Activity
from troth.core.json import text
from troth.core.ledger.audit import Difference
from troth.core.members import Change
from troth.db import ledger, ledger_audit, members
from troth.db.database import Connection, Unit
from troth.db.ledger_audit import AuditedMember

LEDGER_AUDIT: Final = "ledger_audit"
MEMBERS_AT_ONCE: Final = 500

audited = Counter("troth_ledger_members_audited_total", "Members whose cards were held against their postings.")
differing = Gauge("troth_ledger_differences", "Differences that the last nightly audit of the ledger has found so far.")

log = structlog.get_logger()

Found = tuple[AuditedMember, Sequence[Difference]]


async def verify(engine: Engine, project_id: str | None = None) -> AsyncIterator[tuple[int, Sequence[Found]]]:
    """Yield, some members at a time, how many were looked at and whatever differs of which.

    Of one project or of all. Nothing is locked; what is moved meanwhile is seen as one snapshot.
    """
    after = ""
    while True:
        looked_at, found = await _look(engine, after, project_id)
        if not looked_at:
            return
        yield len(looked_at), found
        after = looked_at[-1].id


async def repair(engine: Engine, member: AuditedMember) -> Sequence[Difference]:
    """Set a member's counters and buckets to what its postings make them, and return what still differs.

    Each card that was repaired has an activity that tells of it. What has no postings to be made from, such as a bucket
    that is missing, stays as it is.
    """

    async def attempt(unit: Unit) -> list[Difference]:
        locked = await ledger.lock(unit, member.project_id, [member.id], patient=True)
        before = await ledger_audit.differences(unit.connection, [member.id])
        if not before:
            return []
        await ledger_audit.repair(unit, member.id)
        for holdings in (await ledger.holdings(unit.connection, locked.members)).values():
            await ledger_audit.repair_next(unit, holdings)
            await _tell(engine, unit, member, before)
        return await ledger_audit.differences(unit.connection, [member.id])

    return await engine.database.transact(attempt)


async def work_off(engine: Engine) -> Progress:
    """Hold some members against their postings, as a part of the night's audit of all of them."""

    async def attempt(unit: Unit) -> Progress:
        night = await ledger_audit.claim(unit, engine.clock.now().date())
        if night is None:
            return Progress(0, more=False)
        looked_at, found = await _look(engine, night.after_member, None)
        for member, differences in found:
            for one in differences:
                log.error("ledger.differs", project_id=member.project_id, **one.shown())
        count = night.differences + sum(len(differences) for _, differences in found)
        last = looked_at[-1].id if looked_at else night.after_member
        after = night._replace(after_member=last, members=night.members + len(looked_at), differences=count)
        await ledger_audit.proceed(unit, after, None if looked_at else engine.clock.now())
        differing.set(count)
        audited.inc(len(looked_at))
        return Progress(len(looked_at), more=bool(looked_at))

    return await engine.database.transact(attempt)


async def _look(engine: Engine, after: str, project_id: str | None) -> tuple[list[AuditedMember], list[Found]]:
    async def look(connection: Connection) -> tuple[list[AuditedMember], list[Difference]]:
        some = await ledger_audit.members(connection, after, project_id, MEMBERS_AT_ONCE)
        return some, await ledger_audit.differences(connection, [one.id for one in some])

    looked_at, differences = await engine.database.read(look)
    by_id = {one.id: one for one in looked_at}
    of_member: dict[str, list[Difference]] = {}
    for one in differences:
        of_member.setdefault(one.member_id, []).append(one)
    return looked_at, [(by_id[member_id], some) for member_id, some in of_member.items()]


async def _tell(engine: Engine, unit: Unit, member: AuditedMember, differences: Sequence[Difference]) -> None:
    fresh = engine.identifiers.fresh
    now = await project_now(engine, unit.connection, member.project_id)
    (shown,) = (await members.with_cards(unit.connection, member.project_id, [member.id])).values()
    told = tuple(
        Activity(
            fresh("lacrd"),
            card.id,
            "vl.card.ledger.repaired",
            text({"differences": [one.shown() for one in differences if one.card_id == card.id]}),
        )
        for card in shown.cards
        if any(one.card_id == card.id for one in differences)
    )
    change = Change(shown.member, told)
    await members.save_changes(unit, member.project_id, [change], group_id=fresh("lgrp"), source=LATE, now=now)
