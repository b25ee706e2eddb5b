"""Members: customers enrolled in a program (domain 6)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final, Literal, NamedTuple

from troth.core.activities import Activity
from troth.core.cards import ZERO, Card, shown_assigned
from troth.core.cards import shown as shown_card
from troth.core.configuration import timestamp
from troth.core.definitions import Definitions, ProgramInForce
from troth.core.json import text
from troth.core.lifecycle import BY_NOTHING, Lifecycle, Move, Status, Verb, decide_move
from troth.core.metadata import merged, same
from troth.core.refusals import Reason, Refusal, not_found
from troth.core.schemas import misfit
from troth.core.tiering.standing import Standing, new_standing
from troth.core.tiering.state import Origin
from troth.core.tiering.structure import Structure

MemberStatus = Literal["ACTIVE", "INACTIVE", "DELETED"]

MEMBER: Final = Lifecycle(
    kind="member",
    noun="member",
    id_prefix="lmbr",
    activity_prefix="lambr",
    moves={
        Verb.ACTIVATE: Move((Status.INACTIVE,), Status.ACTIVE, "activated"),
        Verb.DEACTIVATE: Move((Status.ACTIVE,), Status.INACTIVE, "deactivated"),
    },
    editable=frozenset({"metadata"}),
    deletion=BY_NOTHING,
    refused_move=Reason.INVALID_MOVE,
)
"""A member's moves, as the table of lifecycles has them."""


class Member(NamedTuple):
    """A member as it stands, without its cards; `updated_at` is None until the first change."""

    id: str
    customer_id: str
    program_id: str
    status: MemberStatus
    metadata: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime | None


class MemberWithCards(NamedTuple):
    """A member and its cards, oldest first."""

    member: Member
    cards: Sequence[Card]


class Enrol(NamedTuple):
    """The command to enrol a customer, named by its id or, where that is None, by its source id."""

    program_id: str
    customer_id: str | None
    customer_source_id: str | None
    status: MemberStatus
    metadata: Mapping[str, Any]
    source: str
    """Who enrols, as the `source` of activities in JSON text."""


class EnrolmentFacts(NamedTuple):
    """What the database knows of one command: the customer's id if it exists, its membership if it has one."""

    customer_id: str | None
    member_id: str | None


def open_program(program_id: str, definitions: Definitions) -> ProgramInForce | Refusal:
    """Return a program that can be joined now, or why it cannot."""
    program = definitions.programs.get(program_id)
    if program is None:
        return not_found("program", program_id)
    if program.status != "ACTIVE":
        return Refusal(
            Reason.NON_ACTIVE_PROGRAM,
            f"Program {program.id} is {program.status}; members can be enrolled while it is ACTIVE",
            resource_id=program.id,
            resource_type="program",
        )
    return program


def decide_enrolment(
    command: Enrol, facts: EnrolmentFacts, definitions: Definitions
) -> tuple[str, ProgramInForce] | Refusal:
    """Return the customer to enrol and the program that it joins, or why not, in the order of domain 4."""
    if refusal := misfit(definitions.schemas.get("vl_member"), command.metadata):
        return refusal
    program = open_program(command.program_id, definitions)
    if isinstance(program, Refusal):
        return program
    if facts.customer_id is None:
        return not_found("customer", command.customer_id or command.customer_source_id or "")
    if facts.member_id is not None:
        return Refusal(
            Reason.MEMBER_EXISTS,
            f"Customer {facts.customer_id} is already a member of program {program.id}",
            resource_id=facts.member_id,
            resource_type="member",
        )
    return facts.customer_id, program


class Enrolment(NamedTuple):
    """What an enrolment saves, all of it or nothing; `standing` where the program has a tier structure."""

    member: Member
    cards: tuple[Card, ...]
    allow_negative: tuple[bool, ...]
    activities: tuple[Activity, ...]
    group_id: str
    source: str
    standing: Standing | None


def enrolment(
    command: Enrol,
    customer_id: str,
    program: ProgramInForce,
    segment_ids: frozenset[str],
    zone: tzinfo,
    now: datetime,
    fresh: Callable[[str], str],
) -> Enrolment:
    """Return a new member with an empty card for each wallet, its first tier, and the activities that tell of it.

    `segment_ids` are those that tiers ask for and the customer is in. `fresh` makes an id of a prefix. The cards' codes
    are made later (domain 6).
    """
    member = Member(fresh("lmbr"), customer_id, command.program_id, command.status, command.metadata, now, None)
    cards = tuple(Card(fresh("lcrd"), card_definition_id, None, ZERO, now) for card_definition_id in program.wallets)
    activities = [Activity(fresh("lambr"), member.id, "vl.member.created", text({"member": shown(member)}))]
    for card in cards:
        assigned = text({"member_card": shown_assigned(card)})
        activities += (
            Activity(fresh("lacrd"), card.id, "vl.card.created", text({"card": shown_card(card)})),
            Activity(fresh("lacrd"), card.id, "vl.card.assigned", text({"member_id": member.id, "role": "OWNER"})),
            Activity(fresh("lambr"), member.id, "vl.member.card.assigned", assigned),
        )
    return Enrolment(
        member,
        cards,
        tuple(wallet.balance_settings.allow_negative for wallet in program.wallets.values()),
        tuple(activities),
        fresh("lgrp"),
        command.source,
        _first_standing(program.structure, cards, segment_ids, zone, now),
    )


def _first_standing(
    structure: Structure | None,
    cards: Sequence[Card],
    segment_ids: frozenset[str],
    zone: tzinfo,
    now: datetime,
) -> Standing | None:
    for card in cards:
        if structure and card.card_definition_id == structure.card_definition_id:
            new = new_standing(structure, card.id, now, segment_ids, zone)
            return new.reviewed(card.counters.balance, now, Origin("member_card_created"))
    return None


class Change(NamedTuple):
    """A member as a change leaves it, and the activities that tell of the change."""

    member: Member
    activities: tuple[Activity, ...]


def moved(member: Member, verb: Verb, now: datetime, fresh: Callable[[str], str]) -> Change:
    """Return what a move makes of a member. Raises a refusal with `INVALID_MOVE` from another status (domain 6)."""
    move = decide_move(MEMBER, member, verb, ())
    status: MemberStatus = "ACTIVE" if move.target is Status.ACTIVE else "INACTIVE"
    return _changed(member._replace(status=status, updated_at=now), move.activity, fresh)


def updated(
    member: Member, metadata: Mapping[str, Any] | None, now: datetime, fresh: Callable[[str], str]
) -> Change | None:
    """Return what an update of metadata makes of a member, None if it changes nothing (domain 6).

    Given metadata are merged, null clears them all. Raises a refusal with `INVALID_PAYLOAD` where they grow too large.
    """
    together = {} if metadata is None else merged(member.metadata, metadata)
    if same(together, member.metadata):
        return None
    return _changed(member._replace(metadata=together, updated_at=now), "updated", fresh)


def departure(member: Member, cards: Sequence[Card], now: datetime, fresh: Callable[[str], str]) -> Change:
    """Return what the end of a membership makes of a member and its cards: deleted, and kept as history (domain 6)."""
    unassigned: list[Activity] = []
    for card in cards:
        owner = text({"member_id": member.id, "role": "OWNER"})
        assignment = text({"member_card": shown_assigned(card)})
        unassigned += (
            Activity(fresh("lacrd"), card.id, "vl.card.unassigned", owner),
            Activity(fresh("lambr"), member.id, "vl.member.card.unassigned", assignment),
        )
    gone = _changed(member._replace(status="DELETED", updated_at=now), "deleted", fresh)
    return gone._replace(activities=(*unassigned, *gone.activities))


def _changed(member: Member, past: str, fresh: Callable[[str], str]) -> Change:
    told = Activity(fresh("lambr"), member.id, f"vl.member.{past}", text({"member": shown(member)}))
    return Change(member, (told,))


def shown(member: Member) -> dict[str, Any]:
    """Return the member as answers and activities show it (contract: Member)."""
    return {
        "id": member.id,
        "customer_id": member.customer_id,
        "program_id": member.program_id,
        "status": member.status,
        "metadata": member.metadata,
        "created_at": timestamp(member.created_at),
        "updated_at": timestamp(member.updated_at) if member.updated_at else None,
        "object": "member",
    }


def shown_with_cards(member: Member, cards: Sequence[Card]) -> dict[str, Any]:
    """Return the member with its cards (contract: MemberWithCards)."""
    return {**shown(member), "cards": [shown_assigned(card) for card in cards]}
