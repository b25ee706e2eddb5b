"""Members and their cards: enrolment in batches, and members with all their cards."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from troth.core.activities import StoredActivity
from troth.core.cards import Card
from troth.core.json import decode, text
from troth.core.lists import ListDeclaration, ListQuery, Page
from troth.core.members import Change, Enrol, Enrolment, EnrolmentFacts, Member, MemberWithCards
from troth.db import activities, listing, tiering
from troth.db.cards import card as read_card
from troth.db.database import Connection, Outrun, Row, Unit
from troth.db.queries import queries
from troth.db.tiering import Followed

_SQL = queries("members")
_SEPARATOR: Final = "\x1f"
_CARD: Final = 7
_LOCKED_CARD: Final = 1


def _column(values: Iterable[str]) -> str:
    return _SEPARATOR.join(values)


async def enrolment_facts(
    connection: Connection, project_id: str, commands: Sequence[Enrol]
) -> tuple[int, list[EnrolmentFacts]]:
    """Return the version of the project's definitions, and what is known of each command.

    The customers found stay as they are until the transaction ends.
    """
    rows = await connection.fetch(
        _SQL.enrolment_facts,
        project_id,
        _column(command.program_id for command in commands),
        _column(command.customer_id or "" for command in commands),
        _column((command.customer_source_id or "").replace(_SEPARATOR, "") for command in commands),
    )
    return rows[0][0], [EnrolmentFacts(row[1], row[2]) for row in rows]


async def save_enrolments(
    unit: Unit, project_id: str, enrolments: Sequence[Enrolment], now: datetime, *, codes_due_at: datetime
) -> None:
    """Insert new members with their cards, tiers, activities and outbox rows; the codes are due by the wall clock.

    Raises Outrun if another transaction enrolled one of the customers meanwhile.
    """
    members = [one.member for one in enrolments]
    cards = [
        (one.member.id, card, negative)
        for one in enrolments
        for card, negative in zip(one.cards, one.allow_negative, strict=True)
    ]
    entries = [(one, activity) for one in enrolments for activity in one.activities]
    unit.prove(_SQL.is_saved, members[0].id)
    saved = await unit.connection.fetchval(
        _SQL.save_enrolments,
        project_id,
        now,
        _column(member.program_id for member in members),
        _column(member.customer_id for member in members),
        _column(member.id for member in members),
        _column(member.status for member in members),
        _column(text(member.metadata) for member in members),
        _column(member_id for member_id, _, _ in cards),
        _column(card.id for _, card, _ in cards),
        _column(card.card_definition_id for _, card, _ in cards),
        _column(str(negative) for _, _, negative in cards),
        _column(one.member.id for one, _ in entries),
        _column(activity.id for _, activity in entries),
        _column(activity.subject_id for _, activity in entries),
        _column(activity.type for _, activity in entries),
        _column(activity.data for _, activity in entries),
        _column(one.group_id for one, _ in entries),
        _column(one.source for one, _ in entries),
        _column(one.group_id for one in enrolments),
        codes_due_at,
    )
    if saved != len(enrolments):
        raise Outrun
    followed = [Followed(one.member.id, one.group_id, one.standing) for one in enrolments if one.standing]
    await tiering.save(unit, project_id, followed)


async def with_cards(connection: Connection, project_id: str, member_ids: Sequence[str]) -> dict[str, MemberWithCards]:
    """Return those of the members that the project has and that are not deleted, with their cards, oldest first."""
    found: dict[str, MemberWithCards] = {}
    held: list[Card] = []
    for row in await connection.fetch(_SQL.with_cards, project_id, _column(member_ids)):
        if row[0] not in found:
            held = []
            found[row[0]] = MemberWithCards(member_at(row), held)
        if row[_CARD] is not None:
            held.append(read_card(row, _CARD))
    return found


async def lock(unit: Unit, project_id: str, program_id: str, member_id: str) -> Member | None:
    """Return a member of a program; nobody else changes it until the transaction ends."""
    row = await unit.connection.fetchrow(_SQL.lock, project_id, program_id, member_id)
    return member_at(row) if row else None


async def lock_of_customer(unit: Unit, project_id: str, customer_id: str) -> list[Member]:
    """Return all members that a customer is, oldest first; nobody else changes them until the transaction ends."""
    return [member_at(row) for row in await unit.connection.fetch(_SQL.lock_of_customer, project_id, customer_id)]


async def lock_cards(unit: Unit, owners: Sequence[Member]) -> Mapping[str, Sequence[Card]]:
    """Return the cards of each locked member by its id, oldest first; they stay as they are too."""
    cards: dict[str, list[Card]] = defaultdict(list)
    for row in await unit.connection.fetch(_SQL.lock_cards, [one.id for one in owners]):
        cards[row[0]].append(read_card(row, _LOCKED_CARD))
    return cards


async def save_changes(
    unit: Unit, project_id: str, changes: Sequence[Change], *, group_id: str, source: str, now: datetime
) -> None:
    """Save what locked members have become, in one group; a deleted one leaves its program, and so do its cards."""
    if not changes:
        return
    entries = [(one.member.id, activity) for one in changes for activity in one.activities]
    unit.prove(_SQL.is_changed, changes[0].member.id, group_id)
    await unit.connection.execute(
        _SQL.save_changes,
        project_id,
        now,
        group_id,
        source,
        [one.member.id for one in changes],
        [one.member.program_id for one in changes],
        [one.member.customer_id for one in changes],
        [one.member.status for one in changes],
        [text(one.member.metadata) for one in changes],
        [member_id for member_id, _ in entries],
        [activity.id for _, activity in entries],
        [activity.subject_id for _, activity in entries],
        [activity.type for _, activity in entries],
        [activity.data for _, activity in entries],
    )


async def page(
    connection: Connection, declaration: ListDeclaration, query: ListQuery, project_id: str, program_id: str
) -> Page[Member] | None:
    """Return one page of a program's members, or None if the project has no such program."""
    if not await connection.fetchval(_SQL.has_program, project_id, program_id):
        return None
    rows, position = await listing.page(connection, declaration, query, _SQL.listed, project_id, program_id)
    return Page([member_at(row) for row in rows], position)


async def activity_page(
    connection: Connection, declaration: ListDeclaration, query: ListQuery, member_id: str, subject_id: str
) -> Page[StoredActivity]:
    """Return one page of the history of a member, or of one of its cards."""
    return activities.stored(await listing.page(connection, declaration, query, _SQL.activities, member_id, subject_id))


def member_at(row: Row, first: int = 0) -> Member:
    """Return the member whose columns begin at a place of a row; they are those of `Member`, in their order."""
    id_, customer_id, program_id, status, metadata, created_at, updated_at = row[first : first + len(Member._fields)]
    return Member(id_, customer_id, program_id, status, decode(metadata), created_at, updated_at)
