"""Memberships: what a customer is a member of, and with which cards (domain 6)."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from troth.core.cards import shown_assigned
from troth.core.members import MemberWithCards
from troth.core.members import shown as shown_member
from troth.core.tiering.progress import NO_PROGRESS

IdentificationType = Literal["customer_id", "customer_source_id", "member_id"]
"""What names a customer: its id, its source id, or the id of one of its members."""


class Owner(NamedTuple):
    """The customer whose memberships they are."""

    id: str
    source_id: str | None


class ProgramOfMember(NamedTuple):
    """What a membership shows of its program, which may be deleted: its members outlive it."""

    id: str
    name: str
    status: str
    metadata: Mapping[str, Any]


class Membership(NamedTuple):
    """A member with its cards and its program."""

    member: MemberWithCards
    program: ProgramOfMember


class MembershipPath(NamedTuple):
    """A membership as paths name it: by its program, and by whatever names the customer."""

    program_id: str
    identification_type: IdentificationType
    reference: str


class Named(NamedTuple):
    """What there is of a membership's path; a deleted program is there."""

    program: ProgramOfMember | None
    customer_id: str | None
    member_id: str | None


class MembershipInFull(NamedTuple):
    """A membership, and the tier progress of its cards that have one, by their ids."""

    membership: Membership
    tier_progress: Mapping[str, Mapping[str, Any]]


def shown_result(owner: Owner, memberships: Sequence[Membership]) -> dict[str, Any]:
    """Return all memberships of a customer (contract: MembershipsResult)."""
    return {
        "customer": {"id": owner.id, "source_id": owner.source_id, "object": "customer"},
        "memberships": [_shown(one) for one in memberships],
        "object": "memberships_result",
    }


def shown(found: MembershipInFull) -> dict[str, Any]:
    """Return a membership with what its cards have reached in tiers (contract: Membership)."""
    answer = _shown(found.membership)
    for card in answer["cards"]:
        card["tier_progress"] = found.tier_progress.get(card["card"]["id"], NO_PROGRESS)
    return answer


def _shown(membership: Membership) -> dict[str, Any]:
    member, cards = membership.member
    return {
        "member": shown_member(member),
        "program": {**membership.program._asdict(), "object": "program"},
        "cards": [shown_assigned(card) for card in cards],
        "object": "membership",
    }
