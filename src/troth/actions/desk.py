"""The desk: where decisions on the points of members are made, under their locks and with all their facts (domain 7).

Whoever moves points opens a desk in its transaction, asks it for a member, decides, books, and closes it, which saves
what became of all of them at once.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from troth.actions.engine import Engine
from troth.actions.project_time import project_now, read_project_now
from troth.core.ledger.holdings import Holdings, Movement, now_for, up_to
from troth.core.ledger.transactions import Entry
from troth.core.members import Member
from troth.core.points import Present
from troth.db import definitions, ledger, members
from troth.db.database import Connection, Unit
from troth.db.ledger import Locked

LATE: Final = '{"channel":"INTERNAL"}'
"""The `source` of what time itself brings about."""


class Desk:
    """The members of a batch at work: each settled once, then decided on command by command."""

    def __init__(self, before: dict[str, Holdings], present: Present) -> None:
        self._before = before
        self._present = present
        self._after: dict[str, Holdings] = {}
        self._settled_at: dict[str, datetime] = {}
        self._entries: dict[str, list[tuple[Entry, str]]] = {}

    def at(self, member_id: str, as_of: datetime | None = None) -> tuple[Holdings | None, Present]:
        """Return a member up to its now, and what it is decided on by; None if there is no such member.

        `as_of` is an instant before now for what happened then; it is now for the member if nothing was booked since.
        """
        before = self._before.get(member_id)
        if before is None:
            return None, self._present
        holdings = self._after.get(member_id, before)
        now = now_for(holdings, as_of or self._present.now)
        present = self._present if now == self._present.now else self._present._replace(now=now)
        if self._settled_at.get(member_id) != now:
            self._settled_at[member_id] = now
            self._after[member_id], late = up_to(holdings, now, present.definitions.zone)
            self._entries.setdefault(member_id, []).extend((entry, LATE) for entry in late)
        return self._after[member_id], present

    def member(self, member_id: str) -> Member | None:
        """Return a member as it was locked; None if there is no such member."""
        before = self._before.get(member_id)
        return before and before.member

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
    first: Callable[[Locked], Awaitable[None]] | None = None,
    then_lock: Callable[[], Awaitable[None]] | None = None,
) -> Open:
    """Lock members and load all that decisions on their points need; `buckets` are loaded even if they are done.

    `first` is done as soon as they are locked. `then_lock` takes what locks come after those of members: now is asked
    after all of them. Whoever does not follow from a trigger itself opens the desk in turn (`turns.open_desk_in_turn`).
    """
    locked = await ledger.lock(unit, project_id, member_ids, patient=patient)
    if first:
        await first(locked)
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
