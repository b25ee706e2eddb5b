"""Memberships: what a customer is a member of, and with which cards (domain 6)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from troth.core.cards import shown_assigned
from troth.core.members import MemberWithCards
from troth.core.members import shown as shown_member

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


_NO_TIERS: Final[Mapping[str, Any]] = {
    "current": None,
    "tier_structure": None,
    "deferred": [],
    "risks": [],
    "opportunities": [],
    "object": "member_tier_progress",
}


def shown_result(owner: Owner, memberships: Sequence[Membership]) -> dict[str, Any]:
    """Return all memberships of a customer (contract: MembershipsResult)."""
    return {
        "customer": {"id": owner.id, "source_id": owner.source_id, "object": "customer"},
        "memberships": [_shown(one, {}) for one in memberships],
        "object": "memberships_result",
    }


def shown(membership: Membership) -> dict[str, Any]:
    """Return a membership with what its cards have reached in tiers (contract: Membership)."""
    return _shown(membership, {"tier_progress": _NO_TIERS})


def _shown(membership: Membership, of_each_card: Mapping[str, Any]) -> dict[str, Any]:
    member, cards = membership.member
    return {
        "member": shown_member(member),
        "program": {**membership.program._asdict(), "object": "program"},
        "cards": [{**shown_assigned(card), **of_each_card} for card in cards],
        "object": "membership",
    }
