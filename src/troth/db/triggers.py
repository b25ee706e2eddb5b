"""Triggers: recorded for the members of customers, claimed member by member, and parked where they fail."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from troth.core.json import decode, text
from troth.core.triggers import Failure, ParkedTrigger, Trigger, TriggerKind, WaitingTrigger
from troth.db.database import Connection, Row, Unit
from troth.db.queries import queries

_SQL = queries("triggers")


async def record(unit: Unit, project_id: str, triggers: Sequence[Trigger], occurred_at: datetime) -> int:
    """Queue what happened to customers for each of their members that it reaches; return how many rows that made.

    It is part of the transaction that caused it. The customers stay locked until that ends: of two that happen to one
    customer, the one that is committed first is evaluated first. Whoever reads a clock for `occurred_at` locks the
    customers before that, so that times follow the same order. Order, event or segment must prove the commit: a trigger
    does not stay.
    """
    if not triggers:
        return 0
    recorded: int = await unit.connection.fetchval(
        _SQL.record,
        project_id,
        occurred_at,
        [one.customer_id for one in triggers],
        [one.kind for one in triggers],
        [one.subject_id for one in triggers],
        [text(one.payload) for one in triggers],
        [None if (told := one.payload_of_inactive) is None else text(told) for one in triggers],
    )
    return recorded


async def record_crossings_of(unit: Unit, project_id: str, segment_id: str, now: datetime) -> None:
    """Queue that a segment has others in it for all members, locked customers' like any, whose tiers ask for it."""
    await unit.connection.execute(_SQL.record_crossings_of, project_id, segment_id, now)


class Claim(NamedTuple):
    """Members that are locked until the transaction ends, and after which member to look for the next ones.

    `after` is empty once there are none: the round begins anew.
    """

    member_ids: Sequence[str]
    after: str


async def claim_of_project(unit: Unit, project_id: str, now: datetime, limit: int) -> Claim:
    """Lock up to `limit` members of a project that have a trigger due, passing over those somebody is at."""
    rows = await unit.connection.fetch(_SQL.claim_of_project, project_id, now, limit)
    return Claim([row["member_id"] for row in rows], "")


async def claim(unit: Unit, after: str, now: datetime, limit: int) -> Claim:
    """Lock up to `limit` members that follow `after` and have a trigger due, passing over those somebody is at."""
    rows = await unit.connection.fetch(_SQL.claim, after, now, limit)
    return Claim(
        [row["member_id"] for row in rows if row["member_id"] is not None],
        rows[-1]["asked_id"] if len(rows) == limit else "",
    )


async def waiting(unit: Unit, member_ids: Sequence[str], now: datetime, limit: int) -> list[WaitingTrigger]:
    """Return the first `limit` triggers of each locked member, in their order; none where the first is not due."""
    found: list[WaitingTrigger] = []
    put_off = set()
    seen = set()
    for row in await unit.connection.fetch(_SQL.waiting, member_ids, limit) if member_ids else ():
        member_id = row["member_id"]
        if member_id not in seen and row["due_at"] is not None and row["due_at"] > now:
            put_off.add(member_id)
        seen.add(member_id)
        if member_id not in put_off:
            found.append(_waiting(row))
    return found


async def remove(unit: Unit, done: Sequence[WaitingTrigger]) -> None:
    """Take evaluated triggers out of the queues of locked members; the first proves the unit's commit."""
    if done:
        unit.prove(_SQL.is_removed, done[0].member_id, done[0].seq)
        await unit.connection.execute(_SQL.remove, [one.member_id for one in done], [one.seq for one in done])


async def save_failures(unit: Unit, failures: Sequence[Failure], now: datetime) -> None:
    """Put triggers of locked members off, or park them."""
    again = [(one.trigger, one.due_at) for one in failures if one.due_at is not None]
    if again:
        await unit.connection.execute(
            _SQL.put_off,
            [trigger.member_id for trigger, _ in again],
            [trigger.seq for trigger, _ in again],
            [due_at for _, due_at in again],
        )
    given_up = [one for one in failures if one.due_at is None]
    if given_up:
        await unit.connection.execute(
            _SQL.park,
            [one.trigger.member_id for one in given_up],
            [one.trigger.seq for one in given_up],
            [one.words for one in given_up],
            now,
        )


async def parked(connection: Connection, project_id: str | None, limit: int) -> list[ParkedTrigger]:
    """Return parked triggers of a project, or of all, those that were parked last first."""
    return [
        ParkedTrigger(
            row["member_id"],
            row["seq"],
            row["project_id"],
            TriggerKind(row["kind"]),
            row["subject_id"],
            row["occurred_at"],
            row["failures"],
            row["failure"],
            row["parked_at"],
        )
        for row in await connection.fetch(_SQL.parked, project_id, limit)
    ]


async def retry(unit: Unit, asked: Sequence[tuple[str, int]]) -> int:
    """Put parked triggers, each named by member and number, back before all that wait; return how many there were."""
    found: int = await unit.connection.fetchval(
        _SQL.retry, [member_id for member_id, _ in asked], [seq for _, seq in asked]
    )
    return found


def _waiting(row: Row) -> WaitingTrigger:
    return WaitingTrigger(
        row["member_id"],
        row["seq"],
        row["project_id"],
        TriggerKind(row["kind"]),
        row["subject_id"],
        row["occurred_at"],
        decode(row["payload"]),
        row["failures"],
        row["due_at"],
    )
