"""Enrol members and look them up, in batches of one project's commands."""

from collections.abc import Sequence

from troth.actions.engine import Engine
from troth.core.activities import StoredActivity
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.members import Enrol, Enrolment, Member, MemberWithCards, decide_enrolment, enrolment
from troth.core.refusals import Refusal, not_found
from troth.db import members
from troth.db.database import Connection, Unit

CARD_CODES = "card_codes"


async def enrol(engine: Engine, project_id: str, commands: Sequence[Enrol]) -> Sequence[MemberWithCards | Refusal]:
    """Enrol customers in programs and return each new member with its cards, or why not (domain 6).

    Commands are decided in their order: the second one for the same customer and program is refused as if it had come
    later. All that are not refused are saved in one transaction.
    """

    async def attempt(unit: Unit) -> list[Enrolment | Refusal]:
        version, facts = await members.enrolment_facts(unit.connection, project_id, commands)
        definitions = await engine.definitions.at(unit.connection, project_id, version)
        now = engine.clock.now()
        taken: dict[tuple[str, str], str] = {}
        decided: list[Enrolment | Refusal] = []
        for command, fact in zip(commands, facts, strict=True):
            if fact.customer_id is not None:
                first = taken.get((command.program_id, fact.customer_id))
                fact = fact._replace(member_id=first or fact.member_id)
            outcome = decide_enrolment(command, fact, definitions)
            if isinstance(outcome, Refusal):
                decided.append(outcome)
                continue
            new = enrolment(command, *outcome, now, engine.identifiers.fresh)
            taken[command.program_id, new.member.customer_id] = new.member.id
            decided.append(new)
        accepted = [one for one in decided if isinstance(one, Enrolment)]
        if accepted:
            accepted.sort(key=lambda one: (one.member.program_id, one.member.customer_id))
            await members.save_enrolments(unit, project_id, accepted, now)
        return decided

    decided = await engine.database.transact(attempt)
    if any(isinstance(one, Enrolment) and one.cards for one in decided):
        engine.wake(CARD_CODES)
    return [one if isinstance(one, Refusal) else MemberWithCards(one.member, one.cards) for one in decided]


async def get_members(
    engine: Engine, project_id: str, asked: Sequence[tuple[str, str]]
) -> Sequence[MemberWithCards | Refusal]:
    """Return the member with its cards for each (program id, member id), or that it cannot be found."""

    async def look(connection: Connection) -> dict[str, MemberWithCards]:
        return await members.with_cards(connection, project_id, [member_id for _, member_id in asked])

    found = await engine.database.read(look)
    answers: list[MemberWithCards | Refusal] = []
    for program_id, member_id in asked:
        one = found.get(member_id)
        if one is None or one.member.program_id != program_id:
            answers.append(not_found("member", member_id))
        else:
            answers.append(one)
    return answers


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
    path: tuple[str, str],
    declaration: ListDeclaration,
    query: ListQuery,
    *,
    card_id: str | None = None,
) -> Page[StoredActivity]:
    """Return one page of the history of a member, given as (program id, member id), or of one of its cards.

    Raises a refusal with `NOT_FOUND` for the member or the card.
    """
    (found,) = await get_members(engine, project_id, [path])
    if isinstance(found, Refusal):
        raise found
    if card_id is not None and all(card.id != card_id for card in found.cards):
        raise not_found("card", card_id)

    async def look(connection: Connection) -> Page[StoredActivity]:
        return await members.activity_page(connection, declaration, query, found.member.id, card_id or found.member.id)

    return await engine.database.read(look)
