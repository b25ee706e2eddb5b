"""The desk: where decisions on the points of members are made, under their locks and with all their facts (domain 7).

Whoever moves points opens a desk in its transaction, asks it for a member, decides, books, and closes it, which saves
what became of all of them at once.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final, NamedTuple

from troth.actions.engine import Engine
from troth.actions.project_time import project_now, read_project_now
from troth.core.ledger.holdings import Holdings, Movement, now_for, up_to
from troth.core.ledger.transactions import Entry
from troth.core.points import Present
from troth.db import definitions, ledger, members
from troth.db.database import Connection, Unit

LATE: Final = '{"channel":"INTERNAL"}'
"""The `source` of what time itself brings about."""


class Desk:
    """The members of a batch at work: each settled once, then decided on command by command."""

    def __init__(self, before: dict[str, Holdings], present: Present) -> None:
        self._before = before
        self._present = present
        self._after: dict[str, Holdings] = {}
        self._entries: dict[str, list[tuple[Entry, str]]] = {}

    def at(self, member_id: str) -> tuple[Holdings | None, Present]:
        """Return a member up to its now, and what it is decided on by; None if there is no such member."""
        before = self._before.get(member_id)
        if before is None:
            return None, self._present
        now = now_for(self._after.get(member_id, before), self._present.now)
        present = self._present if now == self._present.now else self._present._replace(now=now)
        if member_id not in self._after:
            self._after[member_id], late = up_to(before, present.now, present.definitions.zone)
            self._entries[member_id] = [(entry, LATE) for entry in late]
        return self._after[member_id], present

    def book(self, member_id: str, after: Holdings, entries: Sequence[Entry], source: str) -> None:
        """Take on what a decision did to a member."""
        self._after[member_id] = after
        self._entries[member_id] += ((entry, source) for entry in entries)

    @property
    def present(self) -> Present:
        """What decisions are made against besides the members."""
        return self._present

    def movements(self) -> list[Movement]:
        """Return what became of every member that was at the desk."""
        return [Movement(self._before[one], after, self._entries[one]) for one, after in self._after.items()]


class Open(NamedTuple):
    """A desk that is open for a batch, and the members that others have locked."""

    desk: Desk
    busy: frozenset[str]


async def open_desk(
    engine: Engine,
    unit: Unit,
    project_id: str,
    member_ids: Collection[str],
    *,
    buckets: Collection[str] = (),
    patient: bool = False,
    then_lock: Callable[[], Awaitable[None]] | None = None,
) -> Open:
    """Lock members and load all that decisions on their points need; `buckets` are loaded even if they are done.

    `then_lock` takes what locks come after those of members: now is asked after all of them.
    """
    locked = await ledger.lock(unit, project_id, member_ids, patient=patient)
    if then_lock:
        await then_lock()
    in_force = await engine.definitions.at(unit.connection, project_id, locked.version)
    before = await ledger.holdings(unit.connection, locked.members, in_force, buckets)
    now = await project_now(engine, unit.connection, project_id)
    return Open(Desk(before, Present(in_force, now, engine.identifiers.fresh)), locked.busy)


async def look_at_desk(engine: Engine, connection: Connection, project_id: str, member_ids: Collection[str]) -> Desk:
    """Return a desk at which nobody is locked and nothing is saved: what would be decided on these members now."""
    version = await definitions.version(connection, project_id)
    in_force = await engine.definitions.at(connection, project_id, version)
    now = await read_project_now(engine, connection, project_id)
    found = await members.with_cards(connection, project_id, list(member_ids))
    before = await ledger.holdings(connection, {id_: one.member for id_, one in found.items()}, in_force)
    return Desk(before, Present(in_force, now, engine.identifiers.fresh))


async def close_desk(engine: Engine, unit: Unit, project_id: str, desk: Desk) -> Mapping[str, str]:
    """Save what became of the members at a desk; return the group in which each was saved that has moved."""
    return await ledger.save(unit, project_id, desk.movements(), desk.present.now, engine.identifiers.fresh)
