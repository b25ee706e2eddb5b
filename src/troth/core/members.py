"""Members: customers enrolled in a program (domain 6)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from troth.core.activities import Activity
from troth.core.cards import ZERO, Card, shown_assigned
from troth.core.cards import shown as shown_card
from troth.core.configuration import timestamp
from troth.core.definitions import Definitions, Wallet
from troth.core.json import text
from troth.core.refusals import Reason, Refusal, not_found

MemberStatus = Literal["ACTIVE", "INACTIVE", "DELETED"]


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


def decide_enrolment(
    command: Enrol, facts: EnrolmentFacts, definitions: Definitions
) -> tuple[str, tuple[Wallet, ...]] | Refusal:
    """Return the customer to enrol and the wallets to give cards for, or why not, in the order of domain 4."""
    program = definitions.programs.get(command.program_id)
    if program is None:
        return not_found("program", command.program_id)
    if program.status != "ACTIVE":
        return Refusal(
            Reason.NON_ACTIVE_PROGRAM,
            f"Program {program.id} is {program.status}; members can be enrolled while it is ACTIVE",
            resource_id=program.id,
            resource_type="program",
        )
    if facts.customer_id is None:
        return not_found("customer", command.customer_id or command.customer_source_id or "")
    if facts.member_id is not None:
        return Refusal(
            Reason.MEMBER_EXISTS,
            f"Customer {facts.customer_id} is already a member of program {program.id}",
            resource_id=facts.member_id,
            resource_type="member",
        )
    return facts.customer_id, program.wallets


class Enrolment(NamedTuple):
    """What an enrolment saves, all of it or nothing."""

    member: Member
    cards: tuple[Card, ...]
    allow_negative: tuple[bool, ...]
    activities: tuple[Activity, ...]
    group_id: str
    source: str


def enrolment(
    command: Enrol, customer_id: str, wallets: tuple[Wallet, ...], now: datetime, fresh: Callable[[str], str]
) -> Enrolment:
    """Return a new member with an empty card for each wallet, and the activities that tell of it.

    `fresh` makes an id of a prefix. The cards' codes are made later (domain 6).
    """
    member = Member(
        fresh("lmbr"), customer_id, command.program_id, command.status, command.metadata, now, None
    )
    cards = tuple(Card(fresh("lcrd"), wallet.card_definition_id, None, ZERO, now) for wallet in wallets)
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
        tuple(wallet.allow_negative for wallet in wallets),
        tuple(activities),
        fresh("lgrp"),
        command.source,
    )


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
