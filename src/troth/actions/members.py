"""Enrol members and look them up, in batches of one project's commands; change and delete one (domain 6)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from troth.actions.card_codes import due_at_once
from troth.actions.departures import leave
from troth.actions.engine import Engine
from troth.actions.project_time import project_now
from troth.actions.schemas import check_metadata
from troth.actions.settling import up_to_date
from troth.core.access import Caller
from troth.core.activities import StoredActivity
from troth.core.definitions import Definitions
from troth.core.lifecycle import Verb
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.members import (
    Change,
    Enrol,
    Enrolment,
    EnrolmentFacts,
    Member,
    MemberWithCards,
    decide_enrolment,
    departure,
    enrolment,
    moved,
    updated,
)
from troth.core.refusals import Refusal, not_found
from troth.db import members, tiering
from troth.db.database import Connection, Unit

CARD_CODES: Final = "card_codes"

MemberPath: TypeAlias = tuple[str, str]
"""A member as paths name it: the program's id and its own."""


async def enrol(engine: Engine, project_id: str, commands: Sequence[Enrol]) -> Sequence[MemberWithCards | Refusal]:
    """Enrol customers in programs and return each new member with its cards, or why not (domain 6).

    Commands are decided in their order: the second one for the same customer and program is refused as if it had come
    later. All that are not refused are saved in one transaction.
    """

    async def attempt(unit: Unit) -> list[Enrolment | Refusal]:
        return await enrol_within(engine, unit, project_id, commands)

    decided = await engine.database.transact(attempt)
    wake_for_codes(engine, decided)
    return [one if isinstance(one, Refusal) else MemberWithCards(one.member, one.cards) for one in decided]


async def enrol_within(
    engine: Engine, unit: Unit, project_id: str, commands: Sequence[Enrol]
) -> list[Enrolment | Refusal]:
    """Decide enrolments and save those that are not refused, in a transaction that may do more.

    Raises Outrun if another transaction enrolled one of the customers meanwhile.
    """
    version, facts = await members.enrolment_facts(unit.connection, project_id, commands)
    definitions = await engine.definitions.at(unit.connection, project_id, version)
    now = await project_now(engine, unit.connection, project_id)
    segments = await _segments(unit, commands, facts, definitions)
    taken: dict[tuple[str, str], str] = {}
    decided: list[Enrolment | Refusal] = []
    for command, stored in zip(commands, facts, strict=True):
        earlier = taken.get((command.program_id, stored.customer_id or ""))
        fact = stored._replace(member_id=earlier or stored.member_id)
        outcome = decide_enrolment(command, fact, definitions)
        if isinstance(outcome, Refusal):
            decided.append(outcome)
            continue
        among = segments.get(fact.customer_id or "", frozenset())
        new = enrolment(command, *outcome, among, definitions.zone, now, engine.identifiers.fresh)
        taken[command.program_id, new.member.customer_id] = new.member.id
        decided.append(new)
    accepted = [one for one in decided if isinstance(one, Enrolment)]
    if accepted:
        accepted.sort(key=lambda one: (one.member.program_id, one.member.customer_id))
        await members.save_enrolments(unit, project_id, accepted, now, codes_due_at=due_at_once(engine))
    return decided


async def _segments(
    unit: Unit, commands: Sequence[Enrol], facts: Sequence[EnrolmentFacts], definitions: Definitions
) -> Mapping[str, frozenset[str]]:
    """Return which segments the customers are in, of those that tiers of their programs ask for."""
    asked: set[str] = set()
    customer_ids = set()
    for command, fact in zip(commands, facts, strict=True):
        program = definitions.programs.get(command.program_id)
        if fact.customer_id and program and program.structure and program.structure.segment_ids:
            asked |= program.structure.segment_ids
            customer_ids.add(fact.customer_id)
    return await tiering.segments_of(unit.connection, customer_ids, asked)


def wake_for_codes(engine: Engine, decided: Sequence[Enrolment | Refusal]) -> None:
    """Say, once enrolments are committed, that there are cards that wait for their codes."""
    if any(isinstance(one, Enrolment) and one.cards for one in decided):
        engine.wake(CARD_CODES)


async def update(engine: Engine, caller: Caller, path: MemberPath, metadata: Mapping[str, Any] | None) -> Member:
    """Merge metadata into those of a member, None clears them, and return it; what changes nothing writes nothing.

    Raises a refusal with `NOT_FOUND`, or with `INVALID_PAYLOAD` where metadata grow too large or break their schema.
    """

    async def change(unit: Unit, member: Member, now: datetime) -> Change | None:
        changed = updated(member, metadata, now, engine.identifiers.fresh)
        if changed is not None:
            await check_metadata(unit.connection, caller.project_id, "vl_member", changed.member.metadata)
        return changed

    return await _change(engine, caller, path, change)


async def move(engine: Engine, caller: Caller, path: MemberPath, verb: Verb) -> Member:
    """Activate or deactivate a member and return it.

    Raises a refusal with `NOT_FOUND`, or with `INVALID_MOVE` from another status.
    """

    async def change(_: Unit, member: Member, now: datetime) -> Change:
        return moved(member, verb, now, engine.identifiers.fresh)

    return await _change(engine, caller, path, change)


async def delete(engine: Engine, caller: Caller, path: MemberPath) -> Member:
    """Delete a member with its cards and return it; its history stays, and its customer may enrol again.

    Raises a refusal with `NOT_FOUND`.
    """

    async def change(unit: Unit, member: Member, now: datetime) -> Change:
        await leave(engine, unit, caller.project_id, [member.id], caller.source)
        cards = await members.lock_cards(unit, [member])
        return departure(member, cards[member.id], now, engine.identifiers.fresh)

    return await _change(engine, caller, path, change)


async def _change(
    engine: Engine,
    caller: Caller,
    path: MemberPath,
    change: Callable[[Unit, Member, datetime], Awaitable[Change | None]],
) -> Member:
    program_id, member_id = path

    async def attempt(unit: Unit) -> Member:
        member = await members.lock(unit, caller.project_id, program_id, member_id)
        if member is None:
            raise not_found("member", member_id)
        now = await project_now(engine, unit.connection, caller.project_id)
        changed = await change(unit, member, now)
        if changed is None:
            return member
        group_id = engine.identifiers.fresh("lgrp")
        await members.save_changes(unit, caller.project_id, [changed], group_id=group_id, source=caller.source, now=now)
        return changed.member

    return await engine.database.transact(attempt)


async def get_members(
    engine: Engine, project_id: str, asked: Sequence[MemberPath]
) -> Sequence[MemberWithCards | Refusal]:
    """Return each member with its cards, or that it cannot be found."""

    async def look(connection: Connection) -> dict[str, MemberWithCards]:
        stored = await members.with_cards(connection, project_id, [member_id for _, member_id in asked])
        return await up_to_date(engine, connection, project_id, stored)

    found = await engine.database.read(look)
    answers: list[MemberWithCards | Refusal] = []
    for program_id, member_id in asked:
        one = found.get(member_id)
        if one is None or one.member.program_id != program_id:
            answers.append(not_found("member", member_id))
        else:
            answers.append(one)
    return answers


async def get_member(engine: Engine, project_id: str, path: MemberPath) -> MemberWithCards:
    """Return a member with its cards. Raises a refusal with `NOT_FOUND`."""
    (found,) = await get_members(engine, project_id, [path])
    if isinstance(found, Refusal):
        raise found
    return found


async def member_page(
    engine: Engine, project_id: str, program_id: str, declaration: ListDeclaration, query: ListQuery
) -> Page[Member]:
    """Return one page of a program's members. Raises a refusal with `NOT_FOUND` for the program."""

    async def look(connection: Connection) -> Page[Member] | None:
        return await members.page(connection, declaration, query, project_id, program_id)

    page = await engine.database.read(look)
    if page is None:
        raise not_found("program", program_id)
    return page


async def activity_page(
    engine: Engine,
    project_id: str,
    path: MemberPath,
    declaration: ListDeclaration,
    query: ListQuery,
    *,
    card_id: str | None = None,
) -> Page[StoredActivity]:
    """Return one page of the history of a member, or of one of its cards.

    Raises a refusal with `NOT_FOUND` for the member or the card.
    """
    found = await get_member(engine, project_id, path)
    if card_id is not None and all(card.id != card_id for card in found.cards):
        raise not_found("card", card_id)

    async def look(connection: Connection) -> Page[StoredActivity]:
        return await members.activity_page(connection, declaration, query, found.member.id, card_id or found.member.id)

    return await engine.database.read(look)
